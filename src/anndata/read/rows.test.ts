import fc from "fast-check";
import { expect, test } from "vitest";
import type { Csr } from "../../core/csr.ts";
import type { RowsOptions } from "../types.ts";
import type { EntryProblem } from "./canonical-csr.ts";
import { type MatrixArrays, streamRows } from "./rows.ts";
import { memorySource } from "./sequential-array.ts";

interface Entry {
  readonly row: number;
  readonly column: number;
  readonly value: number;
}

/** A matrix as loose entries, in any order and with duplicates and zeros. */
const matrices = fc.integer({ min: 0, max: 30 }).chain((nRows) =>
  fc.integer({ min: 1, max: 12 }).chain((nCols) =>
    fc.record({
      nRows: fc.constant(nRows),
      nCols: fc.constant(nCols),
      entries:
        nRows === 0
          ? fc.constant<Entry[]>([])
          : fc.array(
              fc.record({
                row: fc.nat(nRows - 1),
                column: fc.nat(nCols - 1),
                value: fc.integer({ min: -3, max: 3 }),
              }),
              { maxLength: 120 },
            ),
    }),
  ),
);

/** Compresses along rows or columns without sorting or merging. */
function compress(
  entries: readonly Entry[],
  n: number,
  storage: "csr" | "csc",
  chunkRows: number | null,
): MatrixArrays {
  const major = (entry: Entry): number => (storage === "csr" ? entry.row : entry.column);
  const ordered = Array.from({ length: n }, (_, i) => entries.filter((entry) => major(entry) === i));
  const starts = new Float64Array(n + 1);
  for (let i = 0; i < n; i++) starts[i + 1] = starts[i] + ordered[i].length;
  const flat = ordered.flat();
  const minor = flat.map((entry) => (storage === "csr" ? entry.column : entry.row));
  return {
    storage,
    starts,
    indices: { ...memorySource(BigInt64Array.from(minor, BigInt), 1, "int64"), chunkRows },
    data: {
      ...memorySource(
        Int16Array.from(flat, ({ value }) => value),
        1,
        "int16",
      ),
      chunkRows,
    },
  };
}

function dense(entries: readonly Entry[], nRows: number, nCols: number): Float64Array {
  const values = new Float64Array(nRows * nCols);
  for (const { row, column, value } of entries) values[row * nCols + column] += value;
  return values;
}

const never = (problem: EntryProblem): never => {
  throw new Error(JSON.stringify(problem));
};

async function collect(
  nRows: number,
  nCols: number,
  arrays: MatrixArrays,
  options?: RowsOptions,
): Promise<Csr[]> {
  const blocks: Csr[] = [];
  let next = options?.start ?? 0;
  for await (const { firstRow, csr } of streamRows({ nRows, nCols, arrays, report: never }, options)) {
    expect(firstRow).toBe(next);
    next += csr.nRows;
    blocks.push(options?.reuse ? structuredClone(csr) : csr);
  }
  expect(next).toBe(options?.end ?? nRows);
  return blocks;
}

/** The definition of canonical, by brute force. */
function expected(values: Float64Array, nCols: number, start: number, end: number): Csr {
  const indptr = [0];
  const indices: number[] = [];
  const data: number[] = [];
  for (let row = start; row < end; row++) {
    for (let column = 0; column < nCols; column++) {
      const value = values[row * nCols + column];
      if (value !== 0) {
        indices.push(column);
        data.push(value);
      }
    }
    indptr.push(indices.length);
  }
  return {
    nRows: end - start,
    nCols,
    indptr: Uint32Array.from(indptr),
    indices: Uint16Array.from(indices),
    data: Float32Array.from(data),
  };
}

test("CSR, CSC and dense copies give the same canonical blocks, from any row, in any block size", async () => {
  await fc.assert(
    fc.asyncProperty(
      matrices,
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(null, 1, 4, 7),
      fc.nat(),
      async ({ nRows, nCols, entries }, blockRows, chunkRows, cut) => {
        const values = dense(entries, nRows, nCols);
        const start = nRows === 0 ? 0 : cut % nRows;
        const end = Math.min(nRows, start + 1 + (cut % 17));
        const want: Csr[] = [];
        for (let row = start; row < end; row += blockRows)
          want.push(expected(values, nCols, row, Math.min(row + blockRows, end)));
        const sources: MatrixArrays[] = [
          compress(entries, nRows, "csr", chunkRows),
          compress(entries, nCols, "csc", chunkRows),
          { storage: "dense", values: { ...memorySource(values, nCols), nRows, chunkRows } },
        ];
        for (const arrays of sources)
          for (const reuse of [false, true])
            expect(await collect(nRows, nCols, arrays, { blockRows, start, end, reuse })).toEqual(want);
      },
    ),
    { numRuns: 150 },
  );
});

