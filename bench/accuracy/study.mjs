// The accuracy study: every method on the same cells, five seeds each; writes bench/results/accuracy.json and the
// tables of docs/accuracy.md.
//
//   npm run build && node bench/accuracy/study.mjs DATA_FOLDER [--folder WORK] [--python /usr/bin/python3] [--score]
//
// DATA_FOLDER holds the datasets of tasks.mjs (not part of this repository). Answers go to WORK, one file a method; those
// that are there are kept, so that an interrupted study goes on. --score only scores them.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { record } from "../measure.mjs";
import { scoreLevels } from "./levels.mjs";
import { writePage } from "./page.mjs";
import { scoreAll, summarise } from "./score.mjs";
import { makeRuns } from "./tasks.mjs";

const CALIBRATED = { valFraction: 0.1, calibrationMethod: "temperature_scaling" };
/** The page is of networks; linear views are for cells of other studies (bench/accuracy/across). */
const ALONE = { linearViews: false };
/** What prediction can do beyond labels and confidences; `confidenceLow` is what the deepest label is tried with. */
const LEVELS = { coherentProbabilities: true, deepestLabel: true, predictionSets: 0.95, confidenceLow: 0.8 };
/** Our methods by name: training options, and prediction options by what they add to the name. */
const OURS = {
  atlasmtl: { train: { preset: "original" }, predict: { "": {} }, unseen: true },
  atlasmtl_best: { train: { preset: "best", ...ALONE, valFraction: 0 }, predict: { "": {} }, unseen: true },
  atlasmtl_best_calibrated: {
    train: { preset: "best", ...ALONE, ...CALIBRATED },
    predict: { "": {}, _levels: LEVELS },
    unseen: false,
  },
};
const NAMES = Object.entries(OURS).flatMap(([name, { predict }]) =>
  Object.keys(predict).map((ending) => name + ending),
);
const OTHERS = ["pytorch", "logistic_regression", "nearest_centroid", "knn"];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    folder: { type: "string", default: join(tmpdir(), "atlasmtl-accuracy") },
    python: { type: "string", default: "/usr/bin/python3" },
    score: { type: "boolean", default: false },
  },
});
if (positionals.length !== 1) throw new Error("name the folder of the datasets");
const { folder, python } = values;
mkdirSync(folder, { recursive: true });
const runs = await makeRuns(positionals[0], folder);
const runsFile = join(folder, "runs.json");
writeFileSync(runsFile, JSON.stringify(runs));

const isDone = (method) => existsSync(join(folder, `${method}.jsonl`));
function work(command, script, ...args) {
  const { status } = spawnSync(command, [join(import.meta.dirname, script), runsFile, folder, ...args], {
    stdio: "inherit",
  });
  if (status !== 0) throw new Error(`${script} ${args.join(" ")} ended with ${status}`);
}
if (!values.score) {
  for (const [name, method] of Object.entries(OURS))
    if (!isDone(name)) work(process.execPath, "atlasmtl.mjs", JSON.stringify({ [name]: method }));
  for (const name of OTHERS) if (!isDone(name)) work(python, "baselines.py", name);
}
const scores = await scoreAll(runs, folder, [...NAMES, ...OTHERS]);
const levels = await scoreLevels(runs, folder, "atlasmtl_best_calibrated");
const command = "node bench/accuracy/study.mjs DATA_FOLDER";
record("accuracy", { summary: summarise(scores), levels, scores }, python, command);
writePage(summarise(scores), levels);
