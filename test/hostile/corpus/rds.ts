/** Objects of R that lie about lengths, nest without end, refer to nothing, or unpack without end. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { raw } from "./bytes.ts";
import type { HostileFile } from "./hostile-file.ts";

type Codes = HostileFile["codes"];
type Case = readonly [what: string, content: Uint8Array, codes: Codes];

const int = (...values: readonly number[]): Uint8Array => {
  const bytes = new DataView(new ArrayBuffer(4 * values.length));
  for (const [i, value] of values.entries()) bytes.setInt32(4 * i, value);
  return new Uint8Array(bytes.buffer);
};
const real = (...values: readonly number[]): Uint8Array => {
  const bytes = new DataView(new ArrayBuffer(8 * values.length));
  for (const [i, value] of values.entries()) bytes.setFloat64(8 * i, value);
  return new Uint8Array(bytes.buffer);
};
const file = (...parts: readonly Uint8Array[]): Uint8Array =>
  raw("X\n", int(3, 0x40202, 0x30500, 5), "UTF-8", ...parts);

const NIL = int(254);
const ATTRIBUTES = 0x200;
const TAGGED = 0x400;
const char = (text: string): Uint8Array => raw(int(0x40009, text.length), text);
const symbol = (text: string): Uint8Array => raw(int(1), char(text));
const strings = (...texts: readonly string[]): Uint8Array => raw(int(16, texts.length), ...texts.map(char));
const list = (...items: readonly Uint8Array[]): Uint8Array => raw(int(19, items.length), ...items);
/** Pairs with names, as attributes are. */
const pairs = (...items: readonly (readonly [string, Uint8Array])[]): Uint8Array =>
  raw(...items.flatMap(([name, value]) => [int(2 | TAGGED), symbol(name), value]), NIL);
const compact = (name: string, state: Uint8Array, attributes: Uint8Array = NIL): Uint8Array =>
  raw(int(238), raw(int(2), symbol(name), int(2), symbol("base"), int(2, 13, 1, 13), NIL), state, attributes);
const sequence = (n: number, start: number, step: number): Uint8Array =>
  raw(int(14, 3), real(n, start, step));
const repeated = (n: number, ...parts: readonly Uint8Array[]): Uint8Array => {
  const one = raw(...parts);
  const all = new Uint8Array(n * one.length);
  for (let i = 0; i < n; i++) all.set(one, i * one.length);
  return all;
};
const sized = (genes: number, cells: number): Uint8Array =>
  pairs(["dim", int(13, 2, genes, cells)], ["dimnames", list(strings("A", "B"), NIL)]);

const BAD: Codes = ["BAD_FORMAT", "BAD_DATA"];
const NO_DATA: Codes = ["UNSUPPORTED", "BAD_FORMAT", "BAD_DATA"];

const LIES: readonly Case[] = [
  ["nothing but a header", file(), BAD],
  ["a version of 2^31 - 1", raw("X\n", int(0x7fffffff, 1, 1), NIL), ["UNSUPPORTED", "BAD_FORMAT"]],
  ["an encoding of 2^31 - 1 bytes", raw("X\n", int(3, 1, 1, 0x7fffffff), NIL), BAD],
  ["an encoding of -1 bytes", raw("X\n", int(3, 1, 1, -1), NIL), BAD],
  ...[10, 13, 14, 15, 16, 19, 20, 24].flatMap((type): readonly Case[] => [
    [`type ${type} of 2^31 - 1 values`, file(int(type, 0x7fffffff)), BAD],
    [`type ${type} of 2^62 values`, file(int(type, -1, 0x40000000, 0)), BAD],
    [`type ${type} of -2 values`, file(int(type, -2)), BAD],
    [`type ${type} of -2^62 values`, file(int(type, -1, -0x40000000, 0)), BAD],
  ]),
  ["a text of 2^31 - 1 bytes", file(int(16, 1, 0x40009, 0x7fffffff)), BAD],
  ["a text of -5 bytes", file(int(16, 1, 0x40009, -5)), BAD],
  ["a text that is a number", file(int(16, 1, 13, 1, 1)), BAD],
  ["a name of 2^31 - 1 bytes", file(int(1, 0x40009, 0x7fffffff)), BAD],
  ["a name that is a list", file(int(1, 19, 0)), BAD],
  ...[0, 1, 7, -1, 0x7fffffff].map((n): Case => [`reference ${n} of none`, file(int(255, n)), BAD]),
  ["a packed reference to none", file(int(0x7ff)), BAD],
  ...[31, 100, 200, 237, 246].map((type): Case => [`type ${type}`, file(int(type), NIL), BAD]),
  ["attributes that are a number", file(int(13 | ATTRIBUTES, 0, 13, 1, 1)), BAD],
  ["an environment in itself", file(int(4, 0), int(0x1ff), int(0x1ff), int(0x1ff), int(0x1ff)), NO_DATA],
  ["a primitive of 2^31 - 1 bytes", file(int(8, 0x7fffffff)), BAD],
  ["code of 2^31 - 1 constants", file(int(21, 1, 13, 1, 1, 0x7fffffff)), BAD],
];

