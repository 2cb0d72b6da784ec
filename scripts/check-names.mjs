// Holds that names of files stand in the tables of src/schema and nowhere else: outside of it no text and no
// identifier is a snake_case name. A text may be a word that a table lists (`["joint", "frozen_base"] as const`), for
// the compiler knows it where it is compared. Names inside of sentences do not count. Terms of formats and of other
// programs are listed here.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import ts from "typescript";

/** Terms of formats and programs that are not ours, by the folder or file that speaks of them. */
const FOREIGN = new Map([
  ["formats/", null], // HDF5 and h5wasm, Zarr, pickle, Arrow, Parquet
  ["kernels/assembly/", null], // AssemblyScript
  ["anndata/", ["csr_matrix", "csc_matrix", "h5sparse_format", "h5sparse_shape"]], // AnnData before 0.7
  ["anndata/containers/tenx-", ["feature_type", "feature_types", "gene_names", "gene_symbols", "gene_ids"]], // 10x
  ["output/read-parquet.ts", ["index_columns"]], // pandas
  ["cli/verify/manifests.ts", ["node_modules"]], // npm
  ["node/native.ts", ["node_modules"]],
  ["cli/doctor/examine.ts", ["heap_size_limit"]], // V8
]);

const SNAKE = /^[a-z][a-z0-9]*(_[a-z0-9]+)+$/;
const root = resolve(process.argv[2] ?? join(import.meta.dirname, "../src"));
const sources = readdirSync(root, { recursive: true })
  .map((file) => String(file).replaceAll("\\", "/"))
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
  .map((file) =>
    ts.createSourceFile(file, readFileSync(join(root, file), "utf8"), ts.ScriptTarget.Latest, true),
  );

const visit = (node, see) => {
  see(node);
  ts.forEachChild(node, (child) => visit(child, see));
};

const words = new Set();
for (const source of sources.filter(({ fileName }) => fileName.startsWith("schema/")))
  visit(source, (node) => {
    if (ts.isAsExpression(node) && ts.isArrayLiteralExpression(node.expression))
      for (const item of node.expression.elements) if (ts.isStringLiteral(item)) words.add(item.text);
  });

const isForeign = (file, name) =>
  [...FOREIGN].some(([place, names]) => file.startsWith(place) && (names === null || names.includes(name)));

const findings = [];
let n = 0;
for (const source of sources) {
  if (source.fileName.startsWith("schema/")) continue;
  n++;
  visit(source, (node) => {
    const isText = ts.isStringLiteralLike(node);
    if (!isText && !ts.isIdentifier(node)) return;
    // What `--json` prints is named where a command makes it.
    if (!isText && source.fileName.startsWith("cli/") && ts.isPropertyAssignment(node.parent)) return;
    if (ts.isImportDeclaration(node.parent) || ts.isExportDeclaration(node.parent)) return;
    if (!SNAKE.test(node.text) || words.has(node.text) || isForeign(source.fileName, node.text)) return;
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    findings.push(`${source.fileName}:${line + 1}: ${node.text} belongs in a table of src/schema`);
  });
}
for (const finding of findings) console.error(finding);
console.log(`${n} source files, ${words.size} words of tables, ${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;
