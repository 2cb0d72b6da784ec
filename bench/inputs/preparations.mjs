// What users do to counts before they give them away: each preparation makes a dataset of the same cells.
import { createAnnData } from "../../build/api/index.js";
import { randomStream } from "../atlas.mjs";

/** The counts of a dataset as rows of dense values, with its genes, its cells and their labels. */
export async function readCounts(adata, rows, labels) {
  const matrix = await adata.matrix("X");
  const genes = [...(await adata.varNames("X"))];
  const wanted = new Map(rows.map((row, at) => [row, at]));
  const data = new Float32Array(rows.length * genes.length);
  for await (const { firstRow, csr } of matrix.rows())
    for (let r = 0; r < csr.nRows; r++) {
      const at = wanted.get(firstRow + r);
      if (at === undefined) continue;
      for (let e = csr.indptr[r]; e < csr.indptr[r + 1]; e++)
        data[at * genes.length + csr.indices[e]] = csr.data === null ? 1 : csr.data[e];
    }
  return { nRows: rows.length, nCols: genes.length, data, genes, labels };
}

const withData = (from, data) => ({ ...from, data });

/** Each value by a function of it, its gene and the total of its cell. */
function mapped(counts, value) {
  const { nRows, nCols, data } = counts;
  const out = new Float32Array(data.length);
  for (let r = 0; r < nRows; r++) {
    let total = 0;
    for (let g = 0; g < nCols; g++) total += data[r * nCols + g];
    for (let g = 0; g < nCols; g++) out[r * nCols + g] = value(data[r * nCols + g], g, total, r);
  }
  return withData(counts, out);
}

function geneSums({ nRows, nCols, data }) {
  const sums = new Float64Array(nCols);
  for (let r = 0; r < nRows; r++) for (let g = 0; g < nCols; g++) sums[g] += data[r * nCols + g];
  return sums;
}

const scaledTo = (counts, target) => mapped(counts, (c, _g, total) => (total > 0 ? (c * target) / total : 0));
const logOf = (values) => mapped(values, (x) => Math.log1p(x));

/** A tenth of every cell is taken for ambient RNA and subtracted, as SoupX does. */
function ambientSubtracted(counts) {
  const sums = geneSums(counts);
  const all = sums.reduce((a, b) => a + b, 0);
  return mapped(counts, (c, g, total) => Math.max(0, c - (0.1 * total * sums[g]) / all));
}

/** Molecules that map to several genes are shared between them, as alevin-fry and STARsolo's EM do. */
function sharedMolecules(counts) {
  const draw = randomStream(7);
  return mapped(counts, (c) => (c > 0 && draw() < 0.2 ? c - 0.5 + draw() : c));
}

/** Reads per kilobase, with made-up lengths of genes from 500 to 8,000 bases, then a million per cell. */
function perKilobase(counts) {
  const draw = randomStream(11);
  const lengths = Float64Array.from({ length: counts.nCols }, () => 0.5 * 16 ** draw());
  return scaledTo(
    mapped(counts, (c, g) => c / lengths[g]),
    1e6,
  );
}

/** Standard scores of each gene, clipped at 10, as scanpy's `pp.scale`. */
function standardised(values) {
  const { nRows, nCols, data } = values;
  const sums = geneSums(values);
  const squares = new Float64Array(nCols);
  for (let r = 0; r < nRows; r++)
    for (let g = 0; g < nCols; g++) squares[g] += (data[r * nCols + g] - sums[g] / nRows) ** 2;
  return mapped(values, (x, g) => {
    const deviation = Math.sqrt(squares[g] / (nRows - 1));
    return deviation > 0 ? Math.min(10, (x - sums[g] / nRows) / deviation) : 0;
  });
}

/** Analytic Pearson residuals with theta 100, clipped at the root of the number of cells. */
function pearsonResiduals(counts) {
  const sums = geneSums(counts);
  const all = sums.reduce((a, b) => a + b, 0);
  const most = Math.sqrt(counts.nRows);
  return mapped(counts, (c, g, total) => {
    const mean = (sums[g] * total) / all;
    const residual = mean > 0 ? (c - mean) / Math.sqrt(mean + mean ** 2 / 100) : 0;
    return Math.max(-most, Math.min(most, residual));
  });
}

function shifted(values) {
  const least = values.data.reduce((a, b) => Math.min(a, b), 0);
  return mapped(values, (x) => x - least);
}

