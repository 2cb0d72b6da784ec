/**
 * A lazy view of an annotated matrix, whatever the container: observations (cells) by variables (genes).
 * @module
 */
import type { FileInput } from "../core/bytes.ts";
import type { ConfigMap, ConfigValue } from "../core/config.ts";
import type { RowBlock } from "../core/csr.ts";
import type { DenseMatrix } from "../core/dense.ts";
import type { Notice } from "../errors.ts";
import type { ArrayStore } from "../formats/array-store.ts";

export type { Notice };

/** One column of obs or var. Missing entries: code -1, `null`, `NaN` or a set bit of `missing`. */
export type Column =
  | {
      readonly kind: "categorical";
      readonly codes: Int32Array;
      readonly categories: readonly string[];
      readonly ordered: boolean;
    }
  | { readonly kind: "string"; readonly values: readonly (string | null)[] }
  | {
      readonly kind: "number";
      readonly dtype: string;
      readonly values: Float64Array;
      readonly missing: Uint8Array | null;
    }
  | { readonly kind: "boolean"; readonly values: Uint8Array; readonly missing: Uint8Array | null };

export interface DataFrame {
  /** Number of rows; known even where the index cannot be read. */
  readonly length: number;
  readonly index: readonly string[];
  /** Column names in `column-order`. */
  readonly columns: readonly string[];
  /** @throws NOT_FOUND naming the nearest columns. */
  column(name: string): Promise<Column>;
}

/** Names one matrix of an AnnData. */
export type MatrixName = "X" | `layers/${string}` | "raw/X";

/** A matrix that is read in row blocks; columns are var (or raw.var) in order. */
export interface Matrix {
  readonly name: MatrixName;
  readonly nRows: number;
  readonly nCols: number;
  readonly storage: "csr" | "csc" | "dense";
  /** The stored dtype in numpy spelling, such as `float32` or `int64`. */
  readonly dtype: string;
  /** Stored entries, when the container says. */
  readonly nStored: number | null;
  /**
   * Streams consecutive row blocks as canonical CSR (see `core/csr.ts`), values as float32. Never holds more
   * than a few blocks. NaN and infinite values are errors.
   * @throws BAD_DATA for a non-finite value, an index out of range or an inconsistent indptr.
   */
  rows(options?: RowsOptions): AsyncIterable<RowBlock>;
  /** Names an entry for messages, such as `gene "CD3E" of cell "AAAC-1"`. */
  entryName?(row: number, column: number): Promise<string>;
}

export interface RowsOptions {
  /** Rows of a block; by default chosen so that a block stays near 8 MiB. */
  readonly blockRows?: number;
  /** Rows of a block at most, where `blockRows` does not say. */
  readonly maxRows?: number;
  readonly start?: number;
  readonly end?: number;
  /** The caller is done with a block when it asks for the next one, which may lie in the same memory. */
  readonly reuse?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** One stored element as `inspect` shows it. */
export interface ElementSummary {
  /** Such as `obsm/X_umap`. */
  readonly path: string;
  /** `encoding-type`, or what the element looks like when it has none. */
  readonly encoding: string;
  readonly dtype: string | null;
  readonly shape: readonly number[] | null;
}

/** An open dataset. Close it when done; reading after that is a USAGE error. */
export interface AnnData {
  /** File name for messages, or `memory`. */
  readonly source: string;
  /** What it was opened from; null when it was made in memory. */
  readonly input: FileInput | null;
  /**
   * What it is stored in: `format` names the container (`h5ad`, `zarr`, …), `store` gives its elements as they
   * are (null when the container has none). Absent for a dataset made in memory.
   */
  readonly stored?: {
    readonly format: string;
    readonly store: ArrayStore | null;
    /** Paths of its files, when they are not just what was opened. */
    readonly files?: readonly string[];
  };
  /**
   * Of a view with other genes: per gene the row of the stored var it comes from (-1 for none), and settings that
   * are not stored. `stored` is then that of the dataset behind it.
   */
  readonly reshaped?: {
    readonly varFrom: Int32Array;
    readonly uns: ReadonlyMap<string, ConfigMap>;
  };
  /**
   * Of a view with some of the cells: the rows of these in what is stored, rising. `stored` is then that of the dataset
   * behind it.
   */
  readonly selected?: Uint32Array;
  /** What opening found worth telling; absent when there is nothing. */
  readonly notices?: readonly Notice[];
  readonly nObs: number;
  readonly nVars: number;
  readonly obs: DataFrame;
  readonly var: DataFrame;
  readonly obsmKeys: readonly string[];
  readonly layerKeys: readonly string[];
  readonly hasX: boolean;
  readonly hasRaw: boolean;
  /** @throws NOT_FOUND listing the matrices that exist. */
  matrix(name?: MatrixName): Promise<Matrix>;
  /** Gene names of a matrix: `raw.var` for `raw/X`, else `var`. */
  varNames(name?: MatrixName): Promise<readonly string[]>;
  /** @throws NOT_FOUND listing the obsm keys; BAD_DATA when the array is not numeric and two-dimensional. */
  obsm(key: string): Promise<DenseMatrix>;
  readonly unsKeys: readonly string[];
  /**
   * One unstructured element; arrays become (nested) lists.
   * @throws NOT_FOUND listing the keys; UNSUPPORTED for an encoding that is not read.
   */
  uns(key: string): Promise<ConfigValue>;
  /** Everything stored beside obs and var, known encoding or not, without reading values. */
  elements(): Promise<readonly ElementSummary[]>;
  close(): Promise<void>;
}
