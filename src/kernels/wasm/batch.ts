/**
 * The cells of one step in the arena: their sparse rows, and in training their targets. There are two slots, so
 * that the next batch is gathered while the current one is computed.
 * @module
 */
import type { Csr } from "../../core/csr.ts";
import { AtlasmtlError } from "../../errors.ts";
import type { LossOptions, NetworkShape, TrainingData } from "../types.ts";
import type { Arena, Plan } from "./memory.ts";
import { BATCH, writeRecord } from "./structs.ts";

export interface BatchSize {
  readonly capacity: number;
  readonly nGenes: number;
  readonly maxEntries: number;
  readonly nLabelHeads: number;
  /** Sum of the coordinate heads' widths. */
  readonly coordWidth: number;
  readonly nCoordHeads: number;
  readonly hasValues: boolean;
}

/** Addresses of one slot, relative to the slots' region until placed. */
export interface BatchSlot {
  readonly record: number;
  readonly bounds: number;
  readonly indices: number;
  readonly values: number;
  readonly labels: number;
  readonly labelScales: number;
  readonly targets: number;
  readonly coordScales: number;
}

export function planBatch(plan: Plan, size: BatchSize): BatchSlot {
  const { capacity, nGenes, maxEntries, nLabelHeads, coordWidth, nCoordHeads, hasValues } = size;
  return {
    record: plan.reserve(BATCH.length * 4),
    bounds: plan.reserve((countTiles(nGenes) + 1) * capacity * 4),
    indices: plan.reserve(maxEntries * 4),
    values: plan.reserve(hasValues ? maxEntries * 4 : 0),
    labels: plan.reserve(capacity * nLabelHeads * 4),
    labelScales: plan.reserve(capacity * nLabelHeads * 4),
    targets: plan.reserve(capacity * coordWidth * 4),
    coordScales: plan.reserve(nCoordHeads * 4),
  };
}

export function placeBatch(slot: BatchSlot, base: number): BatchSlot {
  return Object.fromEntries(
    Object.entries(slot).map(([name, at]) => [name, at + base]),
  ) as unknown as BatchSlot;
}

/** Changes the gathered values `values[start]` to `values[end − 1]` of the `i`-th gathered row in place. */
export type RowChange = (values: Float32Array, start: number, end: number, i: number) => void;

/**
 * Gathers the rows `rowAt(0)` to `rowAt(nRows - 1)` of `x` and writes the slot's record; every row goes
 * through `change`.
 */
export function gatherRows(
  arena: Arena,
  slot: BatchSlot,
  x: Csr,
  nRows: number,
  rowAt: (i: number) => number,
  change: RowChange | null = null,
): void {
  const views = arena.views();
  const { u32, f32 } = views;
  const { indptr, indices, data, nCols } = x;
  const nTiles = countTiles(nCols);
  const bounds = slot.bounds / 4;
  let entries = 0;
  for (let r = 0; r < nRows; r++) {
    const row = rowAt(r);
    const start = indptr[row];
    const end = indptr[row + 1];
    // Indices rise within a row, so the last tells of all. The kernels check none.
    if (end > start && indices[end - 1] >= nCols)
      throw new AtlasmtlError("BUG", `row ${row} has an entry of gene ${indices[end - 1]} of ${nCols}`);
    u32.set(indices.subarray(start, end), slot.indices / 4 + entries);
    if (data !== null) {
      const at = slot.values / 4 + entries;
      f32.set(data.subarray(start, end), at);
      change?.(f32, at, at + end - start, r);
    }
    let from = start;
    for (let tile = 0; tile < nTiles; tile++) {
      if (tile > 0) from = lowerBound(indices, from, end, tile * TILE_GENES);
      u32[bounds + tile * nRows + r] = entries + from - start;
    }
    entries += end - start;
    u32[bounds + nTiles * nRows + r] = entries;
  }
  const { record: _, ...addresses } = slot;
  writeRecord(views, slot.record, BATCH, {
    ...addresses,
    nRows,
    nTiles,
    values: data === null ? 0 : slot.values,
  });
}

/** A panel of so many genes takes a quarter of a mebibyte, a quarter of a usual second-level cache. */
const TILE_GENES = 4096;

function countTiles(nGenes: number): number {
  return Math.max(1, Math.ceil(nGenes / TILE_GENES));
}

/** The first place from `from` to `to` of sorted `indices` that holds at least `gene`. */
function lowerBound(indices: Uint16Array | Uint32Array, from: number, to: number, gene: number): number {
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (indices[middle] < gene) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** What turns a batch's row losses into its mean losses: one weight per row and label head. */
export interface BatchWeights {
  /** `[nRows, nLabelHeads]` class weight of the row's label, 0 where it is missing. */
  readonly rows: Float64Array;
  /** Per label head the sum of its rows. */
  readonly sums: Float64Array;
}

/** Gathers the targets of `rows` and the scales of their gradients (docs/specification/2-training.md#loss). */
export function gatherTargets(
  arena: Arena,
  slot: BatchSlot,
  shape: NetworkShape,
  data: Omit<TrainingData, "x">,
  loss: LossOptions,
  rows: Uint32Array,
  weights: BatchWeights,
): void {
  const { i32, f32 } = arena.views();
  const nHeads = shape.nClasses.length;
  const nRows = rows.length;
  for (let j = 0; j < nHeads; j++) {
    const codes = data.labels[j];
    const classWeights = loss.classWeights[j]!;
    let sum = 0;
    for (let r = 0; r < nRows; r++) {
      const code = codes[rows[r]];
      const weight = code < 0 ? 0 : classWeights === null ? 1 : classWeights[code];
      i32[slot.labels / 4 + r * nHeads + j] = code;
      weights.rows[r * nHeads + j] = weight;
      sum += weight;
    }
    weights.sums[j] = sum;
    const scale = sum > 0 ? loss.taskWeights[j] / sum : 0;
    for (let r = 0; r < nRows; r++)
      f32[slot.labelScales / 4 + r * nHeads + j] = scale * weights.rows[r * nHeads + j];
  }
  const width = shape.coordDims.reduce((total, dim) => total + dim, 0);
  let offset = 0;
  shape.coordDims.forEach((dim, c) => {
    const target = data.coords[c].data;
    for (let r = 0; r < nRows; r++) {
      const from = rows[r] * dim;
      const to = slot.targets / 4 + r * width + offset;
      for (let d = 0; d < dim; d++) f32[to + d] = target[from + d];
    }
    f32[slot.coordScales / 4 + c] = loss.coordWeights[c] / (dim * nRows);
    offset += dim;
  });
}
