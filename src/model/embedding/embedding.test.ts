import { afterAll, expect, test } from "vitest";
import type { DenseMatrix } from "../../core/dense.ts";
import { randomUniform, streamKey } from "../../core/rng.ts";
import { scoreCoordinates } from "../../evaluate/coordinates.ts";
import { createReferenceEngine } from "../../kernels/reference/engine.ts";
import { createWasmEngine } from "../../kernels/wasm/engine.ts";
import { fitNearnessCurve } from "./curve.ts";
import { embedPoints, placePoints } from "./embed-points.ts";
import { forceAt, forceTables } from "./forces.ts";
import { joinNeighbours, neighbourStrengths } from "./fuzzy-graph.ts";

const engine = createReferenceEngine();
const threads = await createWasmEngine({ numThreads: 2 });
afterAll(() => threads.dispose());

const CURVE = fitNearnessCurve(0.5, 1);
const options = { nNeighbors: 8, curve: CURVE, epochs: 100, key: 3 };

/** `n` points of clusters that lie far apart; the cluster of row r is r mod `nClusters`. */
function clusters(n: number, nClusters: number, nCols = 6): DenseMatrix {
  const key = streamKey(1, "clusters");
  const data = Float32Array.from({ length: n * nCols }, (_, i) => {
    const cluster = Math.floor(i / nCols) % nClusters;
    const centre = 20 * (randomUniform(streamKey(2, "centres"), cluster * nCols + (i % nCols)) - 0.5);
    return centre + randomUniform(key, i) + randomUniform(key, i + 1_000_000) - 1;
  });
  return { nRows: n, nCols, data };
}

test("the curve of nearness is that of umap-learn for its usual distances", () => {
  // umap.umap_.find_ab_params of umap-learn 0.5.12, which fits with SciPy.
  for (const [minDist, a, b] of [
    [0.1, 1.576943, 0.8950609],
    [0.5, 0.58303, 1.334167],
    [0, 1.932809, 0.7904949],
  ]) {
    const curve = fitNearnessCurve(minDist, 1);
    expect(curve.a).toBeCloseTo(a, 4);
    expect(curve.b).toBeCloseTo(b, 4);
  }
});

test("the graph is that of the definition, by brute force", async () => {
  const { nRows, nCols, data } = clusters(40, 3);
  const [n, k] = [6, 5];
  const distance = (i: number, j: number): number =>
    Math.hypot(...Array.from({ length: nCols }, (_, d) => data[i * nCols + d] - data[j * nCols + d]));
  const rows = Array.from({ length: nRows }, (_, i) =>
    Array.from({ length: nRows }, (_, j) => j)
      .filter((j) => j !== i)
      .sort((p, q) => distance(i, p) - distance(i, q) || p - q)
      .slice(0, k),
  );
  const found = {
    k,
    indices: Uint32Array.from(rows.flat()),
    distances: Float64Array.from(rows.flatMap((row, i) => row.map((j) => distance(i, j)))),
  };
  const strengths = neighbourStrengths(found, n);
  for (let i = 0; i < nRows; i++) {
    const own = strengths.subarray(i * k, (i + 1) * k);
    expect(own[0]).toBe(1);
    expect(own.reduce((sum, each) => sum + each, 0)).toBeCloseTo(Math.log2(n), 3);
    // One scale explains all strengths of a cell.
    const scales = [...own].flatMap((each, j) =>
      j === 0 ? [] : [-(found.distances[i * k + j] - found.distances[i * k]) / Math.log(each)],
    );
    for (const scale of scales) expect(scale).toBeCloseTo(scales[0], 3);
  }
  const strength = (i: number, j: number): number => {
    const at = rows[i].indexOf(j);
    return at < 0 ? 0 : strengths[i * k + at];
  };
  const graph = joinNeighbours(found, strengths);
  for (let i = 0; i < nRows; i++) {
    const expected = Array.from({ length: nRows }, (_, j) => [j, strength(i, j), strength(j, i)])
      .filter(([, p, q]) => p + q > 0)
      .map(([j, p, q]) => [j, Math.fround(p + q - p * q)]);
    const [from, to] = [graph.starts[i], graph.starts[i + 1]];
    expect(Array.from(graph.ends.subarray(from, to), (j, e) => [j, graph.weights[from + e]])).toEqual(
      expected,
    );
  }
});

