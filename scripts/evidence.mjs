// Measures what presets, reference storages and reference modes cost and give, and writes docs/evidence.md.
// Run it after `npm run build`: node scripts/evidence.mjs. Real data are used where ../shared is there.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { recommendation } from "./evidence/recommendation.mjs";

const root = resolve(import.meta.dirname, "..");
const load = (path) => import(join(root, "build", path));
const PRESETS = ["small", "default", "large"];
const STORAGES = ["external", "external, gzip", "full"];
const MODES = ["full", "prototypes"];
const EPOCHS = 20;

if (process.argv[2] === "measure") await measure(...process.argv.slice(3));
else await main();

/** One prediction in a process of its own, so that time and memory are those of it alone. */
async function measure(model, query, mode, labels) {
  const { openAnnData, predict, scoreLabels, TrainedModel } = await load("api/index.js");
  const { columnLabels } = await load("anndata/read/column-values.js");
  const adata = await openAnnData(query);
  const start = performance.now();
  const trained = await TrainedModel.load(model);
  await trained.data.reference();
  const loadSeconds = (performance.now() - start) / 1000;
  const result = await predict(trained, adata, { knnCorrection: "low_conf_only", knnReferenceMode: mode });
  const scores = [];
  for (const [l, column] of labels.split(",").entries()) {
    const { final, conf } = result.data.labels[l];
    scores.push(scoreLabels(columnLabels(await adata.obs.column(column)), final, conf));
  }
  await adata.close();
  const { maxRSS } = process.resourceUsage();
  console.log(JSON.stringify({ loadSeconds, peakBytes: maxRSS * 1024, scores }));
  process.exit(0);
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), "atlasmtl-evidence-"));
  try {
    const measured = [];
    for (const task of await tasks(folder)) measured.push({ ...task, rows: await rows(task, folder) });
    const sections = measured.map((task) => section(task, task.rows));
    writeFileSync(
      join(root, "docs/evidence.md"),
      `${introduction()}\n${recommendation(measured)}\n${sections.join("\n")}`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reference and query files of each task. */
async function tasks(folder) {
  const { cellsWhere, openAnnData, selectObs } = await load("api/index.js");
  const { writeDataset } = await load("anndata/write/write-annotated.js");
  const { createSimulation } = await load("demo/simulate.js");
  const { simulatedAnnData } = await load("demo/simulated-anndata.js");
  const save = async (name, adata) => {
    const path = join(folder, name);
    await writeDataset(adata, path, {});
    return path;
  };
  const simulation = createSimulation();
  const list = [
    {
      name: "Simulated lung",
      labels: ["lineage", "class", "type", "state"],
      reference: await save("simulated-reference.h5ad", simulatedAnnData(simulation, "reference")),
      query: await save("simulated-query.h5ad", simulatedAnnData(simulation, "query")),
    },
  ];
  const data = resolve(root, "../shared/data");
  if (!existsSync(data)) return list;
  const divide = async (name, file, key, held, labels) => {
    const adata = await openAnnData(join(data, file));
    const column = await adata.obs.column(key);
    const side = (isQuery) =>
      selectObs(
        adata,
        cellsWhere(column, (value) => held.includes(value) === isQuery),
      );
    list.push({
      name,
      labels,
      reference: await save(`${key}-reference.h5ad`, await side(false)),
      query: await save(`${key}-query.h5ad`, await side(true)),
    });
    await adata.close();
  };
  await divide(
    "PBMC, 3′ to 5′",
    "pbmc_3tech_symphony.h5ad",
    "technology",
    ["5p"],
    ["cell_type_l1", "cell_type_l2", "cell_type_l3_nested"],
  );
  await divide(
    "Kang, three donors held out",
    "pbmc_kang2018_ctrl.h5ad",
    "donor",
    ["1244", "1256", "1488"],
    ["cell_type_l1_derived", "cell_type"],
  );
  return list;
}

async function rows(task, folder) {
  const { buildModel, openAnnData } = await load("api/index.js");
  const found = [];
  for (const preset of PRESETS) {
    const adata = await openAnnData(task.reference);
    const options = {
      labelColumns: task.labels,
      preset,
      numEpochs: EPOCHS,
      linearViews: false,
      valFraction: 0.1,
      calibrationMethod: "temperature_scaling",
      missingLabels: "ignore",
    };
    const trained = await buildModel(adata, options);
    await adata.close();
    for (const storage of STORAGES) {
      const where = join(folder, `${preset}-${STORAGES.indexOf(storage)}`);
      const path = join(where, "model.pth");
      const model = storage === "full" ? await withFullStorage(trained) : trained;
      const reference =
        storage === "external, gzip" ? { referencePath: join(where, "reference.pkl.gz") } : {};
      await model.save(path, reference);
      const bytes = readdirSync(where).reduce((sum, name) => sum + statSync(join(where, name)).size, 0);
      for (const mode of MODES) {
        const output = execFileSync(
          process.execPath,
          [import.meta.filename, "measure", path, task.query, mode, task.labels.join(",")],
          { encoding: "utf8" },
        );
        found.push({ preset, storage, mode, bytes, ...JSON.parse(output) });
        console.error(`${task.name}: ${preset}, ${storage}, ${mode}`);
      }
      rmSync(where, { recursive: true });
    }
  }
  return found;
}

/** The same model, to be saved with its reference inside. */
async function withFullStorage(trained) {
  const { TrainedModel } = await load("api/index.js");
  const trainConfig = new Map([...trained.data.trainConfig, ["reference_storage", "full"]]);
  return new TrainedModel({ ...trained.data, referenceStorage: "full", trainConfig });
}

function introduction() {
  return `# Evidence for presets, storages and reference modes

\`npm run build && node scripts/evidence.mjs\` writes this page; do not edit it. Each model is trained for ${EPOCHS} epochs with a tenth of the cells held out
for calibration. Each row is one prediction with KNN correction of cells of low confidence, in a process of its own: its load time (bundle and
reference, with verified checksums) and its memory are measured alone. Times depend on the machine (${cpus().length} × ${cpus()[0]?.model ?? "unknown"}) and on
its load; scores do not.
`;
}

function section({ name, labels }, list) {
  const finest = labels.length - 1;
  const lines = list.map(({ preset, storage, mode, bytes, loadSeconds, peakBytes, scores }) => {
    const cells = scores.flatMap(({ accuracy, macroF1 }, l) =>
      l === 0 || l === finest ? [accuracy.toFixed(3), macroF1.toFixed(3)] : [],
    );
    const ece = scores[finest].ece.toFixed(3);
    return `| ${preset} | ${storage} | ${mode} | ${cells.join(" | ")} | ${ece} | ${(bytes / 1e6).toFixed(1)} MB | ${loadSeconds.toFixed(2)} s | ${Math.round(peakBytes / 1e6)} MB |`;
  });
  const shown = [labels[0], labels[finest]].flatMap((label) => [`${label} accuracy`, "macro F1"]);
  return `## ${name}

| preset | storage | reference mode | ${shown.join(" | ")} | ECE | on disk | load | memory |
| --- | --- | --- | ${shown.map(() => "---:").join(" | ")} | ---: | ---: | ---: | ---: |
${lines.join("\n")}
`;
}
