// The kernels alone: a training step by threads and by part, evaluation, neighbour search by size.
import { cpus } from "node:os";
import { join } from "node:path";
import { alternate, measure, median } from "../measure.mjs";

const tool = (name, args) => () => {
  const { load, printed } = measure(process.execPath, [
    join(import.meta.dirname, "../kernels", `${name}.mjs`),
    ...args,
  ]);
  return { load, ...printed };
};

export function kernels({ rounds }) {
  const steps = {};
  const profiles = {};
  const inference = {};
  for (const nGenes of ["3000", "20000"]) {
    const count = nGenes === "3000" ? "100" : "30";
    const runs = alternate(
      rounds,
      Object.fromEntries(
        ["1", "2", "8"].map((n) => [n, tool("step", ["--genes", nGenes, "--threads", n, "--steps", count])]),
      ),
    );
    steps[nGenes] = Object.fromEntries(
      Object.entries(runs).map(([n, list]) => [
        n,
        {
          stepMs: median(list.map((r) => r.stepMsMedian)),
          firstBatchMs: median(list.map((r) => r.firstBatchMs)),
          runs: list,
        },
      ]),
    );
    const profile = alternate(1, { profile: tool("profile", ["--genes", nGenes]) });
    profiles[nGenes] = profile.profile[0];
    const evaluated = alternate(rounds, {
      1: tool("inference", ["--genes", nGenes, "--threads", "1"]),
      2: tool("inference", ["--genes", nGenes, "--threads", "2"]),
    });
    inference[nGenes] = Object.fromEntries(
      Object.entries(evaluated).map(([n, list]) => [n, median(list.map((r) => r.medianSeconds))]),
    );
  }
  const search = [];
  for (const references of ["10000", "50000", "200000"])
    for (const threads of ["1", "2"]) {
      const runs = alternate(rounds, {
        ours: tool("knn", ["--references", references, "--threads", threads]),
      });
      search.push({
        references: Number(references),
        queries: 10000,
        width: 128,
        k: 15,
        threads: Number(threads),
        seconds: median(runs.ours.map((r) => r.indexSeconds + r.searchSeconds)),
        runs: runs.ours,
      });
    }
  return { cores: cpus().length, steps, profiles, inference, search };
}
