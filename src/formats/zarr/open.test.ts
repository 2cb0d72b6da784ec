import fc from "fast-check";
import { gzipSync, zlibSync } from "fflate";
import { expect, test } from "vitest";
import { registry } from "zarrita";
import { isAtlasmtlError } from "../../errors.ts";
import type { StoredArray } from "../array-store.ts";
import { emitVlen } from "./codecs.ts";
import { isSafeKey, type KeyStore } from "./key-store.ts";
import { openZarr } from "./open.ts";
import { zarrWriter } from "./write.ts";

const text = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

/** A hierarchy in memory; `isListable` false behaves as the web does. */
function memoryKeys(
  files: ReadonlyMap<string, Uint8Array>,
  isListable = true,
): KeyStore & { readonly asked: string[] } {
  const asked: string[] = [];
  const get = async (key: string): Promise<Uint8Array | undefined> => {
    asked.push(key);
    return files.get(key);
  };
  return {
    name: "test.zarr",
    isListable,
    asked,
    get,
    async getRange(key, range) {
      const bytes = await get(key);
      if (bytes === undefined) return undefined;
      return "suffix" in range
        ? bytes.subarray(bytes.length - range.suffix)
        : bytes.subarray(range.start, range.end);
    },
    async list(folder) {
      const prefix = folder === "" ? "" : `${folder}/`;
      const inside = [...files.keys()].filter((key) => key.startsWith(prefix));
      return isListable ? [...new Set(inside.map((key) => key.slice(prefix.length).split("/")[0]))] : [];
    },
    close: async () => undefined,
  };
}

const group3 = text({ zarr_format: 3, node_type: "group", attributes: {} });

function array3(shape: number[], chunks: number[], extra: object): Uint8Array {
  return text({
    zarr_format: 3,
    node_type: "array",
    shape,
    data_type: "int32",
    chunk_grid: { name: "regular", configuration: { chunk_shape: chunks } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    fill_value: 0,
    codecs: [{ name: "bytes", configuration: { endian: "little" } }],
    attributes: {},
    ...extra,
  });
}

const bytesOf = (values: { readonly buffer: ArrayBufferLike; readonly byteLength: number }): Uint8Array =>
  new Uint8Array(values.buffer.slice(0));

async function openArray(files: Record<string, Uint8Array>): Promise<StoredArray> {
  const store = await openZarr(memoryKeys(new Map(Object.entries({ "zarr.json": group3, ...files }))));
  const element = await store.open("a");
  if (element?.kind !== "array") throw new Error("no array");
  return element;
}

async function written(format: 2 | 3, write: (writer: ReturnType<typeof zarrWriter>) => Promise<void>) {
  const files = new Map<string, Uint8Array>();
  const writer = zarrWriter(async (key, bytes) => void files.set(key, bytes), format);
  writer.createGroup("/");
  await write(writer);
  await writer.finish();
  return files;
}

const DTYPES = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

test.each([2, 3] as const)(
  "numbers of every type and shape read back as they were written, format %d",
  async (format) => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...(Object.keys(DTYPES) as (keyof typeof DTYPES)[])),
        fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }),
        fc.infiniteStream(fc.integer({ min: 0, max: 127 })),
        async (dtype, shape, stream) => {
          const total = shape.reduce((product, n) => product * n, 1);
          const values = new DTYPES[dtype](total).map(() => stream.next().value as number);
          const files = await written(format, async (writer) => writer.writeNumbers("/a", values, shape));
          const array = (await (await openZarr(memoryKeys(files))).open("a")) as StoredArray;
          expect([array.dtype, array.shape]).toEqual([dtype, shape]);
          expect(await array.readNumbers()).toEqual(values);
        },
      ),
      { numRuns: 60 },
    );
  },
);

test.each([2, 3] as const)("strings of any content read back, format %d", async (format) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: "grapheme" }), { minLength: 1, maxLength: 20 }),
      async (strings) => {
        const files = await written(format, async (writer) =>
          writer.writeStrings("/a", strings, [strings.length]),
        );
        const array = (await (await openZarr(memoryKeys(files))).open("a")) as StoredArray;
        expect(array.dtype).toBe("str");
        expect(await array.readStrings()).toEqual(strings);
        expect(await array.readStrings(0, 1)).toEqual(strings.slice(0, 1));
      },
    ),
    { numRuns: 40 },
  );
});

