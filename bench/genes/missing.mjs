// What missing genes cost: node bench/genes/missing.mjs DATA_FOLDER [TASK …] > table (npm run build first).
//
// A model of each kind is trained on each task. The query then loses genes of the model until a share of them is left:
// drawn at random (`random`, two draws), all but its most variable ones, as in files that are cut to variable genes
// (`variable`), or its most expressed ones first, as by filters of mitochondrial and ribosomal genes (`expressed`). A line
// has the share of the model's genes that are left, the share of the reference's counts that they had, and the accuracy,
// as the difference to that with all genes. At the end stands the mean and the worst change by the share of counts left.
import { join } from "node:path";
import { columnStrings } from "../../build/anndata/read/column-values.js";
import { readCompactCsr } from "../../build/anndata/read/whole-matrix.js";
import { withColumns } from "../../build/anndata/views/some-columns.js";
import { buildModel, cellsWhere, openAnnData, predict, selectObs } from "../../build/api/index.js";
import { randomStream } from "../atlas.mjs";

const [data, ...chosen] = process.argv.slice(2);
if (data === undefined) throw new Error("name the folder of the datasets");
const SHARES = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05];
const MODELS = {
  binary: {},
  normalised: { normalize: "log1p_cp10k" },
  "with views": { normalize: "log1p_cp10k", linearViews: true },
};

const select = async (adata, column, test) =>
  selectObs(adata, cellsWhere(await adata.obs.column(column), test));
const open = (name) => openAnnData(join(data, name));

async function tasks() {
  const three = await open("pbmc_3tech_symphony.h5ad");
  const kang = await open("pbmc_kang2018_ctrl.h5ad");
  const donors = [...new Set(columnStrings(await kang.obs.column("donor")))].sort();
  const held = new Set(donors.slice(0, 3));
  const same = new Map([
    ["Naive CD4 T", "CD4 Naive T"],
    ["Memory CD4 T", "CD4 Memory T"],
    ["CD14+ Mono", "CD14 Mono"],
    ["FCGR3A+ Mono", "CD16 Mono"],
  ]);
  return [
    {
      name: "3p → 5p",
      label: "cell_type_l2",
      train: await select(three, "technology", (value) => value !== "5p"),
      query: await select(three, "technology", (value) => value === "5p"),
    },
    {
      name: "new donors",
      label: "cell_type",
      train: await select(kang, "donor", (value) => !held.has(value)),
      query: await select(kang, "donor", (value) => held.has(value)),
    },
    {
      name: "pbmc3k → ifnb",
      label: "cell_type",
      train: await open("pbmc3k_10xv1.h5ad"),
      query: await open("pbmc_ifnb832_kang2018.h5ad"),
      asTruth: (label) => same.get(label) ?? label,
    },
  ];
}

/** Sum and variance of the counts of each gene. */
async function statistics(adata) {
  const {
    nRows,
    nCols,
    indices,
    data: values,
  } = await readCompactCsr(await adata.matrix(), { binary: false });
  const sums = new Float64Array(nCols);
  const squares = new Float64Array(nCols);
  indices.forEach((gene, e) => {
    sums[gene] += values[e];
    squares[gene] += values[e] ** 2;
  });
  return {
    sums,
    variances: squares.map((square, gene) => square / nRows - (sums[gene] / nRows) ** 2),
    nRows,
  };
}

/** The query's genes that are the model's, in the order in which they are kept. */
function orders(genes, { sums, variances, nRows }) {
  const shuffled = (seed) => {
    const draw = randomStream(seed);
    return genes
      .map((gene) => [draw(), gene])
      .sort(([a], [b]) => a - b)
      .map(([, gene]) => gene);
  };
  const by = (value) => genes.slice().sort((a, b) => value(b) - value(a) || a - b);
  return {
    random: [shuffled(1), shuffled(2)],
    // Of counts the variance grows with the mean; what is above it tells variable genes.
    variable: [by((gene) => (sums[gene] === 0 ? 0 : variances[gene] / (sums[gene] / nRows)))],
    expressed: [by((gene) => -sums[gene])],
  };
}

function without(adata, kept) {
  const isKept = new Set(kept);
  let next = 0;
  const toColumn = Int32Array.from({ length: adata.nVars }, (_, gene) => (isKept.has(gene) ? next++ : -1));
  const names = adata.var.index.filter((_, gene) => isKept.has(gene));
  return {
    ...adata,
    nVars: names.length,
    varNames: async () => names,
    matrix: async () => withColumns(await adata.matrix(), toColumn, names.length),
  };
}

async function accuracy(model, query, truth, asLabel) {
  const { data: result } = await predict(model, query, { keepCoords: false, unknown: "off" });
  const { codes, categories } = result.labels[0].raw;
  const known = new Set(categories.map(asLabel));
  let [right, n] = [0, 0];
  truth.forEach((label, cell) => {
    if (label === null || !known.has(label)) return;
    n++;
    right += asLabel(categories[codes[cell]]) === label ? 1 : 0;
  });
  return right / n;
}

const BANDS = [0.95, 0.9, 0.8, 0.7, 0.5, 0.25, 0];
const changes = [];
console.log(["task", "model", "missing", "genes left", "counts left", "accuracy", "change"].join("\t"));
for (const { name, label, train, query, asTruth = (text) => text } of await tasks()) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const truth = columnStrings(await query.obs.column(label)).map((text) =>
    text === null ? null : asTruth(text),
  );
  const ofQuery = await statistics(query);
  const ofReference = await statistics(train);
  const place = new Map(train.var.index.map((gene, j) => [gene, j]));
  const genes = query.var.index.flatMap((gene, j) => (place.has(gene) ? [j] : []));
  const total = ofReference.sums.reduce((sum, value) => sum + value, 0);
  for (const [kind, options] of Object.entries(MODELS)) {
    const model = await buildModel(train, { labelColumns: [label], ...options });
    const whole = await accuracy(model, query, truth, asTruth);
    const line = (...cells) => console.log([name, kind, ...cells].join("\t"));
    const leftOf = (kept) => (kept.length / train.nVars).toFixed(3);
    const countsOf = (kept) =>
      (
        kept.reduce((sum, gene) => sum + ofReference.sums[place.get(query.var.index[gene])], 0) / total
      ).toFixed(3);
    line("none", leftOf(genes), countsOf(genes), whole.toFixed(3), "");
    for (const [missing, draws] of Object.entries(orders(genes, ofQuery)))
      for (const share of SHARES)
        for (const order of draws) {
          const kept = order.slice(0, Math.round(share * genes.length));
          const found = await accuracy(model, without(query, kept), truth, asTruth).catch((error) => {
            if (error.code !== "BAD_DATA") throw error; // what is left looks like no counts
            return Number.NaN;
          });
          line(missing, leftOf(kept), countsOf(kept), found.toFixed(3), (found - whole).toFixed(3));
          changes.push({ kind, counts: Number(countsOf(kept)), change: found - whole });
        }
  }
}

console.log(`\n${["counts left", ...Object.keys(MODELS)].join("\t")}`);
BANDS.forEach((low, band) => {
  const cells = Object.keys(MODELS).map((kind) => {
    const own = changes
      .filter(
        ({ kind: of, counts }) => of === kind && counts >= low && (band === 0 || counts < BANDS[band - 1]),
      )
      .flatMap(({ change }) => (Number.isNaN(change) ? [] : [change]));
    if (own.length === 0) return "";
    return `${(own.reduce((sum, x) => sum + x, 0) / own.length).toFixed(3)} (${Math.min(...own).toFixed(3)})`;
  });
  console.log([`from ${low}`, ...cells].join("\t"));
});