test("the tables hold the forces to four digits, from the closest cells to the farthest", () => {
  const { a, b } = CURVE;
  const { attraction, repulsion } = forceTables(CURVE);
  for (let square = 1e-9; square < 1e6; square *= 1.7) {
    const power = square ** b;
    const pull = (2 * a * b * power) / square / (1 + a * power);
    const push = (2 * b) / ((0.001 + square) * (1 + a * power));
    expect(forceAt(attraction, square) / pull).toBeCloseTo(1, 3);
    expect(forceAt(repulsion, square) / push).toBeCloseTo(1, 3);
  }
});

test("clusters stay apart on the map, and neighbours stay near", async () => {
  const points = clusters(600, 5);
  const places = await embedPoints(points, options, { engine: threads });
  const middle = (cluster: number): number[] =>
    [0, 1].map((axis) => {
      const own = Array.from({ length: 120 }, (_, i) => places.data[2 * (5 * i + cluster) + axis]);
      return own.reduce((sum, each) => sum + each, 0) / own.length;
    });
  const middles = Array.from({ length: 5 }, (_, cluster) => middle(cluster));
  for (let row = 0; row < points.nRows; row++) {
    const far = middles.map(([x, y]) => Math.hypot(places.data[2 * row] - x, places.data[2 * row + 1] - y));
    expect(far.indexOf(Math.min(...far))).toBe(row % 5);
  }
  const flat = { nRows: 600, nCols: 6, data: new Float32Array(3600) };
  for (let row = 0; row < 600; row++) flat.data.set(places.data.subarray(2 * row, 2 * row + 2), 6 * row);
  expect((await scoreCoordinates(points, flat)).trustworthiness).toBeGreaterThan(0.95);
});

test("a map is the same to the bit on any engine with any number of threads, and another with another key", async () => {
  const points = clusters(150, 3);
  const once = await embedPoints(points, options, { engine });
  expect(await embedPoints(points, options, { engine: threads })).toEqual(once);
  expect((await embedPoints(points, { ...options, key: 4 }, { engine })).data).not.toEqual(once.data);
});

test("cells on one place get finite places", async () => {
  const points = { nRows: 60, nCols: 3, data: new Float32Array(180).map((_, i) => (i < 150 ? 1 : i)) };
  const { data } = await embedPoints(points, options, { engine });
  expect(data.every(Number.isFinite)).toBe(true);
});

test("cells that are not laid out get a place among their neighbours", async () => {
  const points = clusters(300, 3);
  const places = await embedPoints(points, options, { engine: threads });
  const again = await placePoints(points, { points, places }, 1, { engine: threads });
  expect(again).toEqual(places);
  const mean = await placePoints(points, { points, places }, 8, { engine: threads });
  for (let row = 0; row < 300; row++) {
    const own = [0, 1].map((axis) =>
      Array.from({ length: 100 }, (_, i) => places.data[2 * (3 * i + (row % 3)) + axis]),
    );
    own.forEach((values, axis) => {
      expect(mean.data[2 * row + axis]).toBeGreaterThanOrEqual(Math.min(...values));
      expect(mean.data[2 * row + axis]).toBeLessThanOrEqual(Math.max(...values));
    });
  }
});

test("the signal stops a layout, which tells of every epoch", async () => {
  const stop = new AbortController();
  const seen: string[] = [];
  const onProgress = ({ phase, done, total }: { phase: string; done: number; total: number }): void => {
    seen.push(`${phase} ${done}/${total}`);
    if (done === 3 && phase === "layout") stop.abort();
  };
  const work = embedPoints(clusters(60, 3), options, { engine, signal: stop.signal, onProgress });
  await expect(work).rejects.toMatchObject({ code: "ABORTED" });
  expect(seen).toEqual(["neighbours 60/60", "layout 1/100", "layout 2/100", "layout 3/100"]);
});
