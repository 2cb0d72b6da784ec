/** The values that a view sees of cells. @module */
import type { Csr } from "../../core/csr.ts";
import { normalizedRows, TARGET_SUM } from "../../core/normalize.ts";
import type { Pause } from "../../core/progress.ts";
import type { ComponentValues } from "../components/types.ts";
import { consecutiveRows } from "../encode.ts";
import { rankRows } from "./ranks.ts";
import type { ViewInput } from "./types.ts";

/**
 * The values of `rows` for a view, a matrix of its own unless they are taken as they are.
 *
 * Counts are normalised to `share` of 10,000, the share of the reference's counts that the measured genes have there, so
 * that missing genes do not make the others look larger.
 */
export function viewValues(rows: Csr, input: ViewInput, values: ComponentValues, share: number): Csr {
  if (input === "ranks") return rankRows(rows);
  return values === "log1p_cp10k" ? normalizedRows(rows, TARGET_SUM * share) : rows;
}

/** Rows between two pauses. */
const ROWS_AT_ONCE = 256;

/** {@link viewValues} of cells that have all genes, with pauses. */
export async function viewValuesInParts(
  rows: Csr,
  input: ViewInput,
  values: ComponentValues,
  pause: Pause,
): Promise<Csr> {
  if (input !== "ranks" && values !== "log1p_cp10k") return rows;
  const data = new Float32Array(rows.indices.length);
  for (let start = 0; start < rows.nRows; start += ROWS_AT_ONCE) {
    const part = consecutiveRows(rows, start, Math.min(start + ROWS_AT_ONCE, rows.nRows));
    const own = viewValues(part, input, values, 1).data;
    if (own !== null) data.set(own, rows.indptr[start]);
    await pause();
  }
  return { ...rows, data };
}
