/** Datasets in HDF5, spoilt in their links, shapes, filters and bytes. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { File, type Group, ready } from "h5wasm/node";
import { type TinyAtlas, tinyAtlas, writeH5ad } from "../../e2e/make-h5ad.ts";
import { occurrences, patched, raw, u16, u32, u64 } from "./bytes.ts";
import { HDF5_BLOBS } from "./hdf5-blobs.ts";
import type { HostileFile } from "./hostile-file.ts";

type Codes = HostileFile["codes"];

/** Walks that cost too much are a read error of the library, or heaps that cannot be. */
const LIES_OF_HEAPS: Codes = ["BAD_FORMAT", "LIMIT", "IO"];

function dataset(name: string, codes: Codes, bytes: Uint8Array): HostileFile {
  return {
    name: `dataset: ${name}`,
    door: "dataset",
    codes,
    async make(folder) {
      await writeFile(join(folder, "data.h5ad"), bytes);
      return join(folder, "data.h5ad");
    },
  };
}

/** The bytes of a good file that `change` was let at. */
async function bytesOf(change: (file: File) => void = () => undefined): Promise<Uint8Array> {
  await ready;
  const folder = await mkdtemp(join(tmpdir(), "atlasmtl-hostile-"));
  const path = join(folder, "data.h5ad");
  try {
    const atlas: TinyAtlas = tinyAtlas(12);
    await writeH5ad(path, atlas);
    const file = new File(path, "a");
    change(file);
    file.close();
    return new Uint8Array(await readFile(path));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const group = (file: File, path: string): Group => file.get(path) as Group;

/** Adds a sparse layer of 12 cells and 24 genes made of these parts. */
function layer(
  parts: Readonly<Record<"indptr" | "indices", Int32Array>>,
  shape = [12n, 24n],
): (file: File) => void {
  return (file) => {
    const added = group(file, "layers").create_group("bad");
    added.create_attribute("encoding-type", "csr_matrix");
    added.create_attribute("encoding-version", "0.1.0");
    added.create_attribute("shape", BigInt64Array.from(shape));
    for (const [name, data] of Object.entries(parts))
      added.create_dataset({ name, data, shape: [data.length] });
    const data = new Float32Array(parts.indices.length).fill(1);
    added.create_dataset({ name: "data", data, shape: [data.length] });
  };
}

/** Links that lead in circles, nowhere or out. */
const LINKS: readonly (readonly [string, Codes, (file: File) => void])[] = [
  [
    "a soft link to itself",
    ["BAD_FORMAT", "NOT_FOUND"],
    (file) => void group(file, "uns").create_soft_link("/uns/loop", "loop"),
  ],
  [
    "two soft links to each other",
    ["BAD_FORMAT", "NOT_FOUND"],
    (file) => {
      group(file, "uns").create_soft_link("/uns/b", "a");
      group(file, "uns").create_soft_link("/uns/a", "b");
    },
  ],
  [
    "a soft link to nothing",
    ["BAD_FORMAT", "NOT_FOUND"],
    (file) => void group(file, "uns").create_soft_link("/nothing", "gone"),
  ],
  [
    "a soft link to the root",
    ["LIMIT", "BAD_FORMAT", "UNSUPPORTED"],
    (file) => void group(file, "uns").create_soft_link("/", "root"),
  ],
  [
    "a group inside itself",
    ["LIMIT", "BAD_FORMAT", "UNSUPPORTED"],
    (file) => void group(file, "uns").create_hard_link("/uns", "again"),
  ],
  [
    "groups in a ring",
    ["LIMIT", "BAD_FORMAT", "UNSUPPORTED"],
    (file) => {
      const a = group(file, "uns").create_group("a");
      const b = a.create_group("b");
      b.create_hard_link("/uns/a", "back");
    },
  ],
  [
    "a link to another file",
    ["UNSUPPORTED"],
    (file) => void group(file, "uns").create_external_link("/etc/passwd", "/", "out"),
  ],
  [
    "a link to another dataset",
    ["UNSUPPORTED"],
    (file) => void group(file, "uns").create_external_link("secret.h5", "/X", "out"),
  ],
  [
    "a link to another file in a chain",
    ["UNSUPPORTED", "BAD_FORMAT", "NOT_FOUND"],
    (file) => {
      group(file, "uns").create_external_link("data.h5ad", "/uns/out", "out");
    },
  ],
];

/** Names that mean something else elsewhere; they are names like any other. */
const NAMES: readonly (readonly [string, Codes, (file: File) => void])[] = [
  [
    "keys like an object's own",
    ["opens"],
    (file) => {
      const uns = group(file, "uns");
      for (const name of ["__proto__", "constructor", "prototype", "hasOwnProperty"]) {
        const inner = uns.create_group(name);
        inner.create_attribute("__proto__", "x");
        inner.create_attribute("constructor", "x");
        inner.create_dataset({ name: "polluted", data: Float64Array.of(1), shape: [1] });
      }
    },
  ],
  [
    "keys that look like paths",
    ["opens", "BAD_FORMAT", "UNSUPPORTED"],
    (file) => {
      group(file, "uns").create_group("..");
      group(file, "uns").create_group("C:\\x");
    },
  ],
];

/** Bytes of the file itself, changed. */
function structural(good: Uint8Array): (readonly [string, Codes, Uint8Array])[] {
  const anything: Codes = [
    "BAD_FORMAT",
    "UNSUPPORTED",
    "LIMIT",
    "BAD_DATA",
    "NOT_FOUND",
    "MISMATCH",
    "opens",
  ];
  const signatures = ["TREE", "SNOD", "HEAP", "GCOL", "OHDR", "OCHK"];
  const cases: (readonly [string, Codes, Uint8Array])[] = [];
  const cuts = new Set([8, 9, 13, 24, 40, 48, 56, 96, 100]);
  for (const text of signatures)
    for (const at of occurrences(good, text)) for (const add of [0, 1, 4, 8, 16, 24]) cuts.add(at + add);
  for (const at of [...cuts].sort((a, b) => a - b))
    if (at < good.length) cases.push([`cut off at byte ${at}`, ["BAD_FORMAT"], good.subarray(0, at)]);
  for (const text of signatures)
    for (const [i, at] of occurrences(good, text).entries())
      for (const [what, bytes] of [
        ["zeros", new Uint8Array(32)],
        ["ones", new Uint8Array(32).fill(255)],
        ["a length of 2^62", raw(text, good.subarray(at + 4, at + 8), u64(2n ** 62n), u64(2n ** 62n))],
        ["a length of 2^31", raw(text, good.subarray(at + 4, at + 8), u64(2n ** 31n), u64(2n ** 31n))],
        ["a length of zero", raw(text, good.subarray(at + 4, at + 8), u64(0n), u64(0n), u64(0n))],
        [
          "itself as its own child",
          raw(text, good.subarray(at + 4, at + 8), u64(BigInt(at)), u64(BigInt(at)), u64(BigInt(at))),
        ],
      ] as const)
        if (at + bytes.length < good.length)
          cases.push([`${text} ${i} with ${what}`, anything, patched(good, at, bytes)]);
  return cases;
}

/** Dimensions as the file stores them, changed everywhere they stand. */
function reshaped(good: Uint8Array, from: bigint, to: bigint): Uint8Array {
  let bytes = good;
  for (const at of occurrences(good, Buffer.from(u64(from)).toString("latin1")))
    bytes = patched(bytes, at, u64(to));
  return bytes;
}

export async function datasetFiles(): Promise<HostileFile[]> {
  const good = await bytesOf();
  const blob = (name: keyof typeof HDF5_BLOBS): Uint8Array =>
    new Uint8Array(gunzipSync(Buffer.from(HDF5_BLOBS[name], "base64")));
  const packed = blob("packed");
  const filterAt = occurrences(packed, "deflate")[0] - 8;
  const found: HostileFile[] = [];
  for (const [name, codes, change] of [...LINKS, ...NAMES])
    found.push(dataset(name, codes, await bytesOf(change)));
  for (const [name, codes, bytes] of structural(good)) found.push(dataset(name, codes, bytes));
  const ones = new Int32Array(12);
  const starts = (...values: number[]): Int32Array =>
    Int32Array.from({ length: 13 }, (_, i) => values[i] ?? 12);
  const layered = async (indptr: Int32Array, indices = ones, shape?: bigint[]): Promise<Uint8Array> =>
    bytesOf(layer({ indptr, indices }, shape));
  const cases: readonly (readonly [string, Codes, Uint8Array])[] = [
    ["nothing", ["BAD_FORMAT"], raw()],
    ["a signature alone", ["BAD_FORMAT"], raw("\x89HDF\r\n\x1a\n")],
    ["text", ["BAD_FORMAT", "UNSUPPORTED", "NOT_FOUND"], raw("hello\n")],
    [
      "a pickle",
      ["BAD_FORMAT", "UNSUPPORTED"],
      raw("\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x0ctouch canary\x85R."),
    ],
    ["2^60 cells", ["BAD_FORMAT", "LIMIT", "BAD_DATA"], reshaped(good, 12n, 2n ** 60n)],
    ["2^40 cells", ["BAD_FORMAT", "LIMIT", "BAD_DATA"], reshaped(good, 12n, 2n ** 40n)],
    ["2^31 cells", ["BAD_FORMAT", "LIMIT", "BAD_DATA"], reshaped(good, 12n, 2n ** 31n)],
    ["2^64 - 1 genes", ["BAD_FORMAT", "LIMIT", "BAD_DATA"], reshaped(good, 24n, 2n ** 64n - 1n)],
    ["2^53 genes", ["BAD_FORMAT", "LIMIT", "BAD_DATA"], reshaped(good, 24n, 2n ** 53n)],
    ["no cells where there are some", ["BAD_FORMAT", "BAD_DATA", "opens"], reshaped(good, 12n, 0n)],
    ["an unknown filter", ["UNSUPPORTED"], patched(packed, filterAt, u16(60_000))],
    ["a filter of another program", ["UNSUPPORTED"], patched(packed, filterAt, u16(32_900))],
    ["a string filter", ["UNSUPPORTED", "BAD_FORMAT", "IO"], patched(packed, filterAt, u16(32_001))],
    ["row starts of two billion", ["BAD_DATA"], await layered(starts(0, 2 ** 31 - 1))],
    ["row starts below zero", ["BAD_DATA"], await layered(starts(0, -5))],
    ["too few row starts", ["BAD_DATA"], await layered(Int32Array.of(0, 12))],
    ["no row starts", ["BAD_DATA"], await layered(new Int32Array(0))],
    ["columns beyond the last", ["BAD_DATA"], await layered(starts(0), new Int32Array(12).fill(2 ** 31 - 1))],
    ["columns below zero", ["BAD_DATA"], await layered(starts(0), new Int32Array(12).fill(-1))],
    [
      "a shape of 2^62",
      ["BAD_DATA", "LIMIT", "BAD_FORMAT"],
      await layered(starts(0), ones, [2n ** 62n, 2n ** 62n]),
    ],
    ["a shape below zero", ["BAD_DATA", "LIMIT", "BAD_FORMAT"], await layered(starts(0), ones, [-1n, -1n])],
    ["a shape of one number", ["BAD_DATA", "BAD_FORMAT"], await layered(starts(0), ones, [12n])],
    ["values in another file", ["UNSUPPORTED"], blob("externalStorage")],
    ["values put together from another file", ["UNSUPPORTED"], blob("virtual")],
    ["2^40 cells of which none is stored", ["LIMIT", "BAD_FORMAT", "BAD_DATA"], blob("unwritten")],
    [
      "a column of four billion bytes of which none is stored",
      ["LIMIT", "BAD_DATA"],
      blob("unwrittenNumbers"),
    ],
    ["a chunk of 800 MB in 800 KB", ["LIMIT", "BAD_DATA"], blob("oneChunk")],
    ["a text of a million letters that is meant a million times", ["LIMIT"], blob("repeatedText")],
    ["a text of a hundred letters that is meant ten million times", ["LIMIT"], blob("repeatedShortText")],
    ["2,000 heaps of a megabyte that lie in each other", LIES_OF_HEAPS, blob("overlappingHeaps")],
    ["2,000 such heaps behind LZF", LIES_OF_HEAPS, blob("overlappingHeapsOfLzf")],
    ["a superblock that leads out of the file", ["BAD_FORMAT"], patched(good, 40, u64(2n ** 40n))],
    ["a superblock of version 255", ["BAD_FORMAT"], patched(good, 8, 255)],
    ["addresses of one byte", ["BAD_FORMAT"], patched(good, 13, 1)],
    ["addresses of 255 bytes", ["BAD_FORMAT"], patched(good, 13, [255, 255])],
    ["a root that is nowhere", ["BAD_FORMAT"], patched(good, 64, u32(0xffffffff))],
  ];
  for (const [name, codes, bytes] of cases) found.push(dataset(name, codes, bytes));
  return found;
}
