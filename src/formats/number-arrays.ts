/** Numeric arrays of any stored type, and their conversion to the types that computations use. @module */

/** Values as stored; float16 is widened to float32, booleans are bytes of 0 and 1. */
export type NumberArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** Arrays that hold values as they are stored, by numpy's name of their type; float16 as its bits. */
export const STORED_TYPES: ReadonlyMap<string, new (from: number | ArrayBuffer) => NumberArray> = new Map<
  string,
  new (
    from: number | ArrayBuffer,
  ) => NumberArray
>([
  ["int8", Int8Array],
  ["uint8", Uint8Array],
  ["int16", Int16Array],
  ["uint16", Uint16Array],
  ["float16", Uint16Array],
  ["int32", Int32Array],
  ["uint32", Uint32Array],
  ["int64", BigInt64Array],
  ["uint64", BigUint64Array],
  ["float32", Float32Array],
  ["float64", Float64Array],
]);

const isBig = (values: NumberArray): values is BigInt64Array | BigUint64Array =>
  values instanceof BigInt64Array || values instanceof BigUint64Array;

/** numpy's name of the type of the values, such as `int64`. */
export function numpyName(values: NumberArray): string {
  return values.constructor.name
    .replace(/^Big/, "")
    .replace(/Array$/, "")
    .toLowerCase();
}

/** The nearest float32 of each value; large integers are rounded once, as numpy does. */
export function toFloat32(values: NumberArray): Float32Array {
  if (values instanceof Float32Array) return values;
  return new Float32Array(isBig(values) ? toFloat64(values) : values);
}

/** Each value as float64; 64-bit integers beyond 2^53 are rounded. */
export function toFloat64(values: NumberArray): Float64Array {
  if (values instanceof Float64Array) return values;
  if (!isBig(values)) return new Float64Array(values);
  const n = values.length;
  const low = new Uint32Array(values.buffer, values.byteOffset, 2 * n);
  const high = values instanceof BigInt64Array ? new Int32Array(low.buffer, low.byteOffset, 2 * n) : low;
  const result = new Float64Array(n);
  for (let i = 0; i < n; i++) result[i] = high[2 * i + 1] * 4294967296 + low[2 * i];
  return result;
}

/** Each value as int32, for positions and codes; values out of range become the smallest int32. */
export function toInt32(values: NumberArray): Int32Array {
  if (values instanceof Int32Array) return values;
  if (values instanceof Int8Array || values instanceof Uint8Array) return new Int32Array(values);
  if (values instanceof Int16Array || values instanceof Uint16Array) return new Int32Array(values);
  const wide = toFloat64(values);
  const result = new Int32Array(wide.length);
  for (let i = 0; i < wide.length; i++) {
    const value = wide[i];
    result[i] = value === (value | 0) ? value : -2147483648;
  }
  return result;
}

let halves: Float32Array | null = null;

/** Widens float16 bit patterns (IEEE 754 binary16). */
export function halfToFloat32(bits: Uint16Array): Float32Array {
  halves ??= Float32Array.from({ length: 65536 }, (_, half) => widenHalf(half));
  const result = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) result[i] = halves[bits[i]];
  return result;
}

function widenHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
