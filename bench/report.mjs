// Writes the tables of docs/performance.md from bench/results/*.json: node bench/report.mjs. The text around them is
// written by hand; only what stands between the two marks is replaced.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RESULTS } from "./measure.mjs";

const BEGIN = "<!-- tables: begin (node bench/report.mjs) -->";
const END = "<!-- tables: end -->";
const page = join(import.meta.dirname, "../docs/performance.md");

const table = (head, rows) =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
const seconds = (x) => `${x < 1 ? x.toFixed(3) : x.toFixed(2)} s`;
const ms = (x) => `${x.toFixed(x < 10 ? 2 : 1)} ms`;
const times = (x) => `${x.toFixed(1)} ×`;
const mib = (x) => `${x.toLocaleString("en-US")} MiB`;
const count = (x) => x.toLocaleString("en-US");

const SECTIONS = {
  train: trainTables,
  predict: predictTables,
  knn: knnTables,
  memory: memoryTables,
  kernels: kernelTables,
};

function trainTables({ cases }) {
  const rows = cases.flatMap((result) => {
    const { nCells, nGenes, epochSeconds, fastestEpochSeconds, cpuSeconds, peakMiB } = result;
    const size = `${count(nCells)} × ${count(nGenes)}`;
    const ratio = (batches) => [
      size,
      `**PyTorch ${batches === "Loader" ? "with DataLoader" : "indexed by hand"}, best setting / ours**`,
      `**${times(result[`ratioTo${batches}`])}**`,
      `**${times(result[`fastestRatioTo${batches}`])}**`,
      ...["", ""],
    ];
    return [
      ...Object.keys(epochSeconds).map((name) => [
        ...[size, name, seconds(epochSeconds[name]), seconds(fastestEpochSeconds[name])],
        ...[seconds(cpuSeconds[name]), mib(peakMiB[name])],
      ]),
      ratio("Loader"),
      ratio("Indexed"),
    ];
  });
  const head = ["cells × genes", "", "epoch, median", "fastest round", "processor time", "peak memory"];
  return `### Training, seconds per epoch\n\n${table(head, rows)}`;
}

function processRows(result) {
  const { wallSeconds, fastestWallSeconds, cpuSeconds, peakMiB } = result;
  return [
    ...Object.keys(wallSeconds).map((name) => [
      ...[name, seconds(wallSeconds[name]), seconds(fastestWallSeconds[name]), seconds(cpuSeconds[name])],
      mib(peakMiB[name]),
    ]),
    [
      "**Python, best setting / ours**",
      ...[`**${times(result.wallRatio)}**`, `**${times(result.fastestWallRatio)}**`, ""],
      `**${times(result.memoryRatio)}**`,
    ],
    ["**Python, dense at once / ours**", "", "", "", `**${times(result.memoryRatioDenseAtOnce)}**`],
  ];
}

const PROCESS = ["process", "wall, median", "fastest round", "processor time", "peak memory"];

function predictTables(result) {
  const { nCells, nGenes, agreement } = result;
  return [
    `### Whole prediction, ${count(nCells)} cells × ${count(nGenes)} genes, KNN off`,
    table(PROCESS, processRows(result)),
    `Labels equal: ${(100 * agreement.equalLabels).toFixed(2)} %; largest difference of a confidence: ` +
      `${agreement.largestConfidenceDifference.toExponential(1)}.`,
  ].join("\n\n");
}

function knnTables(result) {
  const { nCells, nReferences, levels, k, searchSeconds } = result;
  const search = Object.entries(searchSeconds).map(([name, value]) => [name, seconds(value)]);
  return [
    `### Whole prediction with KNN on all ${count(nCells)} cells, ${count(nReferences)} references, ${levels} levels, k = ${k}`,
    table(PROCESS, processRows(result)),
    "Of which searching (ours: once; Python: once per level):",
    table(["", "search"], search),
  ].join("\n\n");
}

function memoryTables({ train, predict }) {
  return [
    "### Large jobs, once each",
    table(
      ["job", "peak memory", "time"],
      [
        [
          `train, ${count(train.nCells)} × ${count(train.nGenes)}`,
          mib(train.peakMiB),
          `${seconds(train.epochSeconds)} per epoch`,
        ],
        [
          `predict, ${count(predict.nCells)} × ${count(predict.nGenes)}, disk to CSV`,
          mib(predict.peakMiB),
          `${seconds(predict.wallSeconds)}, ${count(predict.cellsPerSecond)} cells per second`,
        ],
      ],
    ),
  ].join("\n\n");
}

function kernelTables({ steps, profiles, inference, search }) {
  const genes = Object.keys(steps);
  const parts = Object.keys(profiles[genes[0]].parts);
  const threads = Object.keys(steps[genes[0]]);
  const share = (g, part) =>
    `${ms(profiles[g].parts[part])} (${Math.round((100 * profiles[g].parts[part]) / profiles[g].stepMs)} %)`;
  return [
    "### Kernels",
    "A training step of 256 cells:",
    table(
      ["threads", ...genes.map((g) => `${count(Number(g))} genes`), "start to first batch"],
      threads.map((n) => [
        n,
        ...genes.map((g) => ms(steps[g][n].stepMs)),
        genes.map((g) => ms(steps[g][n].firstBatchMs)).join(", "),
      ]),
    ),
    "Where one thread spends it:",
    table(
      ["part", ...genes.map((g) => `${count(Number(g))} genes`)],
      [
        ...parts.map((part) => [part, ...genes.map((g) => share(g, part))]),
        ["whole step", ...genes.map((g) => ms(profiles[g].stepMs))],
      ],
    ),
    "Evaluating 10,000 cells:",
    table(
      ["threads", ...genes.map((g) => `${count(Number(g))} genes`)],
      Object.keys(inference[genes[0]]).map((n) => [n, ...genes.map((g) => seconds(inference[g][n]))]),
    ),
    "Exact search of 10,000 queries, 128 dimensions, k = 15, index included:",
    table(
      ["references", "threads", "time"],
      search.map((row) => [count(row.references), row.threads, seconds(row.seconds)]),
    ),
  ].join("\n\n");
}

const parts = [];
for (const [name, section] of Object.entries(SECTIONS)) {
  const path = join(RESULTS, `${name}.json`);
  if (!existsSync(path)) continue;
  const result = JSON.parse(readFileSync(path, "utf8"));
  const { machine, commit, date, command } = result;
  const { python } = machine;
  parts.push(
    section(result),
    `\`${command}\`, ${date.slice(0, 10)}, commit ${commit.slice(0, 10)}${commit.slice(40)}; ${machine.cores} cores (${machine.cpu}), ` +
      `Node ${machine.node.slice(1)}, Python ${python.python}, torch ${python.torch}, scikit-learn ${python.sklearn}, ` +
      `load when the runs began ${loads(result)}.`,
  );
}

/** The span of the load averages noted before each run. */
function loads(result) {
  const found = [...JSON.stringify(result).matchAll(/"load":([0-9.]+)/g)].map((match) => Number(match[1]));
  if (found.length === 0) return "not noted";
  return `${Math.min(...found).toFixed(1)} to ${Math.max(...found).toFixed(1)}`;
}

const text = readFileSync(page, "utf8");
const [before, rest] = text.split(BEGIN);
const after = rest.split(END)[1];
writeFileSync(page, `${before}${BEGIN}\n\n${parts.join("\n\n")}\n\n${END}${after}`);
