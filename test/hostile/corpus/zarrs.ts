/** Zarr folders and archives of both formats, spoilt in their metadata, chunks and keys. */
import { execFileSync } from "node:child_process";
import { mkdir, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import { createAnnData } from "../../../src/anndata/containers/in-memory.ts";
import { tagRoot, writeCsr, writeDense, writeDict } from "../../../src/anndata/write/write-elements.ts";
import { writeFrame } from "../../../src/anndata/write/write-frame.ts";
import { zarrWriter } from "../../../src/formats/zarr/write.ts";
import { tinyAtlas } from "../../e2e/make-h5ad.ts";
import { lyingZip, raw, u32, type ZipLie } from "./bytes.ts";
import type { HostileFile } from "./hostile-file.ts";

type Codes = HostileFile["codes"];
type Keys = ReadonlyMap<string, Uint8Array>;
type Format = 2 | 3;

/** Whatever a damaged hierarchy may end in. */
const ANY: Codes = ["BAD_FORMAT", "BAD_DATA", "LIMIT", "UNSUPPORTED", "NOT_FOUND", "IO"];
const ANY_OR_OPENS: Codes = [...ANY, "opens"];

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const json = (value: unknown): Uint8Array => text(JSON.stringify(value));

/** The files of a good hierarchy. */
async function goodKeys(format: Format): Promise<Map<string, Uint8Array>> {
  const atlas = tinyAtlas(12);
  const adata = await createAnnData({
    obs: {
      index: atlas.obsNames,
      columns: { cell_type: atlas.obs.cell_type, depth: atlas.x.map(([n]) => n) },
    },
    var: { index: atlas.varNames },
  });
  const keys = new Map<string, Uint8Array>();
  const writer = zarrWriter(async (key, bytes) => void keys.set(key, bytes.slice()), format);
  tagRoot(writer);
  const columns = new Map([
    ["cell_type", await adata.obs.column("cell_type")],
    ["depth", await adata.obs.column("depth")],
  ]);
  writeFrame(writer, "/obs", { index: atlas.obsNames, columns });
  writeFrame(writer, "/var", { index: atlas.varNames });
  writeDict(writer, "/layers");
  writeDict(writer, "/obsm");
  writeDict(writer, "/uns");
  const entries = atlas.x.map((row) =>
    row.flatMap((value, gene) => (value === 0 ? [] : [[gene, value] as const])),
  );
  let stored = 0;
  writeCsr(writer, "/X", {
    nRows: 12,
    nCols: 24,
    indptr: Uint32Array.from([0, ...entries.map((row) => (stored += row.length))]),
    indices: Uint16Array.from(entries.flatMap((row) => row.map(([gene]) => gene))),
    data: Float32Array.from(entries.flatMap((row) => row.map(([, value]) => value))),
  });
  writeDense(writer, "/layers/dense", { nRows: 12, nCols: 24, data: Float32Array.from(atlas.x.flat()) });
  writeDense(writer, "/obsm/X_umap", { nRows: 12, nCols: 2, data: new Float32Array(24).fill(1) });
  await writer.finish();
  return keys;
}

/** Where the description of an array or group lies, and where the first of its chunks. */
const nodeKey = (format: Format, path: string, kind: "array" | "group"): string => {
  const at = path === "" ? "" : `${path}/`;
  return format === 3 ? `${at}zarr.json` : `${at}${kind === "array" ? ".zarray" : ".zgroup"}`;
};
const attributesKey = (format: Format, path: string): string =>
  `${path === "" ? "" : `${path}/`}${format === 3 ? "zarr.json" : ".zattrs"}`;
const chunkKey = (format: Format, path: string, dimensions: 1 | 2): string =>
  format === 3 ? `${path}/c/${dimensions === 1 ? "0" : "0/0"}` : `${path}/${dimensions === 1 ? "0" : "0.0"}`;

type Document = { [key: string]: unknown };
const parsed = (keys: Keys, key: string): Document =>
  JSON.parse(new TextDecoder().decode(keys.get(key)!)) as Document;

/** What is wrong, what may come of it, and the keys that are other than they should be. */
type Case = readonly [what: string, codes: Codes, changes: Iterable<readonly [string, Uint8Array | null]>];

const DATA = "X/data";
const DENSE = "layers/dense";
const COLUMN = "obs/depth";
const INDEX = "obs/_index";

/** The description of an array with some members replaced. */
function changed(keys: Keys, format: Format, path: string, members: Document): [string, Uint8Array] {
  const key = nodeKey(format, path, "array");
  const document = { ...parsed(keys, key) };
  for (const [name, value] of Object.entries(members)) {
    if (format === 3 && name === "chunks")
      document.chunk_grid = { name: "regular", configuration: { chunk_shape: value } };
    else if (format === 3 && name === "dtype") document.data_type = value;
    else document[name] = value;
  }
  return [key, json(document)];
}

function attributed(keys: Keys, format: Format, path: string, members: Document): [string, Uint8Array] {
  const key = attributesKey(format, path);
  const document = parsed(keys, key);
  const attributes =
    format === 3 ? { ...(document.attributes as Document), ...members } : { ...document, ...members };
  return [key, json(format === 3 ? { ...document, attributes } : attributes)];
}

const nested = (depth: number, open: string, close: string): Uint8Array =>
  text(`${open.repeat(depth)}1${close.repeat(depth)}`);

/** Files that are no description. */
const NO_JSON: readonly (readonly [string, Uint8Array])[] = [
  ["nothing", raw()],
  ["text", text("hello")],
  ["null", text("null")],
  ["a list", text("[]")],
  ["a number", text("1e999")],
  ["cut off", text('{"shape": [12')],
  ["bytes that are not UTF-8", raw('{"a": "\xff"}')],
  ["UTF-16", new Uint8Array(Buffer.from("\ufeff{}", "utf16le"))],
  ["100,000 nested lists", nested(100_000, "[", "]")],
  ["100,000 nested objects", nested(100_000, '{"a":', "}")],
  ["an empty object", text("{}")],
  ["keys like an object's own", text('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {}}}')],
  ["a quote that never ends before many NaN", text(`{"a": "${'\\"NaN'.repeat(50_000)}`)],
];

const SIZES: readonly (readonly [string, unknown])[] = [
  ["2^53", 2 ** 53],
  ["2^40", 2 ** 40],
  ["2^31", 2 ** 31],
  ["1e300", 1e300],
  ["below zero", -12],
  ["a half", 0.5],
  ["text", "12"],
  ["null", null],
  ["a list", [12]],
];

function metadataCases(good: Keys, format: Format): Case[] {
  const cases: Case[] = [];
  const change = (path: string, members: Document) => [changed(good, format, path, members)];
  for (const path of ["", "obs"])
    for (const [what, bytes] of NO_JSON)
      cases.push([
        `${path || "root"} described by ${what}`,
        ANY_OR_OPENS,
        [[nodeKey(format, path, "group"), bytes]],
      ]);
  for (const path of [DATA, COLUMN, INDEX])
    for (const [what, bytes] of NO_JSON)
      cases.push([`${path} described by ${what}`, ANY_OR_OPENS, [[nodeKey(format, path, "array"), bytes]]]);
  for (const [what, size] of SIZES)
    for (const path of [DATA, COLUMN, INDEX]) {
      cases.push([`${path} of ${what} values`, ANY_OR_OPENS, change(path, { shape: [size] })]);
      cases.push([`${path} in chunks of ${what}`, ANY_OR_OPENS, change(path, { chunks: [size] })]);
    }
  for (const [what, members] of [
    ["no shape", { shape: undefined }],
    ["a shape of no dimension", { shape: [], chunks: [] }],
    ["a shape of 33 dimensions", { shape: new Array(33).fill(1), chunks: new Array(33).fill(1) }],
    [
      "a shape of 100,000 dimensions",
      { shape: new Array(100_000).fill(1), chunks: new Array(100_000).fill(1) },
    ],
    ["a shape of more dimensions than its chunks", { shape: [12, 24, 1] }],
    ["2^40 chunks of one value", { shape: [2 ** 40], chunks: [1] }],
    ["2^18 chunks of one value", { shape: [2 ** 18], chunks: [1] }],
    ["2^31 values that are not there", { shape: [2 ** 31], chunks: [2 ** 24] }],
    ["100 million values that are not there", { shape: [100_000_000], chunks: [1_000_000] }],
    ["no chunks", { chunks: undefined, chunk_grid: undefined }],
    ["chunks of nothing", { chunks: [0, 0] }],
    ["an unknown type", { dtype: "<x9" }],
    ["a type of a gigabyte a value", { dtype: format === 2 ? "<U250000000" : "r8000000000" }],
    ["a type of 2^40 bytes a value", { dtype: format === 2 ? "|S1099511627776" : "r1099511627776" }],
    ["objects for a type", { dtype: "|O", filters: null }],
    ["a type in a type in a type", { dtype: nestedType(format, 1000) }],
    ["a number for a type", { dtype: 4 }],
    ["an unknown compressor", codecOf(format, "evil", {})],
    ["pickle for a compressor", codecOf(format, "pickle", {})],
    ["gzip at level -1", codecOf(format, "gzip", { level: -1 })],
    ["blosc of 2^31 bytes a value", codecOf(format, "blosc", { typesize: 2 ** 31, cname: "lz4" })],
    ["shuffle of nothing", codecOf(format, "numcodecs.shuffle", { elementsize: 0 })],
    ["a thousand compressors", manyCodecs(format, 1000)],
    ["shards in shards in shards", nestedShards(format, 200)],
    ["a fill value of text", { fill_value: "x".repeat(1_000_000) }],
    ["a fill value of an object", { fill_value: { a: 1 } }],
    ["a negative zero order", { order: "Z", dimension_separator: "../" }],
    [
      "a separator that climbs",
      {
        dimension_separator: "/../",
        chunk_key_encoding: { name: "v2", configuration: { separator: "/../" } },
      },
    ],
  ] as const)
    cases.push([`${DENSE} with ${what}`, ANY_OR_OPENS, change(DENSE, members)]);
  return cases;
}

function nestedType(format: Format, depth: number): unknown {
  let type: unknown = format === 2 ? "<f4" : "float32";
  for (let i = 0; i < depth; i++)
    type = format === 2 ? [["a", type]] : { name: "structured", configuration: { fields: [["a", type]] } };
  return type;
}

function codecOf(format: Format, id: string, configuration: Document): Document {
  if (format === 2) return { compressor: { id: id.replace("numcodecs.", ""), ...configuration } };
  return {
    codecs: [
      { name: "bytes", configuration: { endian: "little" } },
      { name: id, configuration },
    ],
  };
}

function manyCodecs(format: Format, n: number): Document {
  if (format === 2) return { filters: new Array(n).fill({ id: "delta", dtype: "<f4" }) };
  const gzip = { name: "gzip", configuration: { level: 1 } };
  return { codecs: [{ name: "bytes", configuration: { endian: "little" } }, ...new Array(n).fill(gzip)] };
}

function nestedShards(format: Format, depth: number): Document {
  if (format === 2) return { filters: new Array(depth).fill({ id: "shuffle", elementsize: 4 }) };
  const bytes = { name: "bytes", configuration: { endian: "little" } };
  let codecs: unknown[] = [bytes];
  for (let i = 0; i < depth; i++)
    codecs = [
      {
        name: "sharding_indexed",
        configuration: { chunk_shape: [1, 1], codecs, index_codecs: [bytes], index_location: "end" },
      },
    ];
  return { codecs };
}

const bomb = gzipSync(new Uint8Array(300_000_000), { level: 9 });

/** A frame of zstd that says it holds `size` bytes and holds runs of one byte. */
function zstdBomb(blocks: number): Uint8Array {
  // Frame header: single segment, content size of 8 bytes; then RLE blocks of 128 KiB.
  const size = blocks * 131_072;
  const header = [...u32(0xfd2fb528), 0xe0, ...u32(size % 2 ** 32), ...u32(Math.floor(size / 2 ** 32))];
  const block = (isLast: boolean): number[] => [
    ...u32((131_072 << 3) | (1 << 1) | (isLast ? 1 : 0)).slice(0, 3),
    65,
  ];
  return raw(header, ...Array.from({ length: blocks }, (_, i) => block(i === blocks - 1)));
}

function chunkCases(good: Keys, format: Format): Case[] {
  const cases: Case[] = [];
  for (const [path, dimensions] of [
    [DATA, 1],
    ["X/indices", 1],
    ["X/indptr", 1],
    [DENSE, 2],
    [COLUMN, 1],
    [INDEX, 1],
    ["obs/cell_type/codes", 1],
    ["obs/cell_type/categories", 1],
  ] as const) {
    const key = chunkKey(format, path, dimensions);
    const chunk = good.get(key)!;
    for (const [what, bytes] of [
      ["is missing", null],
      ["is empty", raw()],
      ["is one byte", raw(0)],
      ["is cut in half", chunk.subarray(0, chunk.length >> 1)],
      ["lacks its last byte", chunk.subarray(0, chunk.length - 1)],
      ["is random", Uint8Array.from(chunk, (_, i) => (i * 151 + 7) & 255)],
      ["is all ones", new Uint8Array(chunk.length).fill(255)],
      ["is twice as long", raw(chunk, chunk)],
      ["is text", text("hello")],
      ["expands to a gigabyte", zstdBomb(8000)],
    ] as const)
      cases.push([`${key} ${what}`, ANY_OR_OPENS, [[key, bytes]]]);
    cases.push([
      `${key} is a gzip bomb`,
      ANY_OR_OPENS,
      [changed(good, format, path, { filters: null, ...codecOf(format, "gzip", { level: 1 }) }), [key, bomb]],
    ]);
    cases.push([
      `${key} is blosc of four gigabytes`,
      ANY_OR_OPENS,
      [
        changed(good, format, path, {
          filters: null,
          ...codecOf(format, "blosc", { typesize: 4, cname: "lz4" }),
        }),
        [key, raw([2, 1, 1, 4], u32(0xffff_fff0), u32(0xffff_fff0), u32(40), new Uint8Array(24))],
      ],
    ]);
  }
  // A hundred megabytes that a chunk of the size that is declared may have.
  cases.push([
    "a chunk of 300 MB in 300 KB",
    ANY_OR_OPENS,
    [
      changed(good, format, DENSE, {
        shape: [12, 6_250_000],
        chunks: [12, 6_250_000],
        ...codecOf(format, "gzip", { level: 1 }),
      }),
      [chunkKey(format, DENSE, 2), bomb],
    ],
  ]);
  return cases;
}

function groupCases(good: Keys, format: Format): Case[] {
  const attributes = (path: string, members: Document) => [attributed(good, format, path, members)];
  const deep = (depth: number): [string, Uint8Array][] =>
    Array.from({ length: depth }, (_, i): [string, Uint8Array] => [
      nodeKey(format, `uns${"/d".repeat(i + 1)}`, "group"),
      good.get(nodeKey(format, "uns", "group"))!,
    ]);
  const consolidated = (metadata: unknown): [string, Uint8Array][] =>
    format === 2
      ? [[".zmetadata", json({ zarr_consolidated_format: 1, metadata })]]
      : [
          [
            "zarr.json",
            json({ ...parsed(good, "zarr.json"), consolidated_metadata: { kind: "inline", metadata } }),
          ],
        ];
  return [
    [
      "columns that climb out",
      ANY_OR_OPENS,
      attributes("obs", { "column-order": ["../../secret", "..", "/etc/passwd"] }),
    ],
    ["an index that climbs out", ANY_OR_OPENS, attributes("obs", { _index: "../../../../etc/passwd" })],
    ["an index named __proto__", ANY_OR_OPENS, attributes("obs", { _index: "__proto__" })],
    ["columns that are numbers", ANY_OR_OPENS, attributes("obs", { "column-order": [1, 2, 3] })],
    ["a column order that is an object", ANY_OR_OPENS, attributes("obs", { "column-order": { a: 1 } })],
    [
      "a million columns that are not there",
      ANY_OR_OPENS,
      attributes("obs", { "column-order": new Array(1e6).fill("x") }),
    ],
    ["an encoding that is an object", ANY_OR_OPENS, attributes("X", { "encoding-type": { a: 1 } })],
    ["an encoding named __proto__", ANY_OR_OPENS, attributes("X", { "encoding-type": "__proto__" })],
    ["a matrix of 2^53 rows", ANY_OR_OPENS, attributes("X", { shape: [2 ** 53, 24] })],
    ["a matrix of less than no rows", ANY_OR_OPENS, attributes("X", { shape: [-12, 24] })],
    ["a matrix of one dimension", ANY_OR_OPENS, attributes("X", { shape: [12] })],
    ["a matrix without a shape", ANY_OR_OPENS, attributes("X", { shape: null })],
    [
      "a matrix by columns that was by rows",
      ANY_OR_OPENS,
      attributes("X", { "encoding-type": "csc_matrix" }),
    ],
    [
      "a table that is a dict",
      ANY_OR_OPENS,
      attributes("obs", { "encoding-type": "dict", "encoding-version": "0.1.0" }),
    ],
    ["groups 400 deep", ANY_OR_OPENS, deep(400)],
    ["consolidated metadata of text", ANY_OR_OPENS, consolidated("hello")],
    ["consolidated metadata of nothing", ANY_OR_OPENS, consolidated({})],
    [
      "consolidated metadata that climb out",
      ANY_OR_OPENS,
      consolidated({ "../../etc/passwd": {}, __proto__: { a: 1 } }),
    ],
    [
      "neither obs nor var",
      ["BAD_FORMAT"],
      [...good.keys()].filter((key) => /^(obs|var)\//.test(key)).map((key) => [key, null]),
    ],
  ];
}

/** What a folder can hold that an archive cannot. */
const PLACES: readonly (readonly [
  what: string,
  codes: Codes,
  spoil: (root: string, format: Format) => Promise<void>,
])[] = [
  [
    "a pipe for a chunk",
    ANY_OR_OPENS,
    async (root, format) => {
      await rm(join(root, chunkKey(format, DENSE, 2)));
      execFileSync("mkfifo", [join(root, chunkKey(format, DENSE, 2))]);
    },
  ],
  [
    "a pipe for a description",
    ANY_OR_OPENS,
    async (root, format) => {
      await rm(join(root, nodeKey(format, "obs", "group")));
      execFileSync("mkfifo", [join(root, nodeKey(format, "obs", "group"))]);
    },
  ],
  [
    "an endless device for a chunk",
    ANY_OR_OPENS,
    async (root, format) => {
      await rm(join(root, chunkKey(format, DENSE, 2)));
      await symlink("/dev/zero", join(root, chunkKey(format, DENSE, 2)));
    },
  ],
  [
    "a chunk of a terabyte of nothing",
    ANY_OR_OPENS,
    (root, format) => truncate(join(root, chunkKey(format, DENSE, 2)), 2 ** 40),
  ],
  [
    "a chunk of a gigabyte of nothing",
    ANY_OR_OPENS,
    (root, format) => truncate(join(root, chunkKey(format, DENSE, 2)), 2 ** 30),
  ],
  [
    "a description of a gigabyte of nothing",
    ["LIMIT", "BAD_FORMAT"],
    (root, format) => truncate(join(root, nodeKey(format, "obs", "group")), 2 ** 30),
  ],
  [
    "a folder for a chunk",
    ANY_OR_OPENS,
    async (root, format) => {
      await rm(join(root, chunkKey(format, DENSE, 2)));
      await mkdir(join(root, chunkKey(format, DENSE, 2)));
    },
  ],
  ["a link in a circle", ANY_OR_OPENS, (root) => symlink("..", join(root, "uns/loop"))],
  ["a group that is a link to itself", ANY_OR_OPENS, (root) => symlink("self", join(root, "uns/self"))],
  ["a link to the root of the disk", ANY_OR_OPENS, (root) => symlink("/", join(root, "uns/disk"))],
];

async function write(root: string, keys: Keys): Promise<void> {
  for (const [key, bytes] of keys) {
    await mkdir(dirname(join(root, key)), { recursive: true });
    await writeFile(join(root, key), bytes);
  }
}

function spoilt(good: Keys, changes: Case[2]): Map<string, Uint8Array> {
  const keys = new Map(good);
  for (const [key, bytes] of changes) {
    if (bytes === null) keys.delete(key);
    else keys.set(key, bytes);
  }
  return keys;
}

/** Archives that hold a good hierarchy, and names that mean something else. */
function archives(good: Keys, format: Format): [string, Codes, Uint8Array][] {
  const whole = Object.fromEntries(good);
  const zip = zipSync(whole, { level: 0 });
  const entries: ZipLie[] = Array.from(good, ([name, data]) => ({ name, data }));
  const huge = 0xffff_fff0;
  return [
    [
      "names that climb out",
      ANY_OR_OPENS,
      zipSync({ ...whole, "../evil": raw("x"), "/etc/evil": raw("x"), "uns/../../e": raw("x") }),
    ],
    [
      "names like an object's own",
      ANY_OR_OPENS,
      lyingZip([...entries, { name: "uns/__proto__/.zgroup", data: raw("{}") }]),
    ],
    ["two entries of one name", ANY_OR_OPENS, lyingZip([...entries, ...entries])],
    [
      "a deflated bomb",
      ANY_OR_OPENS,
      zipSync({ ...whole, [chunkKey(format, DENSE, 2)]: new Uint8Array(300_000_000) }),
    ],
    [
      "entries that are too long",
      ANY_OR_OPENS,
      lyingZip(entries.map((entry) => ({ ...entry, size: huge, compressedSize: huge }))),
    ],
    ["entries beyond the file", ANY_OR_OPENS, lyingZip(entries.map((entry) => ({ ...entry, offset: huge })))],
    ["no entry", ["BAD_FORMAT"], lyingZip([])],
    ...[10, 100, 1000, zip.length >> 1, zip.length - 1].map((at): [string, Codes, Uint8Array] => [
      `cut off at byte ${at}`,
      ANY,
      zip.subarray(0, at),
    ]),
  ];
}

export async function zarrFiles(): Promise<HostileFile[]> {
  const found: HostileFile[] = [];
  for (const format of [2, 3] as const) {
    const good = await goodKeys(format);
    const add = (what: string, codes: Codes, make: (folder: string) => Promise<string>): void =>
      void found.push({ name: `zarr ${format}: ${what}`, door: "dataset", codes, make });
    const cases = [...metadataCases(good, format), ...chunkCases(good, format), ...groupCases(good, format)];
    for (const [what, codes, changes] of [["nothing wrong", ["opens"], []] as Case, ...cases])
      add(what, codes, async (folder) => {
        await write(join(folder, "data.zarr"), spoilt(good, changes));
        return join(folder, "data.zarr");
      });
    for (const [what, codes, spoil] of PLACES)
      add(what, codes, async (folder) => {
        await write(join(folder, "data.zarr"), good);
        await spoil(join(folder, "data.zarr"), format);
        return join(folder, "data.zarr");
      });
    for (const [what, codes, bytes] of archives(good, format))
      add(`an archive with ${what}`, codes, async (folder) => {
        await writeFile(join(folder, "data.zarr.zip"), bytes);
        return join(folder, "data.zarr.zip");
      });
  }
  return found;
}
