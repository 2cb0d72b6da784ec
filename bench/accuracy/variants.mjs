// Ways to train that decision record 19 weighs, in PyTorch; prints a table of the finest levels.
//
//   npm run build && node bench/accuracy/variants.mjs DATA_FOLDER [--folder WORK] [--python /usr/bin/python3] [TRAINING ...]
//
// The tasks and the data are those of study.mjs. Answers go to WORK, one file a training; those that are there are kept.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { MEASURES, scoreAll, summarise } from "./score.mjs";
import { makeRuns } from "./tasks.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    folder: { type: "string", default: join(tmpdir(), "atlasmtl-accuracy") },
    python: { type: "string", default: "/usr/bin/python3" },
  },
});
const [dataFolder, ...trainings] = positionals;
if (dataFolder === undefined) throw new Error("name the folder of the datasets");
const answers = join(values.folder, "variants");
mkdirSync(answers, { recursive: true });
const runs = await makeRuns(dataFolder, values.folder);
const runsFile = join(values.folder, "runs.json");
writeFileSync(runsFile, JSON.stringify(runs));
if (trainings.length === 0 || trainings.some((name) => !existsSync(join(answers, `${name}_flat.jsonl`)))) {
  const script = join(import.meta.dirname, "variants.py");
  const { status } = spawnSync(values.python, [script, runsFile, answers, ...trainings], {
    stdio: "inherit",
  });
  if (status !== 0) throw new Error(`variants.py ended with ${status}`);
}

const names = readdirSync(answers)
  .filter((name) => name.endsWith(".jsonl"))
  .map((name) => name.slice(0, -".jsonl".length));
const summary = summarise(await scoreAll(runs, answers, names));
const tasks = [...new Set(runs.map(({ task }) => task))];
console.log(
  `| accuracy / macro-F1 / ECE / AURC | ${tasks.join(" | ")} |\n|${" --- |".repeat(tasks.length + 1)}`,
);
for (const method of names) {
  const cells = tasks.map((task) => {
    const finest = runs.find((run) => run.task === task).levels.at(-1);
    const row = summary.find((each) => each.task === task && each.method === method && each.level === finest);
    return MEASURES.map((name) => row?.[name].mean.toFixed(name === "aurc" ? 4 : 3) ?? "").join(" / ");
  });
  console.log(`| ${method} | ${cells.join(" | ")} |`);
}
