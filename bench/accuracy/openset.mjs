// Fitted open-set thresholds on types that were not learned; writes bench/results/accuracy-openset.json.
//
//   npm run build && node bench/accuracy/openset.mjs DATA_FOLDER [--folder WORK] [--python /usr/bin/python3]
//
// A run of tasks.mjs that leaves type A out of the reference asks: are the query's cells of A found? The threshold is
// fitted on the reference alone, by models that were trained without a held-out part of it (a donor, a technology, or a
// fifth of the cells), and used with the model of the whole reference:
// - keep q: a share q of the held-out cells lies within;
// - separation: another type B is left out of the training as well, and its held-out cells are to lie beyond; with "keep q",
//   where at least q of the others lie within. Up to three types are B in turn, the largest first; figures are their means.
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildModel, predict } from "../../build/api/index.js";
import { chooseOpensetThreshold } from "../../build/evaluate/openset-threshold.js";
import { record } from "../measure.mjs";
import { cells, cellsOf, heldOut, labels, markdown, meanText } from "./held-out.mjs";
import { makeRuns } from "./tasks.mjs";

const INPUTS = {
  binary: {},
  log1p_cp10k: { normalize: "log1p_cp10k" },
  "log1p_cp10k, thinned": { normalize: "log1p_cp10k", countThinning: 0.2 },
};
const N_TYPES = 3;
const QUANTILES = [0.99, 0.95, 0.9];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    folder: { type: "string", default: join(tmpdir(), "atlasmtl-accuracy") },
    python: { type: "string", default: "/usr/bin/python3" },
  },
});
if (positionals.length !== 1) throw new Error("name the folder of the datasets");
const runs = (await makeRuns(positionals[0], values.folder)).filter(({ unseen }) => unseen !== null);

/** How unlike the reference each cell is, by every measure; the larger the less alike. */
async function scores(model, adata, finest) {
  const openset = async (options) => {
    const { data } = await predict(model, adata, {
      ...options,
      opensetThreshold: 0,
      numThreads: 1,
      keepCoords: false,
    });
    return { data, scores: data.opensetScores };
  };
  const { data, scores: nearest } = await openset({ opensetMethod: "nn_distance" });
  const { conf, isLowConf } = data.labels.at(-1);
  return {
    isLowConf,
    by: {
      confidence: Float64Array.from(conf, (p) => 1 - p),
      nn_distance: nearest,
      "prototype (coarsest)": (await openset({ opensetMethod: "prototype" })).scores,
      "prototype (finest)": (await openset({ opensetMethod: "prototype", opensetLabelColumn: finest }))
        .scores,
    },
  };
}

const pick = (list, rows) => Float64Array.from(rows, (row) => list[row]);
const share = (rows, test) => rows.filter(test).length / rows.length;
const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;

/** Rows of cells of known and of unseen types. */
function rowsBy(types, known) {
  const rows = [...types.keys()];
  return [rows.filter((row) => known.has(types[row])), rows.filter((row) => !known.has(types[row]))];
}

