import { readFileSync } from "node:fs";
import fc from "fast-check";
import { parquetReadObjects, snappyUncompress } from "hyparquet";
import { type ColumnSource, parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, test } from "vitest";
import { joined, lyingParquet, NAMES, page, u32, varint } from "../../../test/helpers/lying-parquet.ts";
import { isAtlasmtlError } from "../../errors.ts";
import { decompress } from "../zarr/codecs.ts";
import { type ParquetColumn, readParquet } from "./read.ts";
import { unsnappy } from "./snappy.ts";

const readTable = (bytes: Uint8Array) => readParquet(bytes, decompress);
const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../../test/fixtures/parquet/${name}`, import.meta.url)));

function valuesOf(column: ParquetColumn): readonly (string | number | boolean | null)[] {
  if (column.kind === "text") return column.values;
  return Array.from(column.values, (value, i) =>
    column.missing[i] ? null : column.kind === "boolean" ? value === 1 : value,
  );
}

async function read(
  bytes: Uint8Array,
): Promise<Record<string, readonly (string | number | boolean | null)[]>> {
  const { columns } = await readTable(bytes);
  return Object.fromEntries(columns.map((column) => [column.name, valuesOf(column)]));
}

describe.each(["pandas", "pandas-zstd", "pandas-gzip", "pandas-lz4", "polars"])("what %s writes", (name) => {
  test("is read: text, categories, numbers, booleans, and what is missing of them", async () => {
    const index = name === "pandas" ? "__index_level_0__" : "barcode";
    const found = await read(fixture(`${name}.parquet`));
    expect(found).toEqual({
      pred_type: ["T", "B", null, "T", "NK", "😀"],
      conf_type: [0.5, 1, null, 0.1, 0, 1e-5].map((x) => x && Math.fround(x)),
      margin_type: [0.25, null, 0, 1, 0.5, 1e-300],
      is_unknown_type: [true, false, false, true, false, false],
      note: ["a", null, "", "ä", "a,b", "x".repeat(40)],
      cluster: [0, 1, 2, 0, 1, -2],
      maybe: [1, null, 3, null, 5, 6],
      small: [0, 255, 1, 2, 3, 4],
      nothing: [null, null, null, null, null, null],
      [index]: ["AAAC-1", "AAAG-1", "AAAT-1", "AACC-1", "AACG-1", "AACT-1"],
    });
  });
});

const TEXT = ["PLAIN", "RLE_DICTIONARY", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"] as const;
const INTEGERS = ["PLAIN", "RLE_DICTIONARY", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"] as const;
const NUMBERS = ["PLAIN", "RLE_DICTIONARY", "BYTE_STREAM_SPLIT"] as const;

const oneColumn = fc.oneof(
  ...(
    [
      ["STRING", TEXT, fc.string({ unit: "grapheme" })],
      ["INT32", INTEGERS, fc.integer()],
      ["INT64", INTEGERS, fc.bigInt({ min: -(2n ** 53n) + 1n, max: 2n ** 53n - 1n })],
      ["FLOAT", NUMBERS, fc.float({ noNaN: true })],
      ["DOUBLE", NUMBERS, fc.double({ noNaN: true })],
      ["BOOLEAN", ["PLAIN", "RLE"], fc.boolean()],
    ] as const
  ).map(([type, encodings, value]) =>
    fc.record({
      type: fc.constant(type),
      encoding: fc.constantFrom(...encodings),
      data: fc.oneof(
        fc.array(value as fc.Arbitrary<unknown>, { maxLength: 400 }),
        fc.array(fc.option(value as fc.Arbitrary<unknown>, { freq: 3 }), { maxLength: 400 }),
      ),
    }),
  ),
);

test("whatever another library writes is read as that library reads it, in every encoding", async () => {
  const compressions = fc.constantFrom("SNAPPY" as const, "UNCOMPRESSED" as const);
  await fc.assert(
    fc.asyncProperty(
      oneColumn,
      compressions,
      fc.integer({ min: 1, max: 300 }),
      async (column, codec, rowGroupSize) => {
        const columnData = [{ name: "x", ...column }] as ColumnSource[];
        const file = parquetWriteBuffer({ columnData, codec, rowGroupSize, pageSize: 256 });
        const rows = await parquetReadObjects({ file });
        const wanted = rows.map(({ x }) => (typeof x === "bigint" ? Number(x) : (x ?? null)));
        expect((await read(new Uint8Array(file))).x).toEqual(wanted);
      },
    ),
    { numRuns: 150 },
  );
});

test("a damaged or shortened file ends in a typed error or in columns of as many rows as it says", async () => {
  const files = ["pandas", "pandas-zstd", "pandas-gzip", "polars"].map((name) => fixture(`${name}.parquet`));
  const ends = async (bytes: Uint8Array): Promise<void> => {
    try {
      const { columns } = await readTable(bytes);
      expect(new Set(columns.map(({ values }) => values.length)).size).toBeLessThanOrEqual(1);
    } catch (error) {
      expect(isAtlasmtlError(error, "BAD_FORMAT", "LIMIT", "UNSUPPORTED"), String(error)).toBe(true);
    }
  };
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...files),
      fc.array(
        fc.tuple(fc.double({ min: 0, max: 0.999999, noNaN: true }), fc.integer({ min: 1, max: 255 })),
        {
          maxLength: 3,
        },
      ),
      fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 4 }),
      async (file, changes, end) => {
        const bytes = file.slice(0, end === null ? file.length : Math.floor(end * file.length));
        for (const [at, change] of changes) {
          const i = Math.floor(at * bytes.length);
          if (i < bytes.length) bytes[i] = bytes[i] ^ change;
        }
        await ends(bytes);
      },
    ),
    { numRuns: 400 },
  );
});

test("Snappy data come back as another library reads them, copies that overlap too", () => {
  // 20 bytes: "ab" once, then a copy of 18 bytes from two back.
  const bytes = Uint8Array.of(20, 1 << 2, 97, 98, (17 << 2) | 2, 2, 0);
  const other = new Uint8Array(20);
  snappyUncompress(bytes, other);
  expect(unsnappy(bytes, 20)).toEqual(other);
  expect(new TextDecoder().decode(other)).toBe("ab".repeat(10));
  expect(() => unsnappy(bytes, 19)).toThrow(/declare 20 where 19/);
});

const withValues = (...pages: readonly Uint8Array[]): Uint8Array =>
  lyingParquet({ rows: 3, columns: [NAMES, { type: 5, repetition: 1, pages }] });
const levels = (...bytes: readonly number[]): Uint8Array => joined(u32(bytes.length), bytes);

test("runs longer than a page stop at its end", async () => {
  const bytes = withValues(page({ count: 3, body: levels(...varint(2 ** 32 - 2), 0) }));
  expect((await read(bytes)).x).toEqual([null, null, null]);
});

test.each([
  ["a billion rows", lyingParquet({ rows: 1e9, columns: [NAMES] }), "LIMIT", /1000000000 rows of 1 columns/],
  [
    "levels of more bits",
    withValues(page({ count: 3, body: levels(6, 7) })),
    "BAD_FORMAT",
    /7 as a number of 1 bits/,
  ],
  [
    "too few values",
    withValues(page({ count: 3, body: levels(6, 1) })),
    "BAD_FORMAT",
    /24 bytes .* 0 are left/,
  ],
  ["too few rows", withValues(page({ count: 2, body: levels(4, 0) })), "BAD_FORMAT", /its values end early/],
  [
    "too many rows",
    withValues(page({ count: 4, body: levels(8, 0) })),
    "BAD_FORMAT",
    /page of 4 rows where 3 are left/,
  ],
  [
    "an unknown encoding",
    withValues(page({ count: 3, encoding: 4, body: levels(6, 1) })),
    "UNSUPPORTED",
    /encoding 4/,
  ],
] as const)("%s: refused, with numbers", async (_, bytes, code, message) => {
  await expect(readTable(bytes)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

test("an error in a column names the column", async () => {
  await expect(readTable(withValues(page({ count: 3, body: levels(6, 7) })))).rejects.toMatchObject({
    where: "x",
  });
  const dates = lyingParquet({
    rows: 0,
    columns: [NAMES, { name: "day", type: 1, converted: 6, pages: [] }],
  });
  await expect(readTable(dates)).rejects.toMatchObject({ code: "UNSUPPORTED", where: "day" });
});
