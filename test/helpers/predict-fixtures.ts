/** Small models and queries in memory, for tests of prediction and output. */
import type { AnnData, DataFrame, Matrix } from "../../src/anndata/types.ts";
import type { Csr } from "../../src/core/csr.ts";
import type { DenseMatrix } from "../../src/core/dense.ts";
import { AtlasmtlError } from "../../src/errors.ts";
import type { Linear } from "../../src/kernels/types.ts";
import type { Model, Reference, ReferenceLabels } from "../../src/model/types.ts";

export function dense(rows: readonly (readonly number[])[], nCols = rows[0]?.length ?? 0): DenseMatrix {
  return { nRows: rows.length, nCols, data: Float32Array.from(rows.flat()) };
}

export function csr(rows: readonly (readonly number[])[], nCols = rows[0]?.length ?? 0): Csr {
  const indptr = [0];
  const indices: number[] = [];
  const data: number[] = [];
  for (const row of rows) {
    row.forEach((value, j) => {
      if (value !== 0) {
        indices.push(j);
        data.push(value);
      }
    });
    indptr.push(indices.length);
  }
  return {
    nRows: rows.length,
    nCols,
    indptr: Uint32Array.from(indptr),
    indices: Uint32Array.from(indices),
    data: Float32Array.from(data),
  };
}

export function toRows({ nRows, nCols, indptr, indices, data }: Csr): number[][] {
  return Array.from({ length: nRows }, (_, r) => {
    const row = new Array<number>(nCols).fill(0);
    for (let e = indptr[r]; e < indptr[r + 1]; e++) row[indices[e]] = data === null ? 1 : data[e];
    return row;
  });
}

export function referenceLabels(labels: readonly (string | null)[]): ReferenceLabels {
  const categories = [...new Set(labels.filter((label) => label !== null))];
  return {
    codes: Int32Array.from(labels, (label) => (label === null ? -1 : categories.indexOf(label))),
    categories,
  };
}

export function frame(index: readonly string[]): DataFrame {
  return {
    length: index.length,
    index,
    columns: [],
    column: async (name) => {
      throw new AtlasmtlError("NOT_FOUND", `no column ${name}`);
    },
  };
}

/** A query held in memory; `rows` are dense values, cells by genes. */
export function memoryQuery(
  rows: readonly (readonly number[])[],
  genes: readonly string[],
  obsm: ReadonlyMap<string, DenseMatrix> = new Map(),
): AnnData {
  const matrix: Matrix = {
    name: "X",
    nRows: rows.length,
    nCols: genes.length,
    storage: "csr",
    dtype: "float32",
    nStored: null,
    async *rows({ blockRows = 3 } = {}) {
      for (let start = 0; start < rows.length; start += blockRows)
        yield { firstRow: start, csr: csr(rows.slice(start, start + blockRows), genes.length) };
    },
  };
  return {
    source: "memory",
    input: null,
    nObs: rows.length,
    nVars: genes.length,
    obs: frame(rows.map((_, i) => `cell-${i}`)),
    var: frame(genes),
    obsmKeys: [...obsm.keys()],
    layerKeys: [],
    unsKeys: [],
    hasX: true,
    hasRaw: false,
    matrix: async () => matrix,
    varNames: async () => genes,
    obsm: async (key) => {
      const points = obsm.get(key);
      if (points === undefined) throw new AtlasmtlError("NOT_FOUND", `no obsm ${key}`);
      return points;
    },
    uns: async (key) => {
      throw new AtlasmtlError("NOT_FOUND", `no uns ${key}`);
    },
    elements: async () => [],
    close: async () => {},
  };
}

const identity = (n: number): Linear => ({
  nIn: n,
  nOut: n,
  weight: Float32Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0)),
  bias: new Float32Array(n),
});

/**
 * A model whose latent space is the expression itself (`float` transform, values of 0 or more), with label
 * heads `group` (a, b: the larger of genes 0 and 1) and `kind` (a1, a2, b1: the largest gene).
 */
export function identityModel(reference: Reference | null, genes = ["g0", "g1", "g2"]): Model {
  const n = genes.length;
  return {
    labelHeads: [
      { column: "group", classes: ["a", "b"] },
      { column: "kind", classes: ["a1", "a2", "b1"] },
    ],
    coordHeads: [
      { name: "umap", obsmKey: "X_umap", mean: Float32Array.of(10, 20), std: Float32Array.of(2, 4) },
    ],
    trainGenes: genes,
    inputTransform: "float",
    latentSource: "internal_preferred",
    shape: { nGenes: n, hiddenSizes: [n], nClasses: [2, 3], coordDims: [2] },
    weights: {
      encoder: [identity(n)],
      labelHeads: [{ ...identity(n), nOut: 2 }, identity(n)].map((layer) => ({
        ...layer,
        weight: layer.weight.slice(0, layer.nOut * n),
        bias: layer.bias.slice(0, layer.nOut),
      })),
      coordHeads: [
        { nIn: n, nOut: 2, weight: identity(n).weight.slice(0, 2 * n), bias: new Float32Array(2) },
      ],
    },
    dropoutRate: 0.3,
    childCorrection: null,
    trainConfig: new Map([["num_epochs", 3]]),
    referenceStorage: "external",
    reference: async () => {
      if (reference === null) throw new AtlasmtlError("NOT_FOUND", "model_reference.pkl is missing");
      return reference;
    },
    hasReference: async () => reference !== null,
  };
}