/** Each cell averaged with its 15 most similar ones and with all cells, so that no value is zero. */
function denoised(counts) {
  const values = scaledTo(counts, 1e4);
  const { nRows, nCols, data } = logOf(values);
  const sums = geneSums(values);
  const top = [...sums.keys()].sort((a, b) => sums[b] - sums[a]).slice(0, 300);
  const norm = Array.from({ length: nRows }, (_, r) =>
    Math.sqrt(top.reduce((sum, g) => sum + data[r * nCols + g] ** 2, 0)),
  );
  const out = new Float32Array(data.length);
  for (let r = 0; r < nRows; r++) {
    const near = Array.from({ length: nRows }, (_, other) => {
      let product = 0;
      for (const g of top) product += data[r * nCols + g] * data[other * nCols + g];
      return [product / (norm[r] * norm[other] || 1), other];
    })
      .sort((a, b) => b[0] - a[0])
      .slice(0, 15);
    for (let g = 0; g < nCols; g++) {
      let sum = 0;
      for (const [, other] of near) sum += values.data[other * nCols + g];
      out[r * nCols + g] = (0.95 * sum) / 15 + (0.05 * sums[g]) / nRows + 1e-4;
    }
  }
  return withData(counts, out);
}

/** The `n` genes of the largest variance of the logarithms. */
export function variableGenes(counts, n) {
  const values = logOf(scaledTo(counts, 1e4));
  const { nRows, nCols, data } = values;
  const sums = geneSums(values);
  const squares = new Float64Array(nCols);
  for (let r = 0; r < nRows; r++)
    for (let g = 0; g < nCols; g++) squares[g] += (data[r * nCols + g] - sums[g] / nRows) ** 2;
  return [...squares.keys()]
    .sort((a, b) => squares[b] - squares[a])
    .slice(0, n)
    .sort((a, b) => a - b);
}

function ofGenes(values, chosen) {
  const { nRows, nCols, data, genes } = values;
  const out = new Float32Array(nRows * chosen.length);
  for (let r = 0; r < nRows; r++)
    chosen.forEach((g, at) => {
      out[r * chosen.length + at] = data[r * nCols + g];
    });
  return { ...values, nCols: chosen.length, data: out, genes: chosen.map((g) => genes[g]) };
}

const halfLogged = (counts) => {
  const logs = logOf(scaledTo(counts, 1e4));
  return mapped(counts, (c, g, _total, r) => (r % 2 === 0 ? c : logs.data[r * counts.nCols + g]));
};

/** Antibodies named as genes in a feature table, before the genes, as scanpy saves CITE-seq data. */
function withAntibodies(counts) {
  const proteins = ["CD3E", "CD4", "CD8A", "CD14", "FCGR3A", "MS4A1", "NCAM1", "CD19"].filter((name) =>
    counts.genes.includes(name),
  );
  const draw = randomStream(3);
  const { nRows, nCols, data, genes } = counts;
  const width = nCols + proteins.length;
  const out = new Float32Array(nRows * width);
  for (let r = 0; r < nRows; r++) {
    proteins.forEach((_, p) => {
      out[r * width + p] = Math.floor(300 * draw());
    });
    out.set(data.subarray(r * nCols, (r + 1) * nCols), r * width + proteins.length);
  }
  const isProtein = new Set(proteins);
  return {
    ...counts,
    nCols: width,
    data: out,
    genes: [...proteins, ...genes.map((name) => (isProtein.has(name) ? `${name}-1` : name))],
    featureTypes: [...proteins.map(() => "Antibody Capture"), ...genes.map(() => "Gene Expression")],
  };
}

const renamed = (counts, name) => ({ ...counts, genes: counts.genes.map(name) });
const titleCase = (name) => name.slice(0, 1).toUpperCase() + name.slice(1).toLowerCase();

/** A dataset of `x`, with layers and, where it is given, a raw matrix of more genes. */
async function dataset(x, { layers = {}, raw } = {}) {
  const matrixOf = ({ nRows, nCols, data }) => ({ nRows, nCols, data });
  const make = (values, also = {}) =>
    createAnnData({
      X: matrixOf(values),
      layers: Object.fromEntries(Object.entries(also).map(([key, layer]) => [key, matrixOf(layer)])),
      obs: { index: x.labels.map((_, i) => `cell${i}`), columns: { label: x.labels } },
      var: {
        index: values.genes,
        columns: values.featureTypes === undefined ? {} : { feature_types: values.featureTypes },
      },
    });
  const adata = await make(x, layers);
  if (raw === undefined) return adata;
  const other = await make(raw);
  return {
    ...adata,
    hasRaw: true,
    matrix: async (name) => {
      if (name !== "raw/X") return adata.matrix(name);
      const own = await other.matrix("X");
      return { ...own, name, rows: (options) => own.rows(options) };
    },
    varNames: (name) => (name === "raw/X" ? other.varNames("X") : adata.varNames(name)),
  };
}

/**
 * Every preparation: its name, the options of prediction besides the defaults, and its dataset. `saved` ones go through a
 * file, since opening it finds out about the genes.
 */
