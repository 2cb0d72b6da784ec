/**
 * Reads chunked arrays directly from the file, for a filter that the library does not handle: lzf. Its plugin
 * fails on strings (it gives up if its estimate of a chunk's size is too small), and browsers have no plugin.
 *
 * Source: The HDF Group, "HDF5 File Format Specification" 3.0, sections III.A.1 (version 1 B-trees), III.E
 * (global heap), IV.A.2.i (data layout). The library reads arrays with newer chunk indexes.
 * @module
 */
import { AtlasmtlError } from "../../errors.ts";
import type { StoredChunks } from "../array-store.ts";
import { decodeChunk, FLETCHER32, GZIP, LZF, SHUFFLE } from "./decode-chunk.ts";
import { address, damaged, hasText, inspectFile, type ReadableFile, readHeader } from "./layout.ts";
import { POINTER_BYTES } from "./values.ts";

const LAYOUT_MESSAGE = 0x08;

/** Maximum depth of a B-tree; eight levels hold more chunks than any file. */
const MAX_LEVELS = 8;

/** A chunked array with a version 1 B-tree as index. */
export interface ChunkedArray {
  /** The bytes of rows `from` to `to`, in their stored form. */
  readRows(from: number, to: number): Uint8Array<ArrayBuffer>;
  /** The variable-length strings that stored pointers lead to. */
  readStrings(pointers: Uint8Array): string[];
}

export interface ChunkedArrayParts {
  /** The path by which the library's file system knows the file. */
  readonly path: string;
  /** The address of the array's object header. */
  readonly header: number;
  readonly shape: readonly number[];
  readonly elementBytes: number;
  /** Filters in the order in which they were applied. */
  readonly filters: readonly number[];
}

interface Chunk {
  readonly offsets: readonly number[];
  readonly address: number;
  readonly bytes: number;
  /** Bit i: filter i was not applied. */
  readonly skipped: number;
}

interface Layout {
  readonly tree: number;
  readonly chunkShape: readonly number[];
  readonly elementBytes: number;
}

/** Opens an array; null if it uses other filters or another index. @throws BAD_FORMAT for a damaged file. */
export function openChunked(parts: ChunkedArrayParts): ChunkedArray | null {
  const { path, header, shape, elementBytes, filters } = parts;
  if (!filters.every((id) => id === LZF || id === SHUFFLE || id === FLETCHER32)) return null;
  const found = inspectFile(path, (file) => {
    const layout = readLayout(file, header);
    if (layout?.chunkShape.length !== shape.length || layout.elementBytes !== elementBytes) return null;
    return { ...layout, chunks: readTree(file, layout) };
  });
  if (found === null) return null;
  const { chunkShape, chunks } = found;
  // Chunks that were never written have the fill value, which the library reads.
  const expected = shape.reduce((n, size, axis) => n * Math.ceil(size / chunkShape[axis]), 1);
  if (chunks.length !== expected) return null;
  const isOutside = ({ offsets }: Chunk): boolean =>
    offsets.some((offset, axis) => offset >= shape[axis] || offset % chunkShape[axis] !== 0);
  const outside = chunks.find(isOutside);
  if (outside !== undefined) throw damaged(`a chunk at ${outside.offsets.join(", ")}, where none can be`);

  const form = { filters, elementBytes, size: chunkShape.reduce((product, n) => product * n, elementBytes) };
  const readRows = (from: number, to: number): Uint8Array<ArrayBuffer> =>
    inspectFile(path, (file) => {
      const rowBytes = shape.slice(1).reduce((size, n) => size * n, elementBytes);
      const result = new Uint8Array((to - from) * rowBytes);
      for (const chunk of chunks) {
        const first = chunk.offsets[0];
        if (first >= to || first + chunkShape[0] <= from) continue;
        const bytes = decodeChunk(file.read(chunk.address, chunk.bytes), chunk.skipped, form);
        if (bytes.length !== form.size)
          throw damaged(`a chunk of ${bytes.length} bytes where ${form.size} belong`);
        placeChunk(
          bytes,
          chunk.offsets,
          found,
          result,
          [from, ...shape.slice(1).fill(0)],
          [to, ...shape.slice(1)],
        );
      }
      return result;
    });

  return {
    readRows,
    readStrings: (pointers) => inspectFile(path, (file) => dereference(file, pointers)),
  };
}

/** Filters that threads undo as the library does. It also checks the sums of fletcher32. */
const IN_THREADS: readonly number[] = [GZIP, SHUFFLE, LZF];

/**
 * Where the chunks of a vector of `dtype` are, for threads that read them from the file; null where that is not known, or where
 * anything is unusual, which the library then says.
 */
export function locateChunks(parts: ChunkedArrayParts, dtype: string): StoredChunks | null {
  const { path, header, shape, elementBytes, filters } = parts;
  if (shape.length !== 1 || !filters.every((id) => IN_THREADS.includes(id))) return null;
  try {
    return inspectFile(path, (file) => {
      const layout = readLayout(file, header);
      if (layout?.chunkShape.length !== 1 || layout.elementBytes !== elementBytes) return null;
      const [chunkLength] = layout.chunkShape;
      const chunks = readTree(file, layout);
      const isWhole =
        chunks.length === Math.ceil(shape[0] / chunkLength) &&
        chunks.every(({ offsets }, i) => offsets[0] === i * chunkLength);
      const size = chunkLength * elementBytes;
      // A thread has to hold what the file says of a chunk; filters make it hardly longer.
      if (!isWhole || chunks.some(({ bytes }) => bytes > 2 * size + 64)) return null;
      return {
        path,
        dtype,
        chunkLength,
        form: { filters, elementBytes, size },
        at: Float64Array.from(chunks, (chunk) => file.base + chunk.address),
        bytes: Uint32Array.from(chunks, (chunk) => chunk.bytes),
        skipped: Uint32Array.from(chunks, (chunk) => chunk.skipped),
      };
    });
  } catch (error) {
    if (error instanceof AtlasmtlError) return null;
    throw error;
  }
}

