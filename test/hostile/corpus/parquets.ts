/** Parquet tables that lie about their sizes, or whose pages never end. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { joinBytes } from "../../../src/core/bytes.ts";
import { parquetPieces } from "../../../src/output/to-parquet.ts";
import {
  type ColumnLie,
  type FileLie,
  joined,
  lyingParquet,
  NAMES,
  page,
  struct,
  u32,
  varint,
} from "../../helpers/lying-parquet.ts";
import { toyPredictions } from "../../helpers/toy-predictions.ts";
import type { HostileFile } from "./hostile-file.ts";

type Codes = HostileFile["codes"];

const ANY: Codes = ["BAD_FORMAT", "LIMIT", "UNSUPPORTED"];
const [INT32, INT64, DOUBLE, BYTE_ARRAY] = [1, 2, 5, 6] as const;
const [SNAPPY, GZIP, ZSTD, LZ4] = [1, 2, 6, 7] as const;
const RUN_DICTIONARY = 8;

/** A table of three cells and one other column. */
const withColumn = (column: ColumnLie, lie: Partial<FileLie> = {}): Uint8Array =>
  lyingParquet({ rows: 3, columns: [NAMES, column], ...lie });
const doubles = (lie: Partial<ColumnLie> = {}): ColumnLie => ({
  type: DOUBLE,
  pages: [page({ count: 3, body: new Uint8Array(24) })],
  ...lie,
});
/** Compressed pages that say how large they are. */
const packed = (codec: number, body: Uint8Array | number[], size: number): ColumnLie =>
  doubles({ codec, pages: [page({ count: 3, body, size })] });
/** Pages of text codes, after a dictionary of one entry. */
const coded = (...body: readonly number[]): ColumnLie => ({
  pages: [
    page({ kind: "dictionary", count: 1, body: joined(u32(1), "T") }),
    page({ count: 3, encoding: RUN_DICTIONARY, body }),
  ],
});
const withLevels = (levels: readonly number[]): ColumnLie =>
  doubles({ repetition: 1, pages: [page({ count: 3, body: joined(u32(levels.length), levels) })] });
const differences = (encoding: number, type: number, ...body: readonly (readonly number[])[]): ColumnLie => ({
  type,
  pages: [page({ count: 3, encoding, body: joined(...body) })],
});
const framed = (end: Uint8Array | readonly number[], length?: number): Uint8Array =>
  joined("PAR1", end, u32(length ?? end.length), "PAR1");

const HUGE = varint(2 ** 32 - 2);

/** Texts that each repeat all of the one before, a byte longer: a triangle of bytes. */
function triangle(count: number): Uint8Array {
  // Differences in blocks of 128 by 4: 0, 1, 2, … as lengths to keep, then 1, 1, 1, … as new bytes.
  const deltas = (first: number, step: number): number[] => {
    const blocks = Math.ceil((count - 1) / 128);
    return [
      ...[...varint(128), ...varint(4), ...varint(count), ...varint(first * 2)],
      ...Array.from({ length: blocks }, () => [...varint(step * 2), 0, 0, 0, 0]).flat(),
    ];
  };
  const body = joined(deltas(0, 1), deltas(1, 0), "x".repeat(count));
  const many = page({ count, encoding: 7, body });
  return lyingParquet({
    rows: count,
    columns: [
      { name: "cell", pages: [many] },
      { name: "y", pages: [many] },
    ],
  });
}

