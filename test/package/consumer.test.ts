/** What a user gets from the packed package: an install without surprises, types that compile, a program that runs. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { carriedPackages, installPackage, root } from "./install.ts";

let folder: string;
beforeAll(() => {
  folder = installPackage();
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const declarations = (): string =>
  readFileSync(join(folder, "node_modules/atlasmtl/dist/api/index.d.ts"), "utf8");

/** The names that the types export: values, and types by their own keyword. */
function exportedNames(): { readonly values: readonly string[]; readonly types: readonly string[] } {
  const names: { values: string[]; types: string[] } = { values: [], types: [] };
  for (const [, isType, list] of declarations().matchAll(/^export (type )?\{([^}]*)\};$/gm))
    names[isType === undefined ? "values" : "types"].push(
      ...list.split(",").map((name) => name.trim().replace(/^.* as /, "")),
    );
  return names;
}

test("npm installs one package, which has nothing to compile or to fetch", () => {
  const modules = join(folder, "node_modules");
  expect(readdirSync(modules).filter((name) => !name.startsWith("."))).toEqual(["atlasmtl"]);
  const { scripts, ...manifest } = JSON.parse(readFileSync(join(modules, "atlasmtl/package.json"), "utf8"));
  expect(Object.keys(scripts).filter((name) => /^(pre|post)?install$/.test(name))).toEqual([]);
  expect(
    Object.keys(manifest).filter((name) => /^(peer|optional|bundled?)?dependencies$/i.test(name)),
  ).toEqual([]);
});

test("the licence of everything that is carried is with it", () => {
  const home = join(folder, "node_modules/atlasmtl");
  const notices = readFileSync(join(home, "THIRD_PARTY_NOTICES.md"), "utf8");
  const carried = carriedPackages(join(home, "dist"));
  expect(carried).toEqual(expect.arrayContaining(["h5wasm", "numcodecs", "yaml", "@noble/hashes"]));
  for (const name of carried) {
    const row = notices.split("\n").find((line) => line.startsWith(`| ${name} |`));
    const [, path] = /\]\((licences\/[^)]+)\)/.exec(row ?? "") ?? [];
    expect(readFileSync(join(home, path), "utf8"), name).toMatch(/licen[cs]e|permission|copyright/i);
  }
});

const COMPILERS = {
  "node16, with Node's types": {
    module: "node16",
    moduleResolution: "node16",
    lib: ["ES2022"],
    types: ["node"],
  },
  "a bundler, with the DOM's types": {
    module: "esnext",
    moduleResolution: "bundler",
    lib: ["ES2022", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
    types: [],
  },
};
test.each(Object.entries(COMPILERS))("a strict project compiles every export: %s", (_, resolution) => {
  const { values, types } = exportedNames();
  expect(values).toContain("buildModel");
  expect(types).toContain("AnnData");
  const functions = values.filter((name) =>
    new RegExp(`^declare function ${name}\\b`, "m").test(declarations()),
  );
  expect(functions).toContain("predict");
  const lines = [
    `import { ${[...values, ...types.map((name) => `type ${name}`)].join(", ")} } from "atlasmtl";`,
    ...values.map((name) => `export const the${name} = ${name};`),
    `export type { ${types.join(", ")} };`,
    // With `declaration`, the compiler has to name what a function returns by types that the package exports.
    ...functions.map(
      (name) => `export const call${name} = (...words: Parameters<typeof ${name}>) => ${name}(...words);`,
    ),
  ];
  const typeRoot = join(folder, "node_modules/@types");
  writeFileSync(join(folder, "every-export.ts"), lines.join("\n"));
  const compilerOptions = {
    ...resolution,
    typeRoots: [typeRoot],
    target: "ES2022",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    declaration: true,
    outDir: "out",
  };
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions, files: ["every-export.ts"] }),
  );
  if (!existsSync(typeRoot)) symlinkSync(join(root, "node_modules/@types"), typeRoot);
  const { stdout, status } = spawnSync(
    process.execPath,
    [join(root, "node_modules/typescript/bin/tsc"), "-p", "."],
    {
      cwd: folder,
      encoding: "utf8",
    },
  );
  expect(stdout).toBe("");
  expect(status).toBe(0);
});

test("the module exports what its types say", async () => {
  const script = `import * as atlasmtl from "atlasmtl"; console.log(JSON.stringify(Object.keys(atlasmtl)));`;
  writeFileSync(join(folder, "names.mjs"), script);
  const said = execFileSync(process.execPath, ["names.mjs"], { cwd: folder, encoding: "utf8" });
  expect(JSON.parse(said).sort()).toEqual([...exportedNames().values].sort());
});

test("the program runs the demo", { timeout: 180_000 }, () => {
  const command = join(folder, "node_modules/.bin/atlasmtl");
  const version = execFileSync(command, ["--version"], { cwd: folder, encoding: "utf8" });
  expect(version).toBe(`${JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version}\n`);
  execFileSync(command, ["demo", "demo"], { cwd: folder, stdio: "pipe" });
  const checked = execFileSync(command, ["verify", "demo/model/model.pth"], {
    cwd: folder,
    encoding: "utf8",
    stdio: "pipe",
  });
  expect(checked).toMatch(/^OK {2}model/);
});
