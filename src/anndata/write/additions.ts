/** What is added to a stored dataset. @module */
import type { ConfigMap } from "../../core/config.ts";
import type { DenseMatrix } from "../../core/dense.ts";
import type { Column } from "../types.ts";

/** Results to add. What exists under the same name is replaced. */
export interface Additions {
  /** Columns of obs, appended in this order. */
  readonly obs?: ReadonlyMap<string, Column>;
  readonly obsm?: ReadonlyMap<string, DenseMatrix>;
  /** Settings by their key in uns. */
  readonly uns?: ReadonlyMap<string, ConfigMap>;
  /** True for further columns of obs to take out, such as those of an earlier run. */
  readonly removeObs?: (name: string) => boolean;
  readonly removeObsm?: (key: string) => boolean;
  readonly removeUns?: (key: string) => boolean;
}

/** What is about to be added, before it is there. */
export interface AdditionNames extends Pick<Additions, "removeObs" | "removeObsm" | "removeUns"> {
  readonly obs?: Names;
  readonly obsm?: Names;
  readonly uns?: Names;
}

/** The keys of a Map, or a Set. */
export interface Names {
  readonly size: number;
  has(name: string): boolean;
  keys(): Iterable<string>;
}
