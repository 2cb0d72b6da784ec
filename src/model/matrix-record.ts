/** What training says about the matrix of the reference: `train_config › matrix_statistics`. @module */

import type { LogScale, MatrixJudgement, MatrixVerdict } from "../anndata/judgement/types.ts";
import { logName } from "../anndata/judgement/verdict.ts";
import { type ConfigMap, type ConfigValue, Float, keyed, toPlain } from "../core/config.ts";
import { grouped } from "../core/shown.ts";
import { MATRIX_RECORD, MATRIX_VERDICTS } from "../schema/matrix-judgement.ts";
import { TRAIN_CONFIG } from "../schema/training.ts";

/** What prediction needs to know of the reference's matrix. */
export interface ReferenceMatrix {
  readonly verdict: MatrixVerdict;
  /** For `log1p`. */
  readonly log: LogScale | null;
  /** What every row adds up to, for `log1p` without the logarithm; null if they differ. */
  readonly rowTotal: number | null;
}

/** The record of a judged matrix. */
export function matrixRecord(
  name: string,
  { verdict, statistics, log, rowTotal }: MatrixJudgement,
): ConfigMap {
  const { range, nRows } = statistics;
  return keyed(MATRIX_RECORD, {
    name,
    verdict,
    nCells: nRows,
    min: new Float(range[0]),
    max: new Float(range[1]),
    wholeShare: new Float(statistics.wholeShare),
    negativeShare: new Float(statistics.negativeShare),
    zeroShare: new Float(statistics.zeroShare),
    genesPerCell: new Float(statistics.genesPerCell),
    rowTotal: rowTotal === null ? undefined : new Float(rowTotal),
    logBase: log === null ? undefined : new Float(log.base),
    logTimes: log === null ? undefined : log.times,
  });
}

/** The record in a model; null if it has none or one of another version. */
export function referenceMatrix({
  trainConfig,
}: {
  readonly trainConfig: ConfigMap;
}): ReferenceMatrix | null {
  const record = plainRecord(trainConfig.get(TRAIN_CONFIG.matrixStatistics));
  const verdict = MATRIX_VERDICTS.find((name) => name === record[MATRIX_RECORD.verdict]);
  if (verdict === undefined) return null;
  const [base, times] = [positive(record[MATRIX_RECORD.logBase]), positive(record[MATRIX_RECORD.logTimes])];
  return {
    verdict,
    log:
      base === null || base <= 1 || times === null ? null : { base, times: Math.min(2, Math.round(times)) },
    rowTotal: positive(record[MATRIX_RECORD.rowTotal]),
  };
}

/** The values of the reference in words, such as `log1p (natural logarithm of 10,000 per cell)`. */
export function referenceText({ verdict, log, rowTotal }: ReferenceMatrix): string {
  if (verdict !== "log1p" || log === null) return verdict;
  const total = rowTotal === null ? "" : ` of ${grouped(Math.round(rowTotal))} per cell`;
  return `${verdict} (${logName(log)}${total})`;
}

function plainRecord(value: ConfigValue | undefined): Readonly<Record<string, unknown>> {
  const plain = value === undefined ? null : toPlain(value);
  return plain !== null && typeof plain === "object" && !Array.isArray(plain)
    ? (plain as Readonly<Record<string, unknown>>)
    : {};
}

function positive(value: unknown): number | null {
  return typeof value === "number" && value > 0 && value < Number.POSITIVE_INFINITY ? value : null;
}
