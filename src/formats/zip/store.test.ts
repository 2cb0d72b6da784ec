import { zipSync } from "fflate";
import { expect, test } from "vitest";
import { joinPieces } from "../../../test/helpers/memory-store.ts";
import { bytesSource } from "../../core/blob-source.ts";
import type { ByteSource } from "../../core/bytes.ts";
import { isAtlasmtlError } from "../../errors.ts";
import { emitZip } from "./emit.ts";
import { below, openZipStore } from "./store.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const long = new Uint8Array(50_000).map((_, i) => i % 7);

function counted(bytes: Uint8Array): ByteSource & { read: ByteSource["read"]; bytesRead: () => number } {
  let total = 0;
  const source = bytesSource(bytes, "test.zip");
  return {
    ...source,
    bytesRead: () => total,
    async read(start, end) {
      const part = await source.read(start, end);
      total += part.length;
      return part;
    },
  };
}

test("stored and deflated entries are read whole and in parts, and folders are listed", async () => {
  const zip = zipSync({
    "x/a": [text("hello"), { level: 0 }],
    "x/y/long": [long, { level: 6 }],
    b: text("b"),
  });
  const store = await openZipStore(bytesSource(zip, "test.zip"));
  expect([...store.keys].sort()).toEqual(["b", "x/a", "x/y/long"]);
  expect(await store.get("x/a")).toEqual(text("hello"));
  expect(await store.get("x/y/long")).toEqual(long);
  expect(await store.getRange("x/a", { start: 1, end: 3 })).toEqual(text("el"));
  expect(await store.getRange("x/a", { suffix: 2 })).toEqual(text("lo"));
  expect(await store.getRange("x/y/long", { suffix: 10 })).toEqual(long.slice(-10));
  expect(await store.getRange("x/y/long", { start: 49_990, end: 60_000 })).toEqual(long.slice(49_990));
  expect(await store.get("nothing")).toBeUndefined();
  expect([await store.list(""), await store.list("x"), await store.list("x/a")]).toEqual([
    ["b", "x"],
    ["a", "y"],
    [],
  ]);
  const inner = below(store, "x");
  expect(await inner.get("a")).toEqual(text("hello"));
  expect(await inner.list("")).toEqual(["a", "y"]);
});

test("only the directory and what is asked for are read", async () => {
  const entries = Array.from({ length: 40 }, (_, i) => ({
    name: `e${i}`,
    pieces: [new Uint8Array(100_000).fill(i)],
  }));
  const source = counted(joinPieces(emitZip(entries)));
  const store = await openZipStore(source);
  await store.getRange("e7", { start: 5, end: 9 });
  expect(source.bytesRead()).toBeLessThan(200_000);
});

test("of two entries of one name the later counts", async () => {
  const zip = zipSync({ aa: [text("old"), { level: 0 }], ab: [text("new"), { level: 0 }] });
  const name = new TextDecoder("latin1").decode(zip).replaceAll("ab", "aa");
  const store = await openZipStore(bytesSource(Uint8Array.from(name, (c) => c.charCodeAt(0))));
  expect(new TextDecoder().decode(await store.get("aa"))).toBe("new");
});

test("an archive cut short or changed anywhere gives the content or a typed error", async () => {
  const zip = zipSync({
    a: text("some text that deflates, that deflates"),
    "b/c": [long.slice(0, 300), { level: 0 }],
  });
  const attempt = async (bytes: Uint8Array): Promise<void> => {
    try {
      const store = await openZipStore(bytesSource(bytes));
      for (const key of store.keys) await store.get(key);
    } catch (error) {
      if (!isAtlasmtlError(error)) throw error;
    }
  };
  for (let n = 0; n < zip.length; n++) await attempt(zip.subarray(0, n));
  for (let at = 0; at < zip.length; at++) {
    const changed = zip.slice();
    changed[at] ^= 0x55;
    await attempt(changed);
  }
  const damaged = zip.slice();
  damaged[40] ^= 1;
  await expect((await openZipStore(bytesSource(damaged))).get("a")).rejects.toMatchObject({ where: "a" });
});
