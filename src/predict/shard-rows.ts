/** Divides the rows of a query into shards (docs/specification/6-cli.md#shards). @module */
import type { Matrix } from "../anndata/types.ts";
import type { RowRange } from "../core/csr.ts";
import { usageError } from "../core/option-checks.ts";
import { option, phrase } from "../errors.ts";

/** One of several parts of a query. */
export interface Shard {
  /** From 1 on. */
  readonly index: number;
  readonly of: number;
}

/** More shards than this are a slip. */
const MAX_SHARDS = 100_000;

/** @throws USAGE for a number that is not among those of the shards. */
export function checkShard({ index, of }: Shard): void {
  if (!(Number.isSafeInteger(of) && of >= 1 && of <= MAX_SHARDS))
    throw usageError(phrase`${option("shard")} is of ${of} shards, expected 1 to ${MAX_SHARDS}`);
  if (!(Number.isSafeInteger(index) && index >= 1 && index <= of))
    throw usageError(phrase`${option("shard")} is ${index} of ${of}, expected 1 to ${of}`);
}

/**
 * The rows of a shard: an equal share, which begins and ends at a chunk of the file where one is nearer than a quarter of that
 * share. The shards of a query are all of its rows, in order.
 */
export function shardRows(matrix: Pick<Matrix, "nRows" | "nearestChunk">, { index, of }: Shard): RowRange {
  const share = matrix.nRows / of;
  const cut = (i: number): number => {
    const row = Math.round((i * matrix.nRows) / of);
    if (i === 0 || i === of) return row;
    const chunk = matrix.nearestChunk?.(row) ?? row;
    return Math.abs(chunk - row) < share / 4 ? chunk : row;
  };
  return { start: cut(index - 1), end: cut(index) };
}
