/** Part of a dataset, held in memory. @module */

import type { DenseMatrix } from "../core/dense.ts";
import type { WorkOptions } from "../core/progress.ts";
import { columnStrings } from "./column-values.ts";
import { readCompactCsr } from "./compact.ts";
import { createAnnData } from "./memory.ts";
import type { AnnData, Column, MatrixName } from "./types.ts";

/**
 * The cells `rows` (rising row numbers) with one matrix as X, all of obs and var, and obsm.
 *
 * ```ts
 * const donor = await adata.obs.column("donor");
 * const rows = cellsWhere(donor, (value) => value !== "patient_7");
 * const training = await selectObs(adata, rows);
 * ```
 * @throws USAGE when rows do not rise or do not exist; BAD_DATA and NOT_FOUND as the reading does.
 */
export async function selectObs(
  adata: AnnData,
  rows: Uint32Array,
  options: WorkOptions & { readonly matrix?: MatrixName } = {},
): Promise<AnnData> {
  const { matrix = "X", ...work } = options;
  const X = await readCompactCsr(await adata.matrix(matrix), { binary: false, rows, ...work });
  const columns = new Map<string, Column>();
  for (const name of adata.obs.columns) columns.set(name, selectColumn(await adata.obs.column(name), rows));
  const obsm: Record<string, DenseMatrix> = Object.create(null);
  for (const key of adata.obsmKeys) obsm[key] = selectRows(await adata.obsm(key), rows);
  return createAnnData({
    X,
    obs: { index: Array.from(rows, (row) => adata.obs.index[row]!), columns },
    var: { index: await adata.varNames(matrix) },
    obsm,
  });
}

/** Numbers of the rows whose label passes `test`; a missing label is null. Labels are compared as text. */
export function cellsWhere(column: Column, test: (label: string | null) => boolean): Uint32Array {
  const rows: number[] = [];
  for (const [row, label] of columnStrings(column).entries()) if (test(label)) rows.push(row);
  return Uint32Array.from(rows);
}

function selectColumn(column: Column, rows: Uint32Array): Column {
  const pick = <T extends Uint8Array | Int32Array | Float64Array>(values: T): T => {
    const picked = values.slice(0, rows.length) as T;
    for (let i = 0; i < rows.length; i++) picked[i] = values[rows[i]!]!;
    return picked;
  };
  const missing = (mask: Uint8Array | null): Uint8Array | null => (mask === null ? null : pick(mask));
  switch (column.kind) {
    case "categorical":
      return { ...column, codes: pick(column.codes) };
    case "string":
      return { kind: "string", values: Array.from(rows, (row) => column.values[row] ?? null) };
    case "number":
      return { ...column, values: pick(column.values), missing: missing(column.missing) };
    case "boolean":
      return { ...column, values: pick(column.values), missing: missing(column.missing) };
  }
}

function selectRows({ nCols, data }: DenseMatrix, rows: Uint32Array): DenseMatrix {
  const picked = new Float32Array(rows.length * nCols);
  rows.forEach((row, i) => {
    picked.set(data.subarray(row * nCols, (row + 1) * nCols), i * nCols);
  });
  return { nRows: rows.length, nCols, data: picked };
}
