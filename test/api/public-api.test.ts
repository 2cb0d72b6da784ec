/** The public names and types of the built package: what is kept of them, and that a strict caller can use them. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { afterAll, expect, test } from "vitest";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const script = at("../../scripts/public-api.mjs");
const declarations = at("../../dist/api/index.d.ts");
const folder = mkdtempSync(join(tmpdir(), "atlasmtl-api-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const publicApi = (...words: string[]) =>
  spawnSync(process.execPath, [script, ...words], { encoding: "utf8" });

test("public names and types are as they were kept; npm run api:renew keeps others", () => {
  const { stdout, stderr } = publicApi();
  expect(stderr).toBe("");
  expect(stdout).toBe(readFileSync(at("public-api.txt"), "utf8"));
});

test("a signature that names a type which is not exported is found, however deep", () => {
  const path = join(folder, "hidden.d.ts");
  writeFileSync(
    path,
    [
      "interface Inner { readonly n: number }",
      "interface Hidden { readonly inner: readonly Inner[] }",
      "interface Kept { readonly name: string }",
      "declare const WORDS: readonly ['a', 'b'];",
      "declare class Door { private readonly secret: Unseen; open(given: Kept): Promise<Hidden>; }",
      "interface Unseen { readonly n: number }",
      "export { Door };",
      "export type { Kept };",
      "export type Word = (typeof WORDS)[number];",
    ].join("\n"),
  );
  const { status, stderr, stdout } = publicApi(path);
  expect(status).toBe(1);
  expect(stderr.trim().split("\n")).toEqual([
    "Door names the type Hidden, which is not exported: export it from src/api/index.ts",
    "Hidden names the type Inner, which is not exported: export it from src/api/index.ts",
  ]);
  expect(stdout).toContain("const WORDS: readonly [");
});

test("a strict program that names every public type and calls every signature compiles", () => {
  const [types, values] = namesOf(declarations);
  expect(values.length).toBeGreaterThan(50);
  const path = join(folder, "consumer.ts");
  writeFileSync(
    path,
    [
      `import * as api from ${JSON.stringify(declarations.replace(/\.d\.ts$/, ".js"))};`,
      `export type { ${types.join(", ")} } from ${JSON.stringify(declarations.replace(/\.d\.ts$/, ".js"))};`,
      "type Call<F> = F extends (...words: infer P) => infer R ? [P, R] : F;",
      ...values.map((name, i) => `export const v${i}: typeof api.${name} = api.${name};`),
      ...values.map((name, i) => `export declare const c${i}: Call<typeof api.${name}>;`),
    ].join("\n"),
  );
  const program = ts.createProgram([path], {
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    declaration: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
    types: [],
  });
  const found = ts.getPreEmitDiagnostics(program);
  expect(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))).toEqual([]);
});

/** The exported names of a file of declarations: types alone, and values. */
function namesOf(path: string): [types: string[], values: string[]] {
  const program = ts.createProgram([path], { types: [], module: ts.ModuleKind.NodeNext });
  const checker = program.getTypeChecker();
  const source = checker.getSymbolAtLocation(program.getSourceFile(path)!)!;
  const [types, values]: [string[], string[]] = [[], []];
  for (const symbol of checker.getExportsOfModule(source)) {
    const own = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    const isTypeOnly = symbol.declarations?.some(
      (each) => ts.isExportSpecifier(each) && (each.isTypeOnly || each.parent.parent.isTypeOnly),
    );
    (own.flags & ts.SymbolFlags.Value && !isTypeOnly ? values : types).push(symbol.name);
  }
  return [types, values];
}
