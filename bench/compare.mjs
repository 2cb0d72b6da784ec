// The engine and PyTorch side by side, alternating, each in its own process: node bench/compare.mjs [--rounds 5]
// [--python /usr/bin/python3]. PyTorch runs with one and with two threads and its better median counts. Writes
// bench/results/train.json (machine, commit, every run) and prints a Markdown table. Needs a build.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    python: { type: "string", default: "python3" },
    genes: { type: "string", default: "3000,20000" },
    threads: { type: "string", default: "2" },
  },
});
const here = import.meta.dirname;
const run = (command, args) => JSON.parse(execFileSync(command, args, { cwd: here, encoding: "utf8" }));
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

const rows = [];
for (const genes of values.genes.split(",")) {
  const steps = genes === "3000" ? "60" : "20";
  const runs = { wasm: [], torch1: [], torch2: [] };
  for (let round = 0; round < Number(values.rounds); round++) {
    const args = ["--genes", genes, "--steps", steps];
    runs.wasm.push(run(process.execPath, ["train.mjs", ...args, "--threads", values.threads]));
    for (const threads of ["1", "2"])
      runs[`torch${threads}`].push(
        run(values.python, ["python/train_torch.py", ...args, "--threads", threads]),
      );
  }
  const ms = (list) => median(list.map(({ stepMsMedian }) => stepMsMedian));
  const torch = Math.min(ms(runs.torch1), ms(runs.torch2));
  rows.push({ genes: Number(genes), wasm: ms(runs.wasm), torch, ratio: torch / ms(runs.wasm), runs });
}
const commit = execFileSync("git", ["rev-parse", "HEAD"], { cwd: here, encoding: "utf8" }).trim();
const machine = { cpu: cpus()[0].model, cores: cpus().length, node: process.version };
mkdirSync(join(here, "results"), { recursive: true });
writeFileSync(join(here, "results/train.json"), `${JSON.stringify({ machine, commit, rows }, null, 1)}\n`);
console.log(
  `| genes | engine, ${values.threads} threads | PyTorch, best of 1 and 2 threads | ratio |\n| --- | --- | --- | --- |`,
);
for (const { genes, wasm, torch, ratio } of rows)
  console.log(`| ${genes} | ${wasm.toFixed(1)} ms | ${torch.toFixed(1)} ms | ${ratio.toFixed(1)} x |`);
