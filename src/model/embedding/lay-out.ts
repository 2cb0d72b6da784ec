/**
 * Moves cells on a map until near ones of the graph are near and others are not: stochastic gradient descent with negative
 * samples (McInnes and others, 2018, section 3.2 and algorithm 5).
 *
 * In each epoch every cell moves by itself, past the places that all others had when the epoch began, and its random
 * numbers are a function of cell and epoch. So nothing depends on the order in which the cells move.
 * @module
 */
import type { DenseMatrix } from "../../core/dense.ts";
import { nextTurn, throwIfAborted, type WorkOptions } from "../../core/progress.ts";
import { hash32, randomBelow } from "../../core/rng.ts";
import type { NearnessCurve } from "./curve.ts";
import { forceAt, forceTables } from "./forces.ts";
import type { FuzzyGraph } from "./fuzzy-graph.ts";

export interface LayoutOptions {
  readonly curve: NearnessCurve;
  readonly epochs: number;
  /** Of the stream that draws the cells that push. */
  readonly key: number;
}

/** Cells that push a cell each time that one pulls it. */
const NEGATIVE_SAMPLES = 5;
/** The longest step along an axis, before the rate. */
const MAX_STEP = 4;
/** Cells moved between two looks at the signal. */
const CELLS_AT_ONCE = 16_384;

/**
 * Lays out the cells of `graph` from the places `start`, [cells, 2]. The rate of the steps falls from 1 to 0; an edge pulls in
 * the share of the epochs that its weight is of the largest.
 * @throws ABORTED by the signal.
 */
export async function layOut(
  { starts, ends, weights }: FuzzyGraph,
  start: DenseMatrix,
  { curve, epochs, key }: LayoutOptions,
  { signal, onProgress }: WorkOptions,
): Promise<DenseMatrix> {
  const { attraction, repulsion } = forceTables(curve);
  const n = start.nRows;
  let now = start.data.slice();
  let next = new Float32Array(2 * n);
  const largest = weights.reduce((most, weight) => Math.max(most, weight), 0);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const rate = 1 - epoch / epochs;
    const epochKey = hash32((key + Math.imul(epoch, 0x9e3779b9)) | 0);
    for (let from = 0; from < n; from += CELLS_AT_ONCE) {
      throwIfAborted(signal);
      await nextTurn();
      for (let cell = from; cell < Math.min(n, from + CELLS_AT_ONCE); cell++) {
        const cellKey = hash32((epochKey + cell) | 0);
        let drawn = 0;
        let [x, y] = [now[2 * cell], now[2 * cell + 1]];
        const pull = (other: number): void => {
          const [dx, dy] = [x - now[2 * other], y - now[2 * other + 1]];
          const square = dx * dx + dy * dy;
          if (square === 0) return;
          const force = forceAt(attraction, square);
          x -= rate * clipped(force * dx);
          y -= rate * clipped(force * dy);
        };
        for (let e = starts[cell]; e < starts[cell + 1]; e++) {
          const share = weights[e] / largest;
          if (Math.floor((epoch + 1) * share) === Math.floor(epoch * share)) continue;
          pull(ends[e]);
          for (let s = 0; s < NEGATIVE_SAMPLES; s++) {
            const other = randomBelow(cellKey, drawn++, n);
            if (other === cell) continue;
            const [dx, dy] = [x - now[2 * other], y - now[2 * other + 1]];
            const square = dx * dx + dy * dy;
            const force = forceAt(repulsion, square);
            x += rate * (square > 0 ? clipped(force * dx) : MAX_STEP);
            y += rate * (square > 0 ? clipped(force * dy) : MAX_STEP);
          }
          // An edge is drawn from either end, and each time pulls both.
          pull(ends[e]);
        }
        next[2 * cell] = x;
        next[2 * cell + 1] = y;
      }
    }
    [now, next] = [next, now];
    onProgress?.({ phase: "layout", done: epoch + 1, total: epochs });
  }
  return { nRows: n, nCols: 2, data: now };
}

const clipped = (step: number): number => Math.max(-MAX_STEP, Math.min(MAX_STEP, step));