const CASES: readonly (readonly [what: string, bytes: Uint8Array, codes?: Codes])[] = [
  ["nothing wrong", withColumn(doubles()), ["opens"]],
  ["nothing", new Uint8Array()],
  ["four bytes", joined("PAR1")],
  ["no metadata", joined("PAR1", u32(0), "PAR1")],
  ["encryption", joined("PARE", [0], u32(1), "PARE")],
  ["text", joined("obs_name,pred_type\na,T\n")],
  ["metadata longer than the file", framed([0], 2 ** 32 - 1)],
  ["a megabyte of zeros for metadata", framed(new Uint8Array(1e6))],
  ["a number without end in its metadata", framed(joined([0x15], new Uint8Array(1e6).fill(0xff)))],
  ["structures a million deep", framed(joined(new Uint8Array(1e6).fill(0x1c), new Uint8Array(1e6)))],
  ["a list of 2^31 columns", withColumn(doubles(), { listed: 2 ** 31 })],
  ["ten million columns that are nothing", framed(joined([9, 4, 0xfc], varint(1e7), new Uint8Array(1e7)))],
  ["text of 2^32 bytes in its metadata", framed(joined([8, 12], HUGE))],
  ["2^53 rows", withColumn(doubles(), { rows: 2 ** 53 - 1 })],
  ["a billion rows that are all missing", withColumn(withLevels(varint(2e9)), { rows: 1e9 })],
  ["less than no rows", withColumn(doubles(), { rows: -3 })],
  ["more rows than its groups", withColumn(doubles(), { rows: 4, groupRows: 3 })],
  ["rows that its pages lack", withColumn(doubles(), { rows: 5 })],
  ["fewer rows than its pages", withColumn(doubles(), { rows: 2 })],
  ["columns that are not there", withColumn(doubles(), { declared: 2 ** 31 })],
  ["one column", lyingParquet({ rows: 3, columns: [NAMES] })],
  ["no columns", lyingParquet({ rows: 0, columns: [] })],
  ["a column twice", withColumn({ ...NAMES })],
  ["a column of parts", withColumn(doubles({ children: 1 }))],
  ["a column of lists", withColumn(doubles({ repetition: 2 }))],
  ["dates", withColumn(doubles({ type: INT32, converted: 6 }))],
  ["values of an unknown type", withColumn(doubles({ type: 99 }))],
  [
    "names that are missing",
    lyingParquet({ rows: 3, columns: [{ ...withLevels([6, 0]), type: BYTE_ARRAY }, NAMES] }),
  ],
  ["names like an object's own", withColumn(doubles({ name: "__proto__" })), ["opens"]],
  ["a column beyond the file", withColumn(doubles({ start: 2 ** 40 }))],
  ["a column before the file", withColumn(doubles({ start: -8 }))],
  ["a column of a terabyte", withColumn(doubles({ length: 2 ** 40 }))],
  ["an unknown compression", withColumn(doubles({ codec: 42 }))],
  ["an unknown encoding", withColumn(doubles({ pages: [page({ count: 3, encoding: 77, body: [0] })] }))],
  [
    "an unknown page",
    withColumn(doubles({ pages: [joined(struct([1, 6, [18]], [2, 6, [0]], [3, 6, [0]]))] })),
  ],
  ["a page of 2^31 rows", withColumn(doubles({ pages: [page({ count: 2 ** 31, body: [] })] }))],
  ["pages of no rows", withColumn(doubles({ pages: Array(1e4).fill(page({ count: 0, body: [] })) }))],
  [
    "a page longer than the column",
    withColumn(doubles({ pages: [page({ count: 3, body: [], storedSize: 1e9 })] })),
  ],
  ["a page of less than no bytes", withColumn(doubles({ pages: [page({ count: 3, body: [], size: -1 })] }))],
  [
    "levels longer than their page",
    withColumn(doubles({ pages: [page({ kind: "data2", count: 3, body: [], levels: 99 })] })),
  ],
  ["text longer than its page", withColumn({ pages: [page({ count: 3, body: u32(2 ** 31) })] })],
  [
    "Snappy data that go back to their start",
    withColumn(packed(SNAPPY, [24, 0xfc, 0xfa, 255, 255, 255, 0, 0], 24)),
  ],
  ["Snappy data of 2^31 bytes", withColumn(packed(SNAPPY, varint(2 ** 31), 2 ** 31))],
  ["Snappy data that copy from before their start", withColumn(packed(SNAPPY, [24, 0xfe, 9, 0], 24))],
  ["Snappy data that copy from nowhere", withColumn(packed(SNAPPY, [24, 0, 7, 0xfe, 0, 0], 24))],
  ["300 MB of zeros, by gzip", withColumn(packed(GZIP, gzipSync(new Uint8Array(3e8)), 3e8))],
  ["more gzip than it says", withColumn(packed(GZIP, gzipSync(new Uint8Array(1e6)), 24))],
  ["no gzip", withColumn(packed(GZIP, [1, 2, 3], 24))],
  [
    "Zstandard blocks of 128 kB each",
    withColumn(
      packed(
        ZSTD,
        joined([0x28, 0xb5, 0x2f, 0xfd, 0, 0x58], ...Array(5000).fill([2, 0, 16, 0]), [3, 0, 16, 0]),
        5001 * 131_072,
      ),
    ),
  ],
  ["no Zstandard", withColumn(packed(ZSTD, new Uint8Array(40), 24))],
  ["LZ4 of a gigabyte", withColumn(packed(LZ4, new Uint8Array(40), 1e9))],
  ["damaged LZ4", withColumn(packed(LZ4, new Uint8Array(40).fill(0xff), 4000))],
  ["a run of 2^31 levels", withColumn(withLevels([...HUGE, 0])), [...ANY, "opens"]],
  ["2^31 levels that are packed", withColumn(withLevels([...varint(2 ** 32 - 1), 0])), [...ANY, "opens"]],
  ["runs of no levels", withColumn(withLevels(Array(1e5).fill(0)))],
  ["levels of 7", withColumn(withLevels([6, 7]))],
  ["a run of 2^31 codes", withColumn(coded(1, ...HUGE, 0)), [...ANY, "opens"]],
  ["2^31 codes of no bits", withColumn(coded(0, ...varint(2 ** 32 - 1))), [...ANY, "opens"]],
  ["codes of 255 bits", withColumn(coded(255, 3, 1))],
  ["codes beyond the dictionary", withColumn(coded(8, 6, 9))],
  ["codes without a dictionary", withColumn({ pages: [page({ count: 3, encoding: 8, body: [1, 6, 0] })] })],
  [
    "a dictionary of 2^31 entries",
    withColumn({ pages: [page({ kind: "dictionary", count: 2 ** 31 - 1, body: u32(0) })] }),
  ],
  [
    "a dictionary of ten million empty texts, packed",
    withColumn({
      codec: GZIP,
      pages: [page({ kind: "dictionary", count: 1e7, body: gzipSync(new Uint8Array(4e7)), size: 4e7 })],
    }),
  ],
  [
    "a dictionary of 300 million booleans, packed",
    withColumn({
      type: 0,
      codec: GZIP,
      pages: [page({ kind: "dictionary", count: 3e8, body: gzipSync(new Uint8Array(3.75e7)), size: 3.75e7 })],
    }),
  ],
  ["differences in blocks of nothing", withColumn(differences(5, INT64, [0, 0, 3, 0]))],
  ["differences in 2^32 parts", withColumn(differences(5, INT64, varint(128), HUGE, [3, 0]))],
  ["differences of 200 bits", withColumn(differences(5, INT64, varint(128), [4, 3, 0, 0, 200, 0, 0, 0]))],
  ["a difference without end", withColumn(differences(5, INT64, varint(128), [4, 3], Array(1e5).fill(255)))],
  ["more differences than rows", withColumn(differences(5, INT32, varint(128), [4], HUGE, [0]))],
  [
    "texts of less than no bytes",
    withColumn(differences(6, BYTE_ARRAY, varint(128), [4, 3, 1, 1, 0, 0, 0, 0])),
  ],
  ["texts that grow to two gigabytes", triangle(65_000)],
  [
    "integers beyond 2^53",
    withColumn({ type: INT64, pages: [page({ count: 3, body: Array(24).fill(0x7f) })] }),
  ],
];

export async function parquetFiles(): Promise<HostileFile[]> {
  const file = (what: string, bytes: Uint8Array, codes: Codes = ANY): HostileFile => ({
    name: `parquet: ${what}`,
    door: "table",
    codes,
    async make(folder) {
      const path = join(folder, "table.parquet");
      await writeFile(path, bytes);
      return path;
    },
  });
  const files = CASES.map((each) => file(...each));
  const good = joinBytes(parquetPieces(toyPredictions(), { mode: "full" }));
  for (let at = 0; at < good.length; at += 97) files.push(file(`its end at byte ${at}`, good.slice(0, at)));
  for (let at = 0; at < good.length; at += 89) {
    const bytes = good.slice();
    bytes[at] = bytes[at] ^ 0x80;
    files.push(file(`byte ${at} changed`, bytes, [...ANY, "opens"]));
  }
  return files;
}
