/** Builds numpy arrays, scalars and dtypes from their pickles. @module */
import { Float } from "../../core/config.ts";
import { MAX_ARRAY_DIMENSIONS } from "../../core/limits.ts";
import { AtlasmtlError } from "../../errors.ts";
import {
  ARRAY_TYPES,
  type ArrayData,
  describeValue,
  NdArray,
  NdArrayDtype,
  type PickleValue,
  Tuple,
} from "./values.ts";

type NumericType = keyof typeof ARRAY_TYPES;

const bad = (message: string): AtlasmtlError => new AtlasmtlError("BAD_FORMAT", message);

/** `numpy.dtype(name, align, copy)`. @throws UNSUPPORTED for a dtype outside {@link NdArrayDtype}. */
export function makeDtype(args: readonly PickleValue[]): NdArrayDtype {
  const name = args[0];
  const match = typeof name === "string" ? /^([<>|=]?)([biufOUS?])(\d{0,9})$/.exec(name) : null;
  if (match === null) throw unsupportedDtype(typeof name === "string" ? name : describeValue(name));
  const kind = match[2] === "?" ? "b" : match[2];
  const count = match[3] === "" ? (kind === "O" ? 8 : kind === "b" ? 1 : 0) : Number(match[3]);
  const dtype = new NdArrayDtype(kind, kind === "U" ? count * 4 : count, match[1] === ">");
  if ("biuf".includes(kind) && dtype.name !== "f2" && !(dtype.name in ARRAY_TYPES))
    throw unsupportedDtype(dtype.name);
  return dtype;
}

/** `numpy.dtypes.StringDType`, whose pickles hold a list of str, and its own object for missing ones. */
export const makeStringDtype = (): NdArrayDtype => new NdArrayDtype("O", 8, false);

function unsupportedDtype(name: string): AtlasmtlError {
  return new AtlasmtlError("UNSUPPORTED", `numpy dtype ${name} has no place in a bundle`);
}

/** `dtype.__setstate__((version, order, subdtype, names, fields, itemsize, alignment, flags))`. */
export function setDtypeState(dtype: NdArrayDtype, state: PickleValue): void {
  if (!(state instanceof Tuple) || state.items.length < 7 || typeof state.items[1] !== "string")
    throw bad(`the state of a numpy dtype is ${describeValue(state)}`);
  if (state.items[2] !== null || state.items[3] !== null || state.items[4] !== null)
    throw unsupportedDtype("with fields");
  dtype.bigEndian = state.items[1] === ">";
}

/** `ndarray.__setstate__((version, shape, dtype, isFortran, data))`. */
export function setArrayState(array: NdArray, state: PickleValue): void {
  const items = state instanceof Tuple ? state.items : [];
  const [shape, dtype, fortran, data] = items.slice(-4);
  if (!(shape instanceof Tuple) || !(dtype instanceof NdArrayDtype) || data === undefined)
    throw bad(`the state of a numpy array is ${describeValue(state)}`);
  fillArray(array, dtype, shape, fortran === true, data);
}

/** `numpy.core.numeric._frombuffer(buffer, dtype, shape, order)`, as protocol 5 writes arrays. */
export function arrayFromBuffer(args: readonly PickleValue[]): NdArray {
  const [data, dtype, shape, order] = args;
  if (!(shape instanceof Tuple) || !(dtype instanceof NdArrayDtype) || data === undefined)
    throw bad("a numpy array is built from something that is not (buffer, dtype, shape, order)");
  const array = new NdArray("O", [0], []);
  fillArray(array, dtype, shape, order === "F", data);
  return array;
}

/** `numpy.core.multiarray.scalar(dtype, data)`: a plain number, bool, str or object. */
export function makeScalar(args: readonly PickleValue[]): PickleValue {
  const [dtype, data] = args;
  if (!(dtype instanceof NdArrayDtype) || data === undefined)
    throw bad("a numpy scalar is built from something that is not (dtype, data)");
  if (dtype.kind === "O") return data;
  const array = new NdArray("O", [0], []);
  fillArray(array, dtype, new Tuple([]), false, data);
  const value = array.data[0] as PickleValue;
  if (dtype.kind === "b") return value !== 0;
  if (dtype.kind === "f") return new Float(value as number);
  return typeof value === "bigint" ? asInteger(value) : value;
}

/** A number if a double holds it exactly, else the bigint. */
export function asInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function fillArray(
  array: NdArray,
  dtype: NdArrayDtype,
  shapeTuple: Tuple,
  fortran: boolean,
  data: PickleValue,
): void {
  const shape = readShape(shapeTuple);
  const size = shape.reduce((product, n) => product * n, 1);
  const elements = dtype.kind === "O" ? readObjects(data, size) : readElements(dtype, data, size);
  const isText = dtype.kind === "U" || dtype.kind === "S" || dtype.kind === "O";
  array.dtype = isText ? "O" : dtype.name === "f2" ? "f4" : (dtype.name as NumericType);
  array.shape = shape;
  array.data = fortran && shape.length > 1 ? toRowMajor(elements, shape) : elements;
}

