/** A labelled dataset in memory, for tests of training. */
import type { AnnData, Column, DataFrame, Matrix } from "../../src/anndata/types.ts";
import type { Csr } from "../../src/core/csr.ts";
import type { DenseMatrix } from "../../src/core/dense.ts";
import { AtlasmtlError } from "../../src/errors.ts";
import { consecutiveRows } from "../../src/model/encode.ts";

export interface MemoryParts {
  readonly x: Csr;
  readonly obs: Readonly<Record<string, Column>>;
  readonly obsm?: Readonly<Record<string, DenseMatrix>>;
  readonly layers?: Readonly<Record<string, Csr>>;
  readonly genes?: readonly string[];
  readonly blockRows?: number;
}

export function memoryAnnData(parts: MemoryParts): AnnData {
  const { x, obs, obsm = {}, layers = {}, blockRows = 7 } = parts;
  const genes = parts.genes ?? Array.from({ length: x.nCols }, (_, g) => `gene-${g}`);
  const pick = <T>(from: Readonly<Record<string, T>>, name: string, what: string): T => {
    if (Object.hasOwn(from, name)) return from[name]!;
    throw new AtlasmtlError("NOT_FOUND", `there is no ${what} "${name}"`, { where: "memory" });
  };
  const frame = (index: readonly string[], columns: Readonly<Record<string, Column>>): DataFrame => ({
    length: index.length,
    index,
    columns: Object.keys(columns),
    column: async (name) => pick(columns, name, "column"),
  });
  return {
    source: "memory",
    input: null,
    nObs: x.nRows,
    nVars: x.nCols,
    obs: frame(
      Array.from({ length: x.nRows }, (_, i) => `cell-${i}`),
      obs,
    ),
    var: frame(genes, {}),
    obsmKeys: Object.keys(obsm),
    layerKeys: Object.keys(layers),
    unsKeys: [],
    hasX: true,
    hasRaw: false,
    matrix: async (name = "X") =>
      matrixOf(name, name === "X" ? x : pick(layers, name.slice(7), "layer"), blockRows),
    varNames: async () => genes,
    obsm: async (key) => pick(obsm, key, "obsm array"),
    uns: async (key) => pick({}, key, "uns element"),
    elements: async () => [],
    close: async () => {},
  };
}

function matrixOf(name: Matrix["name"], csr: Csr, blockRows: number): Matrix {
  return {
    name,
    nRows: csr.nRows,
    nCols: csr.nCols,
    storage: "csr",
    dtype: "float32",
    nStored: csr.indices.length,
    async *rows() {
      for (let start = 0; start < csr.nRows; start += blockRows)
        yield { firstRow: start, csr: consecutiveRows(csr, start, Math.min(start + blockRows, csr.nRows)) };
    },
  };
}

export const strings = (values: readonly (string | null)[]): Column => ({ kind: "string", values });

export const categorical = (values: readonly (string | null)[], extra: readonly string[] = []): Column => {
  const categories = [...extra, ...new Set(values.filter((value) => value !== null))];
  const codes = Int32Array.from(values, (value) => (value === null ? -1 : categories.indexOf(value)));
  return { kind: "categorical", codes, categories, ordered: false };
};
