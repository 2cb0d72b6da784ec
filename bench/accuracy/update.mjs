// Updates of a trained network (`initModel`) with cells of a new donor that have a type the network has not seen; writes
// bench/results/accuracy-update.json.
//
//   npm run build && node bench/accuracy/update.mjs DATA_FOLDER [--python PYTHON]
//
// Kang 2018: the network was trained on five donors without NK cells. One donor with NK cells is new; the two that remain are
// the query; at most 2,500, 600 and 3,000 cells are drawn of them. `same genes`: all 1,287; `other genes`: the network knows 900 of them in an order of its own, the new cells have
// all. Three draws of donors. One network, no held-out cells; otherwise the defaults.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { columnLabels } from "../../build/anndata/read/column-values.js";
import { readCompactCsr } from "../../build/anndata/read/whole-matrix.js";
import { buildModel, createAnnData, openAnnData, predict } from "../../build/api/index.js";
import { scoreLabels } from "../../build/evaluate/metrics.js";
import { randomStream } from "../atlas.mjs";
import { record } from "../measure.mjs";
import { labels, markdown, meanText } from "./held-out.mjs";

const COLUMN = "cell_type";
const NEW_TYPE = "NK cells";
const N_KNOWN_GENES = 900;
const DRAWS = [0, 1, 2];
const MOST = { old: 2500, fresh: 600, query: 3000 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { python: { type: "string" } },
});
if (positionals.length !== 1) throw new Error("name the folder of the datasets");
const whole = await openAnnData(join(positionals[0], "pbmc_kang2018_ctrl.h5ad"));
const x = await readCompactCsr(await whole.matrix("X"), { binary: false });
const types = await labels(whole, COLUMN);
const donors = await labels(whole, "donor");

function shuffled(list, seed) {
  const draw = randomStream(seed);
  return list
    .map((item) => [draw(), item])
    .sort((a, b) => a[0] - b[0])
    .map(([, item]) => item);
}

/** The cells for which `test` holds, with `genes` by their numbers. */
async function part(test, genes) {
  const to = new Map(genes.map((gene, at) => [gene, at]));
  const rows = [...types.keys()].filter(test);
  const indptr = [0];
  const [indices, data] = [[], []];
  for (const row of rows) {
    const entries = [];
    for (let e = x.indptr[row]; e < x.indptr[row + 1]; e++)
      if (to.has(x.indices[e])) entries.push([to.get(x.indices[e]), x.data[e]]);
    entries.sort((a, b) => a[0] - b[0]);
    for (const [at, value] of entries) {
      indices.push(at);
      data.push(value);
    }
    indptr.push(indices.length);
  }
  const X = {
    nRows: rows.length,
    nCols: genes.length,
    indptr: Uint32Array.from(indptr),
    indices: Uint32Array.from(indices),
    data: Float32Array.from(data),
  };
  const columns = { [COLUMN]: rows.map((row) => types[row]) };
  return createAnnData({
    X,
    obs: { index: rows.map((row) => whole.obs.index[row]), columns },
    var: { index: genes.map((gene) => whole.var.index[gene]) },
  });
}

const rows = [];
for (const geneSet of ["same genes", "other genes"])
  for (const draw of DRAWS) {
    const all = [...whole.var.index.keys()];
    const known = geneSet === "same genes" ? all : shuffled(all, 100 + draw).slice(0, N_KNOWN_GENES);
    const order = shuffled([...new Set(donors)].sort(), 200 + draw);
    const [old, fresh, query] = [
      new Set(order.slice(0, 5)),
      new Set(order.slice(5, 6)),
      new Set(order.slice(6)),
    ];
    const drawn = (test, most) => {
      const rows = shuffled([...types.keys()].filter(test), 300 + draw).slice(0, most);
      const set = new Set(rows);
      return (row) => set.has(row);
    };
    const isOld = drawn((row) => old.has(donors[row]) && types[row] !== NEW_TYPE, MOST.old);
    const isNew = drawn((row) => fresh.has(donors[row]), MOST.fresh);
    const test = await part(
      drawn((row) => query.has(donors[row]), MOST.query),
      all,
    );
    const truth = columnLabels(await test.obs.column(COLUMN));
    const train = async (cells, options) => {
      const start = performance.now();
      const model = await buildModel(cells, {
        labelColumns: [COLUMN],
        valFraction: 0,
        randomState: draw,
        numThreads: 1,
        ...options,
      });
      return { model, seconds: (performance.now() - start) / 1000 };
    };
    const base = await train(await part(isOld, known), {});
    const [newCells, allCells] = [await part(isNew, all), await part((row) => isOld(row) || isNew(row), all)];
    const initModel = base.model.data;
    const variants = {
      "network of before": async () => base,
      "new cells, from nothing, 40 epochs": () => train(newCells, {}),
      "new cells, from the network, 10 epochs": () => train(newCells, { initModel, numEpochs: 10 }),
      "new cells, from the network, 40 epochs": () => train(newCells, { initModel }),
      "all cells, from nothing, 10 epochs": () => train(allCells, { numEpochs: 10 }),
      "all cells, from nothing, 40 epochs": () => train(allCells, {}),
      "all cells, from the network, 2 epochs": () => train(allCells, { initModel, numEpochs: 2 }),
      "all cells, from the network, 10 epochs": () => train(allCells, { initModel, numEpochs: 10 }),
    };
    for (const [variant, make] of Object.entries(variants)) {
      const { model, seconds } = await make();
      const { data } = await predict(model, test, { knnCorrection: "off", unknown: "off", numThreads: 1 });
      const { accuracy, macroF1 } = scoreLabels(truth, data.labels[0].final, null);
      const isNk = truth.categories.indexOf(NEW_TYPE);
      const { codes, categories } = data.labels[0].final;
      const nk = [...truth.codes.keys()].filter((cell) => truth.codes[cell] === isNk);
      const recall = nk.filter((cell) => categories[codes[cell]] === NEW_TYPE).length / nk.length;
      rows.push({ geneSet, draw, variant, nCells: newCells.nObs, accuracy, macroF1, recall, seconds });
      console.error(geneSet, draw, variant, accuracy.toFixed(3), macroF1.toFixed(3), recall.toFixed(3));
    }
  }
await whole.close();

const table = [["genes", "trained on", "accuracy", "macro F1", `recall of ${NEW_TYPE}`]];
for (const geneSet of ["same genes", "other genes"])
  for (const variant of new Set(rows.map((row) => row.variant))) {
    const own = rows.filter((row) => row.geneSet === geneSet && row.variant === variant);
    const of = (key) => meanText(own.map((row) => row[key]));
    table.push([geneSet, variant, of("accuracy"), of("macroF1"), of("recall")]);
  }
console.log(markdown(table));
record("accuracy-update", { rows }, values.python ?? null, "node bench/accuracy/update.mjs DATA_FOLDER");
