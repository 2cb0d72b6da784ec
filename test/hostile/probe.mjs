/**
 * Opens hostile files one after the other, as a user's program does, in a process that has little memory; prints
 * one line of JSON for each: how it ended and what memory it took.
 */
import { readFileSync, writeFileSync, writeSync } from "node:fs";
import { readFile } from "node:fs/promises";

const built = (path) => import(new URL(`../../build/${path}`, import.meta.url).href);
const [
  { TrainedModel },
  { openAnnData },
  { describeAnnData },
  { readCompactCsr },
  { isAtlasmtlError },
  { run },
  { openCellTable },
] = await Promise.all([
  built("api/trained-model.js"),
  built("anndata/open.js"),
  built("anndata/inspect/describe.js"),
  built("anndata/read/whole-matrix.js"),
  built("errors.js"),
  built("cli/program.js"),
  built("output/read-predictions.js"),
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

async function readModel(path) {
  const model = await TrainedModel.load(path);
  await model.data.reference();
}

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
};
COMMANDS.manifest = COMMANDS.model;

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
    if (door === "foreign") await TrainedModel.load(path);
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
process.exit(0);
