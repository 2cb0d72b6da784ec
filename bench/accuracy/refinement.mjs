// Refinement of the finest level on the tasks with more than one; writes bench/results/accuracy-refinement.json.
//
//   npm run build && node bench/accuracy/refinement.mjs DATA_FOLDER [--folder WORK] [--python /usr/bin/python3]
//
// A part of the training cells is held out (a fifth that is drawn, or a donor or technology). A model of the rest finds the
// hotspot parents on it, and the reranker is fitted on it. Everything is scored on the query.
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { columnLabels } from "../../build/anndata/read/column-values.js";
import { buildModel, fitRefinement, predict } from "../../build/api/index.js";
import { emitReranker } from "../../build/artifacts/refinement.js";
import { scoreLabels } from "../../build/evaluate/metrics.js";
import { record } from "../measure.mjs";
import { cells, cellsOf, heldOut, markdown, meanText } from "./held-out.mjs";
import { makeRuns } from "./tasks.mjs";

const INPUTS = { binary: {}, log1p_cp10k: { normalize: "log1p_cp10k" } };
const NAMES = { drawn: "a fifth", group: "a donor or technology" };
const MEASURES = ["accuracy", "macroF1", "ece", "aurc"];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    folder: { type: "string", default: join(tmpdir(), "atlasmtl-accuracy") },
    python: { type: "string", default: "/usr/bin/python3" },
  },
});
if (positionals.length !== 1) throw new Error("name the folder of the datasets");
const runs = (await makeRuns(positionals[0], values.folder)).filter(
  ({ unseen, levels }) => unseen === null && levels.length > 1,
);

async function measure(run, input) {
  const { task, seed, levels } = run;
  const [parentLevel, finest] = levels.slice(-2);
  const train = (adata, options) =>
    buildModel(adata, {
      labelColumns: levels,
      linearViews: false,
      valFraction: 0,
      randomState: seed,
      numThreads: 1,
      ...INPUTS[input],
      ...options,
    });
  const [reference, query] = [await cells(run.train), await cells(run.query)];
  const truth = columnLabels(await query.obs.column(finest));
  const rows = [];
  const score = async (method, model, reranker, about = {}) => {
    const refinementConfig =
      reranker === null
        ? null
        : { method: "parent_conditioned_reranker", artifactPath: emitReranker(reranker) };
    const { data } = await predict(model, query, { refinementConfig, numThreads: 1, keepCoords: false });
    const { raw, conf } = data.labels.at(-1);
    const all = scoreLabels(
      truth,
      raw,
      conf.map((p) => Math.min(1, p)),
    );
    const figures = Object.fromEntries(MEASURES.map((name) => [name, all[name]]));
    rows.push({ task, seed, input, method, ...figures, ...about });
  };
  const whole = await train(reference);
  await score("all cells", whole, null);
  for (const by of ["drawn", "group"]) {
    const isHeld = await heldOut(run, reference, by);
    const rest = await train(await cellsOf(reference, (row) => !isHeld[row]));
    const held = await cellsOf(reference, (row) => isHeld[row]);
    const fitted = await fitRefinement(rest, held, { predict: { numThreads: 1 } });
    const parents = fitted.hotspots.chosen.map(({ parent }) => parent);
    const about = { parents, nHeld: held.nObs, isAdvised: fitted.advice.activate };
    await score(`without ${NAMES[by]}`, rest, null);
    await score(`without ${NAMES[by]}, refined on it`, rest, fitted.reranker, about);
    const asPlanned = fitted.record.enabled ? fitted.reranker : null;
    await score(`without ${NAMES[by]}, refined where the plan says so`, rest, asPlanned);
    // A donor or technology may hold a type of its own: a reranker for fewer classes fits no other model.
    if (by !== "drawn") continue;
    await score(`all cells, refined on ${NAMES[by]}`, whole, fitted.reranker, about);
    const onTraining = await fitRefinement(whole, reference, { parents, predict: { numThreads: 1 } });
    await score("all cells, refined on themselves", whole, onTraining.reranker);
    if (parents.length === 0) continue;
    const correct = (mode, initModel) =>
      train(reference, {
        childCorrection: { parentLevel, targetLevel: finest, hotspotParents: parents, mode },
        initModel,
      });
    await score("all cells, child correction from the start", await correct("joint", null), null);
    await score("all cells, child correction continued, joint", await correct("joint", whole.data), null);
    await score(
      "all cells, child correction continued, frozen base",
      await correct("frozen_base", whole.data),
      null,
    );
  }
  return rows;
}

const rows = [];
for (const run of runs)
  for (const input of Object.keys(INPUTS)) {
    const own = await measure(run, input);
    rows.push(...own);
    const found = own.filter(({ parents }) => parents !== undefined);
    console.error(`${run.task}, seed ${run.seed}, ${input}: ${JSON.stringify(found[0].parents)}`);
  }

const unique = (key, list) => [...new Set(list.map((row) => row[key]))];
const table = [["task", "input", "model", "accuracy", "macro-F1", "ECE", "AURC"]];
for (const task of unique("task", rows))
  for (const input of unique("input", rows))
    for (const method of unique("method", rows)) {
      const own = rows.filter((row) => row.task === task && row.input === input && row.method === method);
      const figures = MEASURES.map((key) => {
        const digits = key === "aurc" ? 4 : 3;
        return meanText(
          own.map((row) => row[key]),
          digits,
        );
      });
      table.push([task, input, method, ...figures]);
    }
console.log(markdown(table));
record("accuracy-refinement", { rows }, values.python, "node bench/accuracy/refinement.mjs DATA_FOLDER");
