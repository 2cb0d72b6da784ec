// The native engine beside WebAssembly, in turn, each in its own process: node bench/kernels/engines.mjs [--rounds 5]
// [--threads 1]. Needs both builds. Prints a table: medians over rounds, and WebAssembly / native. Processor time is the fairer
// figure on a busy machine.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, threads: { type: "string", default: "1" } },
});
const MEASURED = [
  ["training step, 3,000 genes", "step.mjs", ["--genes", "3000"], "stepMsMedian", "stepProcessorMs"],
  [
    "training step, 3,000 genes, values",
    "step.mjs",
    ["--genes", "3000", "--float"],
    "stepMsMedian",
    "stepProcessorMs",
  ],
  ["training step, 20,000 genes", "step.mjs", ["--genes", "20000"], "stepMsMedian", "stepProcessorMs"],
  [
    "10,000 cells evaluated, 3,000 genes",
    "inference.mjs",
    ["--genes", "3000"],
    "medianSeconds",
    "processorSeconds",
  ],
  [
    "10,000 cells evaluated, 20,000 genes",
    "inference.mjs",
    ["--genes", "20000"],
    "medianSeconds",
    "processorSeconds",
  ],
  ["KNN, 10,000 x 50,000 x 128", "knn.mjs", [], "searchSeconds", "processorSeconds"],
];
const ENGINES = [
  ["wasm", "wasm", "0"],
  ["native 128", "native", "128"],
  ["native 256", "native", "256"],
  ["native 512", "native", "512"],
];
const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];

console.log(
  `| work, ${values.threads} thread(s) | ${ENGINES.flatMap(([name]) => [name, "processor"]).join(" | ")} |`,
);
console.log(`| --- |${" --- |".repeat(ENGINES.length * 2)}`);
for (const [what, script, args, wall, processor] of MEASURED) {
  const runs = ENGINES.map(() => []);
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [i, [, engine, width]] of ENGINES.entries()) {
      const command = [
        join(import.meta.dirname, script),
        ...args,
        "--engine",
        engine,
        "--threads",
        values.threads,
      ];
      const env = { ...process.env, ATLASMTL_NATIVE_WIDTH: width };
      try {
        runs[i].push(
          JSON.parse(execFileSync(process.execPath, command, { env, encoding: "utf8", stdio: "pipe" })),
        );
      } catch {
        // No such vectors here.
      }
    }
  const cells = runs.flatMap((list) =>
    [wall, processor].map((key) => {
      if (list.length === 0) return "-";
      const own = median(list.map((run) => run[key]));
      return `${own} (${(median(runs[0].map((run) => run[key])) / own).toFixed(2)} x)`;
    }),
  );
  console.log(`| ${what} | ${cells.join(" | ")} |`);
}
