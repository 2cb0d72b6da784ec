import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { editFile, lookup3 } from "./layout.ts";
import { loadHdf5 } from "./library.ts";

test("edits and reads of any places are those of a plain array, and an edit that fails leaves the file as it was", async () => {
  await loadHdf5();
  const folder = await mkdtemp(join(tmpdir(), "atlasmtl-hdf5-"));
  const path = join(folder, "a.h5");
  // More pages than are held at once, and a part of one.
  const size = 70 * 65_536 + 123;
  const start = new Uint8Array(size).map((_, i) => i % 251);
  start.set([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a, 0]);
  start.set([8, 8], 13);
  const place = fc.oneof(
    fc.integer({ min: 16, max: size - 1 }),
    fc.integer({ min: 1, max: 70 }).map((page) => page * 65_536 - 2),
  );
  const step = fc.record({ at: place, length: fc.integer({ min: 1, max: 70_000 }), value: fc.nat(255) });
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        await writeFile(path, start);
        const plain = start.slice();
        editFile(path, (file) => {
          for (const { at, length, value } of steps) {
            const end = Math.min(at + length, size);
            plain.fill(value, at, end);
            file.write(at, new Uint8Array(end - at).fill(value));
            const from = Math.max(16, at - 100);
            expect(Buffer.compare(file.read(from, end - from), plain.subarray(from, end))).toBe(0);
          }
        });
        expect(Buffer.compare(await readFile(path), plain)).toBe(0);
      }),
      { numRuns: 10 },
    );
    await writeFile(path, start);
    expect(() =>
      editFile(path, (file) => {
        file.write(100, Uint8Array.of(1, 2, 3));
        file.read(size - 4, 8);
      }),
    ).toThrow(expect.objectContaining({ code: "BAD_FORMAT" }));
    expect(Buffer.compare(await readFile(path), start)).toBe(0);
  } finally {
    await rm(folder, { recursive: true });
  }
});

// The self-test of lookup3.c gives these two.
test("the checksum is Jenkins' lookup3 with seed 0", () => {
  expect(lookup3(new Uint8Array(0))).toBe(0xdeadbeef);
  expect(lookup3(new TextEncoder().encode("Four score and seven years ago"))).toBe(0x17770551);
});
