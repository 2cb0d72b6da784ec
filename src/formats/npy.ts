/** One array as numpy keeps it in a `.npy` file, version 1.0 (numpy.lib.format). @module */
import { AtlasmtlError } from "../errors.ts";

export type NpyArray = Int32Array | Float32Array | Float64Array | Uint8Array;

const KINDS = [
  ["<i4", Int32Array],
  ["<f4", Float32Array],
  ["<f8", Float64Array],
  ["|u1", Uint8Array],
] as const;

const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0);
/** Data start at a multiple of this. */
const ALIGNMENT = 64;

const bytesOf = ({ buffer, byteOffset, byteLength }: NpyArray): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** The pieces of the file: `array` as rows of `width` values, as one dimension where `width` is 1. */
export function emitNpy(array: NpyArray, width: number): readonly Uint8Array[] {
  const kind = KINDS.find(([, type]) => array instanceof type);
  if (kind === undefined) throw new AtlasmtlError("BUG", "this is no array of numpy");
  const rows = width === 0 ? 0 : array.length / width;
  const shape = width === 1 ? `(${rows},)` : `(${rows}, ${width})`;
  const text = `{'descr': '${kind[0]}', 'fortran_order': False, 'shape': ${shape}, }`;
  const size = Math.ceil((MAGIC.length + 2 + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const head = new Uint8Array(size).fill(0x20);
  head.set(MAGIC);
  new DataView(head.buffer).setUint16(MAGIC.length, size - MAGIC.length - 2, true);
  head.set(new TextEncoder().encode(text), MAGIC.length + 2);
  head[size - 1] = 0x0a;
  return [head, bytesOf(array)];
}

/**
 * The values of a file that {@link emitNpy} wrote.
 * @throws BAD_FORMAT for other bytes.
 */
export function parseNpy(bytes: Uint8Array): NpyArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = MAGIC.length + 2;
  const size = bytes.length < start ? 0 : view.getUint16(MAGIC.length, true);
  const text = new TextDecoder("latin1").decode(bytes.subarray(start, start + size));
  const found = /'descr': '([<|][a-z]\d)', 'fortran_order': False, 'shape': \((\d+),(?: (\d+))?\)/.exec(text);
  const kind = KINDS.find(([name]) => name === found?.[1]);
  const count = Number(found?.[2]) * Number(found?.[3] ?? 1);
  if (MAGIC.some((byte, i) => bytes[i] !== byte) || kind === undefined)
    throw new AtlasmtlError("BAD_FORMAT", "this is no array of numpy, format 1.0");
  const data = bytes.slice(start + size);
  if (data.length !== count * kind[1].BYTES_PER_ELEMENT)
    throw new AtlasmtlError("BAD_FORMAT", `an array of ${count} values has ${data.length} bytes`);
  return new kind[1](data.buffer);
}
