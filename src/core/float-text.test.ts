import fc from "fast-check";
import { expect, test } from "vitest";
import { pythonFloat, pythonFloat32 } from "./float-text.ts";

// Python's own answers: str(float(x)).
test.each([
  [1, "1.0"],
  [0, "0.0"],
  [-0, "-0.0"],
  [0.1, "0.1"],
  [-12.5, "-12.5"],
  [0.1 + 0.2, "0.30000000000000004"],
  [1e15, "1000000000000000.0"],
  [1e16, "1e+16"],
  [1.5e300, "1.5e+300"],
  [0.0001, "0.0001"],
  [0.00001, "1e-05"],
  [1.25e-7, "1.25e-07"],
  [-2.5e-10, "-2.5e-10"],
  [123456789.125, "123456789.125"],
  [Number.NaN, "nan"],
  [Number.POSITIVE_INFINITY, "inf"],
  [Number.NEGATIVE_INFINITY, "-inf"],
])("float64 %d is written %s", (value, text) => expect(pythonFloat(value)).toBe(text));

// What pandas 1.5 writes for a float32 column.
test.each([
  [1, "1.0"],
  [0, "0.0"],
  [-0, "-0.0"],
  [0.5, "0.5"],
  [0.1, "0.1"],
  [8 / 15, "0.53333336"],
  [0.40960884, "0.40960884"],
  [1e-4, "1e-04"],
  [1e-5, "1e-05"],
  [1.25e-7, "1.25e-07"],
  [123456.7, "123456.7"],
  [16777216, "16777216.0"],
  [1e20, "1e+20"],
  [1.4e-45, "1e-45"],
  [Number.POSITIVE_INFINITY, "inf"],
  [Number.NEGATIVE_INFINITY, "-inf"],
  [Number.NaN, "nan"],
])("float32 %d is written %s", (value, text) => expect(pythonFloat32(Math.fround(value))).toBe(text));

test("float32 text reads back as the same float32 and no shorter decimal does", () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = pythonFloat32(value);
      expect(Math.fround(Number(text))).toBe(value);
      const digits = text
        .replace(/e.*/, "")
        .replace(/[-.]/g, "")
        .replace(/^0+/, "")
        .replace(/0+$/, "").length;
      if (digits > 1) expect(Math.fround(Number(value.toPrecision(digits - 1)))).not.toBe(value);
    }),
    { numRuns: 2000 },
  );
});