/** Null for arrays that are not chunked or use another index. */
function readLayout(file: ReadableFile, header: number): Layout | null {
  const data = readHeader(file, header).find(({ type }) => type === LAYOUT_MESSAGE)?.data;
  if (data === undefined || data[0] !== 3 || data[1] !== 2) return null;
  const n = data[2];
  if (data.length < 11 + 4 * n) throw damaged("a short data layout");
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const sizes = Array.from({ length: n }, (_, i) => view.getUint32(11 + 4 * i, true));
  if (n < 2 || sizes.includes(0)) throw damaged(`chunks of ${sizes.join(" × ")}`);
  return { tree: address(data, 3), chunkShape: sizes.slice(0, -1), elementBytes: sizes.at(-1)! };
}

function readTree(file: ReadableFile, { tree, chunkShape }: Layout): Chunk[] {
  const chunks: Chunk[] = [];
  const keyBytes = 8 + 8 * (chunkShape.length + 1);
  const visited = new Set<number>();
  const visit = (at: number, level: number | null): void => {
    if (visited.has(at)) throw damaged("a B-tree that runs in a circle");
    visited.add(at);
    const head = file.read(at, 24);
    const [type, depth] = [head[4], head[5]];
    if (!hasText(head, 0, "TREE") || type !== 1 || depth >= MAX_LEVELS || (level !== null && depth !== level))
      throw damaged(`no B-tree node at ${at}`);
    const n = head[6] + 256 * head[7];
    const node = file.read(at + 24, n * (keyBytes + 8) + keyBytes);
    const view = new DataView(node.buffer);
    for (let i = 0; i < n; i++) {
      const key = i * (keyBytes + 8);
      const child = address(node, key + keyBytes);
      if (depth > 0) visit(child, depth - 1);
      else
        chunks.push({
          offsets: chunkShape.map((_, axis) => address(node, key + 8 + 8 * axis)),
          address: child,
          bytes: view.getUint32(key, true),
          skipped: view.getUint32(key + 4, true),
        });
    }
  };
  // An array without written chunks has no tree: all bits of the address are set.
  if (tree < Number.MAX_SAFE_INTEGER) visit(tree, null);
  return chunks;
}

/** Copies the part of a chunk within `starts` to `ends` to its position in `result`. */
function placeChunk(
  bytes: Uint8Array,
  offsets: readonly number[],
  { chunkShape, elementBytes }: Layout,
  result: Uint8Array,
  starts: readonly number[],
  ends: readonly number[],
): void {
  const last = chunkShape.length - 1;
  const copy = (axis: number, source: number, target: number): void => {
    const low = Math.max(offsets[axis], starts[axis]);
    const high = Math.min(offsets[axis] + chunkShape[axis], ends[axis]);
    const from = source * chunkShape[axis] + low - offsets[axis];
    const to = target * (ends[axis] - starts[axis]) + low - starts[axis];
    if (axis === last) {
      const part = bytes.subarray(from * elementBytes, (from + Math.max(0, high - low)) * elementBytes);
      result.set(part, to * elementBytes);
    } else for (let i = 0; i < high - low; i++) copy(axis + 1, from + i, to + i);
  };
  copy(0, 0, 0);
}

/** The texts of stored pointers. */
function dereference(file: ReadableFile, pointers: Uint8Array): string[] {
  const heaps = new Map<number, ReadonlyMap<number, Uint8Array>>();
  let heapBytes = 0;
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  const decoder = new TextDecoder();
  const view = new DataView(pointers.buffer, pointers.byteOffset, pointers.byteLength);
  const texts: string[] = [];
  for (let at = 0; at < pointers.length; at += POINTER_BYTES) {
    const length = view.getUint32(at, true);
    if (length === 0) {
      texts.push("");
      continue;
    }
    const heap = address(pointers, at + 4);
    let objects = heaps.get(heap);
    if (objects === undefined) {
      const found = readHeap(file, heap);
      objects = found.objects;
      heaps.set(heap, objects);
      // Heaps of a whole file lie beside each other; those that lie in each other would each be read again.
      heapBytes += found.size;
      first = Math.min(first, heap);
      last = Math.max(last, heap + found.size);
      if (heapBytes > last - first) throw damaged("heaps that overlap");
    }
    const object = objects.get(view.getUint32(at + 12, true));
    if (object === undefined || length > object.length)
      throw new AtlasmtlError("BAD_FORMAT", "a string points to nothing", {
        hint: "the file is damaged; copy it again from its source",
      });
    const end = object.subarray(0, length).indexOf(0);
    texts.push(decoder.decode(object.subarray(0, end < 0 ? length : end)));
  }
  return texts;
}

/** The objects of a global heap collection by their index. */
function readHeap(
  file: ReadableFile,
  at: number,
): { readonly objects: ReadonlyMap<number, Uint8Array>; readonly size: number } {
  const head = file.read(at, 16);
  if (!hasText(head, 0, "GCOL")) throw damaged(`no heap at ${at}`);
  const heap = file.read(at, address(head, 8));
  const view = new DataView(heap.buffer);
  const objects = new Map<number, Uint8Array>();
  for (let p = 16; p + 16 <= heap.length; ) {
    const index = view.getUint16(p, true);
    const size = address(heap, p + 8);
    if (index === 0 || size > heap.length - p - 16) break;
    objects.set(index, heap.subarray(p + 16, p + 16 + size));
    p += 16 + Math.ceil(size / 8) * 8;
  }
  return { objects, size: heap.length };
}
