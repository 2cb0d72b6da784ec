import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesSource } from "../../core/blob-source.ts";
import type { ByteSource } from "../../core/bytes.ts";
import { countLines, textBlocks } from "./blocks.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A source that hands out at most `most` bytes at a time, as a slow disk might. */
function short(bytes: Uint8Array, most: number): ByteSource {
  const whole = bytesSource(bytes);
  return { ...whole, read: (start, end) => whole.read(start, Math.min(end, start + most)) };
}

async function blocksOf(source: ByteSource): Promise<{ text: string; firstLine: number }[]> {
  const blocks: { text: string; firstLine: number }[] = [];
  for await (const { bytes, firstLine } of textBlocks(source))
    blocks.push({ text: decoder.decode(bytes), firstLine });
  return blocks;
}

test("lines come whole, in order and numbered, gzipped or not", async () => {
  const lines = fc.array(
    fc.string({ maxLength: 50 }).filter((line) => !line.includes("\n")),
    { maxLength: 60 },
  );
  await fc.assert(
    fc.asyncProperty(lines, fc.boolean(), fc.boolean(), async (parts, ends, zipped) => {
      const text = parts.join("\n") + (ends ? "\n" : "");
      const bytes = zipped ? new Uint8Array(gzipSync(text)) : encoder.encode(text);
      const blocks = await blocksOf(bytesSource(bytes));
      expect(blocks.map((block) => block.text).join("")).toBe(text);
    }),
    { numRuns: 50 },
  );
});

test("blocks of a large file end at line feeds, and lines keep their numbers", async () => {
  const text = Array.from({ length: 200_000 }, (_, i) => `line ${i + 1}`).join("\n");
  for (const bytes of [encoder.encode(text), new Uint8Array(gzipSync(text))]) {
    const blocks = await blocksOf(bytesSource(bytes));
    expect(blocks.length).toBeGreaterThan(1);
    for (const block of blocks) expect(`${block.text}\n`.startsWith(`line ${block.firstLine}\n`)).toBe(true);
    expect(blocks.map((block) => block.text).join("")).toBe(text);
  }
});

test("a byte order mark is left out, several gzip members are read as one", async () => {
  expect(await blocksOf(bytesSource(encoder.encode("\ufeffa,b\n")))).toEqual([
    { text: "a,b\n", firstLine: 1 },
  ]);
  const members = new Uint8Array(Buffer.concat([gzipSync("a\nb"), gzipSync("c\n")]));
  expect((await blocksOf(bytesSource(members))).map(({ text }) => text).join("")).toBe("a\nbc\n");
});

test("damaged and truncated gzip is an error", async () => {
  const whole = new Uint8Array(gzipSync("some text\n".repeat(1000)));
  await expect(blocksOf(bytesSource(whole.subarray(0, whole.length - 9)))).rejects.toMatchObject({
    code: "BAD_FORMAT",
  });
  const wrong = whole.slice();
  wrong[30] ^= 255;
  await expect(blocksOf(bytesSource(wrong))).rejects.toMatchObject({ code: "BAD_FORMAT" });
});

test("an aborted signal stops the stream", async () => {
  const controller = new AbortController();
  controller.abort();
  const blocks = textBlocks(short(encoder.encode("a\n"), 1), controller.signal);
  await expect(blocks.next()).rejects.toMatchObject({ code: "ABORTED" });
});

test("line feeds are counted up to a place", () => {
  expect([0, 1, 2, 3, 4].map((end) => countLines(encoder.encode("a\n\nb"), end))).toEqual([0, 0, 1, 2, 2]);
});

test.each([
  ["packed a thousand times", new Uint8Array(gzipSync(Buffer.alloc(200_000_000, "1\n"))), /beyond 256 times/],
  ["five megabytes of empty lines", new Uint8Array(5_000_000).fill(10), /bytes of empty lines/],
  ["a line without an end", new Uint8Array(70_000_000).fill(49), /line 1 is longer than/],
])("%s is refused", async (_, bytes, message) => {
  const read = async (): Promise<void> => {
    for await (const { bytes: block } of textBlocks(bytesSource(bytes))) if (block.length === 0) return;
  };
  await expect(read()).rejects.toMatchObject({ code: "LIMIT", message: expect.stringMatching(message) });
});
