// Whole processes that annotate 10,000 cells: with the network alone, and with KNN on all cells.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { atlas, FOLDER, model } from "../data.mjs";
import { alternate, CLI, measure, median } from "../measure.mjs";

const bench = join(import.meta.dirname, "..");
const OURS = join(FOLDER, "ours", "out.csv");
const THEIRS = join(FOLDER, "theirs.csv");

const YARDSTICKS = [
  "Python, 1 thread",
  "Python, 2 threads",
  "Python, 2 threads in BLAS",
  "Python, dense at once, 2 threads in BLAS",
];

function processes(pth, query, correction, { rounds, python, threads }) {
  const ours = () =>
    measure(process.execPath, [
      ...[CLI, "predict", "--model", pth, "--adata", query, "--out", OURS, "--quiet"],
      ...["--knn-correction", correction, "--num-threads", String(threads)],
    ]);
  const theirs =
    (n, ...more) =>
    () =>
      measure(python, [
        ...[join(bench, "python/predict_torch.py"), pth, query, THEIRS, "--threads", String(n), ...more],
        ...(correction === "off" ? [] : ["--knn"]),
      ]);
  const [one, two, blas, once] = YARDSTICKS;
  const runs = alternate(rounds, {
    ours,
    [one]: theirs(1),
    [two]: theirs(2),
    [blas]: theirs("blas"),
    [once]: theirs("blas", "--dense", "once"),
  });
  const each = (key, figure) =>
    Object.fromEntries(Object.entries(runs).map(([name, list]) => [name, figure(list.map((r) => r[key]))]));
  const [wallSeconds, peakMiB] = [each("wallSeconds", median), each("peakMiB", median)];
  // What each takes in its least disturbed round, and the processor time: on a busy machine the fairer figures.
  const fastestWallSeconds = each("wallSeconds", (list) => Math.min(...list));
  const cpuSeconds = each("cpuSeconds", median);
  const ratio = (figures) => Math.min(...YARDSTICKS.map((name) => figures[name])) / figures.ours;
  return {
    nCells: 10000,
    nGenes: 3000,
    wallSeconds,
    peakMiB,
    fastestWallSeconds,
    cpuSeconds,
    wallRatio: ratio(wallSeconds),
    fastestWallRatio: ratio(fastestWallSeconds),
    memoryRatio: Math.min(...[one, two, blas].map((name) => peakMiB[name])) / peakMiB.ours,
    memoryRatioDenseAtOnce: peakMiB[once] / peakMiB.ours,
    agreement: agreement(),
    runs,
  };
}

/**
 * Share of equal network labels where ours is shown and not "Unknown", and the largest difference of a confidence:
 * both sides computed the same thing.
 */
function agreement() {
  const [a, b] = [OURS, THEIRS].map((path) =>
    readFileSync(path, "utf8")
      .trim()
      .split("\n")
      .map((line) => line.split(",")),
  );
  let same = 0;
  let n = 0;
  let difference = 0;
  for (let level = 1; level <= 4; level++) {
    const at = (table, name) => table[0].indexOf(name);
    const [label, conf] = [`pred_level_${level}_raw`, `conf_level_${level}`];
    const shown = at(a, `pred_level_${level}`);
    for (let row = 1; row < a.length; row++) {
      if (a[row][shown] !== "Unknown") n++;
      if (a[row][shown] === b[row][at(b, label)]) same++;
      difference = Math.max(difference, Math.abs(a[row][at(a, conf)] - b[row][at(b, conf)]));
    }
  }
  return { equalLabels: same / n, largestConfidenceDifference: difference };
}

export function predict(context) {
  return processes(model(10000, 3000), atlas(10000, 3000, 2), "off", context);
}

export function knn(context) {
  const { rounds, threads } = context;
  const whole = processes(model(50000, 3000), atlas(10000, 3000, 2), "all", context);
  const kernel = alternate(rounds, {
    ours: () => measure(process.execPath, [join(bench, "kernels/knn.mjs"), "--threads", String(threads)]),
  });
  const searchSeconds = {
    ours: median(kernel.ours.map((r) => r.printed.indexSeconds + r.printed.searchSeconds)),
    ...Object.fromEntries(
      YARDSTICKS.map((name) => [name, median(whole.runs[name].map((r) => r.printed.searchSeconds))]),
    ),
  };
  return { ...whole, nReferences: 50000, k: 15, levels: 4, searchSeconds, kernel };
}
