/** Cells of the query that need words: without counts, and cells of the reference. @module */
import type { RowBlock } from "../core/csr.ts";
import type { DenseMatrix } from "../core/dense.ts";
import { notice } from "../errors.ts";
import type { Warning } from "./types.ts";

/** Passes blocks on and marks their rows without a value in `isEmpty`. */
export async function* markEmpty(
  rows: AsyncIterable<RowBlock>,
  isEmpty: Uint8Array,
): AsyncGenerator<RowBlock> {
  for await (const block of rows) {
    const { indptr, nRows } = block.csr;
    for (let r = 0; r < nRows; r++) if (indptr[r] === indptr[r + 1]) isEmpty[block.firstRow + r] = 1;
    yield block;
  }
}

/** So many shared cells, and this share of the query, are no chance. */
const LEAST_CELLS = 5;
const LEAST_SHARE = 0.01;

/**
 * How many cells have the very coordinates of one reference cell each; 0 where chance may explain as many. With few genes
 * different cells agree in all of them: so do reference cells with each other, and their share is the chance.
 */
export function countShared(queries: DenseMatrix, reference: DenseMatrix, isEmpty: Uint8Array): number {
  if (queries.nCols !== reference.nCols) return 0;
  const { firstAt, nReference } = indexed(reference);
  /** Cells at the coordinates of a reference cell, by the first such one. */
  const nQuery = new Uint32Array(reference.nRows);
  let nCells = 0;
  for (let q = 0; q < queries.nRows; q++) {
    if (isEmpty[q] !== 0) continue;
    nCells++;
    const first = firstAt(queries, q);
    if (first !== null) nQuery[first]++;
  }
  let [n, nAlike] = [0, 0];
  nReference.forEach((own, r) => {
    if (own > 1) nAlike += own;
    else if (own === 1 && nQuery[r] === 1) n++;
  });
  return n > (nAlike / reference.nRows) * nCells ? n : 0;
}

type Finder = (cells: DenseMatrix, row: number) => number | null;

interface IndexedReference {
  /** The first reference cell at the very coordinates of a row of cells; null if there is none. */
  readonly firstAt: Finder;
  /** Reference cells at the coordinates of each, by the first such one. */
  readonly nReference: Uint32Array;
}

/** By the points of the reference: the queries of a study have the same. */
const indexes = new WeakMap<DenseMatrix, IndexedReference>();

function indexed(reference: DenseMatrix): IndexedReference {
  const known = indexes.get(reference);
  if (known !== undefined) return known;
  const made = indexRows(reference);
  indexes.set(reference, made);
  return made;
}

/** A table of the rows by the hashes of their coordinates, in which the next free place is taken. */
function indexRows(reference: DenseMatrix): IndexedReference {
  const { nRows, nCols } = reference;
  let nPlaces = 4;
  while (nPlaces < 2 * nRows) nPlaces *= 2;
  /** Rows from 1 on, 0 where a place is free, and their hashes. */
  const rows = new Uint32Array(nPlaces);
  const hashes = new Int32Array(nPlaces);
  /** The place of a row, or a free one where it would be. */
  const placeOf = (cells: DenseMatrix, row: number, hash: number): number => {
    let place = hash & (nPlaces - 1);
    for (; rows[place] !== 0; place = (place + 1) & (nPlaces - 1)) {
      if (hashes[place] !== hash) continue;
      const other = (rows[place] - 1) * nCols;
      let c = 0;
      while (c < nCols && cells.data[row * nCols + c] === reference.data[other + c]) c++;
      if (c === nCols) break;
    }
    return place;
  };
  const nReference = new Uint32Array(nRows);
  const words = wordsOf(reference);
  for (let row = 0; row < nRows; row++) {
    const hash = hashOf(words, row, nCols);
    const place = placeOf(reference, row, hash);
    if (rows[place] === 0) {
      rows[place] = row + 1;
      hashes[place] = hash;
    }
    nReference[rows[place] - 1]++;
  }
  const firstAt: Finder = (cells, row) => {
    const found = rows[placeOf(cells, row, hashOf(wordsOf(cells), row, nCols))];
    return found === 0 ? null : found - 1;
  };
  return { firstAt, nReference };
}

const wordsOf = ({ data }: DenseMatrix): Uint32Array =>
  new Uint32Array(data.buffer, data.byteOffset, data.length);

/** A warning if so many of the `nCells` cells of a query are cells of the reference that it is no chance; null otherwise. */
export function sharedCells(n: number, nCells: number, where: string): Warning | null {
  if (n < LEAST_CELLS || n < LEAST_SHARE * nCells) return null;
  return notice(`${n} of the query's ${nCells} cells are cells of the reference`, {
    where,
    hint: "their labels are no test of the model: score cells that it was not trained on",
  });
}

/** FNV-1a over the bits of a row. */
function hashOf(words: Uint32Array, row: number, nCols: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let at = row * nCols; at < (row + 1) * nCols; at++) hash = Math.imul(hash ^ words[at], 0x01000193);
  // The low bits choose the place, and the multiplications carry upwards only.
  return hash ^ (hash >>> 15);
}
