/** Options of splits of whole groups (docs/specification/4-preprocessing.md#group-splits). @module */

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
