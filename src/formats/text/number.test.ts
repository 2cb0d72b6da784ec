import fc from "fast-check";
import { expect, test } from "vitest";
import { parseNumber } from "./number.ts";

const parse = (text: string): number => {
  const bytes = new TextEncoder().encode(`x${text}y`);
  return parseNumber(bytes, 1, bytes.length - 1);
};

test("any float64 is read as JavaScript reads it, in every notation", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.nat(20), (value, digits) => {
      for (const text of [
        String(value),
        value.toExponential(digits),
        value.toFixed(digits),
        value.toPrecision(digits + 1),
      ])
        if (Math.abs(Number(text)) !== Number.POSITIVE_INFINITY)
          expect([text, parse(text)]).toEqual([text, Number(text)]);
    }),
  );
});

test("digits with a point anywhere, leading zeros and signs are read exactly", () => {
  const digits = fc.array(fc.constantFrom(..."0123456789"), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(digits, fc.nat(30), fc.constantFrom("", "-", "+"), (all, at, sign) => {
      const text = `${sign}${all.slice(0, at).join("")}.${all.slice(at).join("")}`;
      expect([text, parse(text)]).toEqual([text, Number(text)]);
    }),
  );
});

test.each([
  "",
  "-",
  "+",
  ".",
  "-.",
  "1.2.3",
  "1e",
  "e5",
  "nan",
  "NaN",
  "inf",
  "-Infinity",
  "1e999",
  "0x10",
  "1_0",
  "1 ",
  "NA",
  "--1",
])("%j is no number", (text) => {
  expect(parse(text)).toBeNaN();
});
