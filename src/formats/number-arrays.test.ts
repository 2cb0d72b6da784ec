import fc from "fast-check";
import { expect, test } from "vitest";
import { halfToFloat32, toFloat32, toFloat64, toInt32 } from "./number-arrays.ts";

test("64-bit integers become the nearest float64, signed and unsigned", () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })), (values) => {
      const signed = BigInt64Array.from(values);
      expect([...toFloat64(signed)]).toEqual(Array.from(signed, Number));
      const unsigned = new BigUint64Array(signed.buffer);
      expect([...toFloat64(unsigned)]).toEqual(Array.from(unsigned, Number));
    }),
  );
});

test("conversion to float32 rounds to nearest", () => {
  expect([...toFloat32(Float64Array.of(0.1, 1e300, -1e-50))]).toEqual([Math.fround(0.1), Infinity, -0]);
  expect([...toFloat32(Uint32Array.of(4294967295, 16777217))]).toEqual([4294967296, 16777216]);
  expect([...toFloat32(BigInt64Array.of(-3n, 2n ** 53n))]).toEqual([-3, 2 ** 53]);
});

test("positions that do not fit int32 become a number that no matrix has", () => {
  expect([...toInt32(BigInt64Array.of(5n, -1n, 2n ** 31n, -(2n ** 40n)))]).toEqual([
    5,
    -1,
    -(2 ** 31),
    -(2 ** 31),
  ]);
  expect([...toInt32(Uint32Array.of(7, 4294967295))]).toEqual([7, -(2 ** 31)]);
  expect([...toInt32(Float64Array.of(1.5, Number.NaN))]).toEqual([-(2 ** 31), -(2 ** 31)]);
  expect([...toInt32(Uint8Array.of(255))]).toEqual([255]);
});

test.each([
  [0x0000, 0],
  [0x8000, -0],
  [0x3c00, 1],
  [0xc000, -2],
  [0x7bff, 65504],
  [0x0001, 2 ** -24],
  [0x03ff, 1023 * 2 ** -24],
  [0x3555, 0.333251953125],
  [0x7c00, Number.POSITIVE_INFINITY],
  [0xfc00, Number.NEGATIVE_INFINITY],
  [0x7e00, Number.NaN],
])("the half %s is %s", (bits, value) => {
  expect(halfToFloat32(Uint16Array.of(bits))[0]).toBe(value);
});
