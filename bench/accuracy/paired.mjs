// The defaults beside the same network in PyTorch on one task, over many seeds: mean difference and its standard error.
//
//   npm run build && node bench/accuracy/paired.mjs DATA_FOLDER [--task "PBMC sorted, 30 % held out"] [--seeds 40]
//     [--folder WORK] [--python /usr/bin/python3]
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { MEASURES, scoreAll } from "./score.mjs";
import { makeRuns } from "./tasks.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    task: { type: "string", default: "PBMC sorted, 30 % held out" },
    seeds: { type: "string", default: "40" },
    folder: { type: "string", default: join(tmpdir(), "atlasmtl-accuracy-paired") },
    python: { type: "string", default: "/usr/bin/python3" },
  },
});
if (positionals.length !== 1) throw new Error("name the folder of the datasets");
const { folder, python, task } = values;
mkdirSync(folder, { recursive: true });
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
const runs = (await makeRuns(positionals[0], folder, { seeds, only: task })).filter(
  ({ unseen }) => unseen === null,
);
const runsFile = join(folder, "runs.json");
writeFileSync(runsFile, JSON.stringify(runs));
const ours = JSON.stringify({ atlasmtl: { train: {}, predict: { "": {} }, unseen: false } });
for (const [command, script, what] of [
  [process.execPath, "atlasmtl.mjs", ours],
  [python, "baselines.py", "pytorch"],
]) {
  const args = [join(import.meta.dirname, script), runsFile, folder, what];
  const { status } = spawnSync(command, args, { stdio: "inherit" });
  if (status !== 0) throw new Error(`${script} ended with ${status}`);
}

const scores = await scoreAll(runs, folder, ["atlasmtl", "pytorch"]);
const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;
console.log(
  "| level | measure | ours | PyTorch | difference | standard error |\n| --- | --- | --- | --- | --- | --- |",
);
for (const level of runs[0].levels)
  for (const measure of MEASURES) {
    const of = (method) =>
      seeds.map(
        (seed) =>
          scores.find((row) => row.method === method && row.seed === seed && row.level === level)[measure],
      );
    const [a, b] = [of("atlasmtl"), of("pytorch")];
    const differences = a.map((value, i) => value - b[i]);
    const difference = mean(differences);
    const variance =
      differences.reduce((sum, value) => sum + (value - difference) ** 2, 0) / (differences.length - 1);
    const figures = [mean(a), mean(b), difference, Math.sqrt(variance / differences.length)];
    console.log(`| ${[level, measure, ...figures.map((value) => value.toFixed(4))].join(" | ")} |`);
  }