function readShape(tuple: Tuple): readonly number[] {
  const shape = tuple.items;
  if (shape.length > MAX_ARRAY_DIMENSIONS)
    throw new AtlasmtlError(
      "LIMIT",
      `an array has ${shape.length} dimensions; at most ${MAX_ARRAY_DIMENSIONS}`,
    );
  for (const n of shape)
    if (typeof n !== "number" || n < 0) throw bad(`an array dimension is ${describeValue(n)}, not a count`);
  return shape as readonly number[];
}

function readObjects(data: PickleValue, size: number): readonly PickleValue[] {
  if (!Array.isArray(data)) throw bad(`an object array holds ${describeValue(data)}, not a list`);
  if (data.length !== size) throw bad(`an object array of ${size} elements holds ${data.length}`);
  return data as readonly PickleValue[];
}

function readElements(dtype: NdArrayDtype, data: PickleValue, size: number): ArrayData {
  const bytes = typeof data === "string" ? latin1Bytes(data) : data;
  if (!(bytes instanceof Uint8Array)) throw bad(`a numeric array holds ${describeValue(data)}, not bytes`);
  // Elements of width zero would let a small file declare any number of them.
  if (dtype.itemSize === 0 && size > 0)
    throw bad(`an array of ${size} elements of type ${dtype.name}, which take no bytes`);
  if (bytes.length !== size * dtype.itemSize)
    throw bad(
      `an array of ${size} elements of ${dtype.itemSize} bytes holds ${bytes.length} bytes; ` +
        `expected ${size * dtype.itemSize}`,
    );
  if (dtype.kind === "U") return decodeText(bytes, dtype, size);
  if (dtype.kind === "S") return decodeByteText(bytes, dtype.itemSize, size);
  const ordered = dtype.bigEndian && dtype.itemSize > 1 ? swapBytes(bytes, dtype.itemSize) : bytes;
  if (dtype.name === "f2") return halvesToFloats(viewAs(Uint16Array, ordered, size) as Uint16Array);
  return viewAs(ARRAY_TYPES[dtype.name as NumericType], ordered, size);
}

type ViewConstructor = {
  new (
    buffer: ArrayBufferLike,
    byteOffset: number,
    length: number,
  ): Exclude<ArrayData, readonly PickleValue[]>;
  readonly BYTES_PER_ELEMENT: number;
};

/** The bytes as typed elements; copied only if they are not aligned. */
export function viewAs(type: ViewConstructor, bytes: Uint8Array, size: number): ArrayData {
  return bytes.byteOffset % type.BYTES_PER_ELEMENT === 0
    ? new type(bytes.buffer, bytes.byteOffset, size)
    : new type(new Uint8Array(bytes).buffer, 0, size);
}

function swapBytes(bytes: Uint8Array, itemSize: number): Uint8Array {
  const swapped = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i += itemSize)
    for (let j = 0; j < itemSize; j++) swapped[i + j] = bytes[i + itemSize - 1 - j];
  return swapped;
}

/** IEEE half precision to single, exact. */
export function halvesToFloats(halves: Uint16Array): Float32Array {
  const floats = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i];
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    const size =
      exponent === 0
        ? fraction * 2 ** -24
        : exponent === 31
          ? fraction === 0
            ? Number.POSITIVE_INFINITY
            : Number.NaN
          : (1024 + fraction) * 2 ** (exponent - 25);
    floats[i] = half & 0x8000 ? -size : size;
  }
  return floats;
}

/** Numpy's fixed-width str: UTF-32, padded with NUL. */
function decodeText(bytes: Uint8Array, dtype: NdArrayDtype, size: number): readonly string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts: string[] = [];
  for (let i = 0; i < size; i++) {
    let text = "";
    for (let at = i * dtype.itemSize; at < (i + 1) * dtype.itemSize; at += 4) {
      const point = view.getUint32(at, !dtype.bigEndian);
      if (point > 0x10ffff) throw bad(`U+${point.toString(16)} in a str array is no character`);
      text += String.fromCodePoint(point);
    }
    texts.push(trimNulls(text));
  }
  return texts;
}

function decodeByteText(bytes: Uint8Array, itemSize: number, size: number): readonly string[] {
  const texts: string[] = [];
  for (let i = 0; i < size; i++)
    texts.push(trimNulls(latin1Text(bytes.subarray(i * itemSize, (i + 1) * itemSize))));
  return texts;
}

function trimNulls(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0) end--;
  return text.slice(0, end);
}

/** One character per byte. */
export function latin1Text(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}

/** One byte per character. @throws BAD_FORMAT for a character beyond U+00FF. */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 255) throw bad("bytes written as text hold a character beyond U+00FF");
    bytes[i] = unit;
  }
  return bytes;
}

/** Column-major elements in row-major order. */
function toRowMajor(elements: ArrayData, shape: readonly number[]): ArrayData {
  const size = elements.length;
  const ordered: ArrayData = Array.isArray(elements) ? new Array(size) : (elements as Uint8Array).slice();
  const target = ordered as { [index: number]: PickleValue };
  const index = new Array<number>(shape.length).fill(0);
  const strides: number[] = [];
  let stride = 1;
  for (const n of shape) {
    strides.push(stride);
    stride *= n;
  }
  let from = 0;
  for (let to = 0; to < size; to++) {
    target[to] = elements[from] as PickleValue;
    for (let d = shape.length - 1; d >= 0; d--) {
      from += strides[d];
      if (++index[d] < shape[d]) break;
      from -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
  return ordered;
}
