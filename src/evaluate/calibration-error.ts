/**
 * Measures how reliable confidences are.
 *
 * Inputs are one confidence in [0, 1] per cell and whether its label was right (1 or 0).
 * @module
 */
import { AtlasmtlError } from "../errors.ts";

/** Equal bins over (0, 1], closed on the right (docs/specification/5-benchmark.md#metrics). */
const CALIBRATION_BINS = 15;

/** One bar of a reliability plot; the means of an empty bin are NaN. */
export interface CalibrationBin {
  /** Exclusive, except in the first bin, which includes confidence 0. */
  readonly lower: number;
  readonly upper: number;
  readonly nCells: number;
  readonly meanConfidence: number;
  readonly accuracy: number;
}

/**
 * Puts the cells into `nBins` equal bins of confidence.
 * @throws BAD_DATA for a confidence that is NaN or outside [0, 1].
 */
export function calibrationBins(
  confidence: ArrayLike<number>,
  correct: ArrayLike<number>,
  nBins = CALIBRATION_BINS,
): CalibrationBin[] {
  const width = 1 / nBins;
  const edge = (i: number): number => (i === nBins ? 1 : i * width);
  const counts = new Float64Array(nBins);
  const sums = new Float64Array(nBins);
  const hits = new Float64Array(nBins);
  for (let i = 0; i < confidence.length; i++) {
    const value = confidence[i];
    requireConfidence(value, i);
    let bin = Math.min(nBins - 1, Math.floor(value * nBins));
    if (bin > 0 && value <= edge(bin)) bin--;
    else if (value > edge(bin + 1) && bin < nBins - 1) bin++;
    counts[bin] += 1;
    sums[bin] += value;
    hits[bin] += correct[i];
  }
  return Array.from(counts, (nCells, bin) => ({
    lower: edge(bin),
    upper: edge(bin + 1),
    nCells,
    meanConfidence: nCells === 0 ? Number.NaN : sums[bin] / nCells,
    accuracy: nCells === 0 ? Number.NaN : hits[bin] / nCells,
  }));
}

function requireConfidence(value: number, cell: number): void {
  // A softmax in float32 may exceed 1 by a rounding error.
  if (!(value >= 0 && value <= 1 + 1e-6))
    throw new AtlasmtlError("BAD_DATA", `the confidence of cell ${cell} is ${value}, expected 0 to 1`);
}

/**
 * The expected calibration error: mean |accuracy − confidence| over the bins, weighted by cells; NaN for no
 * cells. Source: Naeini, Cooper & Hauskrecht, AAAI 2015.
 */
export function expectedCalibrationError(bins: readonly CalibrationBin[]): number {
  let nCells = 0;
  let sum = 0;
  for (const bin of bins) {
    if (bin.nCells === 0) continue;
    nCells += bin.nCells;
    sum += Math.abs(bin.accuracy - bin.meanConfidence) * bin.nCells;
  }
  return nCells === 0 ? Number.NaN : sum / nCells;
}

/** The mean squared difference of confidence and correctness, 0 to 1; NaN for no cells. */
export function brierScore(confidence: ArrayLike<number>, correct: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < confidence.length; i++) {
    const difference = confidence[i] - correct[i];
    sum += difference * difference;
  }
  return confidence.length === 0 ? Number.NaN : sum / confidence.length;
}

/** One point of a risk-coverage curve. */
export interface RiskPoint {
  /** Share of the cells that are kept, the most confident first; above 0. */
  readonly coverage: number;
  /** Share of the kept cells whose label is wrong. */
  readonly risk: number;
}

/**
 * The risk of keeping the most confident cells only, for every number of cells kept.
 *
 * Cells are ordered by decreasing confidence, equal ones by row.
 */
export function riskCoverage(confidence: ArrayLike<number>, correct: ArrayLike<number>): RiskPoint[] {
  const n = confidence.length;
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  order.sort((a, b) => confidence[b] - confidence[a] || a - b);
  let errors = 0;
  return Array.from(order, (cell, k) => {
    errors += 1 - correct[cell];
    return { coverage: (k + 1) / n, risk: errors / (k + 1) };
  });
}

/**
 * The area under the risk-coverage curve, by trapezoids from coverage 1/n to 1; smaller is better.
 *
 * NaN for no cells, 0 for one cell. Source: Geifman & El-Yaniv, NeurIPS 2017.
 */
export function areaUnderRiskCoverage(confidence: ArrayLike<number>, correct: ArrayLike<number>): number {
  const points = riskCoverage(confidence, correct);
  if (points.length === 0) return Number.NaN;
  let area = 0;
  for (let k = 1; k < points.length; k++) area += (points[k].risk + points[k - 1].risk) / 2 / points.length;
  return area;
}