async function measure(run, input) {
  const finest = run.levels.at(-1);
  const train = (adata) =>
    buildModel(adata, {
      labelColumns: run.levels,
      linearViews: false,
      valFraction: 0,
      randomState: run.seed,
      numThreads: 1,
      ...INPUTS[input],
    });
  const [reference, query] = [await cells(run.train), await cells(run.query)];
  const types = await labels(reference, finest);
  const isHeld = await heldOut(run, reference, "group");

  /** Distances of the held-out cells of types that are known to a model trained without them and type `b`. */
  const fitWithout = async (b) => {
    const isTrained = (row) => !isHeld[row] && types[row] !== b;
    const known = new Set(types.filter((_, row) => isTrained(row)));
    const held = await cellsOf(
      reference,
      (row) => isHeld[row] && (known.has(types[row]) || types[row] === b),
    );
    const model = await train(await cellsOf(reference, isTrained));
    const { by } = await scores(model, held, finest);
    const [inside, outside] = rowsBy(await labels(held, finest), known);
    return (name, withUnseen, quantile) =>
      chooseOpensetThreshold(pick(by[name], inside), pick(by[name], withUnseen ? outside : []), quantile);
  };
  const sizes = new Map();
  for (const [row, type] of types.entries()) if (isHeld[row]) sizes.set(type, (sizes.get(type) ?? 0) + 1);
  const left = [...sizes].filter(
    ([type, n]) => n >= 5 && types.some((name, row) => name === type && !isHeld[row]),
  );
  left.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const plain = await fitWithout(null);
  const separations = [];
  for (const [type] of left.slice(0, N_TYPES)) separations.push(await fitWithout(type));

  const { by, isLowConf } = await scores(await train(reference), query, finest);
  // Types of the query that the reference lacks besides A are neither.
  const [known, others] = rowsBy(await labels(query, finest), new Set(types));
  const queryTypes = await labels(query, finest);
  const unseen = others.filter((row) => queryTypes[row] === run.unseen);
  const judge = (isFlagged) => {
    const [found, wrong] = [share(unseen, isFlagged), share(known, isFlagged)];
    return { found, wrong, balanced: (found + 1 - wrong) / 2 };
  };
  const average = (list) =>
    Object.fromEntries(Object.keys(list[0]).map((key) => [key, mean(list.map((each) => each[key]))]));
  const rows = [];
  for (const name of Object.keys(by)) {
    const above = (threshold) => judge((row) => by[name][row] > threshold);
    const best = chooseOpensetThreshold(pick(by[name], known), pick(by[name], unseen), 1e-6);
    const rules = {};
    for (const q of QUANTILES) {
      rules[`keep ${q}`] = above(plain(name, false, q).threshold);
      rules[`separation, keep ${q}`] = average(
        separations.map((choose) => above(choose(name, true, q).threshold)),
      );
    }
    // A bound that keeps next to nothing.
    rules.separation = average(separations.map((choose) => above(choose(name, true, 1e-6).threshold)));
    rules["best possible"] = above(best.threshold);
    if (name === "confidence") {
      rules["below 0.4"] = above(1 - 0.4);
      rules["below 0.7 or margin below 0.2"] = judge((row) => isLowConf[row] === 1);
    }
    const fitAuroc = mean(separations.map((choose) => choose(name, true).auroc));
    for (const [rule, judged] of Object.entries(rules))
      rows.push({ measure: name, rule, auroc: best.auroc, fitAuroc, ...judged });
  }
  const { task, seed } = run;
  return rows.map((row) => ({ task, seed, unseen: run.unseen, input, ...row }));
}

const rows = [];
for (const run of runs)
  for (const input of Object.keys(INPUTS)) {
    rows.push(...(await measure(run, input)));
    console.error(`${run.task}, seed ${run.seed}, without ${run.unseen}, ${input}`);
  }

const unique = (key) => [...new Set(rows.map((row) => row[key]))];
const figures = (keys, test) => {
  const own = rows.filter(test);
  return keys.map((key) => meanText(own.map((row) => row[key])));
};
const inputs = unique("input");
const aurocs = [["AUROC", "input", ...unique("task"), "all"]];
for (const name of unique("measure"))
  for (const input of inputs) {
    const of = (task) =>
      figures(
        ["auroc"],
        (row) =>
          row.measure === name &&
          row.input === input &&
          row.rule === "separation" &&
          (task ?? row.task) === row.task,
      );
    aurocs.push([name, input, ...unique("task").flatMap(of), ...of(null)]);
  }
const judged = [["measure", "rule", "input", "found", "wrongly flagged", "balanced accuracy"]];
for (const name of unique("measure"))
  for (const rule of unique("rule"))
    for (const input of inputs) {
      const row = figures(
        ["found", "wrong", "balanced"],
        (each) => each.measure === name && each.rule === rule && each.input === input,
      );
      if (row[0] !== "") judged.push([name, rule, input, ...row]);
    }
console.log(`${markdown(aurocs)}\n\n${markdown(judged)}`);
// Means over the runs of a task; every run by itself would take half a megabyte.
const rounded = (list) => Number(mean(list).toFixed(4));
const means = unique("task").flatMap((task) =>
  inputs.flatMap((input) =>
    unique("measure").flatMap((name) =>
      unique("rule").flatMap((rule) => {
        const own = rows.filter(
          (row) => row.task === task && row.input === input && row.measure === name && row.rule === rule,
        );
        if (own.length === 0) return [];
        const figures = ["auroc", "fitAuroc", "found", "wrong", "balanced"];
        const of = (key) => [key, rounded(own.map((row) => row[key]))];
        return [
          { task, input, measure: name, rule, nRuns: own.length, ...Object.fromEntries(figures.map(of)) },
        ];
      }),
    ),
  ),
);
record("accuracy-openset", { means }, values.python, "node bench/accuracy/openset.mjs DATA_FOLDER");
