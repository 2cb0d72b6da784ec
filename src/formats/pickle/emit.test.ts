import fc from "fast-check";
import { expect, test } from "vitest";
import { joinPieces } from "../../../test/helpers/memory-store.ts";
import { Float } from "../../core/config.ts";
import { isAtlasmtlError } from "../../errors.ts";
import { emitPickle } from "./emit.ts";
import { parsePickle } from "./parse.ts";
import { Global, Instance, NdArray, OrderedDict, type PickleValue, Tuple } from "./values.ts";
import { FRAME_BYTES } from "./writer.ts";

const emit = (value: PickleValue, protocol: 2 | 4 = 4): Uint8Array =>
  joinPieces(emitPickle(value, { protocol }));

const leaf = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }).filter((n) => !Number.isSafeInteger(Number(n))),
  fc.double().map((x) => new Float(x)),
  fc.string({ unit: "grapheme" }),
  fc.constantFrom("__proto__", "x".repeat(300)),
);
const { value: anyValue } = fc.letrec<{ value: PickleValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    leaf,
    fc.array(tie("value")),
    fc.array(tie("value")).map((items) => new Tuple(items)),
    fc.array(fc.tuple(fc.string(), tie("value"))).map((entries) => new Map(entries)),
    fc.array(fc.tuple(fc.string(), tie("value"))).map((entries) => new OrderedDict(entries)),
  ),
}));

test.each([2, 4] as const)("what is emitted in protocol %d parses to the same value", (protocol) => {
  fc.assert(
    fc.property(anyValue, (value) => {
      expect(parsePickle(emit(value, protocol))).toEqual(value);
    }),
    { numRuns: 300 },
  );
});

test("arrays of every type come back as they were", () => {
  const arrays = [
    new NdArray("f4", [2, 3], Float32Array.of(1, 2, 3, 4, Number.NaN, -0)),
    new NdArray("f8", [1], Float64Array.of(Math.PI)),
    new NdArray("i1", [2], Int8Array.of(-1, 1)),
    new NdArray("u2", [2], Uint16Array.of(1, 65535)),
    new NdArray("i4", [], Int32Array.of(-7)),
    new NdArray("i8", [1], BigInt64Array.of(-(2n ** 60n))),
    new NdArray("b1", [2], Uint8Array.of(1, 0)),
    new NdArray("O", [3], ["a", null, "a"]),
    new NdArray("f4", [0, 5], new Float32Array()),
  ];
  expect(parsePickle(emit(arrays))).toEqual(arrays);
});

test("an object of a class comes back with its state", () => {
  const encoder = new Instance(new Global("sklearn.preprocessing._label", "LabelEncoder"), []);
  encoder.state = new Map([["classes_", ["a"]]]);
  expect(parsePickle(emit(encoder))).toEqual(encoder);
});

test("large arrays are passed on as views and stand outside frames", () => {
  const data = new Float32Array(100_000).fill(1.5);
  const pieces = emitPickle(["small", new NdArray("f4", [100_000], data), "end"]);
  expect(pieces.some((piece) => piece.buffer === data.buffer)).toBe(true);
  expect(parsePickle(joinPieces(pieces))).toEqual(["small", new NdArray("f4", [100_000], data), "end"]);
});

test("long lists are framed in stretches and come back whole", () => {
  const value = Array.from({ length: 50_000 }, (_, i) => `item ${i}`);
  const bytes = emit(value);
  expect(bytes.length).toBeGreaterThan(4 * FRAME_BYTES);
  expect(parsePickle(bytes)).toEqual(value);
});

test("a repeated label costs two bytes, and a shared object is written once", () => {
  const labels = Array.from({ length: 1000 }, () => "CD4-positive, alpha-beta T cell");
  expect(emit(labels).length).toBeLessThan(2100);
  const shared = new Map([["key", "x".repeat(1000)]]);
  const bytes = emit([shared, shared, shared]);
  expect(bytes.length).toBeLessThan(1200);
  const [a, b] = parsePickle(bytes) as PickleValue[];
  expect(a).toBe(b);
});

test("the same value gives the same bytes", () => {
  const make = (): PickleValue =>
    new Map<PickleValue, PickleValue>([["a", new NdArray("f4", [1], Float32Array.of(1))]]);
  expect(emit(make())).toEqual(emit(make()));
});

test("a list that contains itself is written once", () => {
  const loop: PickleValue[] = [1];
  loop.push(loop);
  expect(emit(loop).length).toBeLessThan(100);
  expect(() => parsePickle(emit(loop))).toThrow(expect.objectContaining({ code: "BAD_FORMAT" }));
});

test.each([1.5, Number.NaN, 2 ** 60])("a plain %d is refused: only a Float is a Python float", (value) => {
  expect(() => emit([value])).toThrow(expect.objectContaining({ code: "BUG" }));
});

test("nesting beyond the limit is refused rather than overflowing the stack", () => {
  let value: PickleValue = [];
  for (let i = 0; i < 5000; i++) value = [value];
  let error: unknown;
  try {
    emit(value);
  } catch (caught) {
    error = caught;
  }
  expect(isAtlasmtlError(error, "LIMIT")).toBe(true);
});
