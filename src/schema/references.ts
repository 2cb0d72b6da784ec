/** Names of several references that are trained on as one (docs/specification/2-training.md#several-references). @module */
import { keysOf } from "./keys.ts";

/** The obs column of joined references that says which one a cell is from. */
export const SOURCE_COLUMN = "source_reference";

/** Columns of a label map. */
export const LABEL_MAP = keysOf("file", "column", "label", "to");

/** Columns of a proposed label map after those of {@link LABEL_MAP}, for who reads it. */
export const PROPOSAL = keysOf("match", "other", "share", "share_back", "n_cells");
