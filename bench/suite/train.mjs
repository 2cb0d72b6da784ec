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
  for (const [nGenes, epochs, theirEpochs] of [
    [3000, 8, 3],
    [20000, 4, 1],
  ]) {
    const adata = atlas(10000, nGenes);
    const ours = (n) => () =>
      measure(process.execPath, [
        join(bench, "train-model.mjs"),
        adata,
        ...["--epochs", String(epochs), "--threads", String(n)],
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
      [`ours, ${threads} threads, again`]: ours(threads),
      "ours, 1 thread": ours(1),
    });
    const [first, again] = [`ours, ${threads} threads`, `ours, ${threads} threads, again`];
    runs[first].push(...runs[again]);
    delete runs[again];
    const epoch = Object.fromEntries(
      Object.entries(runs).map(([name, list]) => [
        name,
        median(list.map((r) => median(r.printed.epochSeconds))),
      ]),
    );
    const peakMiB = Object.fromEntries(
      Object.entries(runs).map(([name, list]) => [name, median(list.map((r) => r.peakMiB))]),
    );
    const best = (batches) =>
      Math.min(...THREADS.map(([, setting]) => epoch[`PyTorch, ${batches}, ${setting}`]));
    const mine = epoch[`ours, ${threads} threads`];
    cases.push({
      nCells: 10000,
      nGenes,
      epochSeconds: epoch,
      peakMiB,
      ratioToLoader: best("DataLoader") / mine,
      ratioToIndexed: best("indexed") / mine,
      runs,
    });
  }
  return { cases };
}
