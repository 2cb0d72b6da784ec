// Holds two rules of the house: an import goes only to the same or an earlier stage, and `node:` modules
// (and packages that need them) stay in src/node and src/cli.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../src");
const stages = [
  ["errors.ts"],
  ["core"],
  ["kernels"],
  ["formats"],
  ["anndata"],
  ["preprocess"],
  ["model"],
  ["artifacts"],
  ["predict"],
  ["evaluate"],
  ["output"],
  ["benchmark"],
  ["api"],
  ["demo"],
  ["cli"],
];
// The two hosts stand beside the stages: they implement the #platform seam declared in core.
const hosts = ["node", "browser"];
const nodeOnly = new Set(["commander", "cli-progress", "yaml"]);

const files = readdirSync(root, { recursive: true })
  .map(String)
  .filter((file) => file.endsWith(".ts") && !file.includes("kernels/assembly"));
const stageOf = (file) => {
  const top = file.split("/")[0].replace(".test.ts", ".ts");
  return hosts.includes(top) ? 1 : stages.findIndex((names) => names.includes(top));
};

const findings = [];
for (const file of files) {
  if (stageOf(file) < 0) findings.push(`${file}: its folder is no stage; add it to scripts/check-layers.mjs`);
  if (file.endsWith(".test.ts")) continue;
  const text = readFileSync(join(root, file), "utf8");
  const imports = [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1]);
  for (const target of imports) {
    const top = file.split("/")[0];
    if (target.startsWith("node:") || nodeOnly.has(target)) {
      if (top !== "node" && top !== "cli")
        findings.push(`${file} imports ${target}: only src/node and src/cli may`);
    } else if (target.startsWith(".")) {
      const imported = relative(root, resolve(root, dirname(file), target));
      if (hosts.includes(imported.split("/")[0]) && imported.split("/")[0] !== top && top !== "cli")
        findings.push(`${file} imports ${imported}: hosts are reached through #platform`);
      else if (stageOf(imported) > stageOf(file)) findings.push(`${file} imports ${imported}: a later stage`);
    }
  }
}
for (const finding of findings) console.error(finding);
console.log(`${files.length} source files, ${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;
