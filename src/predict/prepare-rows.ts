/** Makes of the values of aligned rows what the network, the linear views and the distances take. @module */
import { withoutLog } from "../anndata/judgement/statistics.ts";
import type { LogScale } from "../anndata/judgement/types.ts";
import type { Csr } from "../core/csr.ts";
import { log } from "../core/math.ts";
import { normalizeCell } from "../core/normalize.ts";
import { AtlasmtlError } from "../errors.ts";
import type { CountsCheck } from "../model/counts-check.ts";
import type { LogTarget, ValuePlan } from "./value-plan.ts";

/** Takes the aligned rows of one block after another. */
export interface RowPreparer {
  /** What views and distances take. */
  others(rows: Csr, firstRow: number): Csr;
  /** What the network takes, after the others are done with the block: it may change its values. */
  network(rows: Csr, firstRow: number): Csr;
  /** After the last block. @throws BAD_DATA for values that the check refuses. */
  finish(): void;
}

/** Prepares aligned rows by `plan`; `counts` checks what is normalised, row by row. */
export function createRowPreparer(
  { undo, network, others, target }: Pick<ValuePlan, "undo" | "network" | "others" | "target">,
  counts: CountsCheck | null,
): RowPreparer {
  let last: { readonly of: Csr; readonly rows: Csr } | null = null;
  const plain = (rows: Csr, firstRow: number): Csr => {
    if (undo === null) return rows;
    if (last?.of !== rows) last = { of: rows, rows: withoutLogs(rows, undo, firstRow) };
    return last.rows;
  };
  const made = (as: ValuePlan["network"] | ValuePlan["others"], rows: Csr, firstRow: number): Csr => {
    if (as === "counts") return plain(rows, firstRow);
    if (as === "target" && target !== null) return toTarget(plain(rows, firstRow), target);
    if (as === "log1p") return withLog(rows);
    return as === "log1p_cp10k" ? normalised(plain(rows, firstRow), counts, firstRow) : rows;
  };
  return {
    others: (rows, firstRow) => made(others, rows, firstRow),
    network: (rows, firstRow) => made(network, rows, firstRow),
    finish: () => void counts?.finish(),
  };
}

const valuesOf = ({ data, indices }: Csr): Float32Array => data ?? new Float32Array(indices.length).fill(1);

/** @throws BAD_DATA where a value is too large to be a logarithm. */
function withoutLogs(rows: Csr, undo: LogScale, firstRow: number): Csr {
  const data = valuesOf(rows).slice();
  withoutLog(data, 0, data.length, undo);
  for (let r = 0; r < rows.nRows; r++)
    for (let e = rows.indptr[r]; e < rows.indptr[r + 1]; e++)
      if (!(data[e] < Number.POSITIVE_INFINITY))
        throw new AtlasmtlError(
          "BAD_DATA",
          `row ${firstRow + r} holds ${rows.data?.[e]}, which is too large for a logarithm of counts, as other rows hold`,
          { hint: "give every cell of the matrix the same values" },
        );
  return { ...rows, data };
}

/** Counts of the model's genes to log(1 + counts per 10,000), in place (decision record 12). */
function normalised(rows: Csr, counts: CountsCheck | null, firstRow: number): Csr {
  const { nRows, indptr } = rows;
  const data = valuesOf(rows);
  for (let r = 0; r < nRows; r++) {
    const [start, end] = [indptr[r], indptr[r + 1]];
    counts?.add(data, start, end, firstRow + r);
    normalizeCell(data, start, end);
  }
  return { ...rows, data };
}

/** log(1 + value), in place. */
function withLog(rows: Csr): Csr {
  const data = valuesOf(rows);
  for (let e = 0; e < data.length; e++) data[e] = log(1 + data[e]);
  return { ...rows, data };
}

/** The logarithms of values that add up to the target's total, a matrix of its own. */
function toTarget(rows: Csr, { base, times, total, factor }: LogTarget): Csr {
  const data = valuesOf(rows).slice();
  const divisor = base === Math.E ? 1 : log(base);
  for (let r = 0; r < rows.nRows; r++) {
    const [start, end] = [rows.indptr[r], rows.indptr[r + 1]];
    let sum = 0;
    for (let e = start; e < end; e++) sum += data[e];
    const scale = factor ?? (sum > 0 ? total / sum : 1);
    for (let e = start; e < end; e++) {
      let value = data[e] * scale;
      for (let t = 0; t < times; t++) value = log(1 + value) / divisor;
      data[e] = value;
    }
  }
  return { ...rows, data };
}
