/**
 * Values of a query for a model that takes log(1 + counts per 10,000) over all genes of a cell, its own and others
 * (docs/specification/3-prediction.md#linear-models).
 * @module
 */
import { withoutLog } from "../anndata/judgement/statistics.ts";
import type { MatrixJudgement } from "../anndata/judgement/types.ts";
import { MAX_LOG } from "../anndata/judgement/verdict.ts";
import type { Matrix, RowsOptions } from "../anndata/types.ts";
import type { Csr, RowBlock } from "../core/csr.ts";
import { TARGET_SUM } from "../core/normalize.ts";
import { AtlasmtlError, locate, notice, option, type Phrase, phrase } from "../errors.ts";
import type { PredictSettings } from "./options.ts";
import type { PlannedValues, ValuePlan, WholeRows } from "./planned-values.ts";

const AS_THEY_ARE: ValuePlan = {
  undo: null,
  network: "values",
  others: "values",
  given: "normalised",
  target: null,
  whole: null,
};

/** Takes away the logarithm, if there is one, and scales to 10,000; the logarithm comes after the genes are aligned. */
const scaled = (whole: WholeRows): ValuePlan => ({
  ...AS_THEY_ARE,
  network: "log1p",
  given: "proportional",
  whole,
});

/** Plans the values of the matrix `where`; `judgement` is null if it was not looked at, and its values are then counts. */
export function planAllGenes(
  { normalize }: Pick<PredictSettings, "normalize">,
  judgement: MatrixJudgement | null,
  where: string,
): PlannedValues {
  const counts = scaled({ undo: null, factor: null });
  if (judgement === null)
    return {
      ...planned(normalize === "none" ? AS_THEY_ARE : counts),
      isJudged: false,
    };
  const { verdict, evidence, log, rowTotal, isSure } = judgement;
  const looks = `it looks like ${verdict} (${evidence})`;
  const refused = (plan: ValuePlan, fix: Phrase = BY_LAYER, canForce = true): PlannedValues => ({
    ...planned(plan),
    problem: {
      message: phrase`${where} looks like ${verdict} (${evidence}), and the model takes log1p of ${TARGET_SUM} counts per cell`,
      fix,
      canForce,
    },
  });
  const told = (plan: ValuePlan, text: string, isLoud = false): PlannedValues => ({
    ...planned(plan),
    [isLoud ? "warnings" : "notes"]: [notice(`${where}: ${looks}; ${text}`)],
  });

  if (verdict === "scaled") return refused(AS_THEY_ARE, BY_LAYER, false);
  if (normalize === "none") {
    if (verdict === "log1p" || verdict === "empty") return planned(AS_THEY_ARE);
    if (verdict === "unclear" || verdict === "dense_positive")
      return told(AS_THEY_ARE, "the values were taken as they are", true);
    const isImpossible = judgement.statistics.range[1] > MAX_LOG;
    return refused(
      AS_THEY_ARE,
      phrase`leave ${option("normalize")} out: counts are then normalised`,
      !isImpossible,
    );
  }
  if (verdict === "log1p") {
    if (normalize === "log1p_cp10k")
      return refused(counts, phrase`leave ${option("normalize")} out: the logarithm is known`);
    const isNatural = log === null || (log.base === Math.E && log.times === 1);
    if (rowTotal === null)
      return told(
        isNatural ? AS_THEY_ARE : scaled({ undo: log, factor: 1 }),
        `cells do not add up to one sum without the logarithm, so genes may be missing: the values were taken for those of ${TARGET_SUM} counts per cell over all genes`,
        true,
      );
    if (isNatural && Math.abs(rowTotal - TARGET_SUM) <= SAME_TOTAL) return planned(AS_THEY_ARE);
    return told(
      scaled({ undo: log, factor: TARGET_SUM / rowTotal }),
      `the values were brought to log1p of ${TARGET_SUM} per cell`,
    );
  }
  if (normalize === "log1p_cp10k" || verdict === "counts" || verdict === "empty") return planned(counts);
  if (verdict === "unclear" || verdict === "dense_positive")
    return refused(
      AS_THEY_ARE,
      phrase`if they are counts, say so by ${option("normalize", "log1p_cp10k")}; if they are log1p of 10,000 counts per cell, by ${option("normalize", "none")}`,
    );
  if (verdict === "binary")
    return told(counts, "how much a gene is expressed is not in it: labels are less sure", true);
  return told(counts, "it was normalised as counts", !isSure);
}

const planned = (plan: ValuePlan): PlannedValues => ({
  plan,
  problem: null,
  isJudged: true,
  notes: [],
  warnings: [],
});

const BY_LAYER = phrase`choose the matrix with counts by ${option("layer")}`;
/** Sums of 10,000 that differ by less are 10,000. */
const SAME_TOTAL = 1;

/** The matrix with rows that add up to 10,000, all genes included. */
export function wholeRowsOf(matrix: Matrix, whole: WholeRows, source: string): Matrix {
  const { name, nRows, nCols, storage, dtype, nStored, isSequential } = matrix;
  return {
    ...{ name, nRows, nCols, storage, dtype, nStored },
    ...(isSequential === undefined ? {} : { isSequential }),
    rows: (options) => scaledBlocks(matrix, whole, `${source} › ${name}`, options),
    ...(matrix.entryName === undefined
      ? {}
      : { entryName: (row: number, column: number) => matrix.entryName!(row, column) }),
  };
}

async function* scaledBlocks(
  matrix: Matrix,
  whole: WholeRows,
  where: string,
  options: RowsOptions | undefined,
): AsyncGenerator<RowBlock> {
  for await (const { firstRow, csr } of matrix.rows(options)) {
    let scaledRows: Csr;
    try {
      scaledRows = scaleRows(csr, whole, firstRow);
    } catch (error) {
      throw locate(error, where);
    }
    yield { firstRow, csr: scaledRows };
  }
}

function scaleRows(rows: Csr, { undo, factor }: WholeRows, firstRow: number): Csr {
  const data = rows.data?.slice() ?? new Float32Array(rows.indices.length).fill(1);
  if (undo !== null) withoutLog(data, 0, data.length, undo);
  for (let r = 0; r < rows.nRows; r++) {
    const [start, end] = [rows.indptr[r], rows.indptr[r + 1]];
    let sum = 0;
    for (let e = start; e < end; e++) {
      if (!(data[e] >= 0 && data[e] < Number.POSITIVE_INFINITY))
        throw new AtlasmtlError(
          "BAD_DATA",
          `row ${firstRow + r} holds ${rows.data?.[e]}, and other rows hold ${undo === null ? "counts" : "logarithms of counts"}`,
          { hint: "give every cell of the matrix the same values" },
        );
      sum += data[e];
    }
    const scale = factor ?? (sum > 0 ? TARGET_SUM / sum : 1);
    for (let e = start; e < end; e++) data[e] *= scale;
  }
  return { ...rows, data };
}
