import { expect, test } from "vitest";
import { toPlain } from "../core/config.ts";
import { balanceClasses, classBalanceConfig, createClassSampler } from "./class-balance.ts";

/** Golden figures: the counts and weights that the Python original wrote for 600 cells of 14 classes. */
const GOLDEN: readonly [string, number, number][] = [
  ["adc", 15, 2.857142925262451],
  ["bmem", 37, 1.1583011150360107],
  ["bnaive", 53, 0.808625340461731],
  ["cd4mem", 74, 0.5791505575180054],
  ["cd4naive", 103, 0.4160887598991394],
  ["cd8eff", 61, 0.7025761008262634],
  ["cd8mem", 11, 3.896103858947754],
  ["cd8naive", 49, 0.8746355772018433],
  ["mk", 4, 10.714285850524902],
  ["mono14", 123, 0.3484320640563965],
  ["mono16", 27, 1.5873016119003296],
  ["nk", 33, 1.298701286315918],
  ["pdc", 4, 10.714285850524902],
  ["treg", 6, 7.142857074737549],
];

const labelsOf = (counts: readonly number[]) => ({
  column: "type",
  classes: counts.map((_, c) => `c${c}`),
  codes: Int32Array.from(counts.flatMap((count, c) => Array.from({ length: count }, () => c))),
});
const allRows = (n: number) => Uint32Array.from({ length: n }, (_, row) => row);
const balanced = { labelColumn: "type", mode: "balanced" } as const;

test("balanced weights and their record are those of the Python original", () => {
  const head = { ...labelsOf(GOLDEN.map(([, count]) => count)), classes: GOLDEN.map(([name]) => name) };
  const balance = balanceClasses([head], allRows(600), balanced);
  expect(toPlain(classBalanceConfig(balance))).toEqual({
    label_column: "type",
    mode: "balanced",
    class_counts: Object.fromEntries(GOLDEN.map(([name, count]) => [name, count])),
    class_weights: Object.fromEntries(GOLDEN.map(([name, , weight]) => [name, weight])),
  });
});

test("only the training part counts; a class without a cell in it weighs nothing, a missing label is no cell", () => {
  const head = { column: "type", classes: ["a", "b", "c"], codes: Int32Array.of(0, 0, 0, 1, 2, -1, 0) };
  const balance = balanceClasses(
    [{ ...head, column: "other" }, head],
    Uint32Array.of(0, 1, 2, 3, 5),
    balanced,
  );
  expect([balance.head, ...balance.counts]).toEqual([1, 3, 1, 0]);
  expect([...balance.weights]).toEqual([4 / (2 * 3), 4 / 2, 0].map(Math.fround));
});

test("sqrt_balanced weights are the square roots of the balanced ones", () => {
  const labels = [labelsOf([1, 5, 30])];
  const weights = (mode: "balanced" | "sqrt_balanced") =>
    balanceClasses(labels, allRows(36), { labelColumn: "type", mode }).weights;
  weights("sqrt_balanced").forEach((weight, c) => {
    expect(weight ** 2).toBeCloseTo(weights("balanced")[c], 5);
  });
});

test("every epoch draws as many cells as there are, each class as often as the others, by its own stream", () => {
  const head = labelsOf([40, 300, 0, 660]);
  const rows = allRows(1000);
  const draw = createClassSampler(balanceClasses([head], rows, balanced), head.codes, rows, 99);
  const [first, again, second] = [draw(1), draw(1), draw(2)];
  expect(first).toEqual(again);
  expect(first).not.toEqual(second);
  expect(first.length).toBe(1000);
  const seen = new Float64Array(4);
  for (let epoch = 1; epoch <= 30; epoch++)
    for (const row of draw(epoch)) seen[head.codes[row]] = seen[head.codes[row]] + 1;
  // 30,000 draws: the deviation of a third is 82.
  for (const c of [0, 1, 3]) expect(Math.abs(seen[c] - 10_000)).toBeLessThan(400);
  expect(seen[2]).toBe(0);
});

test("within a class each cell is drawn alike, and a cell without a label never", () => {
  const codes = Int32Array.from({ length: 60 }, (_, row) => (row < 20 ? 0 : row < 50 ? 1 : -1));
  const rows = allRows(60);
  const labels = [{ column: "type", classes: ["a", "b"], codes }];
  const draw = createClassSampler(balanceClasses(labels, rows, balanced), codes, rows, 5);
  const seen = new Float64Array(60);
  for (let epoch = 1; epoch <= 400; epoch++) for (const row of draw(epoch)) seen[row] = seen[row] + 1;
  // 24,000 draws; 600 for each cell of the small class, 400 for each of the large one.
  for (let row = 0; row < 20; row++) expect(Math.abs(seen[row] - 600)).toBeLessThan(130);
  for (let row = 20; row < 50; row++) expect(Math.abs(seen[row] - 400)).toBeLessThan(110);
  expect(Math.max(...seen.subarray(50))).toBe(0);
});

test("sampling by square-root weights lies half-way between the cells' and the classes' own shares", () => {
  const head = labelsOf([100, 900]);
  const rows = allRows(1000);
  const options = { labelColumn: "type", mode: "sqrt_balanced" } as const;
  const draw = createClassSampler(balanceClasses([head], rows, options), head.codes, rows, 5);
  let small = 0;
  for (let epoch = 1; epoch <= 20; epoch++) for (const row of draw(epoch)) small += row < 100 ? 1 : 0;
  // √100 to √900 is one to three.
  expect(Math.abs(small / 20_000 - 0.25)).toBeLessThan(0.015);
});
