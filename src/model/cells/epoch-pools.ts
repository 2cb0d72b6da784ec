/**
 * Which cells of an epoch are in memory together, where all are too many.
 *
 * Rows that follow each other in the file are blocks. An epoch takes the blocks in random order, some of them at a time: a
 * pool, whose cells are used in random order (block sampling with a buffer, as scDataset and annbatch publish it).
 * @module
 */
import { permutation } from "../../core/rng.ts";

/** How the rows of a matrix are divided. */
export interface PoolPlan {
  readonly nRows: number;
  /** Rows of a block; the last block may have fewer. */
  readonly blockRows: number;
  readonly nBlocks: number;
  readonly nPools: number;
}

/** A pool has at least so many blocks, from all over the file. */
const LEAST_BLOCKS = 64;
/** Beyond, reading a block costs little more than the chunks of the file that it lies in. */
const MOST_BLOCK_ROWS = 256;

/** Pools of at most about `bufferCells` rows. */
export function planPools(nRows: number, bufferCells: number): PoolPlan {
  const blockRows = Math.max(1, Math.min(MOST_BLOCK_ROWS, Math.floor(bufferCells / LEAST_BLOCKS)));
  const nBlocks = Math.ceil(nRows / blockRows);
  const most = Math.max(1, Math.floor(bufferCells / blockRows));
  return { nRows, blockRows, nBlocks, nPools: Math.ceil(nBlocks / most) };
}

/** The cells of an epoch, pool by pool. */
export interface PooledOrder {
  readonly order: Uint32Array;
  /** Where each pool ends in the order. */
  readonly ends: Uint32Array;
  /** The blocks of each pool, rising. */
  readonly blocks: readonly Uint32Array[];
}

/** The cells `drawn`, which are in random order and may repeat, by pools; within a pool they keep that order. */
export function poolOrder(
  drawn: Uint32Array,
  { nBlocks, nPools, blockRows }: PoolPlan,
  key: number,
): PooledOrder {
  const shuffledBlocks = permutation(key, nBlocks);
  const starts = Array.from({ length: nPools + 1 }, (_, p) => Math.floor((p * nBlocks) / nPools));
  const poolOf = new Uint32Array(nBlocks);
  const blocks = Array.from({ length: nPools }, (_, p) => {
    const own = shuffledBlocks.slice(starts[p], starts[p + 1]).sort();
    for (const block of own) poolOf[block] = p;
    return own;
  });
  const ends = new Uint32Array(nPools);
  for (const row of drawn) ends[poolOf[Math.floor(row / blockRows)]]++;
  for (let p = 1; p < nPools; p++) ends[p] += ends[p - 1];
  const next = Uint32Array.from({ length: nPools }, (_, p) => (p === 0 ? 0 : ends[p - 1]));
  const order = new Uint32Array(drawn.length);
  for (const row of drawn) order[next[poolOf[Math.floor(row / blockRows)]]++] = row;
  return { order, ends, blocks };
}

/** Ranges of rows of the blocks, which rise; blocks that follow each other are one range. */
export function rangesOf(
  blocks: Uint32Array,
  { blockRows, nRows }: PoolPlan,
): { start: number; end: number }[] {
  const ranges: { start: number; end: number }[] = [];
  for (const block of blocks) {
    const [start, end] = [block * blockRows, Math.min((block + 1) * blockRows, nRows)];
    const last = ranges.at(-1);
    if (last?.end === start) last.end = end;
    else ranges.push({ start, end });
  }
  return ranges;
}
