import { expect, test } from "vitest";
import { registry } from "zarrita";
import { zstdBound } from "./zstd-bound.ts";

async function compress(bytes: Uint8Array): Promise<Uint8Array> {
  const entry = await registry.get("zstd")!();
  const unused = { dataType: "uint8" as const, shape: [], codecs: [], fillValue: 0 };
  return (
    entry.fromConfig({ level: 3 }, unused) as unknown as { encode(bytes: Uint8Array): Promise<Uint8Array> }
  ).encode(bytes);
}

test.each([1, 200, 70_000, 1_000_000])("the bound of %d bytes is their number", async (n) => {
  const bytes = new Uint8Array(n).map((_, i) => (i * i) % 251);
  expect(zstdBound(await compress(bytes))).toBe(n);
});

test("frames one after the other add up, and skippable frames count nothing", async () => {
  const frame = await compress(new Uint8Array(1000).fill(3));
  const skippable = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9);
  expect(zstdBound(new Uint8Array([...frame, ...skippable, ...frame]))).toBe(2000);
});

test("a frame without a size is bounded by its blocks", () => {
  // Magic, descriptor without single segment and size, window, then a raw block of 3 and a last one of 5 repeated.
  const frame = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0x58, 3 << 3, 0, 0, 1, 2, 3, (5 << 3) | 3, 0, 0, 7);
  expect(zstdBound(frame)).toBe(8);
});

test("what is cut short or no zstd has no bound", async () => {
  const frame = await compress(new Uint8Array(100).map((_, i) => i));
  for (let n = 1; n < 12; n++) expect(zstdBound(frame.subarray(0, n))).toBeNaN();
  expect(zstdBound(new TextEncoder().encode("plain text"))).toBeNaN();
});
