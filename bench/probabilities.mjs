// The memory that every probability takes: node bench/probabilities.mjs FOLDER [--cells 1000000] [--genes 1000]
// [--formats h5ad,zarr] [--probabilities none,all,top=3]. Needs a build and GNU time. A simulated reference of 6,000 cells trains
// one network on level_4 (about 90 types) and level_1 (8); the query is written with make-atlas.mjs. Each format is written with and without --probabilities; the result is printed as JSON.
import { existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeAtlas } from "./make-atlas.mjs";
import { CLI, measure } from "./measure.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cells: { type: "string", default: "1000000" },
    genes: { type: "string", default: "1000" },
    formats: { type: "string", default: "csv,csv.gz,parquet,arrow,h5ad,zarr" },
    probabilities: { type: "string", default: "none,all,top=3" },
  },
});
const [folder = "probabilities"] = positionals;
const [nCells, nGenes] = [Number(values.cells), Number(values.genes)];
mkdirSync(folder, { recursive: true });
const [reference, query, model] = ["reference.h5ad", "query.h5ad", "model/model.pth"].map((name) =>
  join(folder, name),
);
if (!existsSync(reference)) await writeAtlas(reference, { nCells: 6000, nGenes });
if (!existsSync(query)) await writeAtlas(query, { nCells, nGenes, cellSeed: 2, density: 0.05 });
const run = (...args) => measure(process.execPath, [CLI, ...args, "--json", "--quiet"]);
if (!existsSync(model))
  run("train", "--adata", reference, "--out", model, "--labels", "level_1", "level_4", "--preset", "fast");
for (const format of values.formats.split(","))
  for (const probabilities of values.probabilities.split(",")) {
    const out = join(folder, `result.${format}`);
    const { wallSeconds, peakMiB } = run(
      "predict",
      "--model",
      model,
      "--adata",
      query,
      "--out",
      out,
      "--knn-correction",
      "off",
      ...(probabilities === "none" ? [] : ["--probabilities", probabilities]),
    );
    const size = format === "zarr" ? null : Math.round(statSync(out).size / 2 ** 20);
    console.log(
      JSON.stringify({
        format,
        probabilities,
        wallSeconds,
        peakMiB,
        sizeMiB: size,
      }),
    );
  }
