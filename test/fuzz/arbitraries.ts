/** Values of every kind that the formats hold. */
import fc from "fast-check";
import { Float } from "../../src/core/config.ts";
import {
  ARRAY_TYPES,
  NdArray,
  OrderedDict,
  type PickleValue,
  Tuple,
} from "../../src/formats/pickle/values.ts";

/** Whole characters of every plane, names that mean something elsewhere, empty and long texts. */
export const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc.constantFrom(
    "",
    "__proto__",
    "constructor",
    "😀",
    "é",
    "e\u0301",
    "\u0000",
    "\ufeff",
    "a\nb",
    "'\"",
    "\u2028",
    "\uffff",
  ),
  fc.constantFrom("x".repeat(255), "ä".repeat(128), "😀".repeat(20_000)),
);

/** A text that HDF5 and C programs can hold, without NUL. */
export const cText = text.map((value) => value.replaceAll("\0", "")).filter((value) => value.length < 10_000);

export const float = fc.oneof(
  fc.double(),
  fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 5e-324, 2 ** 53),
);

export const float32 = fc.oneof(fc.float(), fc.constantFrom(0, -0, Math.fround(1e-45), Math.fround(3.4e38)));

const integer = fc.oneof(
  fc.maxSafeInteger(),
  fc.constantFrom(0, 1, -1, 255, 256, 65_535, 65_536, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1),
);

const bigint = fc
  .bigInt({ min: -(2n ** 200n), max: 2n ** 200n })
  .filter((n) => !Number.isSafeInteger(Number(n)));

type NumericType = keyof typeof ARRAY_TYPES;

/** An array of any type and of up to four dimensions, some of them empty. */
export const numericArray: fc.Arbitrary<NdArray> = fc
  .tuple(
    fc.constantFrom(...(Object.keys(ARRAY_TYPES) as NumericType[])),
    fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 }),
    fc.infiniteStream(fc.integer({ min: 0, max: 255 })),
  )
  .map(([type, shape, bytes]) => {
    const size = shape.reduce((n, m) => n * m, 1);
    const Type = ARRAY_TYPES[type];
    const buffer = new Uint8Array(size * Type.BYTES_PER_ELEMENT);
    for (let i = 0; i < buffer.length; i++) buffer[i] = bytes.next().value as number;
    return new NdArray(type, shape, new Type(buffer.buffer));
  });

const textArray = fc
  .array(fc.option(text))
  .map((items): PickleValue => new NdArray("O", [items.length], items));

/** Anything that is written as a pickle; bytes and arrays are written in protocol 4 only. */
export function pickleValue(protocol: 2 | 4): fc.Arbitrary<PickleValue> {
  const scalar: fc.Arbitrary<PickleValue> = fc.oneof(
    fc.constantFrom(null, true, false),
    text,
    integer,
    bigint,
    float.map((value) => new Float(value)),
    ...(protocol === 4 ? [numericArray, textArray, fc.uint8Array({ maxLength: 300 })] : []),
  );
  const key = fc.oneof(text, integer);
  return fc.letrec<{ value: PickleValue }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      scalar,
      fc.array(tie("value"), { maxLength: 6 }),
      fc.array(tie("value"), { maxLength: 5 }).map((items) => new Tuple(items)),
      fc.array(fc.tuple(key, tie("value")), { maxLength: 5 }).map((items) => new Map(items)),
      fc.array(fc.tuple(key, tie("value")), { maxLength: 5 }).map((items) => new OrderedDict(items)),
    ),
  })).value;
}
