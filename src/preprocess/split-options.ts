/** Options of splits (docs/specification/4-preprocessing.md#group-splits). @module */

/** The two sides of a split. */
export const SPLIT_PARTS = ["build", "predict"] as const;
export type SplitPart = (typeof SPLIT_PARTS)[number];

/** How whole groups are divided. */
export interface GroupSplitOptions {
  /** The obs column of groups, such as donors. */
  readonly splitKey: string;
  /** The obs column of labels that both sides should have. */
  readonly targetLabel: string;
  /** Cells of each side, 1 or more. */
  readonly buildSize: number;
  readonly predictSize: number;
  readonly seed?: number | undefined;
  /** Random divisions that are looked at. */
  readonly nCandidates?: number | undefined;
}

export const SPLIT_DEFAULTS = { seed: 0, nCandidates: 128 } as const;

/** How single cells are divided. */
export interface CellSplitOptions {
  /** Cells to predict: a share between 0 and 1, rounded up, or a number of cells. */
  readonly testSize?: number | undefined;
  /** The obs column of labels of which both sides have the same shares. */
  readonly stratify?: string | undefined;
  readonly seed?: number | undefined;
}

export const CELL_SPLIT_DEFAULTS = { testSize: 0.25, seed: 0 } as const;
