/** Infers what values a matrix holds from a sample of its rows. @module */
import { exp } from "../../core/math.ts";
import type { Matrix } from "../types.ts";

/**
 * `empty`: all zero; `binary`: zeros and ones; `counts`: whole numbers; `log`: logarithms of normalised
 * counts; `normalised`: other non-negative values; `scaled`: also negative values.
 */
export type MatrixKind = "empty" | "binary" | "counts" | "log" | "normalised" | "scaled";

/** Statistics of a sample of rows. */
export interface MatrixCharacter {
  readonly kind: MatrixKind;
  /** Smallest and largest value, including zeros that are not stored. */
  readonly range: readonly [number, number];
  /** Share of whole numbers among the nonzero values. */
  readonly integerShare: number;
  /** Share of negative values among them. */
  readonly negativeShare: number;
  /** The sum of every row (for `log`: before the logarithm of 1 + x), if the sums agree within 1 %. */
  readonly rowTotal: number | null;
  readonly rowsLookedAt: number;
}

/** Size of the sample: number of blocks, and rows per block. */
const BLOCKS = 8;
const BLOCK_ROWS = 32;

/** Logarithms of counts stay below this. */
const MAX_LOG = 20;

/** Tolerance for whole numbers that were computed as floats. */
const WHOLE = 1e-6;

/** A CSC matrix with more entries than this is not sampled, because one row needs the whole matrix. */
const MAX_COLUMNWISE = 1 << 26;

/**
 * Samples rows over the whole of `matrix`; only the first rows if it is stored by columns.
 * @returns null if sampling would read all of a large matrix.
 * @throws like `Matrix.rows`.
 */
export async function inspectMatrix(matrix: Matrix, signal?: AbortSignal): Promise<MatrixCharacter | null> {
  if (matrix.storage === "csc" && (matrix.nStored ?? 0) > MAX_COLUMNWISE) return null;
  const sample = {
    low: 0,
    high: 0,
    nValues: 0,
    nWhole: 0,
    nNegative: 0,
    totals: [] as number[],
    logTotals: [] as number[],
  };
  let rowsLookedAt = 0;
  for (const [start, end] of blocksOf(matrix)) {
    rowsLookedAt += end - start;
    for await (const { csr } of matrix.rows({ start, end, signal }))
      for (let row = 0; row < csr.nRows; row++) {
        let total = 0;
        let logTotal = 0;
        for (let at = csr.indptr[row]; at < csr.indptr[row + 1]; at++) {
          const value = csr.data === null ? 1 : csr.data[at];
          if (value === 0) continue;
          sample.nValues++;
          if (value < sample.low) sample.low = value;
          if (value > sample.high) sample.high = value;
          if (Math.abs(value - Math.round(value)) <= WHOLE * Math.abs(value)) sample.nWhole++;
          if (value < 0) sample.nNegative++;
          total += value;
          if (value < MAX_LOG) logTotal += exp(value) - 1;
        }
        sample.totals.push(total);
        sample.logTotals.push(logTotal);
      }
  }
  const { low, high, nValues, nWhole, nNegative } = sample;
  const kind = kindOf(sample);
  return {
    kind,
    range: [low, high],
    integerShare: nValues === 0 ? 1 : nWhole / nValues,
    negativeShare: nValues === 0 ? 0 : nNegative / nValues,
    rowTotal:
      kind === "log" ? agreed(sample.logTotals) : kind === "normalised" ? agreed(sample.totals) : null,
    rowsLookedAt,
  };
}

function blocksOf({ nRows, storage }: Matrix): [start: number, end: number][] {
  const wanted = BLOCKS * BLOCK_ROWS;
  if (nRows <= wanted || storage === "csc") return [[0, Math.min(nRows, wanted)]];
  return Array.from({ length: BLOCKS }, (_, i) => {
    const start = Math.floor((i * (nRows - BLOCK_ROWS)) / (BLOCKS - 1));
    return [start, start + BLOCK_ROWS];
  });
}

function kindOf(sample: { low: number; high: number; nValues: number; nWhole: number }): MatrixKind {
  const { low, high, nValues, nWhole } = sample;
  if (nValues === 0) return "empty";
  if (low < 0) return "scaled";
  if (nWhole === nValues) return high <= 1 ? "binary" : "counts";
  // Fractions of a total are below 1, logarithms of counts per ten thousand are not.
  return high > 1 && high < MAX_LOG ? "log" : "normalised";
}

/** The mean, if all values are within 1 % of it. */
function agreed(totals: readonly number[]): number | null {
  const filled = totals.filter((total) => total > 0);
  const mean = filled.reduce((sum, total) => sum + total, 0) / filled.length;
  return filled.length > 1 && filled.every((total) => Math.abs(total - mean) <= 0.01 * mean) ? mean : null;
}
