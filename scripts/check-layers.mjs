// Holds the order of the house: an import goes only to the same or an earlier stage, the command line imports src/api
// and itself alone, no files import each other in a circle, and `node:` modules (and packages that need them) stay in
// src/node and src/cli. Type-only imports count.
//
//   node scripts/check-layers.mjs [folder of the sources]
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const stages = [
  ["errors.ts"],
  ["schema"],
  ["core"],
  ["kernels"],
  ["formats"],
  ["anndata"],
  ["preprocess"],
  ["model"],
  ["artifacts"],
  ["predict"],
  ["references"],
  ["evaluate"],
  ["output"],
  ["benchmark"],
  ["demo"],
  ["api"],
  ["cli"],
];
// The two hosts stand beside the stages: they implement the #platform seam declared in core.
const hosts = ["node", "browser"];
const nodeOnly = new Set(["commander", "cli-progress", "yaml"]);

const root = resolve(process.argv[2] ?? join(import.meta.dirname, "../src"));
const files = readdirSync(root, { recursive: true })
  .map((file) => String(file).replaceAll("\\", "/"))
  .filter((file) => file.endsWith(".ts") && !file.includes("kernels/assembly"))
  .sort();
const folderOf = (file) => file.split("/")[0];
const stageOf = (file) => {
  const top = folderOf(file).replace(".test.ts", ".ts");
  return stages.findIndex((names) => names.includes(hosts.includes(top) ? "core" : top));
};

const findings = [];
/** Source file → the source files that it imports. */
const graph = new Map();
for (const file of files) {
  if (stageOf(file) < 0) findings.push(`${file}: its folder is no stage; add it to scripts/check-layers.mjs`);
  if (file.endsWith(".test.ts")) continue;
  const text = readFileSync(join(root, file), "utf8");
  const targets = [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1]);
  const imported = targets
    .filter((target) => target.startsWith("."))
    .map((target) => relative(root, resolve(root, dirname(file), target)).replaceAll("\\", "/"));
  graph.set(file, [...new Set(imported)].filter((target) => existsSync(join(root, target))).sort());
  for (const target of targets)
    if ((target.startsWith("node:") || nodeOnly.has(target)) && !["node", "cli"].includes(folderOf(file)))
      findings.push(`${file} imports ${target}: only src/node and src/cli may`);
  for (const target of imported) {
    const [from, to] = [folderOf(file), folderOf(target)];
    if (hosts.includes(to) && to !== from)
      findings.push(`${file} imports ${target}: hosts are reached through #platform`);
    else if (from === "cli" && !["cli", "api"].includes(to))
      findings.push(`${file} imports ${target}: the command line imports src/api and itself alone`);
    else if (stageOf(target) > stageOf(file)) findings.push(`${file} imports ${target}: a later stage`);
  }
}
for (const circle of circlesOf(graph)) findings.push(`a circle of imports: ${circle.join(" → ")}`);

for (const finding of findings) console.error(finding);
console.log(`${files.length} source files, ${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;

/** One shortest way round for every group of files that import each other. */
function circlesOf(graph) {
  const seen = new Set();
  const circles = [];
  for (const start of graph.keys()) {
    if (seen.has(start)) continue;
    const { reached, circle } = walkFrom(start, graph);
    if (circle === null) continue;
    circles.push(circle);
    for (const file of reached) if (walkFrom(file, graph).reached.has(start)) seen.add(file);
  }
  return circles;
}

/** All files that a file imports, directly or not, and the shortest chain of imports back to it, if there is one. */
function walkFrom(start, graph) {
  const from = new Map();
  const queue = [start];
  for (const file of queue)
    for (const next of graph.get(file) ?? [])
      if (!from.has(next)) {
        from.set(next, file);
        queue.push(next);
      }
  if (!from.has(start)) return { reached: new Set(from.keys()), circle: null };
  const circle = [start];
  do circle.unshift(from.get(circle[0]));
  while (circle[0] !== start);
  return { reached: new Set(from.keys()), circle };
}
