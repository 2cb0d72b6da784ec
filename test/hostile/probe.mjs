/**
 * Opens hostile files one after the other, as a user's program does, in a process that has little memory; prints
 * one line of JSON for each: how it ended and what memory it took.
 */
import { openAsBlob, readFileSync, writeFileSync, writeSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

const built = (path) => import(new URL(`../../build/${path}`, import.meta.url).href);
const [
  { TrainedModel },
  { openAnnData },
  { describeAnnData },
  { readCompactCsr },
  { isAtlasmtlError },
  { run },
  { openCellTable },
  { readRefinement },
  { createPredictEngine, predict },
] = await Promise.all([
  built("api/trained-model.js"),
  built("anndata/open.js"),
  built("anndata/inspect/describe.js"),
  built("anndata/read/whole-matrix.js"),
  built("errors.js"),
  built("cli/program.js"),
  built("output/read-predictions.js"),
  built("api/refinement-file.js"),
  built("api/predict.js"),
]);

/** Everything in a dataset that train and predict could ask for. */
async function readDataset(path) {
  const adata = await openAnnData(path);
  try {
    await describeAnnData(adata);
    for (const frame of [adata.obs, adata.var]) for (const name of frame.columns) await frame.column(name);
    for (const key of adata.obsmKeys) await adata.obsm(key);
    for (const key of adata.unsKeys) await adata.uns(key);
    for (const name of [...(adata.hasX ? ["X"] : []), ...adata.layerKeys.map((key) => `layers/${key}`)])
      await readCompactCsr(await adata.matrix(name), { binary: false });
  } finally {
    await adata.close();
  }
}

async function readModel(from) {
  const model = await TrainedModel.load(from);
  await model.data.reference();
}

/** The model and the query that refinements are tried on, opened once. */
const baseOf = (path) => (name) => join(dirname(path), "..", "base", name);
let base = null;
async function openBase(path) {
  const at = baseOf(path);
  const [engine, model] = await Promise.all([
    createPredictEngine({ numThreads: 1 }),
    TrainedModel.load(at("model.pth")),
  ]);
  return { engine, model, query: await openAnnData(at("query.h5ad")) };
}

async function useRefinement(path) {
  const { config } = await readRefinement(path);
  base ??= await openBase(path);
  const { engine, model, query } = base;
  const { data } = await predict(model, query, { refinementConfig: config }, { shared: engine });
  for (const { column, conf } of data.labels)
    if (!conf.every(Number.isFinite)) throw new Error(`${column} has a confidence that is not finite`);
}

/** The file as a page has it that a user drops it on. */
const dropped = async (path) => [new File([await openAsBlob(path)], basename(path))];

/** A command of the program, its words to the terminal held back. */
async function command(words) {
  const { write: toStdout } = process.stdout;
  const { write: toStderr } = process.stderr;
  let said = "";
  process.stdout.write = () => true;
  process.stderr.write = (text) => {
    said += text;
    return true;
  };
  try {
    return { exit: await run(words, new AbortController().signal), said };
  } finally {
    process.stdout.write = toStdout;
    process.stderr.write = toStderr;
  }
}

/** Linux tells and forgets the highest memory; elsewhere the highest so far must do. */
function resetPeak() {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // Not Linux, or not permitted.
  }
}
function peakBytes() {
  try {
    return 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]);
  } catch {
    return 1024 * process.resourceUsage().maxRSS;
  }
}

/** What a user may type who has such a file. */
const COMMANDS = {
  dataset: (path) => [["inspect", path]],
  model: (path) => [
    ["inspect", path],
    ["verify", path],
  ],
  // A model without a manifest, which has no reference.
  foreign: (path) => [
    ["inspect", path],
    ["explain", "--model", path],
  ],
  table: (path) => [["evaluate", "--predictions", path, "--truth", path, "--labels", "group"]],
  // The command reads plans and settings as YAML.
  refinement: (path) => [
    ["inspect", path],
    ...(path.endsWith(".json") ? [["predict", "--refinement", path, ...wordsOf(baseOf(path))]] : []),
  ],
};
COMMANDS.manifest = COMMANDS.model;
COMMANDS.archive = COMMANDS.model;

const results = await mkdtemp(join(tmpdir(), "atlasmtl-probe-"));
let nOutputs = 0;
function wordsOf(at) {
  const out = join(results, `${nOutputs++}.csv`);
  return ["--model", at("model.pth"), "--adata", at("query.h5ad"), "--out", out, "--num-threads", "1"];
}
const files = JSON.parse(await readFile(process.argv[2], "utf8"));
for (const { id, door, path } of files) {
  globalThis.gc?.();
  resetPeak();
  const before = process.memoryUsage.rss();
  let code = "opens";
  let problem = null;
  try {
    if (door === "dataset") await readDataset(path);
    if (door === "model") await readModel(path);
    if (door === "archive") await readModel(await dropped(path));
    if (door === "foreign") await TrainedModel.load(path);
    if (door === "refinement") await useRefinement(path);
    if (door === "table") await openCellTable(path);
  } catch (error) {
    if (isAtlasmtlError(error)) code = error.code;
    else code = "other";
    problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const growth = peakBytes() - before;
  const commands = {};
  for (const words of COMMANDS[door](path)) {
    resetPeak();
    const held = process.memoryUsage.rss();
    commands[words[0]] = { ...(await command(words)), growth: peakBytes() - held };
  }
  writeSync(3, `${JSON.stringify({ id, code, problem, growth, commands, polluted: "polluted" in {} })}\n`);
}
await rm(results, { recursive: true });
process.exit(0);
