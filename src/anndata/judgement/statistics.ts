/** Statistics of the values of some rows. @module */
import type { Csr } from "../../core/csr.ts";
import { exp, log } from "../../core/math.ts";
import { medianOf, quantileOf } from "../../core/quantiles.ts";
import type { LogScale, LogStatistics, MatrixStatistics } from "./types.ts";

/** Whole numbers may be this far off, relative to them. */
const WHOLE = 1e-6;
/** A multiple of the smallest value may be this far off. */
const MULTIPLE = 0.02;
/** Multiples up to this one are looked at: rounding of stored logarithms grows with the value. */
const LARGEST_MULTIPLE = 20;
/** Values of a row that are needed to speak of multiples, and the share of them that must be some. */
const LEAST_VALUES = 5;
const MOST_MULTIPLES = 0.95;

/** The logarithms that are in use, with the largest value that each can have: 1 + x stays below about a million. */
const LOGS: readonly (LogScale & { readonly most: number })[] = [
  { base: Math.E, times: 1, most: 14 },
  { base: 2, times: 1, most: 20.2 },
  { base: 10, times: 1, most: 6.1 },
  { base: Math.E, times: 2, most: 2.71 },
];

/** Sums of one row of values. */
interface RowSums {
  readonly n: number;
  readonly total: number;
  readonly nWhole: number;
}

/** Collects rows, which must not change afterwards. */
export interface StatisticsCollector {
  add(rows: Csr): void;
  finish(): MatrixStatistics;
}

export function createStatistics(nGenes: number): StatisticsCollector {
  const rows: Float32Array[] = [];
  let nRows = 0;
  return {
    add({ nRows: n, indptr, data }) {
      nRows += n;
      for (let r = 0; r < n; r++) {
        const [start, end] = [indptr[r], indptr[r + 1]];
        if (end > start)
          rows.push(data === null ? new Float32Array(end - start).fill(1) : data.slice(start, end));
      }
    },
    finish: () => statisticsOf(rows, nRows, nGenes),
  };
}

function statisticsOf(rows: readonly Float32Array[], nRows: number, nGenes: number): MatrixStatistics {
  let [low, high, nValues, nWhole, nNegative] = [0, 0, 0, 0, 0];
  const sums = rows.map((values): RowSums => {
    let [total, whole] = [0, 0];
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
      if (value < 0) nNegative++;
      if (Math.abs(value - Math.round(value)) <= WHOLE * Math.abs(value)) whole++;
      total += value;
    }
    nValues += values.length;
    nWhole += whole;
    return { n: values.length, total, nWhole: whole };
  });
  const isCountable = nValues > 0 && low >= 0 && nWhole < nValues;
  const logs = isCountable
    ? LOGS.filter(({ most }) => high <= most).map((scale) => logStatistics(rows, scale))
    : [];
  return {
    nRows,
    nGenes,
    range: [low, high],
    wholeShare: nValues === 0 ? 1 : nWhole / nValues,
    negativeShare: nValues === 0 ? 0 : nNegative / nValues,
    zeroShare: nRows * nGenes === 0 ? 0 : 1 - nValues / (nRows * nGenes),
    genesPerCell: rows.length === 0 ? 0 : medianOf(sums.map(({ n }) => n)),
    ...totalsOf(sums.map(({ total }) => total)),
    wholeRows: rows.length === 0 ? 1 : sums.filter(({ n, nWhole: own }) => own === n).length / rows.length,
    multiples: isCountable ? multiplesOf(rows) : 0,
    depthCorrelation: depthCorrelation(sums),
    log: logs.reduce<LogStatistics | null>(
      (best, own) => (best === null || fitOf(own) > fitOf(best) ? own : best),
      null,
    ),
  };
}

/** How well values without a logarithm fit: they are multiples of one number, or their sums are equal. */
function fitOf({ multiples, rowTotalSpread }: LogStatistics): number {
  return Math.max(multiples, 1 - 10 * rowTotalSpread);
}

function logStatistics(rows: readonly Float32Array[], { base, times }: LogScale): LogStatistics {
  const plain = rows.map((values) => {
    const out = Float64Array.from(values);
    withoutLog(out, 0, out.length, { base, times });
    return out;
  });
  const totals = plain.map((values) => values.reduce((sum, value) => sum + value, 0));
  return { base, times, ...totalsOf(totals), multiples: multiplesOf(plain) };
}

/** Takes the logarithm away from `values[start]` to `values[end − 1]`, in place. */
export function withoutLog(
  values: Float32Array | Float64Array,
  start: number,
  end: number,
  { base, times }: LogScale,
): void {
  const factor = base === Math.E ? 1 : log(base);
  for (let e = start; e < end; e++) {
    let value = values[e];
    for (let t = 0; t < times; t++) value = exp(factor * value) - 1;
    values[e] = value;
  }
}

function totalsOf(totals: readonly number[]): { readonly rowTotal: number; readonly rowTotalSpread: number } {
  if (totals.length === 0) return { rowTotal: 0, rowTotalSpread: 0 };
  const rising = Float64Array.from(totals).sort();
  const median = quantileOf(rising, 0.5);
  const width = quantileOf(rising, 0.95) - quantileOf(rising, 0.05);
  return { rowTotal: median, rowTotalSpread: median > 0 ? width / median : 0 };
}

/** The share of rows of which nearly all values are whole multiples of the smallest one. */
function multiplesOf(rows: readonly (Float32Array | Float64Array)[]): number {
  let [nRows, nGood] = [0, 0];
  for (const values of rows) {
    let least = Number.POSITIVE_INFINITY;
    for (const value of values) if (value < least) least = value;
    let [n, good] = [0, 0];
    for (const value of values) {
      const times = value / least;
      if (!(times > 1 + MULTIPLE && times < LARGEST_MULTIPLE + MULTIPLE)) continue;
      n++;
      if (Math.abs(times - Math.round(times)) <= MULTIPLE) good++;
    }
    if (n < LEAST_VALUES) continue;
    nRows++;
    if (good >= MOST_MULTIPLES * n) nGood++;
  }
  return nRows === 0 ? 0 : nGood / nRows;
}

function depthCorrelation(sums: readonly RowSums[]): number {
  const pairs = sums.filter(({ total }) => total > 0).map(({ n, total }) => [log(n), log(total / n)]);
  const mean = (at: number): number => pairs.reduce((sum, pair) => sum + pair[at], 0) / pairs.length;
  const [meanN, meanValue] = [mean(0), mean(1)];
  let [both, ofN, ofValue] = [0, 0, 0];
  for (const [n, value] of pairs) {
    both += (n - meanN) * (value - meanValue);
    ofN += (n - meanN) ** 2;
    ofValue += (value - meanValue) ** 2;
  }
  return ofN > 0 && ofValue > 0 ? both / Math.sqrt(ofN * ofValue) : 0;
}