test("64-bit integers, booleans, nulls and attributes read back", async () => {
  const files = await written(3, async (writer) => {
    writer.writeNumbers("/a", BigInt64Array.of(-(2n ** 62n), 5n), [2]);
    writer.writeBooleans("/b", Uint8Array.of(1, 0, 1), [3]);
    writer.writeNull("/n");
    writer.setAttribute("/a", "shape", BigInt64Array.of(3n, 4n));
    writer.setAttribute("/a", "ordered", true);
    writer.setAttribute("/a", "column-order", ["x", "y"]);
    writer.setAttribute("/", "encoding-type", "anndata");
  });
  const store = await openZarr(memoryKeys(files));
  const [root, a, b] = [await store.open(""), await store.open("a"), await store.open("b")];
  expect(root).toMatchObject({ kind: "group", keys: ["a", "b", "n"] });
  expect(root?.attribute("encoding-type")).toBe("anndata");
  expect(a?.attribute("shape")).toEqual(Float64Array.of(3, 4));
  expect(a?.attribute("ordered")).toBe(true);
  expect(a?.attribute("column-order")).toEqual(["x", "y"]);
  expect(await (a as StoredArray).readNumbers()).toEqual(BigInt64Array.of(-(2n ** 62n), 5n));
  expect((b as StoredArray).element).toBe("boolean");
  expect(await (b as StoredArray).readNumbers()).toEqual(Uint8Array.of(1, 0, 1));
});

test("an array that grows over several chunks reads back, and a range of it touches only its chunks", async () => {
  const n = 300_000;
  const values = Int32Array.from({ length: n }, (_, i) => (i * 7919) % 1000);
  const files = await written(3, async (writer) => {
    const grown = writer.grow("/a", "int32");
    for (let at = 0; at < n; at += 70_001) await grown.append(values.subarray(at, at + 70_001));
    await grown.finish();
  });
  const keys = memoryKeys(files);
  const array = (await (await openZarr(keys)).open("a")) as StoredArray;
  expect(array.shape).toEqual([n]);
  expect(await array.readNumbers()).toEqual(values);
  keys.asked.length = 0;
  expect(await array.readNumbers(270_000, 270_010)).toEqual(values.slice(270_000, 270_010));
  expect(keys.asked).toEqual(["a/c/1"]);
});

test("every compression of format 2 is undone, and column-major chunks come out row by row", async () => {
  const values = Int32Array.of(1, 4, 2, 5, 3, 6); // the columns of [[1, 2, 3], [4, 5, 6]]
  const raw = bytesOf(values);
  const encode = async (name: string): Promise<Uint8Array> => {
    if (name === "gzip") return gzipSync(raw);
    if (name === "zlib") return zlibSync(raw);
    const entry = await registry.get(name)!();
    const config = name === "blosc" ? { cname: "lz4", clevel: 5, shuffle: 1, blocksize: 0 } : {};
    const unused = { dataType: "uint8" as const, shape: [], codecs: [], fillValue: 0 };
    return (
      entry.fromConfig(config, unused) as unknown as { encode(bytes: Uint8Array): Promise<Uint8Array> }
    ).encode(raw);
  };
  for (const name of ["gzip", "zlib", "blosc", "zstd", "lz4"]) {
    const meta = {
      zarr_format: 2,
      shape: [2, 3],
      chunks: [2, 3],
      dtype: "<i4",
      fill_value: 0,
      order: "F",
      filters: null,
    };
    const files = new Map([
      [".zgroup", text({ zarr_format: 2 })],
      ["a/.zarray", text({ ...meta, compressor: { id: name } })],
      ["a/0.0", await encode(name)],
    ]);
    const array = (await (await openZarr(memoryKeys(files))).open("a")) as StoredArray;
    expect(array.filters).toContain(name);
    expect(await array.readNumbers()).toEqual(Int32Array.of(1, 2, 3, 4, 5, 6));
    expect(await array.readNumbers(1, 2)).toEqual(Int32Array.of(4, 5, 6));
  }
});

