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

test("confidences are written in the fewest of six to nine digits that read back", () => {
  const slow = (value: number): number => {
    for (let digits = 6; digits < 9; digits++) {
      const decimal = Number(value.toPrecision(digits));
      if (Math.fround(decimal) === value) return decimal;
    }
    return Number(value.toPrecision(9));
  };
  const edges = [1e-4, 0.001, 0.01, 0.1, 1, 10].flatMap((edge) => {
    const [at] = new Uint32Array(Float32Array.of(edge).buffer);
    return Array.from(new Float32Array(Uint32Array.from({ length: 9 }, (_, i) => at + i - 4).buffer));
  });
  const wide = fc.tuple(fc.float({ min: 0, max: 1, noNaN: true }), fc.constantFrom(1, 10, 0.1, 0.01, 0.001));
  for (const value of edges) expect(Number(pythonFloat32(value))).toBe(slow(value));
  fc.assert(
    fc.property(wide, ([unit, size]) => {
      const value = Math.fround(unit * size);
      fc.pre(value === 0 || value >= 2 ** -126); // below, fewer digits are enough
      expect(Number(pythonFloat32(value))).toBe(slow(value));
      expect(Number(pythonFloat32(-value))).toBe(-slow(value));
    }),
    { numRuns: 2000 },
  );
});
