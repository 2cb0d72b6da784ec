import { expect, test } from "vitest";
import { randomUniform } from "../core/rng.ts";
import { createEngine } from "../kernels/engine.ts";
import { createReferenceEngine } from "../kernels/reference/engine.ts";
import { fitClassDistances } from "../model/components/class-distances.ts";
import type { ColumnDistances } from "../model/components/query-distances.ts";
import type { ComponentSpace } from "../model/components/types.ts";
import { smoothDistances } from "./smooth-distances.ts";

const WIDTH = 3;
const N = 120;
const draw = (i: number) => randomUniform(3, i);
/** Three clusters; the last one is small, and its cells lie together. */
const clusterOf = (cell: number): number => (cell % 6 === 5 ? 2 : cell % 2);
const scores = {
  nRows: N,
  nCols: WIDTH,
  data: Float32Array.from({ length: N * WIDTH }, (_, i) => {
    const cell = Math.floor(i / WIDTH);
    return (i % WIDTH === clusterOf(cell) ? 9 : 0) + 2 * draw(i);
  }),
};
const codes = Int32Array.from({ length: N }, (_, cell) => Math.min(1, clusterOf(cell)));
const rows = Uint32Array.from({ length: N }, (_, cell) => cell);
const fitted = fitClassDistances(scores, codes, 2, rows);
const space = {
  columns: [
    {
      column: "type",
      ...fitted,
      heldOut: new Float32Array(1),
      quartiles: new Float32Array(2),
      medians: new Float32Array(2),
    },
  ],
} as unknown as ComponentSpace;

const measured = (percentiles: Float32Array): ColumnDistances => ({
  column: "type",
  percentiles,
  classes: codes,
  spread: 1,
});

/** In units of the classes, by solving with the whole covariance; the reference of the search. */
function nearestOthers(cell: number, k: number): number[] {
  const square = (a: number, b: number) => {
    let sum = 0;
    const from = Array.from(
      { length: WIDTH },
      (_, j) => scores.data[a * WIDTH + j] - scores.data[b * WIDTH + j],
    );
    const solved: number[] = [];
    for (let i = 0; i < WIDTH; i++) {
      let value = from[i];
      for (let j = 0; j < i; j++) value -= fitted.factor[i * WIDTH + j] * solved[j];
      solved.push(value / fitted.factor[i * WIDTH + i]);
      sum += solved[i] ** 2;
    }
    return sum;
  };
  return [...rows]
    .filter((other) => other !== cell)
    .sort((a, b) => square(cell, a) - square(cell, b) || a - b)
    .slice(0, k);
}

/** Cells of the last cluster lie off, each a little less than would be told by itself; some of the others by chance. */
const percentiles = Float32Array.from({ length: N }, (_, cell) =>
  clusterOf(cell) === 2 ? 0.88 + 0.06 * draw(cell) : cell % 17 === 0 ? 0.97 : 0.9 * draw(1000 + cell),
);

test("are the cube root of 0.3 of a cell's own and 0.7 of the mean of its 15 nearest, from one half on", async () => {
  const [smoothed] = await smoothDistances([measured(percentiles)], scores, space, {
    engine: createReferenceEngine(),
  });
  for (let cell = 0; cell < N; cell++) {
    const own = percentiles[cell];
    const near = nearestOthers(cell, 15);
    const mean = near.reduce((sum, other) => sum + percentiles[other], 0) / near.length;
    expect(smoothed[cell]).toBeCloseTo(own < 0.5 ? own : Math.cbrt(0.3 * own + 0.7 * mean), 6);
  }
});

test("find a type whose cells lie off together, and spare single cells that do", async () => {
  const [smoothed] = await smoothDistances([measured(percentiles)], scores, space, {
    engine: createReferenceEngine(),
  });
  const isUnknown = (distance: number) => distance >= 0.95;
  const share = (values: Float32Array, isNew: boolean) => {
    const own = [...values].filter((_, cell) => (clusterOf(cell) === 2) === isNew);
    return own.filter(isUnknown).length / own.length;
  };
  expect(share(percentiles, true)).toBe(0);
  expect(share(percentiles, false)).toBeGreaterThan(0.03);
  expect(share(smoothed, true)).toBeGreaterThan(0.9);
  expect(share(smoothed, false)).toBe(0);
});

test("are the same bits with any engine and number of threads, and stay of fewer than 50 cells", async () => {
  const plain = await smoothDistances([measured(percentiles)], scores, space, {
    engine: createReferenceEngine(),
  });
  for (const numThreads of [1, 2]) {
    const engine = await createEngine({ numThreads });
    try {
      expect(await smoothDistances([measured(percentiles)], scores, space, { engine })).toEqual(plain);
    } finally {
      engine.dispose();
    }
  }
  const few = { nRows: 49, nCols: WIDTH, data: scores.data.subarray(0, 49 * WIDTH) };
  const own = percentiles.slice(0, 49);
  expect(await smoothDistances([measured(own)], few, space, { engine: createReferenceEngine() })).toEqual([
    own,
  ]);
});

test("a stop is heard", async () => {
  const signal = AbortSignal.abort();
  await expect(
    smoothDistances([measured(percentiles)], scores, space, { engine: createReferenceEngine(), signal }),
  ).rejects.toMatchObject({ code: "ABORTED" });
});