test("big-endian numbers, half precision and text of fixed width are read", async () => {
  const meta = {
    zarr_format: 2,
    shape: [2],
    chunks: [2],
    fill_value: 0,
    order: "C",
    filters: null,
    compressor: null,
  };
  const utf32 = bytesOf(Uint32Array.of(0x61, 0x1f600, 0, 0x62, 0, 0));
  const files = new Map([
    [".zgroup", text({ zarr_format: 2 })],
    ["big/.zarray", text({ ...meta, dtype: ">i2" })],
    ["big/0", Uint8Array.of(1, 2, 0xff, 0xff)],
    ["half/.zarray", text({ ...meta, dtype: "<f2" })],
    ["half/0", Uint8Array.of(0x00, 0x3e, 0x00, 0xfc)],
    ["fixed/.zarray", text({ ...meta, dtype: "<U3" })],
    ["fixed/0", utf32],
    ["bytes/.zarray", text({ ...meta, dtype: "|S2" })],
    ["bytes/0", text("ab\0\0")],
    ["absent/.zarray", text({ ...meta, dtype: "<f8", fill_value: "NaN" })],
  ]);
  const store = await openZarr(memoryKeys(files));
  const at = async (path: string) => (await store.open(path)) as StoredArray;
  expect(await (await at("big")).readNumbers()).toEqual(Int16Array.of(0x0102, -1));
  expect(await (await at("half")).readNumbers()).toEqual(Float32Array.of(1.5, Number.NEGATIVE_INFINITY));
  expect(await (await at("fixed")).readStrings()).toEqual(["a😀", "b"]);
  expect(await (await at("bytes")).readStrings()).toEqual(["ab", ""]);
  expect(await (await at("absent")).readNumbers()).toEqual(Float64Array.of(Number.NaN, Number.NaN));
});

test("a compound array of fixed fields is read field by field; one with objects is named", async () => {
  const dtype = [
    ["name", "<U2"],
    ["score", "<f4"],
    ["n", ">i2"],
  ];
  const row = (name: string, score: number, n: number): Uint8Array => {
    const bytes = new Uint8Array(14);
    const view = new DataView(bytes.buffer);
    for (const [i, c] of [...name].entries()) view.setUint32(4 * i, c.codePointAt(0)!, true);
    view.setFloat32(8, score, true);
    view.setInt16(12, n, false);
    return bytes;
  };
  const meta = {
    zarr_format: 2,
    shape: [2],
    chunks: [2],
    fill_value: null,
    order: "C",
    filters: null,
    compressor: null,
  };
  const files = new Map([
    [".zgroup", text({ zarr_format: 2 })],
    ["a/.zarray", text({ ...meta, dtype })],
    ["a/0", new Uint8Array([...row("ab", 1.5, 7), ...row("c", -2, -3)])],
    ["o/.zarray", text({ ...meta, dtype: [["x", "|O"]] })],
  ]);
  const store = await openZarr(memoryKeys(files));
  const a = (await store.open("a")) as StoredArray;
  expect([a.element, a.fields]).toEqual(["compound", ["name", "score", "n"]]);
  expect(await a.readField("name")).toEqual({ dtype: "str", width: 1, values: ["ab", "c"] });
  expect(await a.readField("score")).toEqual({
    dtype: "float32",
    width: 1,
    values: Float32Array.of(1.5, -2),
  });
  expect(await a.readField("n")).toEqual({ dtype: "int16", width: 1, values: Int16Array.of(7, -3) });
  await expect(((await store.open("o")) as StoredArray).readField("x")).rejects.toMatchObject({
    code: "UNSUPPORTED",
    message: expect.stringContaining("x: object"),
    where: "o",
  });
});

test("where nothing can be listed the consolidated metadata are used, and asked for when they are missing", async () => {
  const node = JSON.parse(new TextDecoder().decode(array3([2], [2], {})));
  const root = {
    zarr_format: 3,
    node_type: "group",
    attributes: {},
    consolidated_metadata: { kind: "inline", must_understand: false, metadata: { a: node } },
  };
  const files = new Map([
    ["zarr.json", text(root)],
    ["a/c/0", bytesOf(Int32Array.of(8, 9))],
  ]);
  const store = await openZarr(memoryKeys(files, false));
  expect((await store.open("")) as object).toMatchObject({ keys: ["a"] });
  expect(await ((await store.open("a")) as StoredArray).readNumbers()).toEqual(Int32Array.of(8, 9));
  await expect(openZarr(memoryKeys(new Map([["zarr.json", group3]]), false))).rejects.toMatchObject({
    code: "UNSUPPORTED",
    hint: expect.stringContaining("consolidate"),
  });
});

test("names with special characters are members like others, and no path leaves the store", async () => {
  const files = await written(3, async (writer) => writer.writeNumbers("/100% #1?", Int8Array.of(1), [1]));
  const keys = memoryKeys(files);
  const store = await openZarr(keys);
  expect(await ((await store.open("100% #1?")) as StoredArray).readNumbers()).toEqual(Int8Array.of(1));
  keys.asked.length = 0;
  for (const path of ["../a", "a/../../b", "a//b", ".", "a\\b", "a\0b"]) {
    expect(isSafeKey(path)).toBe(false);
    expect(await store.open(path)).toBeNull();
  }
  expect(keys.asked).toEqual([]);
  expect(await store.open("__proto__")).toBeNull();
});

