/** Cells of several datasets, one after another, as one dataset. @module */
import { columnStrings } from "../anndata/read/column-values.ts";
import { frame } from "../anndata/read/dataframe.ts";
import type { AnnData, Column, DataFrame, Matrix } from "../anndata/types.ts";
import type { DenseMatrix } from "../core/dense.ts";
import { AtlasmtlError } from "../errors.ts";

export interface StackedParts {
  readonly source: string;
  readonly parts: readonly { readonly adata: AnnData; readonly matrix: Matrix }[];
  readonly genes: readonly string[];
  /** Names of all cells. */
  readonly index: readonly string[];
  /** Columns of obs that are not the parts'. */
  readonly columns: ReadonlyMap<string, Column>;
}

/** The cells of all parts, whose matrices have the same genes. Only X is there; nothing is read before it is asked for. */
export async function stackCells({ source, parts, genes, index, columns }: StackedParts): Promise<AnnData> {
  const frames = parts.map(({ adata }) => adata.obs);
  const matrix = stackMatrices(parts.map((part) => part.matrix));
  const others = [...new Set(frames.flatMap((each) => each.columns))].filter((name) => !columns.has(name));
  const obs = await frame({
    where: `${source} › obs`,
    length: index.length,
    columns: [...columns.keys(), ...others],
    readIndex: async () => index,
    readColumn: async (name) => columns.get(name) ?? stackColumns(name, frames),
  });
  const vars = await frame({
    where: `${source} › var`,
    length: genes.length,
    columns: [],
    readIndex: async () => genes,
    readColumn: async (name) => {
      throw new AtlasmtlError("NOT_FOUND", `there is no column "${name}"`);
    },
  });
  const obsmKeys = parts[0].adata.obsmKeys.filter((key) =>
    parts.every(({ adata }) => adata.obsmKeys.includes(key)),
  );
  const onlyX = (kind: string, key: string): AtlasmtlError =>
    new AtlasmtlError("NOT_FOUND", `joined references have no ${kind} "${key}"`, { where: source });
  return {
    source,
    input: null,
    nObs: index.length,
    nVars: genes.length,
    obs,
    var: vars,
    obsmKeys,
    layerKeys: [],
    unsKeys: [],
    hasX: true,
    hasRaw: false,
    matrix: async (name = "X") => {
      if (name !== "X") throw onlyX("matrix", name);
      return matrix;
    },
    varNames: async (name = "X") => {
      if (name !== "X") throw onlyX("matrix", name);
      return genes;
    },
    obsm: async (key) => {
      if (!obsmKeys.includes(key)) throw onlyX("obsm array in common", key);
      return stackArrays(key, await Promise.all(parts.map(({ adata }) => adata.obsm(key))), source);
    },
    uns: async (key) => {
      throw onlyX("uns entry", key);
    },
    elements: async () => [],
    close: async () => undefined,
  };
}

function stackMatrices(parts: readonly Matrix[]): Matrix {
  const firsts: number[] = [];
  let nRows = 0;
  for (const part of parts) {
    firsts.push(nRows);
    nRows += part.nRows;
  }
  const [{ nCols }] = parts;
  const isSequential = parts.some((part) => part.isSequential === true || part.storage === "csc");
  return {
    name: "X",
    nRows,
    nCols,
    storage: "csr",
    dtype: "float32",
    nStored: parts.every(({ nStored }) => nStored !== null)
      ? parts.reduce((sum, { nStored }) => sum + nStored!, 0)
      : null,
    ...(isSequential ? { isSequential } : {}),
    entryName: async (row, column) => {
      const part = firsts.findLastIndex((first) => first <= row);
      return (await parts[part].entryName?.(row - firsts[part], column)) ?? `column ${column} of row ${row}`;
    },
    async *rows({ start = 0, end = nRows, ...options } = {}) {
      for (const [p, part] of parts.entries()) {
        const from = Math.max(start, firsts[p]) - firsts[p];
        const to = Math.min(end, firsts[p] + part.nRows) - firsts[p];
        if (from >= to) continue;
        for await (const { firstRow, csr } of part.rows({ ...options, start: from, end: to }))
          yield { firstRow: firstRow + firsts[p], csr };
      }
    },
  };
}

/** One column of all frames: numbers if all have numbers, else text; a frame without it has missing values. */
async function stackColumns(name: string, frames: readonly DataFrame[]): Promise<Column> {
  const columns = await Promise.all(
    frames.map(async (each) => (each.columns.includes(name) ? each.column(name) : null)),
  );
  const length = frames.reduce((sum, each) => sum + each.length, 0);
  const isNumeric = columns.every((column) => column === null || column.kind === "number");
  if (!isNumeric) {
    const values = columns.flatMap((column, f) =>
      column === null ? new Array<null>(frames[f].length).fill(null) : columnStrings(column),
    );
    return { kind: "string", values };
  }
  const values = new Float64Array(length).fill(Number.NaN);
  let first = 0;
  columns.forEach((column, f) => {
    if (column?.kind === "number")
      column.values.forEach((value, row) => {
        if (!column.missing?.[row]) values[first + row] = value;
      });
    first += frames[f].length;
  });
  return { kind: "number", dtype: "float64", values, missing: null };
}

function stackArrays(key: string, arrays: readonly DenseMatrix[], source: string): DenseMatrix {
  const [{ nCols }] = arrays;
  if (arrays.some((array) => array.nCols !== nCols))
    throw new AtlasmtlError(
      "MISMATCH",
      `the arrays have ${arrays.map((array) => array.nCols).join(" and ")} dimensions`,
      { where: `${source} › obsm › ${key}`, hint: "give every reference coordinates of one space" },
    );
  const data = new Float32Array(arrays.reduce((sum, array) => sum + array.data.length, 0));
  let first = 0;
  for (const array of arrays) {
    data.set(array.data, first);
    first += array.data.length;
  }
  return { nRows: data.length / Math.max(1, nCols), nCols, data };
}
