import fc from "fast-check";
import { expect, test } from "vitest";
import { bindCoherence, scoreCoherently } from "./coherent.ts";
import { createScores } from "./confidence.ts";
import type { HierarchyRules } from "./hierarchy-rules.ts";

const HEADS = [
  { column: "top", classes: ["a", "b"] },
  { column: "middle", classes: ["a1", "a2", "b1"] },
  { column: "fine", classes: ["a1x", "a1y", "a2x", "b1x", "b1y"] },
];
const rule = (parentColumn: string, pairs: Readonly<Record<string, string>>) => ({
  parentColumn,
  childToParent: new Map(Object.entries(pairs)),
});
const MIDDLE = rule("top", { a1: "a", a2: "a", b1: "b" });
const FINE = rule("middle", { a1x: "a1", a1y: "a1", a2x: "a2", b1x: "b1", b1y: "b1" });
const RULES: HierarchyRules = new Map([
  ["middle", MIDDLE],
  ["fine", FINE],
]);

function score(logits: readonly (readonly number[])[][], temperatures = [1, 1, 1]) {
  const nRows = logits[0].length;
  const heads = HEADS.map(({ column, classes }) => createScores(column, classes, nRows + 1));
  const flat = logits.map((rows) => Float32Array.from(rows.flat()));
  scoreCoherently(bindCoherence(HEADS, RULES), flat, nRows, temperatures, heads, 1);
  return heads;
}

const softmax = (row: readonly number[], temperature: number): number[] => {
  const weights = row.map((z) =>
    Math.exp((Math.fround(z) - Math.max(...row.map(Math.fround))) / temperature),
  );
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((w) => w / sum);
};

test("a parent's probability is the sum of its children's, and each label lies under its parent's", () => {
  const rows = (n: number) =>
    fc.array(fc.float({ min: -9, max: 9, noNaN: true }), { minLength: n, maxLength: n });
  fc.assert(
    fc.property(
      rows(2),
      rows(3),
      rows(5),
      fc.double({ min: 0.3, max: 3, noNaN: true }),
      (top, middle, fine, t) => {
        const heads = score([[top], [middle], [fine]], [1, 1, t]);
        const p = softmax(fine, t);
        const middles = [p[0] + p[1], p[2], p[3] + p[4]];
        const tops = [middles[0] + middles[1], middles[2]];
        const [a, b, c] = heads.map(({ raw }) => raw[1]) as [number, number, number];
        expect(MIDDLE.childToParent.get(HEADS[1].classes[b])).toBe(HEADS[0].classes[a]);
        expect(FINE.childToParent.get(HEADS[2].classes[c])).toBe(HEADS[1].classes[b]);
        expect(tops[a]).toBeCloseTo(Math.max(...tops), 6);
        [tops[a], middles[b], p[c]].forEach((expected, h) => {
          expect(heads[h].conf[1]).toBeCloseTo(expected, 6);
        });
        const others = tops.filter((_, code) => code !== a);
        expect(heads[0].margin[1]).toBeCloseTo(Math.max(0, tops[a] - Math.max(...others)), 6);
      },
    ),
  );
});

test("a label gives way to a less likely one under the parent's label, with no margin left", () => {
  const probabilities = [0.24, 0.24, 0.08, 0.44, 0];
  const heads = score([[[9, 0]], [[0, 0, 9]], [probabilities.map((p) => Math.log(p || 1e-9))]]);
  expect(heads.map(({ raw }) => raw[1])).toEqual([0, 0, 0]); // a, a1, a1x; b1x alone is likelier
  expect(heads.map(({ conf }) => Number(conf[1].toFixed(4)))).toEqual([0.56, 0.48, 0.24]);
  expect(heads.map(({ margin }) => Number(margin[1].toFixed(4)))).toEqual([0.12, 0.04, 0]);
});

test("columns without rules are scored by themselves", () => {
  const heads = HEADS.map(({ column, classes }) => createScores(column, classes, 1));
  const logits = [Float32Array.of(0, 1), Float32Array.of(0, 2, 1), Float32Array.of(0, 0, 0, 3, 0)];
  const links = bindCoherence(HEADS, new Map([["middle", MIDDLE]]));
  scoreCoherently(links, logits, 1, [1, 1, 1], heads, 0);
  expect(heads.map(({ raw }) => raw[0])).toEqual([0, 1, 3]); // top from middle, fine as it is
});

test.each<[string, HierarchyRules, RegExp]>([
  [
    "a child without a parent",
    new Map([["middle", rule("top", { a1: "a", b1: "b" })]]),
    /1 labels of middle have no parent in top, such as a2/,
  ],
  [
    "a parent without children",
    new Map([["middle", rule("top", { a1: "a", a2: "a", b1: "a" })]]),
    /1 labels of top have no children in middle, such as b/,
  ],
  [
    "a parent of two columns",
    new Map([
      ["middle", MIDDLE],
      ["fine", rule("top", { a1x: "a", a1y: "a", a2x: "a", b1x: "b", b1y: "b" })],
    ]),
    /top is the parent of middle and fine/,
  ],
])("%s cannot be summed", (_, rules, message) => {
  expect(() => bindCoherence(HEADS, rules)).toThrow(message);
});

test("an output that is not finite names the cell and the column", () => {
  expect(() => score([[[0, 0]], [[0, Number.NaN, 0]], [[0, 0, 0, 0, 0]]])).toThrow(/cell 1, column middle/);
});

test("the error names what is odd about the labels that the rules come from", () => {
  const rules = new Map([["middle", { parentColumn: "top", childToParent: new Map() }]]);
  const cause = { message: "the label columns go from fine to coarse" };
  expect(() => bindCoherence(HEADS, rules, cause)).toThrow(
    expect.objectContaining({
      hint: expect.stringContaining("in the reference the label columns go from fine to coarse"),
    }),
  );
});
