/** Scores blocks of rows by the linear views of a model, in threads where there is enough to do. @module */

import { platform } from "#platform";
import type { Csr } from "../core/csr.ts";
import { createThreadPool, type ThreadPool } from "../core/thread-pool.ts";
import { consecutiveRows } from "../model/encode.ts";
import type { LinearViews } from "../model/linear/types.ts";
import { createViewScorer, type Measured, readyView, scoreViews } from "../model/linear/view-scores.ts";
import { VIEWS_THREAD } from "../model/linear/views-thread-code.ts";

/** Products of values and weights that are worth the start of threads, half a second or more. */
const LEAST_PRODUCTS = 5e8;
/** Rows that a thread gets at least. */
const LEAST_ROWS = 8;
const MAX_THREADS = 16;

/** By view the scores of rows, [nRows, classes of all label columns]. */
export type Scores = readonly Float32Array[];

export interface BlockScorer {
  /** Scores aligned rows whose values are taken as `values`; the rows may be overwritten afterwards. */
  score(rows: Csr, values: LinearViews["values"]): Scores | Promise<Scores>;
  /** No more rows come. */
  close(): void;
}

/**
 * A scorer of `nCells` cells whose measured genes are known; counts are normalised to `share` of 10,000. Scores are the same with any
 * number of threads.
 */
export function createBlockScorer(
  linear: LinearViews,
  measured: Measured,
  share: number,
  { nCells, numThreads }: { readonly nCells: number; readonly numThreads: number | "max" },
): BlockScorer {
  const scorers = linear.views.map((view) => createViewScorer(view, measured));
  const most = Math.min(numThreads === "max" ? platform.info.cpuCount : numThreads, MAX_THREADS);
  const nOutputs = linear.views[0].heads.reduce((sum, { intercepts }) => sum + intercepts.length, 0);
  const alone = (rows: Csr, values: LinearViews["values"]): Float32Array[] =>
    scoreViews({ ...linear, values }, scorers, rows, share);
  let pool: ThreadPool<Float32Array[]> | null | undefined;

  /** The threads, if the first rows say that they are worth their start. */
  function threadsFor({ nRows, indices }: Csr): typeof pool {
    const products = (indices.length / nRows) * nCells * nOutputs * linear.views.length;
    if (most < 2 || products < LEAST_PRODUCTS || !platform.threads.available) return null;
    const views = linear.views.map((view) => readyView(view, measured));
    const body = `${VIEWS_THREAD}\nfunction start(message, reply) { viewsThread.scoreRows(message, reply); }`;
    return createThreadPool(body, most, { views });
  }

  return {
    score(rows, values) {
      if (pool === undefined) pool = threadsFor(rows);
      if (!pool) return alone(rows, values);
      const size = Math.max(LEAST_ROWS, Math.ceil(rows.nRows / pool.numThreads));
      const parts: Promise<Float32Array[]>[] = [];
      for (let start = 0; start < rows.nRows; start += size) {
        const part = copyOf(consecutiveRows(rows, start, Math.min(start + size, rows.nRows)));
        const made = pool.run({ message: { rows: part, values, share } });
        parts.push(made.then((scores) => scores ?? alone(part, values)));
      }
      return Promise.all(parts).then((all) => linear.views.map((_, v) => joined(all.map((part) => part[v]))));
    },
    close() {
      pool?.close();
    },
  };
}

function copyOf({ indices, data, ...rows }: Csr): Csr {
  return { ...rows, indices: indices.slice(), data: data?.slice() ?? null };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0];
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
