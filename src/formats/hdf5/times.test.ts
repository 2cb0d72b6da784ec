import { expect, test } from "vitest";
import { type EditableFile, lookup3, readHeader } from "./layout.ts";
import { eraseTimes } from "./times.ts";

const START = 64;

/** A file in memory with `header` at {@link START}. */
function fileWith(header: Uint8Array): { file: EditableFile; bytes: Uint8Array } {
  const bytes = new Uint8Array(256);
  bytes.set(header, START);
  return {
    bytes,
    file: {
      base: 0,
      read: (address, length) => bytes.slice(address, address + length),
      write: (address, piece) => bytes.set(piece, address),
    },
  };
}

/** A newer header with stored times and these messages. */
function newHeader(messages: readonly number[]): Uint8Array {
  const times = Array.from({ length: 16 }, (_, i) => i + 1);
  const head = [...new TextEncoder().encode("OHDR"), 2, 0x20, ...times, messages.length];
  const bytes = Uint8Array.from([...head, ...messages, 0, 0, 0, 0]);
  const end = bytes.length - 4;
  new DataView(bytes.buffer).setUint32(end, lookup3(bytes.subarray(0, end)), true);
  return bytes;
}

test("the times of a newer header become 0, its checksum holds, and all else stays", () => {
  const other = [0x0c, 3, 0, 0, 7, 8, 9];
  const { file, bytes } = fileWith(newHeader([...other, 0x12, 8, 0, 0, 1, 0, 0, 0, 9, 9, 9, 9]));
  eraseTimes(file, START);
  const header = bytes.slice(START);
  expect([...header.subarray(6, 22)]).toEqual(new Array(16).fill(0));
  const size = 23 + other.length + 12;
  const stored = new DataView(header.buffer).getUint32(size, true);
  expect(stored).toBe(lookup3(header.subarray(0, size)));
  expect(readHeader(file, START).map(({ type, data }) => [type, [...data]])).toEqual([
    [0x0c, [7, 8, 9]],
    [0x12, [1, 0, 0, 0, 0, 0, 0, 0]],
  ]);
});

test("the times of an older header become 0, in both of their forms", () => {
  const text = [...new TextEncoder().encode("20260131120000"), 0, 0];
  const messages = [0x12, 0, 8, 0, 0, 0, 0, 0, 1, 0, 0, 0, 5, 6, 7, 8, 0x0e, 0, 16, 0, 0, 0, 0, 0, ...text];
  const head = new Uint8Array(16);
  head[0] = 1;
  new DataView(head.buffer).setUint32(8, messages.length, true);
  const { file } = fileWith(Uint8Array.from([...head, ...messages]));
  eraseTimes(file, START);
  expect(readHeader(file, START).map(({ data }) => [...data])).toEqual([
    [1, 0, 0, 0, 0, 0, 0, 0],
    [...new TextEncoder().encode("00000000000000"), 0, 0],
  ]);
});

test("a time of another version is refused, and nothing is written", () => {
  const { file, bytes } = fileWith(newHeader([0x12, 8, 0, 0, 2, 0, 0, 0, 9, 9, 9, 9]));
  const before = bytes.slice();
  expect(() => eraseTimes(file, START)).toThrow(expect.objectContaining({ code: "BAD_FORMAT" }));
  expect(bytes).toEqual(before);
});
