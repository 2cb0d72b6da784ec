// One process against shards and their merging: node bench/shards.mjs [--cells 1000000] [--genes 2000] [--shards 32]
// [--endings h5ad,parquet,csv] [--dir FOLDER]. Needs a build. Makes the data and the model once, then runs `predict` of the whole
// file, and all shards one after another with `merge`, both on one thread; prints seconds of the processor and of the clock, and
// their ratios. The first ending, with a report, is what is timed; the bytes of all are compared. A shard of one cell tells
// what each shard costs whatever its cells.
import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
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
    endings: { type: "string", default: "h5ad" },
    dir: { type: "string", default: join(tmpdir(), "atlasmtl-shards") },
  },
});
const [nCells, nGenes, nShards] = [values.cells, values.genes, values.shards].map(Number);
const at = (...path) => join(values.dir, ...path);
const OF_THE_RUN = ["--quiet", "--num-threads", "1"];
const cli = (...words) => measure(process.execPath, [CLI, ...words, ...OF_THE_RUN]);
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

const [ending, ...others] = values.endings.split(",");
/** Runs to the same path each, which a report shows, and moves the files to `name`. */
function result(name, to, words) {
  const run = cli(...words, "--out", at(`result.${to}`), "--report", at(`result.${to}.html`));
  for (const suffix of [to, `${to}.html`]) renameSync(at(`result.${suffix}`), at(`${name}.${suffix}`));
  return run;
}
const predict = (to) => result("whole", to, ["predict", ...given]);
const merge = (to) => result("merged", to, ["merge", at("parts/*.shard")]);

const whole = [predict(ending)];
shown("one process", whole);
const shards = [];
const shard = (index, of, path) =>
  cli("predict", ...given, "--shard", `${index}/${of}`, "--out", at("parts", path));
for (let i = 1; i <= nShards; i++) {
  rmSync(at(`parts/${i}.shard`), { force: true });
  shards.push(shard(i, nShards, `${i}.shard`));
}
shown(`${nShards} shards`, shards);
const merged = [merge(ending)];
shown("merging", merged);
const least = [1, 2, 3].map((i) => {
  rmSync(at("parts/least"), { recursive: true, force: true });
  mkdirSync(at("parts/least"));
  return shard(i, Math.min(nCells, 100_000), `least/${i}.shard`);
});
shown("3 shards of nearly no cells", least);
for (const key of ["cpuSeconds", "wallSeconds"])
  console.log(
    `overhead, ${key}: ${(100 * ((sum(shards, key) + sum(merged, key)) / sum(whole, key) - 1)).toFixed(1)} %`,
  );

/** Of a report without the flags of the run, which stand in the command that it shows. */
async function sha(path) {
  const hash = createHash("sha256");
  if (path.endsWith(".html")) hash.update(readFileSync(path, "utf8").replace(` ${OF_THE_RUN.join(" ")}`, ""));
  else for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest("hex");
}
for (const to of others) {
  predict(to);
  merge(to);
}
for (const name of [ending, ...others].flatMap((to) => [to, `${to}.html`])) {
  const [one, other] = [await sha(at(`whole.${name}`)), await sha(at(`merged.${name}`))];
  console.log(`${name}: ${one === other ? "the same bytes" : "OTHER BYTES"}: ${one}`);
  if (one !== other) process.exitCode = 1;
}
