import fc from "fast-check";
import { zipSync } from "fflate";
import { expect, test } from "vitest";
import { joinPieces } from "../../../test/helpers/memory-store.ts";
import { isAtlasmtlError } from "../../errors.ts";
import { crc32 } from "../compression/crc32.ts";
import { emitZip } from "./emit.ts";
import { openZip } from "./read.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const content = new Uint8Array(5000).map((_, i) => (i * i) % 251);

function allEntries(bytes: Uint8Array): Record<string, number[]> {
  const archive = openZip(bytes);
  return Object.fromEntries(archive.names.map((name) => [name, Array.from(archive.read(name))]));
}

/** Runs `work`; anything thrown must be one of our errors. */
function typedFailure(work: () => void): boolean {
  try {
    work();
    return false;
  } catch (error) {
    if (!isAtlasmtlError(error)) throw error;
    return true;
  }
}

test("the checksum is that of the standard's test vector, whole or in parts", () => {
  expect(crc32(text("123456789"))).toBe(0xcbf43926);
  expect(crc32(text("6789"), crc32(text("12345")))).toBe(0xcbf43926);
});

test.each(["auto", "always"] as const)("entries come back as they were written, zip64 %s", (zip64) => {
  const entries = fc.uniqueArray(
    fc.record({
      name: fc.string({ minLength: 1, unit: "grapheme" }),
      pieces: fc.array(fc.uint8Array(), { maxLength: 3 }),
    }),
    { selector: ({ name }) => name, maxLength: 6 },
  );
  fc.assert(
    fc.property(entries, (list) => {
      const archive = openZip(joinPieces(emitZip(list, { zip64 })));
      expect(archive.names).toEqual(list.map(({ name }) => name));
      for (const { name, pieces } of list) {
        expect(archive.read(name)).toEqual(joinPieces(pieces));
        expect(archive.size(name)).toBe(joinPieces(pieces).length);
      }
    }),
  );
});

test("the data of every entry is aligned, and a stored entry is read without a copy", () => {
  const bytes = joinPieces(
    emitZip([
      { name: "odd name", pieces: [text("abc")] },
      { name: "b", pieces: [content] },
    ]),
  );
  const archive = openZip(bytes);
  for (const name of archive.names) {
    const entry = archive.read(name);
    expect(entry.buffer).toBe(bytes.buffer);
    expect(entry.byteOffset % 64).toBe(0);
  }
});

test("deflated entries of other writers are read", () => {
  const bytes = zipSync({ "dir/a.txt": content, b: [text("stored"), { level: 0 }] });
  expect(allEntries(bytes)).toEqual({ "dir/a.txt": Array.from(content), b: Array.from(text("stored")) });
});

test.each([
  [
    "stored",
    joinPieces(
      emitZip([
        { name: "a", pieces: [text("first")] },
        { name: "b", pieces: [text("second")] },
      ]),
    ),
  ],
  ["zip64", joinPieces(emitZip([{ name: "a", pieces: [text("first")] }], { zip64: "always" }))],
  ["deflated", zipSync({ a: new Uint8Array(300).map((_, i) => i % 7) })],
])("a changed byte of a %s archive is noticed or changes nothing", (_, bytes) => {
  const original = allEntries(bytes);
  for (let at = 0; at < bytes.length; at++)
    for (const change of [1, 0x80, 0xff]) {
      const damaged = bytes.slice();
      damaged[at] ^= change;
      typedFailure(() => expect(allEntries(damaged)).toEqual(original));
    }
});

test("an archive cut off anywhere is refused", () => {
  const bytes = joinPieces(emitZip([{ name: "a", pieces: [text("first")] }]));
  for (let length = 0; length < bytes.length; length++)
    expect(typedFailure(() => openZip(bytes.subarray(0, length)))).toBe(true);
});

/** Changes a 32-bit field of the central directory entry that starts with `name`. */
function withCentral(bytes: Uint8Array, name: string, field: number, value: number): Uint8Array {
  const damaged = bytes.slice();
  const view = new DataView(damaged.buffer);
  for (let at = 0; at < damaged.length - 46; at++)
    if (view.getUint32(at, true) === 0x02014b50 && damaged[at + 46] === name.charCodeAt(0))
      view.setUint32(at + field, value, true);
  return damaged;
}

test("two entries over the same bytes are refused", () => {
  const bytes = joinPieces(
    emitZip([
      { name: "a", pieces: [content] },
      { name: "b", pieces: [content] },
    ]),
  );
  expect(() => openZip(withCentral(bytes, "b", 42, 0))).toThrow(
    expect.objectContaining({ code: "BAD_FORMAT" }),
  );
});

test("two entries of one name are refused", () => {
  const bytes = joinPieces(
    emitZip([
      { name: "a", pieces: [content] },
      { name: "a", pieces: [content] },
    ]),
  );
  expect(() => openZip(bytes)).toThrow(/two entries a/);
});

test("a deflated entry that claims more than deflate can give is refused before memory is taken", () => {
  const bytes = zipSync({ a: new Uint8Array(100) });
  expect(() => openZip(withCentral(bytes, "a", 24, 0x7fffffff)).read("a")).toThrow(
    expect.objectContaining({ code: "LIMIT" }),
  );
});

test("an entry that is not there is NOT_FOUND", () => {
  expect(() => openZip(zipSync({ a: content })).read("__proto__")).toThrow(
    expect.objectContaining({ code: "NOT_FOUND" }),
  );
});
