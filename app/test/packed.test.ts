/** Plain data with arrays come back from their file as they were. */
import { expect, test } from "vitest";
import { Float, type SyncFile } from "../../src/api/index.ts";
import { pack, unpack } from "../src/worker/packed.ts";

/** A file in memory that takes `limit` bytes. */
function memoryFile(limit = 1e6): SyncFile & { blob(): Blob } {
  const held = new Uint8Array(limit);
  let size = 0;
  return {
    blob: () => new Blob([held.slice(0, size)]),
    read: () => 0,
    write(from, { at }) {
      const part = from.subarray(0, Math.max(0, limit - at));
      held.set(part, at);
      size = Math.max(size, at + part.length);
      return part.length;
    },
    truncate: () => undefined,
    getSize: () => size,
    flush: () => undefined,
  };
}

const shared = Float32Array.of(1.5, Number.NaN, -0, Number.POSITIVE_INFINITY);
const VALUE = {
  text: 'donor "1" › ä \u0000',
  none: null,
  numbers: [0, -0, Number.NaN, Number.NEGATIVE_INFINITY, 0.1, 2 ** 53],
  float: new Float(1),
  map: new Map<unknown, unknown>([
    ["a", new Map([["b", Int8Array.of(-1, 1)]])],
    ["dots", [new Float(Number.NaN)]],
  ]),
  arrays: [shared, shared, new Uint16Array(0), Float64Array.of(0.1), Int32Array.of(1, 2, 3).subarray(1)],
  dollar: { $: "map", entries: 3 },
};

test("numbers of every kind, maps, Python floats and arrays", async () => {
  const file = memoryFile();
  const packed = pack(VALUE, file);
  const found = (await unpack(file.blob(), packed)) as typeof VALUE;
  expect(found).toEqual(VALUE);
  expect(found.float).toBeInstanceOf(Float);
  // An array that stands in two places is written once.
  expect(packed.jsonAt).toBe(2 + 4 * 4 + 8 + 2 * 4);
});

test("a full file and a file that is cut are errors, and the signal stops reading", async () => {
  expect(() => pack(VALUE, memoryFile(20))).toThrow(expect.objectContaining({ name: "QuotaExceededError" }));
  const file = memoryFile();
  const packed = pack(VALUE, file);
  await expect(unpack(file.blob().slice(0, -1), packed)).rejects.toThrow(/bytes are there/);
  await expect(unpack(file.blob(), packed, AbortSignal.abort())).rejects.toMatchObject({
    name: "AbortError",
  });
});
