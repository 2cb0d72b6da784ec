// One process against shards and their merging: node bench/shards.mjs [--cells 1000000] [--genes 2000] [--shards 32]
// [--dir FOLDER]. Needs a build. Makes the data and the model once, then runs `predict` of the whole file, and all shards one after
// another with `merge`, both on one thread; prints seconds of the processor and of the clock, and their ratios.
import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { LABELS, writeAtlas } from "./make-atlas.mjs";
import { CLI, measure } from "./measure.mjs";

const { values } = parseArgs({
  options: {
    cells: { type: "string", default: "1000000" },
    genes: { type: "string", default: "2000" },
    shards: { type: "string", default: "32" },
    ending: { type: "string", default: "h5ad" },
    dir: { type: "string", default: join(tmpdir(), "atlasmtl-shards") },
  },
});
const [nCells, nGenes, nShards] = [values.cells, values.genes, values.shards].map(Number);
const at = (...path) => join(values.dir, ...path);
const cli = (...words) => measure(process.execPath, [CLI, ...words, "--quiet", "--num-threads", "1"]);
mkdirSync(at("parts"), { recursive: true });

const shape = { nGenes, density: 0.08, seed: 1 };
if (!existsSync(at("model/model.pth"))) {
  await writeAtlas(at("reference.h5ad"), { ...shape, nCells: 4000, cellSeed: 1 });
  await writeAtlas(at("query.h5ad"), { ...shape, nCells, cellSeed: 2 });
  const labels = ["--labels", ...LABELS.slice(0, 2)];
  cli(
    "train",
    "--adata",
    at("reference.h5ad"),
    "--out",
    at("model/model.pth"),
    ...labels,
    "--num-epochs",
    "3",
  );
}
const given = ["--model", at("model/model.pth"), "--adata", at("query.h5ad")];
const sum = (runs, key) => runs.reduce((total, run) => total + run[key], 0);
const shown = (name, runs) =>
  console.log(
    `${name}: ${sum(runs, "cpuSeconds").toFixed(1)} s of the processor, ${sum(runs, "wallSeconds").toFixed(1)} s, ${Math.max(...runs.map(({ peakMiB }) => peakMiB))} MiB`,
  );

const whole = [cli("predict", ...given, "--out", at(`whole.${values.ending}`))];
shown("one process", whole);
const shards = [];
for (let i = 1; i <= nShards; i++) {
  rmSync(at(`parts/${i}.shard`), { force: true });
  shards.push(cli("predict", ...given, "--shard", `${i}/${nShards}`, "--out", at(`parts/${i}.shard`)));
}
shown(`${nShards} shards`, shards);
const merge = [cli("merge", at("parts/*.shard"), "--out", at(`merged.${values.ending}`))];
shown("merge", merge);
for (const key of ["cpuSeconds", "wallSeconds"])
  console.log(
    `overhead, ${key}: ${(100 * ((sum(shards, key) + sum(merge, key)) / sum(whole, key) - 1)).toFixed(1)} %`,
  );

async function sha(path) {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest("hex");
}
const [one, other] = [await sha(at(`whole.${values.ending}`)), await sha(at(`merged.${values.ending}`))];
console.log(`${one === other ? "the same bytes" : "OTHER BYTES"}: ${one}`);
process.exitCode = one === other ? 0 : 1;
