/** Sums of the scaled values of a cell times weights, in any thread. @module */
import type { Csr } from "../../core/csr.ts";
import type { GeneScaling } from "./types.ts";

/** Outputs that are summed at once, in variables: several times faster than in an array. */
const TILE = 4;

/** Rows that one tile of weights is used for while the cache holds it. */
const ROWS_AT_ONCE = 256;

/** Weights with all that is needed to sum by them. */
export interface WeightTable {
  /** Each gene's value is multiplied by its scale and no more than its cap. */
  readonly scaling: Pick<GeneScaling, "scale" | "cap">;
  /** The weights of every `TILE` outputs, [nGenes, TILE], with zeros after the last output. */
  readonly tiles: readonly Float64Array[];
  /** One for each output. */
  readonly offsets: Float64Array;
}

/** The sums of rows, [nRows, outputs]. */
export type RowSums = (values: Csr) => Float32Array;

/** What sums the values of rows; it works in memory that it keeps. */
export function rowSums({ scaling: { scale, cap }, tiles, offsets }: WeightTable): RowSums {
  const nOutputs = offsets.length;
  const nTiles = tiles.length;
  let scaled = new Float64Array(0);
  return ({ nRows, indptr, indices, data }) => {
    const out = new Float32Array(nRows * nOutputs);
    const sums = new Float64Array(nTiles * TILE);
    sums.set(offsets);
    const firstSums = tiles.map((_, t) => sums.subarray(t * TILE));
    for (let from = 0; from < nRows; from += ROWS_AT_ONCE) {
      const to = Math.min(from + ROWS_AT_ONCE, nRows);
      const [first, end] = [indptr[from], indptr[to]];
      if (scaled.length < end - first) scaled = new Float64Array(end - first);
      for (let e = first; e < end; e++) {
        const g = indices[e];
        scaled[e - first] = Math.min((data === null ? 1 : data[e]) * scale[g], cap[g]);
      }
      for (let t = 0; t < nTiles; t++)
        for (let row = from; row < to; row++) {
          const [start, stop] = [indptr[row] - first, indptr[row + 1] - first];
          const own = addTile(firstSums[t], tiles[t], scaled, indices, first, start, stop);
          for (let j = 0; j < TILE && t * TILE + j < nOutputs; j++)
            out[row * nOutputs + t * TILE + j] = own[j];
        }
    }
    return out;
  };
}

/** Memory that threads share where they can. */
function sharedFloats(length: number): Float64Array {
  return typeof SharedArrayBuffer === "function"
    ? new Float64Array(new SharedArrayBuffer(8 * length))
    : new Float64Array(length);
}

/** Weights [nGenes, nOutputs] as {@link WeightTable} has them. */
export function weightTiles(weights: Float64Array, nOutputs: number): Float64Array[] {
  const nGenes = weights.length / nOutputs;
  return Array.from({ length: Math.ceil(nOutputs / TILE) }, (_, t) => {
    const tile = sharedFloats(nGenes * TILE);
    const [from, to] = [t * TILE, Math.min((t + 1) * TILE, nOutputs)];
    for (let g = 0; g < nGenes; g++)
      tile.set(weights.subarray(g * nOutputs + from, g * nOutputs + to), g * TILE);
    return tile;
  });
}

/** `TILE` offsets plus a row's values times `tile`, valid until the next call; every sum takes the genes in their order. */
function addTile(
  offsets: Float64Array,
  tile: Float64Array,
  scaled: Float64Array,
  indices: Csr["indices"],
  shift: number,
  start: number,
  stop: number,
): Float64Array {
  let a = offsets[0];
  let b = offsets[1];
  let c = offsets[2];
  let d = offsets[3];
  for (let e = start; e < stop; e++) {
    const value = scaled[e];
    const at = indices[e + shift] * TILE;
    a += value * tile[at];
    b += value * tile[at + 1];
    c += value * tile[at + 2];
    d += value * tile[at + 3];
  }
  const own = TILE_SUMS;
  own[0] = a;
  own[1] = b;
  own[2] = c;
  own[3] = d;
  return own;
}

const TILE_SUMS = new Float64Array(TILE);
