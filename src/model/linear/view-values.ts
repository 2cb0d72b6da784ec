/** The values that a view sees of cells. @module */
import type { Csr } from "../../core/csr.ts";
import { log } from "../../core/math.ts";
import { TARGET_SUM } from "../../core/normalize.ts";
import type { ComponentValues } from "../components/types.ts";
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
  return values === "log1p_cp10k" ? logNormalised(rows, TARGET_SUM * share) : rows;
}

/** log(1 + count · `target` / total of the cell), a matrix of its own. */
export function logNormalised(rows: Csr, target: number): Csr & { readonly data: Float32Array } {
  const { nRows, indptr, indices, data } = rows;
  const out = new Float32Array(indices.length);
  for (let r = 0; r < nRows; r++) {
    let total = 0;
    for (let e = indptr[r]; e < indptr[r + 1]; e++) total += data === null ? 1 : data[e];
    if (!(total > 0)) continue;
    const scale = target / total;
    // Most counts are small and occur many times within a cell.
    SMALL.fill(-1);
    for (let e = indptr[r]; e < indptr[r + 1]; e++) {
      const count = data === null ? 1 : data[e];
      if (!(count >= 0 && count < SMALL.length && Number.isInteger(count))) out[e] = log(1 + count * scale);
      else {
        if (SMALL[count] < 0) SMALL[count] = log(1 + count * scale);
        out[e] = SMALL[count];
      }
    }
  }
  return { ...rows, data: out };
}

const SMALL = new Float64Array(32);
