import fc from "fast-check";
import { expect, test } from "vitest";
import { parseSetLabels, setLabels } from "./set-text.ts";

const name = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.string({ unit: fc.constantFrom("a", "|", " ", '"', "\\", ","), maxLength: 6 }),
);
const sets = fc.uniqueArray(name, { minLength: 1, maxLength: 4 }).chain((categories) =>
  fc.record({
    categories: fc.constant(categories),
    members: fc.uniqueArray(
      fc.shuffledSubarray(
        categories.map((_, c) => c),
        { minLength: 1 },
      ),
      { minLength: 1, maxLength: 6, selector: String },
    ),
  }),
);

test("sets of any names read back as they were, and different sets read differently", () => {
  fc.assert(
    fc.property(sets, ({ categories, members }) => {
      const codes = Int32Array.from(members, (_, i) => i);
      const text = setLabels({ codes, members, categories });
      expect(new Set(text.categories).size).toBe(members.length);
      const read = parseSetLabels(text, "here");
      expect(read.members.map((set) => set.map((c) => read.categories[c]))).toEqual(
        members.map((set) => set.map((c) => categories[c])),
      );
    }),
    { numRuns: 500 },
  );
});

test("plain names are parted by a bar, names with one are quoted", () => {
  const { categories } = setLabels({
    codes: Int32Array.of(0),
    members: [[0], [1, 0], [2, 0], [3]],
    categories: ["CD4 naive", "CD4 memory", "T | NK", '"so-called" B'],
  });
  expect(categories).toEqual([
    "CD4 naive",
    "CD4 memory | CD4 naive",
    '"T | NK" | CD4 naive',
    '"\\"so-called\\" B"',
  ]);
});

test.each(['"a" and more', '"\\x"', '"a', '"', 'a | "b\\"'])("%s is refused, located", (text) => {
  expect(() => parseSetLabels({ codes: Int32Array.of(0), categories: [text] }, "t.csv › pred_set_L")).toThrow(
    expect.objectContaining({ code: "BAD_DATA", where: "t.csv › pred_set_L" }),
  );
});