test("without a block size one small matrix comes in one block", async () => {
  const entries = [{ row: 1, column: 2, value: 3 }];
  expect(await collect(4, 3, compress(entries, 4, "csr", null))).toEqual([
    expected(dense(entries, 4, 3), 3, 0, 4),
  ]);
});

test.each(["csr", "csc", "dense"] as const)(
  "%s blocks have at most the rows that were asked for",
  async (storage) => {
    const entries = Array.from({ length: 10 }, (_, row) => ({ row, column: row % 3, value: row + 1 }));
    const arrays: MatrixArrays =
      storage === "dense"
        ? { storage, values: memorySource(dense(entries, 10, 3), 3) }
        : compress(entries, storage === "csr" ? 10 : 3, storage, null);
    const blocks = await collect(10, 3, arrays, { maxRows: 4 });
    expect(blocks.map(({ nRows }) => nRows)).toEqual([4, 4, 2]);
  },
);

test("columns beyond 65,536 come in 32 bits", async () => {
  const entries = [{ row: 0, column: 70_000, value: 1 }];
  const [block] = await collect(1, 70_001, compress(entries, 1, "csr", null));
  expect(block?.indices).toEqual(Uint32Array.of(70_000));
});

test.each([
  ["a column beyond the last", "csr", 5, 1, { kind: "column", row: 0, column: 5 }],
  ["a negative column", "csr", -1, 1, { kind: "column", row: 0, column: -1 }],
  ["a row beyond the last", "csc", 9, 1, { kind: "column", column: 0 }],
  ["NaN", "csr", 2, Number.NaN, { kind: "value", row: 0, column: 2 }],
  ["an infinite value", "csc", 1, Number.POSITIVE_INFINITY, { kind: "value", row: 1, column: 0 }],
  ["a value beyond float32", "csr", 0, 1e39, { kind: "value", row: 0, column: 0 }],
] as const)("%s is reported with its place", async (_name, storage, minor, value, place) => {
  const n = 3;
  const starts = Float64Array.from({ length: n + 1 }, (_, i) => (i === 0 ? 0 : 1));
  const arrays: MatrixArrays = {
    storage,
    starts,
    indices: memorySource(Int32Array.of(minor), 1, "int32"),
    data: memorySource(Float64Array.of(value), 1, "float64"),
  };
  const problems: EntryProblem[] = [];
  const report = (problem: EntryProblem): never => {
    problems.push(problem);
    throw new Error("reported");
  };
  await expect(async () => {
    for await (const _ of streamRows({ nRows: n, nCols: n, arrays, report }));
  }).rejects.toThrow("reported");
  expect(problems[0]).toMatchObject(place);
});

test("the signal stops reading between blocks", async () => {
  const controller = new AbortController();
  const arrays: MatrixArrays = { storage: "dense", values: memorySource(new Float32Array(12), 3) };
  const options = { blockRows: 1, signal: controller.signal };
  let blocks = 0;
  await expect(async () => {
    for await (const _ of streamRows({ nRows: 4, nCols: 3, arrays, report: never }, options))
      if (++blocks === 2) controller.abort();
  }).rejects.toMatchObject({ code: "ABORTED" });
  expect(blocks).toBe(2);
});

test.each([{ start: -1 }, { end: 5 }, { start: 3, end: 2 }, { blockRows: 0 }, { blockRows: 1.5 }])(
  "a range that is none is a USAGE error: %o",
  (options) => {
    const arrays: MatrixArrays = { storage: "dense", values: memorySource(new Float32Array(12), 3) };
    expect(() => streamRows({ nRows: 4, nCols: 3, arrays, report: never }, options)).toThrow(
      expect.objectContaining({ code: "USAGE" }),
    );
  },
);
