import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { platform } from "#platform";
import type { StoredArray } from "../array-store.ts";
import { fileSystem, loadHdf5 } from "./library.ts";
import { type Hdf5File, openHdf5 } from "./open.ts";
import { openWriter } from "./write.ts";

let bytes: Uint8Array;
let file: Hdf5File;

beforeAll(async () => {
  const fs = fileSystem(await loadHdf5());
  const mounted = await platform.mountForHdf5(new Uint8Array(0), fs);
  const writer = openWriter(mounted.path, "create");
  writer.createGroup("/g");
  writer.setAttribute("/g", "text", "Grüße 😀");
  writer.setAttribute("/g", "list", ["a", "b"]);
  writer.setAttribute("/g", "none", []);
  writer.setAttribute("/g", "flag", true);
  writer.setAttribute("/g", "shape", BigInt64Array.of(3n, 4n));
  writer.setAttribute("/g", "text2", "old");
  writer.setAttribute("/g", "text2", "new");
  writer.writeNumbers("/g/f32", Float32Array.of(1.5, 2.5, 3.5, 4.5, 5.5, 6.5), [3, 2]);
  writer.writeNumbers("/g/i64", BigInt64Array.of(-1n, 2n), [2]);
  writer.writeNumbers("/g/u8", Uint8Array.of(1, 255), [2]);
  writer.writeNumbers("/g/scalar", Float64Array.of(0.25), []);
  writer.writeNumbers("/g/empty", new Int32Array(0), [0]);
  writer.writeStrings("/g/s", ["", "é", "long ".repeat(100)], [3]);
  writer.writeBooleans("/g/b", Uint8Array.of(1, 0, 1), [3]);
  writer.writeBooleans("/g/bs", Uint8Array.of(1), []);
  writer.finish();
  bytes = fs.readFile(mounted.path);
  await mounted.unmount();
  file = await openHdf5(bytes);
});
afterAll(() => file.close());

async function array(path: string): Promise<StoredArray> {
  const element = await file.open(path);
  if (element?.kind !== "array") throw new Error(`${path} is no array`);
  return element;
}

test("what is written comes back", async () => {
  const group = await file.open("g");
  expect(group?.kind).toBe("group");
  expect(group?.attribute("text")).toBe("Grüße 😀");
  expect(group?.attribute("text2")).toBe("new");
  expect(group?.attribute("list")).toEqual(["a", "b"]);
  expect(group?.attribute("none")).toEqual(new Float64Array(0));
  expect(group?.attribute("flag")).toBe(true);
  expect(group?.attribute("shape")).toEqual(BigInt64Array.of(3n, 4n));
  expect(group?.attribute("absent")).toBeUndefined();
  expect((await array("g/f32")).shape).toEqual([3, 2]);
  expect(await (await array("g/f32")).readNumbers(1, 3)).toEqual(Float32Array.of(3.5, 4.5, 5.5, 6.5));
  expect(await (await array("g/i64")).readNumbers()).toEqual(BigInt64Array.of(-1n, 2n));
  expect(await (await array("g/u8")).readNumbers()).toEqual(Uint8Array.of(1, 255));
  expect(await (await array("g/scalar")).readNumbers()).toEqual(Float64Array.of(0.25));
  expect(await (await array("g/empty")).readNumbers()).toEqual(new Int32Array(0));
  expect(await (await array("g/s")).readStrings()).toEqual(["", "é", "long ".repeat(100)]);
  expect(await (await array("g/s")).readStrings(1, 2)).toEqual(["é"]);
});

test("booleans are h5py's enum, in arrays, scalars and attributes", async () => {
  for (const path of ["g/b", "g/bs"]) {
    const { element, dtype } = await array(path);
    expect([element, dtype]).toEqual(["boolean", "bool"]);
  }
  expect(await (await array("g/b")).readNumbers()).toEqual(Uint8Array.of(1, 0, 1));
});

test("what is not there is null, whatever stands on the way", async () => {
  expect(await file.open("nowhere")).toBeNull();
  expect(await file.open("nowhere/at/all")).toBeNull();
  expect(await file.open("g/f32/below")).toBeNull();
});

test("a closed file says so", async () => {
  const other = await openHdf5(bytes);
  const numbers = await other.open("g/f32");
  await other.close();
  await expect(numbers?.kind === "array" && numbers.readNumbers()).rejects.toMatchObject({ code: "USAGE" });
  await expect(other.open("g")).rejects.toMatchObject({ code: "USAGE" });
  await other.close();
});

test("reading strings as numbers, or numbers as strings, is refused by name", async () => {
  await expect((await array("g/s")).readNumbers()).rejects.toMatchObject({ code: "UNSUPPORTED" });
  await expect((await array("g/f32")).readStrings()).rejects.toMatchObject({ code: "UNSUPPORTED" });
});

test.each([
  ["empty", new Uint8Array(0), "empty"],
  ["gzip", Uint8Array.of(0x1f, 0x8b, 8, 0), "gzip"],
  ["zip", new TextEncoder().encode("PK\u0003\u0004"), "zip"],
  ["text", new TextEncoder().encode("cell,gene\n1,2\n"), 'text that begins with "cell,gene"'],
  ["something else", Uint8Array.of(0, 1, 2, 3, 200, 201), "unknown"],
])("a file that is %s is refused as such", async (_name, content, said) => {
  await expect(openHdf5(content)).rejects.toMatchObject({ code: "BAD_FORMAT", where: "memory" });
  await expect(openHdf5(content)).rejects.toThrow(said);
});

test("a truncated file is refused, and the library prints nothing", async () => {
  const stderr = vi.spyOn(process.stderr, "write");
  const console_ = vi.spyOn(console, "error");
  for (const share of [0.05, 0.3, 0.6, 0.95]) {
    const cut = bytes.subarray(0, Math.floor(bytes.length * share));
    await expect(openHdf5(cut)).rejects.toMatchObject({ code: "BAD_FORMAT" });
  }
  expect(stderr).not.toHaveBeenCalled();
  expect(console_).not.toHaveBeenCalled();
});

test("a missing file is NOT_FOUND", async () => {
  await expect(openHdf5("no/such/file.h5ad")).rejects.toMatchObject({ code: "NOT_FOUND" });
});
