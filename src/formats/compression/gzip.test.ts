import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { joinPieces } from "../../../test/helpers/memory-store.ts";
import { isAtlasmtlError } from "../../errors.ts";
import { emitGzip, isGzip, plainBytes } from "./gzip.ts";

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return "none";
  } catch (error) {
    if (!isAtlasmtlError(error)) throw error;
    return error.code;
  }
};

test("what zlib compresses is read, and zlib reads what is emitted", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 5000 }), { maxLength: 4 }), (pieces) => {
      const content = joinPieces(pieces);
      expect(plainBytes(gzipSync(content))).toEqual(content);
      expect(new Uint8Array(gunzipSync(joinPieces(emitGzip(pieces))))).toEqual(content);
    }),
  );
});

test("content larger than a chunk comes back", () => {
  const content = new Uint8Array(3_000_000).map((_, i) => (i * 7919) >> 5);
  expect(Buffer.compare(plainBytes(joinPieces(emitGzip([content]))), content)).toBe(0);
});

test("members one after another are one content, as in Python", () => {
  const parts = [new Uint8Array(200_000).fill(7), new Uint8Array([1, 2, 3]), new Uint8Array()];
  const members = joinPieces(parts.map((part) => gzipSync(part)));
  expect(Buffer.compare(plainBytes(members), joinPieces(parts))).toBe(0);
});

test("the same bytes give the same file: no time, no name", () => {
  const bytes = joinPieces(emitGzip([new Uint8Array(100)]));
  expect(Array.from(bytes.subarray(3, 8))).toEqual([0, 0, 0, 0, 0]);
  expect(isGzip(bytes)).toBe(true);
});

test("a file cut off anywhere is refused", () => {
  const bytes = gzipSync(new Uint8Array(1000).map((_, i) => i % 17));
  for (let length = 2; length < bytes.length; length++)
    expect(codeOf(() => plainBytes(bytes.subarray(0, length)))).toBe("BAD_FORMAT");
});

test("a changed byte after the header is noticed or changes nothing", () => {
  const content = new Uint8Array(1000).map((_, i) => i % 17);
  const bytes = new Uint8Array(gzipSync(content));
  for (let at = 10; at < bytes.length; at++) {
    const damaged = bytes.slice();
    damaged[at] ^= 0x10;
    codeOf(() => expect(plainBytes(damaged)).toEqual(content));
  }
});

test("a bomb stops at the limit", () => {
  const bomb = gzipSync(new Uint8Array(50_000_000));
  expect(codeOf(() => plainBytes(bomb, 1_000_000))).toBe("LIMIT");
});

test("a false length in the trailer takes no memory", () => {
  const bytes = new Uint8Array(gzipSync(new Uint8Array(10)));
  bytes.fill(0xff, bytes.length - 4);
  expect(codeOf(() => plainBytes(bytes))).toBe("BAD_FORMAT");
});
