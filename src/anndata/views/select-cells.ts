/** Reads some cells of a dataset into memory. @module */

import type { DenseMatrix } from "../../core/dense.ts";
import type { WorkOptions } from "../../core/progress.ts";
import { createAnnData } from "../containers/in-memory.ts";
import { columnStrings } from "../read/column-values.ts";
import { readCompactCsr } from "../read/whole-matrix.ts";
import type { AnnData, Column, MatrixName } from "../types.ts";

/**
 * The cells `rows` (ascending row numbers) with one matrix as X, all of obs and var, and obsm.
 *
 * ```ts
 * const donor = await adata.obs.column("donor");
 * const rows = cellsWhere(donor, (value) => value !== "patient_7");
 * const training = await selectObs(adata, rows);
 * ```
 * @throws USAGE if rows do not ascend or do not exist; BAD_DATA and NOT_FOUND like reading.
 */
export async function selectObs(
  adata: AnnData,
  rows: Uint32Array,
  options: WorkOptions & { readonly matrix?: MatrixName } = {},
): Promise<AnnData> {
  const { matrix = "X", ...work } = options;
  const X = await readCompactCsr(await adata.matrix(matrix), { binary: false, rows, ...work });
  const columns = new Map<string, Column>();
  for (const name of adata.obs.columns) columns.set(name, pickColumn(await adata.obs.column(name), rows));
  const obsm: Record<string, DenseMatrix> = Object.create(null);
  for (const key of adata.obsmKeys) obsm[key] = selectRows(await adata.obsm(key), rows);
  return createAnnData({
    X,
    obs: { index: Array.from(rows, (row) => adata.obs.index[row]), columns },
    var: { index: await adata.varNames(matrix) },
    obsm,
  });
}

/**
 * The numbers of the rows whose label passes `test`; a missing label is null. Labels are compared as text.
 */
export function cellsWhere(column: Column, test: (label: string | null) => boolean): Uint32Array {
  const rows: number[] = [];
  for (const [row, label] of columnStrings(column).entries()) if (test(label)) rows.push(row);
  return Uint32Array.from(rows);
}

/** The entries `from` of a column, in that order; -1 gives a missing value. */
export function pickColumn(column: Column, from: Int32Array | Uint32Array): Column {
  const n = from.length;
  const hasGaps = from instanceof Int32Array && from.includes(-1);
  const isMissing = (at: number, mask: Uint8Array | null): number => (at < 0 ? 1 : (mask?.[at] ?? 0));
  const maskOf = (mask: Uint8Array | null): Uint8Array | null =>
    mask === null && !hasGaps ? null : Uint8Array.from(from, (at) => isMissing(at, mask));
  switch (column.kind) {
    case "categorical": {
      const codes = new Int32Array(n);
      for (let i = 0; i < n; i++) codes[i] = from[i] < 0 ? -1 : column.codes[from[i]];
      return { ...column, codes };
    }
    case "string":
      return { kind: "string", values: Array.from(from, (at) => column.values[at] ?? null) };
    case "number": {
      const values = new Float64Array(n);
      for (let i = 0; i < n; i++) values[i] = from[i] < 0 ? 0 : column.values[from[i]];
      return { ...column, values, missing: maskOf(column.missing) };
    }
    case "boolean": {
      const values = new Uint8Array(n);
      for (let i = 0; i < n; i++) values[i] = from[i] < 0 ? 0 : column.values[from[i]];
      return { ...column, values, missing: maskOf(column.missing) };
    }
  }
}

function selectRows({ nCols, data }: DenseMatrix, rows: Uint32Array): DenseMatrix {
  const picked = new Float32Array(rows.length * nCols);
  rows.forEach((row, i) => {
    picked.set(data.subarray(row * nCols, (row + 1) * nCols), i * nCols);
  });
  return { nRows: rows.length, nCols, data: picked };
}