const DEEP = 200_000;
const NESTS: readonly Case[] = [
  ["lists in lists", file(repeated(DEEP, int(19, 1)), NIL), ["LIMIT"]],
  ["pairs in pairs", file(repeated(DEEP, int(2)), NIL), ["LIMIT"]],
  ["attributes of attributes", file(repeated(DEEP, int(2 | ATTRIBUTES)), NIL), ["LIMIT"]],
  ["tags of tags", file(repeated(DEEP, int(2 | TAGGED)), NIL), ["LIMIT"]],
  ["functions of functions", file(repeated(DEEP, int(3)), NIL), ["LIMIT"]],
  ["environments in environments", file(repeated(DEEP, int(4, 0)), NIL), ["LIMIT"]],
  ["compact forms of compact forms", file(repeated(DEEP, int(238)), NIL), ["LIMIT"]],
  ["pointers to pointers", file(repeated(DEEP, int(22)), NIL), ["LIMIT"]],
  ["code in code", file(int(21, 1), repeated(DEEP, int(13, 0, 1, 21)), NIL), ["LIMIT"]],
  ["calls in code", file(int(21, 1, 13, 0, 1), repeated(DEEP, int(6, 254)), NIL), ["LIMIT", "BAD_FORMAT"]],
  ["a million pairs", file(repeated(1_100_000, int(2, 254)), NIL), ["LIMIT"]],
  ["a million items", file(int(19, 1_100_000), repeated(1_100_000, NIL)), ["LIMIT"]],
];

const SEQUENCES: readonly Case[] = [
  ...([2 ** 53, 1e300, -1, Number.NaN, Infinity, 0.5] as const).map(
    (n): Case => [`a sequence of ${n} values`, file(compact("compact_intseq", sequence(n, 1, 1))), NO_DATA],
  ),
  ["a sequence in steps of 0", file(compact("compact_realseq", sequence(9, 1, 0))), BAD],
  ["a sequence from NaN", file(compact("compact_realseq", sequence(9, Number.NaN, 1))), BAD],
  ["a sequence of texts", file(compact("compact_intseq", strings("a"))), ["UNSUPPORTED"]],
  [
    "a sequence with more settings than memory",
    file(compact("compact_intseq", raw(int(14, 2_000_000), new Uint8Array(16_000_000)))),
    BAD,
  ],
  ["texts of texts", file(compact("deferred_string", raw(int(2), strings("a"), int(13, 1, 0)))), BAD],
  ["a wrapper of nothing", file(compact("wrap_real", raw(int(2), NIL, NIL))), ["UNSUPPORTED"]],
  ["a form that R has not", file(compact("mmap_real", list())), ["UNSUPPORTED"]],
  ...([500_000_000, 50_000_000] as const).map(
    (cells): Case => [
      `a matrix of 2 × ${cells} that counts up`,
      file(compact("compact_intseq", sequence(2 * cells, 1, 1), sized(2, cells))),
      ["BAD_DATA", "UNSUPPORTED"],
    ],
  ),
  [
    "a billion names that count up",
    file(
      raw(
        int(13 | ATTRIBUTES, 2, 1, 2),
        pairs(
          ["dim", int(13, 2, 2, 1)],
          [
            "dimnames",
            list(
              compact(
                "deferred_string",
                raw(int(2), compact("compact_intseq", sequence(1e9, 1, 1)), int(13, 1, 0)),
              ),
              NIL,
            ),
          ],
        ),
      ),
    ),
    ["LIMIT", "BAD_DATA", "BAD_FORMAT"],
  ],
];

