/** Archives in the place of `model.pth`. */
import { zipSync } from "fflate";
import { openZip } from "../../../src/formats/zip/read.ts";
import { MODEL, spoiltBundle, wholeBundle } from "./bundles.ts";
import {
  type DirectoryLie,
  lyingZip,
  occurrences,
  patched,
  raw,
  u16,
  u32,
  u64,
  type ZipLie,
} from "./bytes.ts";
import type { HostileFile } from "./hostile-file.ts";

const data = raw("\x80\x02}q\x00.");
const honest: ZipLie = { name: "archive/data.pkl", data };
const huge = 0xffff_fff0;

export const LIES: readonly (readonly [string, readonly ZipLie[], DirectoryLie?])[] = [
  ["no entry", []],
  ["an entry that is too long", [{ ...honest, size: huge, compressedSize: huge }]],
  ["an entry shorter inside than outside", [{ ...honest, size: 1 }]],
  ["a deflated entry that is none", [{ ...honest, method: 8 }]],
  ["a deflated entry of another size", [{ ...honest, method: 8, size: 1000 }]],
  ["a wrong checksum", [{ ...honest, crc: 0xdeadbeef }]],
  ["another name in the entry's own header", [{ ...honest, localName: "archive/evil.pkl" }]],
  ["an entry that begins beyond the file", [{ ...honest, offset: huge }]],
  ["an entry that begins in the directory", [{ ...honest, offset: 60 }]],
  ["two entries of one name", [honest, honest]],
  ["two entries at one place", [honest, { ...honest, name: "archive/data/0", offset: 0 }]],
  [
    "entries that overlap",
    [
      honest,
      { name: "archive/data/0", data: raw("x".repeat(99)) },
      { name: "archive/data/1", data, offset: 40 },
    ],
  ],
  ["an encrypted entry", [{ ...honest, flags: 1 }]],
  ["an unknown compression", [{ ...honest, method: 99 }]],
  ["a name that climbs out", [{ ...honest, name: "../../../../evil/data.pkl" }]],
  ["an absolute name", [{ ...honest, name: "/etc/data.pkl" }]],
  ["a name with back slashes", [{ ...honest, name: "..\\..\\data.pkl" }]],
  ["a name of a drive", [{ ...honest, name: "C:\\data.pkl" }]],
  ["a name that is not UTF-8", [{ ...honest, name: "archive/\xff\xfe" }]],
  ["a name with NUL", [{ ...honest, name: "archive\0/data.pkl" }]],
  ["a name like an object's own", [{ ...honest, name: "__proto__/data.pkl" }]],
  ["two pickles", [honest, { ...honest, name: "other/data.pkl" }]],
  ["no pickle", [{ ...honest, name: "archive/other" }]],
  ["a folder of 65,535 entries that are not there", [honest], { count: 0xffff }],
  ["fewer entries than it has", [honest], { count: 0 }],
  ["a directory that leaves the file", [honest], { size: huge }],
  ["a directory in the wrong place", [honest], { offset: 3 }],
  ["a directory at the very end", [honest], { offset: huge }],
  ["a comment that is not there", [honest], { comment: 5000 }],
  ["a part of a split archive", [honest], { disk: 3 }],
  [
    "a zip64 entry of 2^63 bytes",
    [
      {
        ...honest,
        size: 0xffff_ffff,
        compressedSize: 0xffff_ffff,
        extra: [...u16(1), ...u16(16), ...u64(2n ** 63n), ...u64(2n ** 63n)],
      },
    ],
  ],
  ["a zip64 entry without its field", [{ ...honest, size: 0xffff_ffff, compressedSize: 0xffff_ffff }]],
  [
    "a zip64 field that leaves its place",
    [{ ...honest, size: 0xffff_ffff, extra: [...u16(1), ...u16(60_000)] }],
  ],
];