export const PREPARATIONS = [
  { name: "counts", make: (c) => dataset(c) },
  { name: "SoupX: ambient RNA subtracted", make: (c) => dataset(ambientSubtracted(c)) },
  { name: "alevin-fry, STARsolo EM: shared molecules", make: (c) => dataset(sharedMolecules(c)) },
  { name: "log1p of CP10k", make: (c) => dataset(logOf(scaledTo(c, 1e4))) },
  { name: "log1p of CPM", make: (c) => dataset(logOf(scaledTo(c, 1e6))) },
  { name: "log2(1 + CP10k)", make: (c) => dataset(mapped(scaledTo(c, 1e4), (x) => Math.log2(1 + x))) },
  { name: "log1p of counts", make: (c) => dataset(logOf(c)) },
  { name: "log1p of CP10k of SoupX", make: (c) => dataset(logOf(scaledTo(ambientSubtracted(c), 1e4))) },
  { name: "log1p of CP10k, taken twice", make: (c) => dataset(logOf(logOf(scaledTo(c, 1e4)))) },
  { name: "CP10k", make: (c) => dataset(scaledTo(c, 1e4)) },
  { name: "CPM", make: (c) => dataset(scaledTo(c, 1e6)) },
  { name: "TPM", make: (c) => dataset(perKilobase(c)) },
  { name: "log1p of TPM", make: (c) => dataset(logOf(perKilobase(c))) },
  { name: "scaled (pp.scale)", make: (c) => dataset(standardised(logOf(scaledTo(c, 1e4)))) },
  { name: "Pearson residuals", make: (c) => dataset(pearsonResiduals(c)) },
  { name: "Pearson residuals, shifted above zero", make: (c) => dataset(shifted(pearsonResiduals(c))) },
  { name: "denoised", make: (c) => dataset(denoised(c)) },
  { name: "log1p of denoised", make: (c) => dataset(logOf(denoised(c))) },
  { name: "zeros and ones", make: (c) => dataset(mapped(c, (x) => (x > 0 ? 1 : 0))) },
  { name: "every second cell logged", make: (c) => dataset(halfLogged(c)) },
  { name: "1,000 variable genes", make: (c) => dataset(ofGenes(c, variableGenes(c, 1000))) },
  {
    name: "log1p of CP10k, then 1,000 variable genes",
    make: (c) => dataset(ofGenes(logOf(scaledTo(c, 1e4)), variableGenes(c, 1000))),
  },
  {
    name: "1,000 variable genes, counts of all genes in raw",
    make: (c) => dataset(ofGenes(c, variableGenes(c, 1000)), { raw: c }),
  },
  {
    name: "scaled 1,000 variable genes, log1p of all genes in raw",
    make: (c) => {
      const logs = logOf(scaledTo(c, 1e4));
      return dataset(standardised(ofGenes(logs, variableGenes(c, 1000))), { raw: logs });
    },
  },
  {
    name: 'scaled, counts in layers["counts"]',
    make: (c) => dataset(standardised(logOf(scaledTo(c, 1e4))), { layers: { counts: c } }),
  },
  {
    name: 'denoised, counts in layers["counts"]',
    make: (c) => dataset(denoised(c), { layers: { counts: c } }),
  },
  { name: "CITE-seq, antibodies named as genes", saved: true, make: (c) => dataset(withAntibodies(c)) },
  {
    name: "genes with a genome prefix",
    saved: true,
    make: (c) => dataset(renamed(c, (name) => `GRCh38_${name}`)),
  },
  { name: "genes in mouse case", saved: true, make: (c) => dataset(renamed(c, titleCase)) },
  {
    name: "genes in lower case",
    saved: true,
    make: (c) => dataset(renamed(c, (name) => name.toLowerCase())),
  },
  { name: "counts, `--normalize none`", options: { normalize: "none" }, make: (c) => dataset(c) },
  {
    name: "CP10k, `--normalize none`",
    options: { normalize: "none" },
    make: (c) => dataset(scaledTo(c, 1e4)),
  },
  {
    name: "log1p of CP10k, `--normalize none`",
    options: { normalize: "none" },
    make: (c) => dataset(logOf(scaledTo(c, 1e4))),
  },
  {
    name: "SoupX, `--normalize log1p_cp10k`",
    options: { normalize: "log1p_cp10k" },
    make: (c) => dataset(ambientSubtracted(c)),
  },
  {
    name: "counts, `--input-transform float`",
    options: { inputTransform: "float" },
    make: (c) => dataset(c),
  },
  {
    name: "log1p of CP10k, `--input-transform float`",
    options: { inputTransform: "float" },
    make: (c) => dataset(logOf(scaledTo(c, 1e4))),
  },
];