const base64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));
/** The header and NULL; a block of 45 million zeros; a chunk of two million. */
const BZIP2_NULL = base64(
  "QlpoOTFBWSZTWZYc3YUAAA1eAN4QAAIAQAEABkAAASAAMQDQANTymTTT0kGTRAiUFxa2Xd+byvi7kinChISw5uwo",
);
const BZIP2_ZEROS = base64("QlpoOTFBWSZTWckBtsgBWKtAIMAAEAAACCAAMMwFKaZSSFJsVJIUni7kinChIZIDbZA=");
const XZ_NULL = base64(
  "/Td6WFoAAAFpIt42AgAhAQwAAACPmEGcAQAaWAoAAAADAAQCAgADBQAAAAAFVVRGLTgAAAD+AAAOi8sgAAEvG6pE/7iQQpkNAQAAAAABWVo=",
);
const XZ_START = Buffer.from("fd377a585a000000ff12d9410200210110000000a8708e86", "hex");
const XZ_ZEROS = base64(
  "//8RAWxdAABv/f//o7f/Rz5IFXI5YVG4kijmo4YH+e7kHoLTL8U6PAFLsX7JiopNL6MN2X+m44wjEVPgWRjFdYrid/i2lH8MasDedElk4ulcU7IE2PdEDKtfDW1G6eXDdoi3llestk3haR1v+0uIEGxCy4g/XACP0E6vJiiUcR89jyThcJ6nI1/sKMuF0ZWYin4qkfIndfcZwAaYTZj92K/VkA/EJVP49ZE2MQWlsO5vwXBNRwzRkRGqrWAdus6xJxhcWYbpZlJYvul2rFnk5VsFCPnH2q38+1IrdM0eWyBC+d1TPfgpZAk7gMsqbN+1O/DEvS5fqg8+S2ZCkBMO/xCT+HF4WfgLzf+VKEYPqfx83vuaMC5WwI+F84OBwGXEJVP49ZE2MQWlsO5vwXBNRwzRkRGqrWAdus6xJxhcWYbpZlJYvul2rFnk5VsFCPnH2q38+1IrdM0eWyBC+d1TPfgpZAk7gMsqbN+1O/DEvEgn5lg=",
);
const zeros = gzipSync(new Uint8Array(1 << 24), { level: 9 });

const PACKED: readonly Case[] = [
  // No more than gzip can do with so many bytes: it is read, in bounded memory.
  [
    "gzip of 600 MB of zeros",
    raw(gzipSync(file(NIL)), ...Array.from({ length: 36 }, () => zeros)),
    ["UNSUPPORTED"],
  ],
  ["bzip2 of 400 MB of zeros", raw(BZIP2_NULL, ...Array.from({ length: 9 }, () => BZIP2_ZEROS)), ["LIMIT"]],
  [
    "xz of 400 MB of zeros",
    raw(XZ_NULL, XZ_START, ...Array.from({ length: 200 }, () => XZ_ZEROS), 0),
    ["LIMIT"],
  ],
  ["xz that goes on from nothing", raw(XZ_START, 0x80, XZ_ZEROS.subarray(1)), ["BAD_FORMAT"]],
  [
    "xz of 4 GiB of dictionary",
    raw(XZ_START.subarray(0, 12), Buffer.from("0200210128000000e6a011b3", "hex")),
    ["LIMIT"],
  ],
  ["xz of no blocks", raw(XZ_START.subarray(0, 12), 0, 0, 0, 0), ["BAD_FORMAT"]],
  ["bzip2 of level 0", raw("BZh0", BZIP2_NULL.subarray(4)), ["BAD_FORMAT"]],
  ["bzip2 of nothing", raw("BZh9"), ["BAD_FORMAT"]],
  ["a head of gzip alone", raw(0x1f, 0x8b), ["BAD_FORMAT", "UNSUPPORTED"]],
];

const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(fileURLToPath(new URL(`../../fixtures/rds/${name}.rds`, import.meta.url))));

const CUT: readonly Case[] = ["seurat4-bzip2", "seurat4-xz", "seurat4", "seurat4-plain", "sce"].flatMap(
  (name) => {
    const whole = fixture(name);
    return Array.from({ length: 24 }, (_, i): Case => {
      const at = Math.floor((whole.length * i) / 24);
      return [`${name} that is cut off at byte ${at}`, whole.subarray(0, at), ["BAD_FORMAT"]];
    });
  },
);

/** Every fifth number of a small file is the largest, the smallest and one more. */
function changed(): Case[] {
  const whole = new Uint8Array(gunzipSync(fixture("matrix-dgC")));
  const view = new DataView(whole.buffer, whole.byteOffset);
  const cases: Case[] = [];
  for (let at = 23; at + 4 <= whole.length; at += 20)
    for (const value of [0x7fffffff, -0x80000000, view.getInt32(at) + 1]) {
      const copy = whole.slice();
      new DataView(copy.buffer).setInt32(at, value);
      cases.push([
        `the number at byte ${at} is ${value}`,
        copy,
        ["opens", "BAD_FORMAT", "BAD_DATA", "UNSUPPORTED", "LIMIT", "NOT_FOUND", "MISMATCH"],
      ]);
    }
  return cases;
}

export async function rdsFiles(): Promise<HostileFile[]> {
  return [...LIES, ...NESTS, ...SEQUENCES, ...PACKED, ...CUT, ...changed()].map(([name, content, codes]) => ({
    name,
    door: "dataset",
    codes,
    async make(folder) {
      const path = join(folder, "object.rds");
      await writeFile(path, content);
      return path;
    },
  }));
}
