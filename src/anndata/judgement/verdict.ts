/** Names what the statistics of a matrix show, with the evidence in numbers. @module */
import { grouped } from "../../core/shown.ts";
import type { LogScale, MatrixJudgement, MatrixStatistics } from "./types.ts";

/** Counts may have this many other values among them, as 4-preprocessing.md has it. */
const WHOLE = 0.999;
/** Rows whose sums differ by less are normalised to one total. */
const EQUAL = 0.02;
/** Share of rows that consist of multiples of their smallest value. */
const MULTIPLES = 0.7;
/** Share of whole rows, and of others, that is more than chance. */
const MIXED = 0.05;
/** With fewer zeros than this, the values are no counts of single cells and no function of counts that keeps zeros. */
const DENSE = 0.1;
/** A panel of fewer genes may well have no zeros. */
const LEAST_GENES = 200;
/** Rows that are needed to compare depth and values, and the correlation from which it says something. */
const LEAST_ROWS = 20;
const CORRELATED = 0.2;
/** Natural logarithms of 1 + normalised counts stay below this. */
export const MAX_LOG = 14;

/** Names the matrix by the statistics of its sample. */
export function judge(statistics: MatrixStatistics): MatrixJudgement {
  const { range, wholeShare, zeroShare, wholeRows, nGenes, nRows, log } = statistics;
  const [low, high] = range;
  const said = (
    verdict: MatrixJudgement["verdict"],
    evidence: string,
    rest: Partial<MatrixJudgement> = {},
  ): MatrixJudgement => ({ verdict, statistics, evidence, isSure: true, log: null, rowTotal: null, ...rest });

  if (low === 0 && high === 0) return said("empty", "no value other than zero in the rows looked at");
  if (low < 0)
    return said(
      "scaled",
      `${short(low)} to ${short(high)}, ${percent(statistics.negativeShare)} of the values below zero`,
    );
  if (wholeShare >= WHOLE)
    return high <= 1
      ? said("binary", "zeros and ones only")
      : said("counts", `whole numbers, up to ${short(high)}`);
  const ownTotal = isEqual(statistics, nRows) ? statistics.rowTotal : null;
  const isScaledCounts = statistics.multiples >= MULTIPLES;
  if (
    wholeRows > MIXED &&
    wholeRows < 1 - MIXED &&
    isSplit(statistics) &&
    !(isScaledCounts && ownTotal !== null)
  )
    return said(
      "unclear",
      `${percent(wholeRows)} of the cells have whole numbers only, the others mostly decimals`,
    );

  const logged = (scale: LogScale, rowTotal: number | null, why: string): MatrixJudgement =>
    said(
      "log1p",
      `${logName(scale)}${rowTotal === null ? "" : ` of ${short(Math.round(rowTotal))} per cell`}, ${why}`,
      {
        log: { base: scale.base, times: scale.times },
        rowTotal,
      },
    );
  const upTo = `up to ${short(high)}`;
  const total = log !== null && isEqual(log, nRows) ? log.rowTotal : null;
  if (log !== null && log.multiples >= MULTIPLES) return logged(log, total, upTo);
  if (wholeShare > 0.5) return said("count_like", `${percent(wholeShare)} whole numbers, ${upTo}`);
  if (isScaledCounts)
    return said(
      "size_normalised",
      ownTotal === null
        ? `multiples of one number in each cell, ${upTo}`
        : `${short(Math.round(ownTotal))} per cell, ${upTo}`,
      { rowTotal: ownTotal },
    );
  if (zeroShare < DENSE && nGenes >= LEAST_GENES)
    return said(
      "dense_positive",
      `${percent(1 - zeroShare)} of the values are above zero, ${upTo}, as imputed, denoised or shifted values are`,
    );
  if (
    log !== null &&
    total !== null &&
    !(ownTotal !== null && statistics.rowTotalSpread < log.rowTotalSpread)
  )
    return logged(log, total, upTo);
  if (ownTotal !== null)
    return said("size_normalised", `${short(Math.round(ownTotal))} per cell, ${upTo}`, {
      rowTotal: ownTotal,
    });

  const correlation = nRows < LEAST_ROWS ? 0 : statistics.depthCorrelation;
  const grows = `decimals ${upTo} that ${correlation > 0 ? "grow" : "shrink"} with the number of genes of a cell (correlation ${correlation.toFixed(2)})`;
  if (correlation >= CORRELATED) return said("count_like", grows, { isSure: high > MAX_LOG });
  if (correlation <= -CORRELATED)
    return high > MAX_LOG
      ? said("size_normalised", grows)
      : said("log1p", grows, { log: { base: Math.E, times: 1 }, isSure: false });
  if (high > MAX_LOG)
    return said("count_like", `decimals ${upTo}, too large for logarithms, with totals that differ`);
  return said("unclear", `decimals ${upTo}, neither on the scale of counts nor logarithms for sure`);
}

/** True if rows are either whole or hardly whole at all, so that the matrix is put together from two kinds. */
function isSplit({ wholeRows, wholeShare }: MatrixStatistics): boolean {
  return wholeShare - wholeRows < 0.3 * (1 - wholeRows);
}

function isEqual({ rowTotalSpread }: Pick<MatrixStatistics, "rowTotalSpread">, nRows: number): boolean {
  return nRows > 1 && rowTotalSpread < EQUAL;
}

/** A logarithm in words, such as `natural logarithm` or `logarithm of base 2`. */
export function logName({ base, times }: LogScale): string {
  const once = base === Math.E ? "natural logarithm" : `logarithm of base ${base}`;
  return times === 1 ? once : `${once}, taken twice,`;
}

function percent(share: number): string {
  const shown = 100 * share;
  return `${shown >= 99.95 || shown < 0.05 || shown === Math.round(shown) ? Math.round(shown) : shown.toFixed(shown < 10 || shown > 90 ? 1 : 0)} %`;
}

function short(value: number): string {
  if (Number.isInteger(value)) return grouped(value);
  return Math.abs(value) >= 1e4 ? grouped(Math.round(value)) : value.toPrecision(4);
}