/** A zip64 directory end that says whatever it is told. */
function zip64(count: bigint, size: bigint, offset: bigint): Uint8Array {
  const whole = lyingZip([honest]);
  const end = whole.length - 22;
  const end64 = raw(
    "PK\x06\x06",
    u64(44n),
    u16(45),
    u16(45),
    u32(0),
    u32(0),
    u64(count),
    u64(count),
    u64(size),
    u64(offset),
  );
  const locator = raw("PK\x06\x07", u32(0), u64(BigInt(end)), u32(1));
  return raw(whole.subarray(0, end), end64, locator, whole.subarray(end));
}

const model = (name: string, codes: HostileFile["codes"], bytes: Uint8Array): HostileFile =>
  spoiltBundle(`model.pth: ${name}`, codes, () => [[MODEL, bytes]]);

export async function zipFiles(): Promise<HostileFile[]> {
  const whole = (await wholeBundle()).get(MODEL)!;
  const structural = new Set(
    ["PK\x03\x04", "PK\x01\x02", "PK\x05\x06", "data.pkl", "byteorder", "version", "archive/data/"].flatMap(
      (text) => occurrences(whole, text).flatMap((at) => [at, at + 1, at + 4, at + 14, at + 26, at + 30]),
    ),
  );
  const cut = [...structural].filter((at) => at < whole.length).sort((a, b) => a - b);
  const archive = openZip(whole);
  const entries = archive.names.map((name) => ({ name, data: archive.read(name).slice() }));
  const without = (part: string): Uint8Array => lyingZip(entries.filter(({ name }) => !name.endsWith(part)));
  const replaced = (part: string, bytes: Uint8Array): Uint8Array =>
    lyingZip(entries.map((entry) => (entry.name.endsWith(part) ? { ...entry, data: bytes } : entry)));
  const firstStorage = entries.find(({ name }) => name.endsWith("/data/0"))!.data;
  return [
    ...LIES.map(([name, lies, lie]) =>
      model(
        `an archive with ${name}`,
        ["BAD_FORMAT", "UNSUPPORTED", "LIMIT", "NOT_FOUND"],
        lyingZip(lies, lie),
      ),
    ),
    ...cut.map((at) => model(`cut off at byte ${at}`, ["BAD_FORMAT"], whole.subarray(0, at))),
    model("a zip64 archive of 2^62 entries", ["LIMIT", "BAD_FORMAT"], zip64(2n ** 62n, 10n, 0n)),
    model("a zip64 directory of 2^62 bytes", ["BAD_FORMAT"], zip64(1n, 2n ** 62n, 0n)),
    model("a zip64 directory at byte 2^62", ["BAD_FORMAT"], zip64(1n, 10n, 2n ** 62n)),
    model("a bomb of 300 MB", ["LIMIT"], zipSync({ "archive/data.pkl": new Uint8Array(300_000_000) })),
    model(
      "many small bombs",
      ["LIMIT"],
      zipSync(
        Object.fromEntries(
          Array.from({ length: 40 }, (_, i) => [`archive/data/${i}`, new Uint8Array(9_000_000)]),
        ),
      ),
    ),
    model("a storage that is not there", ["BAD_FORMAT"], without("/data/0")),
    model("a storage that is too short", ["BAD_FORMAT"], replaced("/data/0", firstStorage.subarray(4))),
    model("a storage that is too long", ["BAD_FORMAT"], replaced("/data/0", raw(firstStorage, [0, 0, 0, 0]))),
    model("big-endian numbers", ["UNSUPPORTED"], replaced("byteorder", raw("big"))),
    model(
      "weights that are not finite",
      ["BAD_DATA"],
      replaced("/data/0", patched(firstStorage, 0, [0, 0, 0xc0, 0x7f])),
    ),
    model(
      "infinite weights",
      ["BAD_DATA"],
      replaced("/data/0", patched(firstStorage, 4, [0, 0, 0x80, 0xff])),
    ),
    model("nothing", ["BAD_FORMAT"], raw()),
    model("text", ["BAD_FORMAT"], raw("hello\n")),
    model("a tar archive", ["BAD_FORMAT"], patched(new Uint8Array(1024), 257, "ustar")),
    model("a file of torch before 1.6", ["UNSUPPORTED"], raw("\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.")),
  ];
}
