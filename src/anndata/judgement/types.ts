/** What is known of the values of a matrix. @module */
import type { MATRIX_VERDICTS } from "../../schema/matrix-judgement.ts";

export type MatrixVerdict = (typeof MATRIX_VERDICTS)[number];

/** How values were made from numbers that add up, such as counts: log_base(1 + x), `times` times. */
export interface LogScale {
  readonly base: number;
  readonly times: number;
}

/** Numbers of a sample of rows; shares are 0 to 1. */
export interface MatrixStatistics {
  readonly nRows: number;
  readonly nGenes: number;
  /** Smallest and largest value, zeros included. */
  readonly range: readonly [number, number];
  /** Of the values other than zero. */
  readonly wholeShare: number;
  readonly negativeShare: number;
  /** Of all values. */
  readonly zeroShare: number;
  /** Median number of genes with a value other than zero. */
  readonly genesPerCell: number;
  /** Median of the sums of the rows, and (95th − 5th percentile) / median of them. */
  readonly rowTotal: number;
  readonly rowTotalSpread: number;
  /** Share of rows of which all values are whole numbers. */
  readonly wholeRows: number;
  /** Share of rows of which nearly all values are whole multiples of the smallest one, as scaled counts are. */
  readonly multiples: number;
  /**
   * Correlation between the logarithms of a row's number of values and of their mean. More reads give a cell more genes and
   * higher counts; dividing by the total lowers the values of cells with many genes.
   */
  readonly depthCorrelation: number;
  /** The logarithm that fits best, and the same of the values without it; null where no logarithm is possible. */
  readonly log: LogStatistics | null;
}

export interface LogStatistics extends LogScale {
  readonly rowTotal: number;
  readonly rowTotalSpread: number;
  readonly multiples: number;
}

/** What a sample of rows of a matrix says about all of it. */
export interface MatrixJudgement {
  readonly verdict: MatrixVerdict;
  readonly statistics: MatrixStatistics;
  /** The evidence in a line, such as `whole numbers, up to 213`. */
  readonly evidence: string;
  /** False where nothing but the correlation with depth tells counts from logarithms. */
  readonly isSure: boolean;
  /** For `log1p`: the logarithm that was taken. */
  readonly log: LogScale | null;
  /** What every row adds up to, for `log1p` without the logarithm; null if they differ or it does not matter. */
  readonly rowTotal: number | null;
}