/** Each is refused as the code says, soon and without great memory. */
const HOSTILE: readonly (readonly [what: string, code: string, files: Record<string, Uint8Array>])[] = [
  [
    "a chunk that is too short",
    "BAD_FORMAT",
    { "a/zarr.json": array3([4], [4], {}), "a/c/0": new Uint8Array(8) },
  ],
  [
    "a chunk that is too long",
    "BAD_FORMAT",
    { "a/zarr.json": array3([4], [4], {}), "a/c/0": new Uint8Array(64) },
  ],
  ["a chunk beyond memory", "LIMIT", { "a/zarr.json": array3([2 ** 31], [2 ** 31], {}) }],
  ["more chunks than can be read", "LIMIT", { "a/zarr.json": array3([2 ** 30], [1], {}) }],
  [
    "an unknown codec",
    "UNSUPPORTED",
    { "a/zarr.json": array3([4], [4], { codecs: [{ name: "bytes" }, { name: "made_up" }] }) },
  ],
  ["an unknown data type", "UNSUPPORTED", { "a/zarr.json": array3([4], [4], { data_type: "complex64" }) }],
  ["a gzip bomb", "LIMIT", gzipped(gzipSync(new Uint8Array(1 << 24)))],
  ["a zlib bomb", "LIMIT", gzipped(zlibSync(new Uint8Array(1 << 24)), "zlib")],
  ["gzip data that are none", "BAD_FORMAT", gzipped(text("nothing of the kind, at some length"))],
  ["blosc data that lie about their size", "BAD_FORMAT", gzipped(new Uint8Array(16), "blosc")],
  ["zstd data that are none", "BAD_FORMAT", gzipped(text("nothing of the kind, at some length"), "zstd")],
  ["strings that leave their chunk", "BAD_FORMAT", strings(Uint8Array.of(1, 0, 0, 0, 255, 255, 0, 0))],
  ["another number of strings", "BAD_FORMAT", strings(emitVlen(["a", "b"]))],
];

function gzipped(bytes: Uint8Array, name = "gzip"): Record<string, Uint8Array> {
  const codecs = [
    { name: "bytes", configuration: { endian: "little" } },
    { name, configuration: {} },
  ];
  return { "a/zarr.json": array3([4], [4], { codecs }), "a/c/0": bytes };
}

function strings(bytes: Uint8Array): Record<string, Uint8Array> {
  return {
    "a/zarr.json": array3([1], [1], { data_type: "string", codecs: [{ name: "vlen-utf8" }] }),
    "a/c/0": bytes,
  };
}

test.each(HOSTILE)("%s: %s", async (what, code, files) => {
  const array = await openArray(files);
  const work = what.includes("strings") ? array.readStrings() : array.readNumbers();
  await expect(work).rejects.toMatchObject({ code, where: "a" });
});

test.each([
  ["text", "not json"],
  ["a list", "[]"],
  ["no shape", JSON.stringify({ zarr_format: 3, node_type: "array" })],
  [
    "a negative shape",
    JSON.stringify({ ...JSON.parse(new TextDecoder().decode(array3([1], [1], {}))), shape: [-1] }),
  ],
  ["other dimensions of chunks", new TextDecoder().decode(array3([1, 2], [1], {}))],
])("metadata that are %s are refused as damaged", async (_what, document) => {
  await expect(openArray({ "a/zarr.json": text(document) })).rejects.toMatchObject({
    code: "BAD_FORMAT",
    where: "a",
  });
});

test("changing any byte of a store gives the same values, other values or a typed error", async () => {
  const files = await written(3, async (writer) => {
    writer.writeNumbers(
      "/a",
      Float32Array.from({ length: 50 }, (_, i) => i / 3),
      [50],
    );
    writer.writeStrings("/s", ["x", "yy", "zzz"], [3]);
  });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...files.keys()),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      async (key, at, change) => {
        const bytes = files.get(key)!.slice();
        bytes[at % bytes.length] ^= change;
        try {
          const store = await openZarr(memoryKeys(new Map([...files, [key, bytes]])));
          for (const path of ["a", "s"]) {
            const array = await store.open(path);
            if (array?.kind === "array")
              await (array.element === "string" ? array.readStrings() : array.readNumbers());
          }
        } catch (error) {
          if (!isAtlasmtlError(error)) throw error;
        }
      },
    ),
    { numRuns: 400 },
  );
});
