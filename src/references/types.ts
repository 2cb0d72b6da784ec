/** Several references that are to be one. @module */
import type { AnnData, Notice } from "../anndata/types.ts";

/** A labelled dataset among others. */
export interface ReferenceSource {
  /** What it is called in label maps, notices and the column of sources. */
  readonly name: string;
  readonly adata: AnnData;
  /** obs columns, coarse to fine; as many as every other source has. */
  readonly labelColumns: readonly string[];
}

/** One label by what it becomes. */
export interface LabelMapRow {
  /** The source; null for all. */
  readonly file: string | null;
  /** The label column by its name in that source; null for all. */
  readonly column: string | null;
  readonly label: string;
  /** Null for no label. */
  readonly to: string | null;
}

export interface JoinOptions {
  /** What labels become; those that it does not list stay. */
  readonly labelMap?: readonly LabelMapRow[] | undefined;
  /** The matrix of every source: `X`, `raw/X`, `layers/counts` or a bare layer name; by default X, or the counts where kinds differ. */
  readonly layer?: string | undefined;
  /** Joins values of different kinds with a warning in place of the error. */
  readonly forceInput?: boolean | undefined;
}

/** Several references as one dataset. */
export interface JoinedReferences {
  /** All cells on the genes that all have; its matrix is read from the sources, which must stay open. */
  readonly adata: AnnData;
  /** The label columns, by their names in the first source. */
  readonly labelColumns: readonly string[];
  /** What was done and is as it should be. */
  readonly notes: readonly Notice[];
  readonly warnings: readonly Notice[];
}
