/** What is done to the values of a query (docs/specification/3-prediction.md#values). @module */
import type { LogScale } from "../anndata/judgement/types.ts";
import type { Notice, Phrase } from "../errors.ts";

/** How whole rows come to 10,000, before other genes than the model's are left out. */
export interface WholeRows {
  /** The logarithm that is taken away first. */
  readonly undo: LogScale | null;
  /** What values are multiplied by; null divides each row by its own sum. */
  readonly factor: number | null;
}

/** The logarithm of normalised values that a reference has. */
export interface LogTarget extends LogScale {
  /** What the values of a cell add up to before the logarithm. */
  readonly total: number;
  /** The factor from the query's values to that total; null normalises each cell by its own sum. */
  readonly factor: number | null;
}

/** What linear views and distances are told of their values; `proportional` to counts says nothing about depth. */
export type GivenValues = "counts" | "proportional" | "normalised" | "unknown";

export interface ValuePlan {
  /** The logarithm that is taken away before anything else but `expressed` and `values`. */
  readonly undo: LogScale | null;
  /**
   * What the network gets: which genes are above zero, log(1 + counts per 10,000), log(1 + value), the logarithms of
   * `target`, or the values of the matrix.
   */
  readonly network: "expressed" | "log1p_cp10k" | "log1p" | "target" | "values";
  /** What linear views and distances get: counts, or numbers in proportion to them; the rest as for the network. */
  readonly others: "counts" | "target" | "values";
  readonly given: GivenValues;
  readonly target: LogTarget | null;
  /** What is done to whole rows before genes are aligned. */
  readonly whole: WholeRows | null;
}

/** Values that the model cannot use. */
export interface ValueProblem {
  readonly message: Phrase;
  /** What to do about it where no other matrix fits. */
  readonly fix: Phrase;
  /** False if they cannot be used even if the caller insists. */
  readonly canForce: boolean;
}

export interface PlannedValues {
  readonly plan: ValuePlan;
  /** False if the matrix was not looked at. */
  readonly isJudged: boolean;
  readonly problem: ValueProblem | null;
  readonly notes: readonly Notice[];
  readonly warnings: readonly Notice[];
}
