// Training per epoch: buildModel against PyTorch, both on the same atlas, evaluation off.
import { join } from "node:path";
import { atlas } from "../data.mjs";
import { alternate, measure, median } from "../measure.mjs";

const bench = join(import.meta.dirname, "..");

const BATCHES = [
  ["loader", "DataLoader"],
  ["indexed", "indexed"],
];
const THREADS = [
  ["1", "1 thread"],
  ["2", "2 threads"],
  ["blas", "2 threads in BLAS"],
];

export function train({ rounds, python, threads }) {
  const cases = [];
  for (const [nGenes, ourEpochs, theirEpochs] of [
    [3000, 8, 3],
    [20000, 4, 1],
  ]) {
    const adata = atlas(10000, nGenes);
    const ours = (n) => () =>
      measure(process.execPath, [
        join(bench, "train-model.mjs"),
        adata,
        ...["--epochs", String(ourEpochs), "--threads", String(n)],
      ]);
    const theirs = (batches, n) => () =>
      measure(python, [
        join(bench, "python/train_torch.py"),
        adata,
        ...["--epochs", String(theirEpochs), "--threads", String(n), "--batches", batches],
      ]);
    const yardsticks = {};
    for (const [batches, name] of BATCHES)
      for (const [n, setting] of THREADS) yardsticks[`PyTorch, ${name}, ${setting}`] = theirs(batches, n);
    const runs = alternate(rounds, {
      [`ours, ${threads} threads`]: ours(threads),
      ...yardsticks,
      "ours, 1 thread": ours(1),
    });
    const each = (figure) =>
      Object.fromEntries(Object.entries(runs).map(([name, list]) => [name, figure(list)]));
    const epochs = (list) => list.map((r) => median(r.printed.epochSeconds));
    const middle = each((list) => median(epochs(list)));
    const fastest = each((list) => Math.min(...epochs(list)));
    const ratio = (seconds, batches) =>
      Math.min(...THREADS.map(([, setting]) => seconds[`PyTorch, ${batches}, ${setting}`])) /
      seconds[`ours, ${threads} threads`];
    cases.push({
      nCells: 10000,
      nGenes,
      epochSeconds: middle,
      // What each does in its least disturbed round: on a busy machine the fairer figure.
      fastestEpochSeconds: fastest,
      cpuSeconds: each((list) => median(list.map((r) => median(r.printed.epochCpuSeconds)))),
      peakMiB: each((list) => median(list.map((r) => r.peakMiB))),
      ratioToLoader: ratio(middle, "DataLoader"),
      ratioToIndexed: ratio(middle, "indexed"),
      fastestRatioToLoader: ratio(fastest, "DataLoader"),
      fastestRatioToIndexed: ratio(fastest, "indexed"),
      runs,
    });
  }
  return { cases };
}
