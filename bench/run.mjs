// Runs benchmarks and writes bench/results/*.json: node bench/run.mjs [train] [predict] [knn] [memory] [kernels]
// [--rounds 3] [--threads 2] [--python python3] [--cells 1000000] [--keep]. Needs a build (npm run build), GNU time
// as /usr/bin/time, and for the yardsticks a Python with torch, scikit-learn and anndata. Without names: all but
// memory, which needs about 20 GB of disk in the system's temporary folder. --keep keeps the inputs made there.
import { parseArgs } from "node:util";
import { remove } from "./data.mjs";
import { record } from "./measure.mjs";
import { kernels } from "./suite/kernels.mjs";
import { memory } from "./suite/memory.mjs";
import { knn, predict } from "./suite/predict.mjs";
import { train } from "./suite/train.mjs";

const SUITE = { kernels, train, predict, knn, memory };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "3" },
    threads: { type: "string", default: "2" },
    python: { type: "string", default: "python3" },
    cells: { type: "string", default: "1000000" },
    keep: { type: "boolean", default: false },
  },
});
const names = positionals.length > 0 ? positionals : Object.keys(SUITE).filter((name) => name !== "memory");
for (const name of names)
  if (!Object.hasOwn(SUITE, name)) throw new Error(`"${name}" is none of ${Object.keys(SUITE)}`);
const context = { ...values, rounds: Number(values.rounds), threads: Number(values.threads) };
for (const name of names) record(name, SUITE[name](context), values.python);
if (!values.keep) remove();
