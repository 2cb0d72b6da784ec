/** Probabilities wait in memory or in a file, and come out alike. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { openScratch } from "../node/sync-file.ts";
import { createProbabilityStore } from "./probability-store.ts";

const CLASSES = 7;
const CELLS = 3000;
const BLOCK = 70;
/** Half of the table. */
const MOST = 2 * CLASSES * CELLS;

/** A value for each cell and class; one in eight is a little above 1, as sums of rounded numbers may be. */
const valueAt = (row: number, c: number): number =>
  ((row * 31 + c * 17) % 1024) % 8 === 0 ? 1 + 1e-9 : ((row * 31 + c * 17) % 1024) / 1024;

function filled(scratch: () => ReturnType<typeof openScratch>, nObs: number) {
  const store = createProbabilityStore(nObs, CLASSES, { openScratch: scratch, mostBytes: MOST });
  for (let first = 0; first < nObs; first += BLOCK) {
    const nRows = Math.min(BLOCK, nObs - first);
    const block = Float64Array.from({ length: nRows * CLASSES }, (_, i) =>
      valueAt(first + Math.floor(i / CLASSES), i % CLASSES),
    );
    store.take(block, nRows, first);
  }
  return store;
}
const expected = (c: number, start: number, end: number) =>
  Float32Array.from({ length: end - start }, (_, i) => Math.min(1, valueAt(start + i, c)));

test("a small table is in memory", () => {
  const { column } = filled(() => expect.unreachable("no file is needed"), 1500);
  const found = column(3, "c");
  expect(found).toEqual({ name: "c", kind: "score", values: expected(3, 0, 1500) });
});

test("a large table waits in a file, of which any part can be read", () => {
  const { column } = filled(openScratch, CELLS);
  const last = column(CLASSES - 1, "last");
  if (last.kind !== "score") expect.unreachable();
  expect(last.values).toEqual(expected(CLASSES - 1, 0, CELLS));
  const place = fc.integer({ min: 0, max: CELLS });
  fc.assert(
    fc.property(fc.nat({ max: CLASSES - 1 }), place, fc.nat({ max: 3 * BLOCK }), (c, start, length) => {
      const end = Math.min(CELLS, start + length);
      const found = column(c, "any");
      if (found.kind !== "score") expect.unreachable();
      expect(found.part?.(start, end)).toEqual(expected(c, start, end));
    }),
  );
});

test("where the disk is full, what does not fit stays in memory", () => {
  const file = openScratch();
  if (file === null) expect.unreachable();
  const most = 4 * CLASSES * 1000;
  const full = {
    ...file,
    write(from: Uint8Array, { at }: { at: number }) {
      if (at + from.length > most) throw new Error("ENOSPC");
      return file.write(from, { at });
    },
  };
  const found = filled(() => full, CELLS).column(5, "c");
  if (found.kind !== "score") expect.unreachable();
  expect(found.values).toEqual(expected(5, 0, CELLS));
  file.truncate(4 * CLASSES * 10);
  expect(() => found.values).toThrow(expect.objectContaining({ code: "IO" }));
});

test("on a host without files everything is in memory", () => {
  const found = filled(() => null, CELLS).column(1, "c");
  if (found.kind !== "score") expect.unreachable();
  expect(found.part).toBeUndefined();
  expect(found.values).toEqual(expected(1, 0, CELLS));
});
