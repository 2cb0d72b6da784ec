import fc from "fast-check";
import { expect, test } from "vitest";
import { compareCodePoints } from "./order.ts";

test("strings compare as their arrays of code points do", () => {
  const byCodePoints = (a: string, b: string): number => {
    const x = [...a].map((c) => c.codePointAt(0)!);
    const y = [...b].map((c) => c.codePointAt(0)!);
    for (let i = 0; i < Math.min(x.length, y.length); i++) if (x[i] !== y[i]) return x[i] - y[i];
    return x.length - y.length;
  };
  const text = fc.string({ unit: fc.constantFrom("a", "B", "é", "\uffee", "\ue000", "😀", "𐍈") });
  fc.assert(
    fc.property(text, text, (a, b) => Math.sign(compareCodePoints(a, b)) === Math.sign(byCodePoints(a, b))),
  );
});

test("an emoji sorts after the private use area, unlike in UTF-16 order", () => {
  expect(["😀", "\ue000"].sort(compareCodePoints)).toEqual(["\ue000", "😀"]);
});
