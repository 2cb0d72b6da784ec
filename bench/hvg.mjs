// Time and memory of choosing variable genes: node bench/hvg.mjs ATLAS.h5ad [--batch-key COLUMN]. Needs a build;
// bench/make-atlas.mjs makes the file. Prints one JSON line.
import { parseArgs } from "node:util";
import { columnLabels } from "../build/anndata/read/column-values.js";
import { openAnnData, variableGenes } from "../build/api/index.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { "batch-key": { type: "string" }, top: { type: "string", default: "3000" } },
});
const adata = await openAnnData(positionals[0]);
const key = values["batch-key"];
let batches = null;
if (key !== undefined) {
  const { codes, categories } = columnLabels(await adata.obs.column(key));
  batches = { codes, names: categories };
}
const matrix = await adata.matrix();
const startedAt = performance.now();
const { chosen } = await variableGenes(matrix, Number(values.top), batches);
const seconds = (performance.now() - startedAt) / 1000;
console.log(
  JSON.stringify({
    cells: adata.nObs,
    genes: adata.nVars,
    stored: matrix.nStored,
    batches: batches?.names.length ?? 1,
    chosen: chosen.length,
    seconds: Number(seconds.toFixed(2)),
    peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
  }),
);
await adata.close();
