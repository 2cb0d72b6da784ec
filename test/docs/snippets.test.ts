/** The TypeScript of README, the pages and the comments of public functions: it compiles, and pages' programs run. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildModel, type Column, openAnnData, writeDataset } from "../../src/api/index.ts";
import { createSimulation } from "../../src/demo/simulate.ts";
import { simulatedAnnData } from "../../src/demo/simulated-anndata.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Snippet {
  /** Such as `README.md:73`. */
  readonly place: string;
  readonly code: string;
}

/** Fenced blocks of TypeScript; of comments, without the stars before each line. */
function snippetsOf(path: string, prefix: RegExp = /^/): Snippet[] {
  const lines = readFileSync(join(root, path), "utf8").split("\n");
  const found: Snippet[] = [];
  let start = -1;
  lines.forEach((line, i) => {
    const text = line.replace(prefix, "");
    if (start < 0 && text.trim() === "```ts") start = i + 1;
    else if (start >= 0 && text.trim() === "```") {
      const code = lines.slice(start, i).map((each) => each.replace(prefix, ""));
      found.push({ place: `${path}:${start + 1}`, code: code.join("\n") });
      start = -1;
    }
  });
  return found;
}

/** docs/api is made from the comments. */
const pages = readdirSync(join(root, "docs"), { recursive: true })
  .map((name) => `docs/${String(name).replaceAll("\\", "/")}`)
  .filter((name) => name.endsWith(".md") && !name.startsWith("docs/api/"))
  .sort();
const PROGRAMS = ["README.md", "CONTRIBUTING.md", ...pages].flatMap((page) => snippetsOf(page));
/** Those of the files that the entry hands on. */
const COMMENTS = [
  ...readFileSync(join(root, "src/api/index.ts"), "utf8").matchAll(/from "\.(\.?\/[^"]+)";$/gm),
]
  .map(([, path]) => `src/${path.startsWith("./") ? path.slice(2) : `api${path}`}`)
  .concat("src/api/index.ts")
  .sort()
  .flatMap((file) => snippetsOf(file, /^\s*\* ?/));

let folder = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "atlasmtl-docs-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/atlasmtl"), "dir");
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  await writeData();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Simulated cells under the names and with the label columns that the pages use, and a model. */
async function writeData(): Promise<void> {
  const simulation = createSimulation({ nReference: 500, nQuery: 100, nGenes: 400, nStates: 21 });
  const names = { cell_type_l1: "lineage", cell_type_l2: "class", cell_type: "type" } as const;
  for (const [name, side] of [
    ["reference", "reference"],
    ["atlas", "reference"],
    ["query", "query"],
  ] as const) {
    const adata = simulatedAnnData(simulation, side);
    const obs = new Map<string, Column>();
    for (const [column, from] of Object.entries(names)) obs.set(column, await adata.obs.column(from));
    await writeDataset(adata, join(folder, `${name}.h5ad`), { obs });
  }
  const reference = await openAnnData(join(folder, "reference.h5ad"));
  const model = await buildModel(reference, { labelColumns: ["cell_type"], numEpochs: 1, numThreads: 1 });
  await model.save(join(folder, "model.pth"));
  await reference.close();
}

/** What a strict compiler says of files in the folder. */
function complaints(files: readonly { readonly name: string; readonly text: string }[]): string[] {
  for (const { name, text } of files) writeFileSync(join(folder, name), text);
  const program = ts.createProgram(
    files.map(({ name }) => join(folder, name)),
    {
      strict: true,
      noEmit: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
      types: [],
    },
  );
  return ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
    const name = file?.fileName.slice(folder.length + 1);
    return `${name}:${line} ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
  });
}

const fileNameOf = ({ place }: Snippet): string => `${place.replace(/\W+/g, "_")}.ts`;

test("README and pages have programs, and comments have examples", () => {
  expect(PROGRAMS.map(({ place }) => place.split(":")[0])).toEqual(
    expect.arrayContaining(["README.md", "docs/preprocessing.md", "docs/errors.md"]),
  );
  expect(COMMENTS.length).toBeGreaterThan(15);
});

test("programs of README and pages compile", () => {
  expect(complaints(PROGRAMS.map((program) => ({ name: fileNameOf(program), text: program.code })))).toEqual(
    [],
  );
});

test.each(PROGRAMS)("the program at $place runs", ({ place, code }) => {
  const name = fileNameOf({ place, code }).replace(/\.ts$/, ".mjs");
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
    },
  });
  writeFileSync(join(folder, name), outputText);
  execFileSync(process.execPath, [name], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
});

test("the program of README leaves a model and an annotated query", () => {
  for (const name of ["model/model.pth", "annotated.h5ad"]) expect(existsSync(join(folder, name))).toBe(true);
});

/** What the examples of comments take for granted, besides the public names. */
const PRELUDE = `
declare const model: api.TrainedModel, result: api.PredictionResult, content: unknown;
declare const adata: api.AnnData, reference: api.AnnData, query: api.AnnData;
declare const labelled: api.AnnData, heldOut: api.AnnData;
declare const folderPicker: { readonly files: FileList };
declare function offerDownload(name: string, file: Blob): void;
`;

test("examples in the comments of public functions compile", () => {
  const declarations = readFileSync(join(root, "dist/api/index.d.ts"), "utf8");
  const names = [...declarations.matchAll(/^export \{(.*)\};$/gm)]
    .flatMap(([, list]) => list.split(","))
    .map((name) => name.trim().split(" as ").at(-1));
  const head = `import type * as api from "atlasmtl";\nimport { ${names.join(", ")} } from "atlasmtl";\n${PRELUDE}`;
  const files = COMMENTS.map((example) => {
    const code = example.code.replaceAll(/^import .* from "atlasmtl";$/gm, "");
    // In a function, names of its own stand before those of the prelude.
    return { name: fileNameOf(example), text: `${head}\nexport async function example() {\n${code}\n}\n` };
  });
  expect(complaints(files)).toEqual([]);
});
