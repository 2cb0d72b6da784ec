// CellTypist and SingleR on the cells and genes of a benchmark's manifest, level by level. Run it after `npm run build`:
//
//   node bench/peers/run.mjs --dataset-manifest F --output-dir D [--methods celltypist singler]
//     [--python python3] [--rscript Rscript] [--max-iter 200]
//
// Writes D/METHOD.csv, which `atlasmtl evaluate` reads, and D/scores.json; prints a table. A program that is not
// installed is passed over, with the reason.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { createAnnData } from "../../build/anndata/containers/in-memory.js";
import { writeDataset } from "../../build/anndata/write/write-annotated.js";
import { readBenchmarkData } from "../../build/benchmark/benchmark-cells.js";
import { parseBenchmarkManifest } from "../../build/benchmark/dataset-manifest.js";
import { logNormalised } from "../../build/benchmark/matrices.js";
import { readYaml } from "../../build/cli/options/yaml.js";
import { scoreLabels } from "../../build/evaluate/metrics.js";
import { parseCsv } from "../../build/output/csv-text.js";
import { toCsv } from "../../build/output/to-csv.js";
import { plainLabels } from "../../build/predict/plain-labels.js";

const { values } = parseArgs({
  args: process.argv.slice(2).flatMap(repeatFlag),
  options: {
    "dataset-manifest": { type: "string" },
    "output-dir": { type: "string" },
    methods: { type: "string", multiple: true, default: ["celltypist", "singler"] },
    python: { type: "string", default: "python3" },
    rscript: { type: "string", default: "Rscript" },
    "max-iter": { type: "string", default: "200" },
  },
});
const PEERS = {
  celltypist: {
    program: values.python,
    probe: ["-c", "import celltypist, anndata; print(celltypist.__version__)"],
    script: "celltypist_run.py",
    missing: `${values.python} cannot import celltypist: pip install celltypist`,
  },
  singler: {
    program: values.rscript,
    probe: [
      "-e",
      'library(Matrix); library(rhdf5); library(scran); cat(as.character(packageVersion("SingleR")))',
    ],
    script: "singler_run.R",
    missing: `${values.rscript} cannot load SingleR, scran, Matrix and rhdf5: BiocManager::install(c("SingleR", "scran", "rhdf5")), or Debian's r-bioc-singler, r-bioc-scran and r-bioc-rhdf5`,
  },
};
const manifestPath = values["dataset-manifest"];
const outFolder = values["output-dir"];
if (manifestPath === undefined || outFolder === undefined)
  throw new Error("give --dataset-manifest and --output-dir");
for (const name of values.methods)
  if (!(name in PEERS))
    throw new Error(`there is no program ${name}; use ${Object.keys(PEERS).join(" or ")}`);

const manifest = parseBenchmarkManifest(await readYaml(manifestPath), manifestPath);
const data = await readBenchmarkData(manifest, dirname(manifestPath), {});
mkdirSync(outFolder, { recursive: true });
const folder = mkdtempSync(join(tmpdir(), "atlasmtl-peers-"));
try {
  await writeInputs();
  const scores = values.methods.map(runPeer).filter((each) => each !== null);
  writeFileSync(join(outFolder, "scores.json"), `${JSON.stringify(scores, null, 1)}\n`);
  printTable(scores);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** `--methods a b` as `--methods a --methods b`, as the command line of atlasmtl takes lists. */
function repeatFlag(word, at, words) {
  if (word.startsWith("--")) return words[at + 1]?.startsWith("--") === false ? [] : [word];
  const flag = words.slice(0, at).findLast((each) => each.startsWith("--"));
  return flag === undefined ? [word] : [flag, word];
}

/** Log-normalised X over the genes of both sides; labels as `label_0`, `label_1`, …, missing ones empty. */
async function writeInputs() {
  const columns = Object.fromEntries(
    data.labelColumns.map((column, l) => {
      const { codes, categories } = data.referenceLabels.get(column);
      return [`label_${l}`, Array.from(codes, (code) => categories[code] ?? "")];
    }),
  );
  for (const side of ["reference", "query"]) {
    const adata = await createAnnData({
      X: logNormalised(data.shared, side),
      obs: { index: data[side].obs.index, columns: side === "reference" ? columns : {} },
      var: { index: data.shared.genes },
    });
    await writeDataset(adata, join(folder, `${side}.h5ad`), {});
  }
}

/** The scores of one program by level; null, with a word on stderr, where it is not installed. */
function runPeer(method) {
  const { program, probe, script, missing } = PEERS[method];
  const found = spawnSync(program, probe, { encoding: "utf8" });
  if (found.status !== 0) {
    console.error(`${method} did not run: ${missing}`);
    return null;
  }
  const began = performance.now();
  const labels = data.labelColumns.map((column, l) => {
    const out = join(folder, `${method}_${l}.csv`);
    const words = [join(import.meta.dirname, script), folder, `label_${l}`, out, values["max-iter"]];
    const { status } = spawnSync(program, words, { stdio: ["ignore", "ignore", "inherit"] });
    if (status !== 0) throw new Error(`${method} ended with code ${status} on ${column}`);
    return readLabels(column, readFileSync(out, "utf8"));
  });
  const seconds = (performance.now() - began) / 1000;
  const prediction = { obsNames: data.query.obs.index, labels, coords: new Map(), spaces: [] };
  const table = toCsv({ ...prediction, metadata: new Map(), warnings: [] }, { mode: "full" });
  writeFileSync(join(outFolder, `${method}.csv`), Buffer.concat([...table]));
  const levels = Object.fromEntries(
    labels
      .filter(({ column }) => data.truths.has(column))
      .map(({ column, final, conf }) => [column, scoreLabels(data.truths.get(column), final, conf)]),
  );
  return { method, version: found.stdout.trim().split(/\s+/).at(-1), seconds, levels };
}

/** Lines of cell, label and score, in any order. */
function readLabels(column, text) {
  const rows = new Map(Array.from(parseCsv(text), ([name, label, score]) => [name, { label, score }]));
  const found = data.query.obs.index.map((name) => {
    if (!rows.has(name)) throw new Error(`${column}: the program gave no label to the cell "${name}"`);
    return rows.get(name);
  });
  const categories = [...new Set(found.map(({ label }) => label))].filter((label) => label !== "").sort();
  const codes = Int32Array.from(found, ({ label }) => categories.indexOf(label));
  const scores = Float32Array.from(found, ({ score }) => (score ? Number(score) : Number.NaN));
  return plainLabels(column, codes, categories, scores);
}

function printTable(scores) {
  const cell = (value) => (Number.isFinite(value) ? value.toFixed(3) : "–");
  console.log(
    "| method | level | accuracy | macro F1 | ECE | seconds, all levels |\n| --- | --- | ---: | ---: | ---: | ---: |",
  );
  for (const { method, version, seconds, levels } of scores)
    for (const [level, { accuracy, macroF1, ece }] of Object.entries(levels)) {
      const numbers = [accuracy, macroF1, ece].map(cell);
      console.log(`| ${method} ${version} | ${level} | ${numbers.join(" | ")} | ${seconds.toFixed(1)} |`);
    }
}
