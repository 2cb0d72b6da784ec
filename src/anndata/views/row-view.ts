/** A view of some cells of a dataset; data are read only on request. @module */
import type { Csr } from "../../core/csr.ts";
import { AtlasmtlError } from "../../errors.ts";
import { frame } from "../read/dataframe.ts";
import type { AnnData, Matrix } from "../types.ts";
import { pickColumn } from "./select-cells.ts";

/**
 * The cells `rows` (ascending row numbers) of `base`, with their matrices, including raw, obs and obsm, all
 * of var, and uns. Other stored elements (obsp, varm, varp) are written with the view. Do not use the view
 * after `base` is closed.
 * @throws USAGE for rows that do not ascend or do not exist.
 */
export async function viewRows(base: AnnData, rows: Uint32Array): Promise<AnnData> {
  for (let i = 0; i < rows.length; i++)
    if (rows[i] >= base.nObs || (i > 0 && rows[i] <= rows[i - 1]))
      throw new AtlasmtlError(
        "USAGE",
        `row numbers must rise and stay below ${base.nObs}; entry ${i} is ${rows[i]}`,
      );
  const obs = await frame({
    where: `${base.source} › obs`,
    length: rows.length,
    columns: base.obs.columns,
    readIndex: async () => Array.from(rows, (row) => base.obs.index[row]),
    readColumn: async (name) => pickColumn(await base.obs.column(name), rows),
  });
  const { selected, knownGenes } = base;
  return {
    ...base,
    var: base.var,
    input: null,
    selected: selected === undefined ? rows : rows.map((row) => selected[row]),
    nObs: rows.length,
    obs,
    ...(knownGenes && { knownGenes: { ...knownGenes, whole: await viewRows(knownGenes.whole, rows) } }),
    async matrix(name = "X") {
      return selectedRows(await base.matrix(name), rows);
    },
    async obsm(key) {
      const { nCols, data } = await base.obsm(key);
      const picked = new Float32Array(rows.length * nCols);
      rows.forEach((row, i) => {
        picked.set(data.subarray(row * nCols, (row + 1) * nCols), i * nCols);
      });
      return { nRows: rows.length, nCols, data: picked };
    },
  };
}

function selectedRows(matrix: Matrix, rows: Uint32Array): Matrix {
  const { entryName } = matrix;
  return {
    name: matrix.name,
    nRows: rows.length,
    nCols: matrix.nCols,
    storage: matrix.storage,
    dtype: matrix.dtype,
    nStored: null,
    ...(matrix.isSequential === true ? { isSequential: true } : {}),
    ...(entryName === undefined ? {} : { entryName: (row, column) => entryName(rows[row], column) }),
    async *rows({ start = 0, end = rows.length, ...options } = {}) {
      if (start >= end) return;
      let at = start;
      const span = { ...options, start: rows[start], end: rows[end - 1] + 1 };
      for await (const { firstRow, csr } of matrix.rows(span)) {
        const first = at;
        while (at < end && rows[at] < firstRow + csr.nRows) at++;
        if (at > first) yield { firstRow: first, csr: keepRows(csr, rows.subarray(first, at), firstRow) };
      }
    },
  };
}

function keepRows(csr: Csr, rows: Uint32Array, firstRow: number): Csr {
  const indptr = new Uint32Array(rows.length + 1);
  rows.forEach((row, i) => {
    const r = row - firstRow;
    indptr[i + 1] = indptr[i] + csr.indptr[r + 1] - csr.indptr[r];
  });
  const nKept = indptr[rows.length];
  const indices = csr.nCols <= 65536 ? new Uint16Array(nKept) : new Uint32Array(nKept);
  const data = csr.data === null ? null : new Float32Array(nKept);
  rows.forEach((row, i) => {
    const [from, to] = [csr.indptr[row - firstRow], csr.indptr[row - firstRow + 1]];
    indices.set(csr.indices.subarray(from, to), indptr[i]);
    if (data !== null && csr.data !== null) data.set(csr.data.subarray(from, to), indptr[i]);
  });
  return { nRows: rows.length, nCols: csr.nCols, indptr, indices, data };
}
