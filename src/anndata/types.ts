/**
 * A lazy view of an annotated matrix in any container: observations (cells) by variables (genes).
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
  /** Number of rows, known even if the index cannot be read. */
  readonly length: number;
  readonly index: readonly string[];
  /**
   * Reads the names of the rows from `start` to before `end`. Only a frame whose index was left unread
   * (`OpenOptions.lazyCellNames`) has it; its `index` is an error.
   */
  readonly someNames?: (start: number, end: number) => Promise<readonly string[]>;
  /** Column names in `column-order`. */
  readonly columns: readonly string[];
  /** @throws NOT_FOUND that names the most similar columns. */
  column(name: string): Promise<Column>;
}

/** The name of a matrix of an AnnData. */
export type MatrixName = "X" | `layers/${string}` | "raw/X";

/** A matrix that is read in row blocks; columns are var (or raw.var) in order. */
export interface Matrix {
  readonly name: MatrixName;
  readonly nRows: number;
  readonly nCols: number;
  readonly storage: "csr" | "csc" | "dense";
  /** The stored dtype in numpy spelling, such as `float32` or `int64`. */
  readonly dtype: string;
  /** Number of stored entries, if the container reports it. */
  readonly nStored: number | null;
  /** The row next to `row` at which a chunk of the file begins, if it has chunks. */
  nearestChunk?(row: number): number;
  /** True if reading any rows means reading all before them, as of text. */
  readonly isSequential?: boolean;
  /**
   * Streams consecutive row blocks as canonical CSR (see `core/csr.ts`), values as float32. At most a few
   * blocks are in memory. NaN and infinite values are errors.
   * @throws BAD_DATA for a non-finite value, an index out of range or an inconsistent indptr.
   */
  rows(options?: RowsOptions): AsyncIterable<RowBlock>;
  /** Describes an entry for messages, such as `gene "CD3E" of cell "AAAC-1"`. */
  entryName?(row: number, column: number): Promise<string>;
}

export interface RowsOptions {
  /** Rows of a block; by default so many that a block has about 8 MiB. */
  readonly blockRows?: number;
  /** Maximum number of rows of a block, if `blockRows` is not given. */
  readonly maxRows?: number;
  readonly start?: number;
  readonly end?: number;
  /** The next block may reuse the memory of the current one, which the caller no longer uses. */
  readonly reuse?: boolean;
  /** Threads that may read and decompress at the same time; default 1. The blocks are the same with any number. */
  readonly numThreads?: number | "max" | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One stored element as `inspect` shows it. */
export interface ElementSummary {
  /** The path, such as `obsm/X_umap`. */
  readonly path: string;
  /** `encoding-type`, or the form of an element without one. */
  readonly encoding: string;
  readonly dtype: string | null;
  readonly shape: readonly number[] | null;
}

/** An open dataset. Close it when done; reading after that is a USAGE error. */
export interface AnnData {
  /** File name for messages, or `memory`. */
  readonly source: string;
  /** The input that it was opened from; null if it was made in memory. */
  readonly input: FileInput | null;
  /** The storage. Absent for a dataset in memory. */
  readonly stored?: {
    /** The container, such as `h5ad` or `zarr`. */
    readonly format: string;
    /**
     * Access to its elements; null if the container has none.
     * @internal
     */
    readonly store: ArrayStore | null;
    /** Paths of its files, if they differ from the opened path. */
    readonly files?: readonly string[];
    /** For one of several datasets in a container, such as a modality: its path there. */
    readonly part?: string;
  };
  /**
   * For a view with other genes: for each gene its row in the stored var (-1 for none), and settings that are
   * not stored. `stored` is then that of the underlying dataset.
   */
  readonly reshaped?: {
    readonly varFrom: Int32Array;
    readonly uns: ReadonlyMap<string, ConfigMap>;
  };
  /**
   * For a view with some of the cells: their stored rows, ascending. `stored` is then that of the underlying
   * dataset.
   */
  readonly selected?: Uint32Array;
  /** Messages of opening; absent if there are none. */
  readonly notices?: readonly Notice[];
  /** What opening did and is as it should be, such as leaving out antibodies; absent if there is nothing. */
  readonly notes?: readonly Notice[];
  /**
   * For a view with the genes among the features: for each gene its stored row, and the dataset with every feature, which
   * is what is written.
   */
  readonly knownGenes?: { readonly rows: Int32Array; readonly whole: AnnData };
  readonly nObs: number;
  readonly nVars: number;
  readonly obs: DataFrame;
  readonly var: DataFrame;
  readonly obsmKeys: readonly string[];
  readonly layerKeys: readonly string[];
  readonly hasX: boolean;
  readonly hasRaw: boolean;
  /** @throws NOT_FOUND that lists the existing matrices. */
  matrix(name?: MatrixName): Promise<Matrix>;
  /** Gene names of a matrix: `raw.var` for `raw/X`, else `var`. */
  varNames(name?: MatrixName): Promise<readonly string[]>;
  /** The table of the genes of `raw/X`; null without one. Absent for a dataset that never has raw. */
  rawVar?(): Promise<DataFrame | null>;
  /** @throws NOT_FOUND that lists the obsm keys; BAD_DATA if the array is not numeric and two-dimensional. */
  obsm(key: string): Promise<DenseMatrix>;
  readonly unsKeys: readonly string[];
  /**
   * One unstructured element; arrays become (nested) lists.
   * @throws NOT_FOUND that lists the keys; UNSUPPORTED for an unsupported encoding.
   */
  uns(key: string): Promise<ConfigValue>;
  /** All elements besides obs and var, of any encoding, without reading values. */
  elements(): Promise<readonly ElementSummary[]>;
  close(): Promise<void>;
}
