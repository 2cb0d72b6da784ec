import { expect, test } from "vitest";
import { labelLookup, parseLabelMap } from "./label-map.ts";

test("a map is read by the names of its columns, whatever else it has and however its lines end", () => {
  const text =
    "\uFEFF# proposed\r\nto\tnote\tlabel\tfile\tcolumn\r\nT\tsure\tT cell\tb\ttype\r\n\r\n\tleft out\tdoublet\t\r\n";
  expect(parseLabelMap(text)).toEqual([
    { file: "b", column: "type", label: "T cell", to: "T" },
    { file: null, column: null, label: "doublet", to: null },
  ]);
});

test("a line that names its file and column wins over one for all", () => {
  const lookup = labelLookup(
    parseLabelMap(
      "file\tcolumn\tlabel\tto\n\t\tT\tany\nb\t\tT\tof b\nb\tfine\tT\tof fine\n\tfine\tT\tof all fine",
    ),
  );
  expect([
    lookup("a", "coarse", "T"),
    lookup("b", "coarse", "T"),
    lookup("b", "fine", "T"),
    lookup("a", "fine", "T"),
  ]).toEqual(["any", "of b", "of fine", "of all fine"]);
  expect(lookup("a", "coarse", "B")).toBe("B");
  expect(lookup.unused()).toEqual([]);
});

test.each([
  ["label\tbecomes\nT\tt", /has no column "to"/],
  ["", /has no column "label"/],
  ["label,to\nT,t", /has no column "label"/],
  ["file\tlabel\tto\nb", /line 2 has 1 fields, expected 3/],
  ["label\tto\nT\tt\tt", /line 2 has 3 fields, expected 2/],
  ["label\tto\n\tt", /line 2 names no label/],
])("%j is refused", (text, message) => {
  expect(() => parseLabelMap(text, "map.tsv")).toThrow(message);
});

test("a label that becomes two things is refused", () => {
  expect(() => labelLookup(parseLabelMap("label\tto\nT\ta\nT\tb"))).toThrow(/two things of "T": "a" and "b"/);
});
