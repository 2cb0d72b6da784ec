import { expect, test } from "vitest";
import { blobSource } from "./blob-source.ts";

const BYTES = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7 + (i >> 8)) % 256);

/** A blob whose stream fills no given memory, as in older browsers. */
class PlainBlob extends Blob {
  override slice(...range: Parameters<Blob["slice"]>): Blob {
    return Object.assign(super.slice(...range), {
      stream() {
        throw new TypeError("no byte stream");
      },
    });
  }
}

test.each([
  ["with", new Blob([BYTES])],
  ["without", new PlainBlob([BYTES])],
])("slices of any size fill the bytes that are given, %s a byte stream", async (_, blob) => {
  const source = blobSource(blob);
  const into = new Uint8Array(70_000);
  for (const size of [1, 999, 65_536, 70_000])
    for (const start of [0, 5, 131_071, BYTES.length - size, BYTES.length - 1]) {
      const read = await source.read(start, start + size, into);
      expect(read).toEqual(BYTES.subarray(start, start + size));
      expect(read.buffer).toBe(into.buffer);
    }
  expect((await source.read(BYTES.length, BYTES.length + 9, into)).length).toBe(0);
});

test("reads at the same time do not share memory", async () => {
  const source = blobSource(new Blob([BYTES]));
  const read = await Promise.all(
    [0, 100_000, 200_000].map((at) => source.read(at, at + 50_000, new Uint8Array(50_000))),
  );
  for (const [i, part] of read.entries())
    expect(part).toEqual(BYTES.subarray(100_000 * i, 100_000 * i + 50_000));
});
