// Training that streams beside training in memory; needs a build.
//
//   node bench/stream.mjs cost FILE.h5ad [--epochs 2] [--threads 2] [--in-memory] [--buffer N] [--preset fast]
//     seconds and cells per second of each epoch, the peak of memory (resident set) of the whole process
//   node bench/stream.mjs accuracy REFERENCE.h5ad QUERY.h5ad --labels A,B --buffer N [--seeds 3] [--preset default]
//     share of right labels of each column, in memory and streamed through a buffer of N cells
//   node bench/stream.mjs reference REFERENCE.h5ad QUERY.h5ad --labels A,B --kept N,M
//     share of right labels with the KNN vote of all cells, by how many cells the reference keeps
//
// Prints one line of JSON each. bench/make-atlas.mjs makes files of any size.
import { resourceUsage } from "node:process";
import { parseArgs } from "node:util";
import { buildModel, openAnnData, predict } from "../build/api/index.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    epochs: { type: "string" },
    threads: { type: "string", default: "2" },
    "in-memory": { type: "boolean", default: false },
    buffer: { type: "string" },
    preset: { type: "string", default: "default" },
    labels: { type: "string", default: "level_1,level_2,level_3,level_4" },
    seeds: { type: "string", default: "3" },
    kept: { type: "string" },
  },
});
const [job, referencePath, queryPath] = positionals;
const labelColumns = values.labels.split(",");
const common = {
  labelColumns,
  preset: values.preset,
  numThreads: Number(values.threads),
  ...(values.epochs === undefined ? {} : { numEpochs: Number(values.epochs) }),
};
const streamed = { stream: true, ...(values.buffer && { streamBuffer: Number(values.buffer) }) };
const print = (result) => console.log(JSON.stringify(result));

async function cost() {
  const adata = await openAnnData(referencePath);
  const epochs = [];
  const phases = new Map();
  let last = performance.now();
  const start = last;
  await buildModel(
    adata,
    { ...common, ...(values["in-memory"] ? { stream: false } : streamed) },
    {
      onProgress({ phase, figures }) {
        const now = performance.now();
        phases.set(phase, (phases.get(phase) ?? 0) + (now - last) / 1000);
        last = now;
        if (figures !== undefined) epochs.push(Math.round(figures.cells_per_second));
      },
    },
  );
  await adata.close();
  const { user, system } = process.cpuUsage();
  print({
    job,
    file: referencePath,
    nObs: adata.nObs,
    inMemory: values["in-memory"],
    cellsPerSecond: epochs,
    seconds: Math.round((performance.now() - start) / 1000),
    processorSeconds: Math.round((user + system) / 1e6),
    phases: Object.fromEntries([...phases].map(([phase, seconds]) => [phase, Math.round(seconds)])),
    peakMiB: Math.round(resourceUsage().maxRSS / 1024),
  });
}

/** Share of right labels of each column of a model's predictions. */
async function shares(options, predicting) {
  const [reference, query] = [await openAnnData(referencePath), await openAnnData(queryPath)];
  const model = await buildModel(reference, { ...common, ...options });
  const result = await predict(model, query, { numThreads: common.numThreads, ...predicting });
  const right = {};
  for (const column of labelColumns) {
    const truth = textsOf(await query.obs.column(column));
    const { final } = result.data.labels.find((each) => each.column === column);
    right[column] =
      truth.filter((label, i) => label === final.categories[final.codes[i]]).length / truth.length;
  }
  await Promise.all([reference.close(), query.close()]);
  return right;
}

const textsOf = (column) =>
  column.kind === "categorical"
    ? Array.from(column.codes, (code) => column.categories[code])
    : [...column.values];

async function accuracy() {
  for (let randomState = 1; randomState <= Number(values.seeds); randomState++) {
    const inMemory = await shares({ stream: false, randomState });
    print({
      job,
      referencePath,
      randomState,
      inMemory,
      streamed: await shares({ ...streamed, randomState }),
    });
  }
}

async function reference() {
  for (const kept of values.kept.split(","))
    print({ job, kept, right: await shares({ referenceCells: Number(kept) }, { knnCorrection: "all" }) });
}

await { cost, accuracy, reference }[job]();
