// The memory and time of writing an annotated query into an open file: node bench/write-in-place.mjs [FOLDER] [--cells 300000]
// [--genes 10000]. Needs a build and GNU time. The query is a simulated one of 2.4 GB, uncompressed; each run is a process of its
// own that predicts, and then writes nothing, an open file (`toAnnDataFile`), or a path (`toAnnData`).
import { existsSync, mkdirSync, statSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openAnnData, predict, TrainedModel } from "../build/api/index.js";
import { writeAtlas } from "./make-atlas.mjs";
import { CLI, measure } from "./measure.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cells: { type: "string", default: "300000" },
    genes: { type: "string", default: "10000" },
    write: { type: "string" },
  },
});
const [folder = "write-in-place"] = positionals;
const [reference, query, model, out] = ["reference.h5ad", "query.h5ad", "model.pth", "out.h5ad"].map((name) =>
  join(folder, name),
);
if (values.write === undefined) await compare();
else await work(values.write);

async function compare() {
  const [nCells, nGenes] = [Number(values.cells), Number(values.genes)];
  mkdirSync(folder, { recursive: true });
  if (!existsSync(reference)) await writeAtlas(reference, { nCells: 3000, nGenes });
  if (!existsSync(query)) await writeAtlas(query, { nCells, nGenes, cellSeed: 2, density: 0.1 });
  if (!existsSync(model))
    measure(process.execPath, [
      ...[CLI, "train", "--adata", reference, "--out", model, "--labels", "level_1", "--preset", "fast"],
    ]);
  for (const how of ["nothing", "file", "path"]) {
    const { wallSeconds, peakMiB } = measure(process.execPath, [
      import.meta.filename,
      folder,
      "--write",
      how,
    ]);
    console.log(JSON.stringify({ how, queryBytes: statSync(query).size, wallSeconds, peakMiB }));
    await rm(out, { force: true });
  }
}

async function work(how) {
  const adata = await openAnnData(query);
  const result = await predict(await TrainedModel.load(model), adata, { knnCorrection: "off" });
  if (how === "path") await result.toAnnData(adata, out);
  if (how === "file") {
    const target = await open(out, "w+");
    await result.toAnnDataFile(adata, target);
    await target.close();
  }
  await adata.close();
}
