/** What may make a cell Unknown. @module */

/**
 * What makes a cell Unknown besides low confidence: its distance to the classes of the reference, or nothing; `off`:
 * nothing at all.
 */
export const UNKNOWN_MODES = ["distance", "confidence", "off"] as const;
export type UnknownMode = (typeof UNKNOWN_MODES)[number];
