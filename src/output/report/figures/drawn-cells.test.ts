import { expect, test } from "vitest";
import type { PredictedLabels } from "../../../predict/types.ts";
import { drawnCells } from "./drawn-cells.ts";

const N = 4000;

/** A line of cells. */
function line(nRows: number) {
  return {
    name: "a line",
    points: { nRows, nCols: 2, data: Float32Array.from({ length: 2 * nRows }, (_, i) => i) },
  };
}

/** One cell in `every` has the label "rare 1", another one "rare 2"; the last label has no cell. */
function rareLabels(every: number): PredictedLabels {
  const codes = Int32Array.from({ length: N }, (_, cell) =>
    cell % every === 7 ? 1 : cell % every === 8 ? 2 : 0,
  );
  return { codes, categories: ["common", "rare 1", "rare 2", "none"] };
}

const count = (cells: Uint32Array, { codes }: PredictedLabels, code: number): number =>
  cells.reduce((sum, cell) => sum + (codes[cell] === code ? 1 : 0), 0);

test("few cells are all drawn, each once", () => {
  const { cells, nPlaced, least } = drawnCells(line(50), []);
  expect([...cells].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  expect([nPlaced, least]).toEqual([50, null]);
});

test("of many cells every label keeps dots, at every level, and the sample is full and the same each time", () => {
  const [coarse, fine] = [rareLabels(400), rareLabels(2000)];
  const drawn = drawnCells(line(N), [coarse, fine], 400);
  expect(drawn.cells).toHaveLength(400);
  expect(new Set(drawn.cells).size).toBe(400);
  expect(drawn.least).toBe(25);
  // 10 and 2 cells there are: all are drawn.
  for (const code of [1, 2]) {
    expect(count(drawn.cells, coarse, code)).toBe(10);
    expect(count(drawn.cells, fine, code)).toBe(2);
  }
  expect(drawnCells(line(N), [coarse, fine], 400).cells).toEqual(drawn.cells);
  // A random sample would have left some out.
  const random = drawnCells(line(N), [], 400).cells;
  expect(count(random, fine, 1) + count(random, fine, 2)).toBeLessThan(4);
});

test("labels that have more cells than their least are drawn in proportion beyond it", () => {
  const codes = Int32Array.from({ length: N }, (_, cell) => (cell % 4 === 0 ? 1 : 0));
  const half = { codes, categories: ["three quarters", "one quarter"] };
  const share = count(drawnCells(line(N), [half], 1000).cells, half, 1) / 1000;
  expect(share).toBeGreaterThan(0.2);
  expect(share).toBeLessThan(0.3);
});

test("more labels than dots: the sample stays within its limit", () => {
  const each = {
    codes: Int32Array.from({ length: N }, (_, cell) => cell),
    categories: Array.from({ length: N }, String),
  };
  const { cells, least } = drawnCells(line(N), [each], 100);
  expect([cells.length, least]).toEqual([100, 1]);
});

test("a cell without a place or without a label is not counted as one of a label", () => {
  const map = line(N);
  for (let cell = 0; cell < 100; cell++) map.points.data[2 * cell] = Number.NaN;
  const codes = new Int32Array(N).fill(-1);
  codes[3] = 0;
  codes[N - 1] = 0;
  const labels = { codes, categories: ["two"] };
  const { cells, nPlaced } = drawnCells(map, [labels], 500);
  expect(nPlaced).toBe(N - 100);
  expect(cells.some((cell) => cell < 100)).toBe(false);
  expect(cells).toContain(N - 1);
});
