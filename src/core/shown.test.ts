import { expect, test } from "vitest";
import { shown } from "./shown.ts";

test.each([
  ['a "b"\n', '"a \\"b\\"\\n"'],
  [["a", 1, Number.NaN], '["a",1,NaN]'],
  [null, "null"],
  [undefined, "undefined"],
  [10n, "10"],
  [new Map([["a", 1]]), "a mapping"],
  [{ a: 1 }, "an object"],
])("%o is shown in one line", (value, text) => {
  expect(shown(value)).toBe(text);
});

test("a long value is cut", () => {
  expect(shown("x".repeat(500))).toBe(`"${"x".repeat(76)}…`);
});
