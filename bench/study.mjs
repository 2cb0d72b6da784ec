// One file against the same cells in many: node bench/study.mjs [--samples 200] [--cells 500] [--genes 10000]
// [--rounds 3] [--dir FOLDER]. Needs a build. Makes the data once, trains the default model once, then runs `predict` of
// the one file and `predict --out-dir` of all samples in turn; prints seconds and their ratio.
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openAnnData, viewRows, writeDataset } from "../build/api/index.js";
import { LABELS, writeAtlas } from "./make-atlas.mjs";
import { alternate, CLI, measure, median } from "./measure.mjs";

const { values } = parseArgs({
  options: {
    samples: { type: "string", default: "200" },
    cells: { type: "string", default: "500" },
    genes: { type: "string", default: "10000" },
    rounds: { type: "string", default: "3" },
    dir: { type: "string", default: join(tmpdir(), "atlasmtl-study") },
  },
});
const [nSamples, nCells, nGenes] = [values.samples, values.cells, values.genes].map(Number);
const at = (...path) => join(values.dir, ...path);
const cli = (...words) => measure(process.execPath, [CLI, ...words, "--quiet"]);
mkdirSync(at("samples"), { recursive: true });

const shape = { nGenes, density: 0.05, seed: 1 };
if (!existsSync(at("model/model.pth"))) {
  await writeAtlas(at("reference.h5ad"), { ...shape, nCells: 4000, cellSeed: 1 });
  await writeAtlas(at("plain.h5ad"), { ...shape, nCells: nSamples * nCells, cellSeed: 2 });
  const all = await openAnnData(at("plain.h5ad"));
  const rows = (from, n) =>
    viewRows(
      all,
      Uint32Array.from({ length: n }, (_, i) => from + i),
    );
  // Written alike, so that both are stored alike.
  await writeDataset(await rows(0, nSamples * nCells), at("all.h5ad"), {});
  for (let s = 0; s < nSamples; s++)
    await writeDataset(await rows(s * nCells, nCells), at(`samples/s${String(s).padStart(4, "0")}.h5ad`), {});
  await all.close();
  cli(
    "train",
    "--adata",
    at("reference.h5ad"),
    "--out",
    at("model/model.pth"),
    "--labels",
    ...LABELS.slice(0, 3),
  );
}

const model = ["--model", at("model/model.pth")];
const runs = alternate(Number(values.rounds), {
  one: () => cli("predict", ...model, "--adata", at("all.h5ad"), "--out", at("one/all.h5ad")),
  many() {
    rmSync(at("many"), { recursive: true, force: true });
    return cli("predict", ...model, "--adata", at("samples/*.h5ad"), "--out-dir", at("many"));
  },
  again: () => cli("predict", ...model, "--adata", at("samples/*.h5ad"), "--out-dir", at("many")),
});
const of = (name, key) => median(runs[name].map((run) => run[key]));
const summary = Object.fromEntries(
  Object.keys(runs).map((name) => [
    name,
    { wall: of(name, "wallSeconds"), cpu: of(name, "cpuSeconds"), peakMiB: of(name, "peakMiB") },
  ]),
);
const ratio = { wall: summary.many.wall / summary.one.wall, cpu: summary.many.cpu / summary.one.cpu };
console.log(JSON.stringify({ nSamples, nCells, nGenes, ...summary, ratio }, null, 1));
