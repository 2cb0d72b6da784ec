// Seconds per epoch of buildModel on an .h5ad, as a caller gets them: node bench/train-model.mjs FILE.h5ad
// [--epochs 6] [--threads 2]. Needs a build. Prints one line of JSON.
import { parseArgs } from "node:util";
import { buildModel, openAnnData } from "../build/api/index.js";
import { LABELS } from "./data.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    epochs: { type: "string", default: "6" },
    threads: { type: "string", default: "2" },
  },
});
const adata = await openAnnData(positionals[0]);
const ends = [];
const used = [];
let readEnd = 0;
let first = null;
await buildModel(
  adata,
  {
    labelColumns: LABELS,
    preset: "original",
    coordTargets: { latent: "X_latent", umap: "X_umap" },
    numEpochs: Number(values.epochs),
    numThreads: Number(values.threads),
  },
  {
    onProgress({ phase, figures }) {
      const now = performance.now();
      if (phase === "read") readEnd = now;
      if (phase !== "train") return;
      first ??= now;
      if (figures === undefined) return;
      ends.push(now);
      const { user, system } = process.cpuUsage();
      used.push((user + system) / 1000);
    },
  },
);
await adata.close();
const seconds = (from, to) => Number(((to - from) / 1000).toFixed(4));
console.log(
  JSON.stringify({
    engine: "atlasmtl",
    threads: Number(values.threads),
    firstBatchSeconds: seconds(readEnd, first),
    // The first epoch is left out: it holds the start and unoptimised code.
    epochSeconds: ends.slice(1).map((end, i) => seconds(ends[i], end)),
    epochCpuSeconds: used.slice(1).map((end, i) => seconds(used[i], end)),
  }),
);
