/**
 * Plain data with large arrays as one file: the bytes of every array, then JSON of the rest, in which an array is its type, place and
 * length. Arrays are written from where they are and read one by one, so that no second copy is made.
 */
import { Float, type SyncFile } from "atlasmtl";

/** Where in its file the JSON is. */
export interface Packed {
  readonly jsonAt: number;
  readonly size: number;
}

const ARRAYS = {
  Float32Array,
  Float64Array,
  Int8Array,
  Int32Array,
  Uint8Array,
  Uint16Array,
  Uint32Array,
} as const;
type ArrayType = keyof typeof ARRAYS;

/** The key of what JSON has no form for. */
const TAG = "$";

/** Writes `value` into an empty file. @throws TypeError for a value of another kind, and what the file throws. */
export function pack(value: unknown, file: SyncFile): Packed {
  let at = 0;
  const places = new Map<object, object>();
  const write = (bytes: Uint8Array): number => {
    const start = at;
    for (let done = 0; done < bytes.length; ) {
      const written = file.write(bytes.subarray(done), { at: at + done });
      if (!(written > 0)) throw new DOMException("the file takes no more", "QuotaExceededError");
      done += written;
    }
    at += bytes.length;
    return start;
  };
  const place = (array: ArrayBufferView): object => {
    const known = places.get(array);
    if (known !== undefined) return known;
    const type = array.constructor.name;
    if (!(type in ARRAYS)) throw new TypeError(`an array of kind ${type}`);
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    // A file takes no memory that threads share.
    const start = write(array.buffer instanceof ArrayBuffer ? bytes : bytes.slice());
    const made = { [TAG]: "array", type, at: start, bytes: array.byteLength };
    places.set(array, made);
    return made;
  };
  const plain = (each: unknown): unknown => {
    if (each === undefined || each === null || typeof each === "string" || typeof each === "boolean")
      return each;
    if (typeof each === "number")
      return Number.isFinite(each) && !Object.is(each, -0)
        ? each
        : { [TAG]: "number", value: numberText(each) };
    if (each instanceof Float) return { [TAG]: "float", value: plain(each.value) };
    if (ArrayBuffer.isView(each)) return place(each);
    if (Array.isArray(each)) return each.map(plain);
    if (each instanceof Map)
      return { [TAG]: "map", entries: Array.from(each, ([key, item]) => [plain(key), plain(item)]) };
    if (typeof each !== "object") throw new TypeError(`a value of kind ${typeof each}`);
    const entries = Object.entries(each).map(([key, item]) => [key, plain(item)] as const);
    return TAG in each ? { [TAG]: "object", entries } : Object.fromEntries(entries);
  };
  const json = JSON.stringify(plain(value));
  const jsonAt = write(new TextEncoder().encode(json));
  file.flush();
  return { jsonAt, size: at };
}

const numberText = (value: number): string => (Object.is(value, -0) ? "-0" : String(value));

/** What {@link pack} wrote. @throws Error for a file that is not whole; the signal's reason. */
export async function unpack(file: Blob, { jsonAt, size }: Packed, signal?: AbortSignal): Promise<unknown> {
  if (file.size !== size) throw new Error(`${file.size} bytes are there, ${size} were written`);
  const arrays = new Map<number, Uint8Array>();
  const value: unknown = JSON.parse(await file.slice(jsonAt).text(), (_, each: unknown) =>
    isTagged(each) ? untagged(each, arrays) : each,
  );
  for (const [at, bytes] of arrays) {
    signal?.throwIfAborted();
    bytes.set(new Uint8Array(await file.slice(at, at + bytes.length).arrayBuffer()));
  }
  return value;
}

type Tagged =
  | { readonly $: "number"; readonly value: string }
  | { readonly $: "float"; readonly value: number }
  | { readonly $: "map"; readonly entries: readonly (readonly [unknown, unknown])[] }
  | { readonly $: "object"; readonly entries: readonly (readonly [string, unknown])[] }
  | { readonly $: "array"; readonly type: ArrayType; readonly at: number; readonly bytes: number };

const isTagged = (value: unknown): value is Tagged =>
  typeof value === "object" && value !== null && TAG in value && typeof value[TAG] === "string";

/** `arrays` gets the memory of each array, to be filled, by its place in the file. */
function untagged(value: Tagged, arrays: Map<number, Uint8Array>): unknown {
  switch (value.$) {
    case "number":
      return Number(value.value);
    case "float":
      return new Float(value.value);
    case "map":
      return new Map(value.entries);
    case "object":
      return Object.fromEntries(value.entries);
    case "array": {
      const { type, at, bytes } = value;
      if (bytes === 0) return new ARRAYS[type]();
      const held = arrays.get(at) ?? new Uint8Array(bytes);
      arrays.set(at, held);
      return new ARRAYS[type](held.buffer as ArrayBuffer);
    }
  }
}
