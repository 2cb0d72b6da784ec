/** The results that are added to a stored dataset. @module */
import type { ConfigMap } from "../../core/config.ts";
import type { DenseMatrix } from "../../core/dense.ts";
import type { Column } from "../types.ts";

/** A table in obsm, with the names of the cells. */
export interface AddedTable {
  readonly nRows: number;
  readonly index: readonly string[];
  /** Numbers are written as float32; a function makes them when they are written. */
  readonly columns: ReadonlyMap<string, Column | Float32Array | (() => Float32Array)>;
}

/** Results to add. Existing elements of the same name are replaced. */
export interface Additions {
  /** Columns of obs, appended in this order. */
  readonly obs?: ReadonlyMap<string, Column>;
  readonly obsm?: ReadonlyMap<string, DenseMatrix>;
  readonly obsmTables?: ReadonlyMap<string, AddedTable>;
  /** Settings by their key in uns. */
  readonly uns?: ReadonlyMap<string, ConfigMap>;
  /** True for additional obs columns to remove, such as those of an earlier run. */
  readonly removeObs?: (name: string) => boolean;
  readonly removeObsm?: (key: string) => boolean;
  readonly removeUns?: (key: string) => boolean;
}

/** The names of future additions. */
export interface AdditionNames extends Pick<Additions, "removeObs" | "removeObsm" | "removeUns"> {
  readonly obs?: Names;
  readonly obsm?: Names;
  /** The names of columns by table. */
  readonly obsmTables?: ReadonlyMap<string, { readonly columns: Names }>;
  readonly uns?: Names;
}

/** The keys of a Map, or a Set. */
export interface Names {
  readonly size: number;
  has(name: string): boolean;
  keys(): Iterable<string>;
}
