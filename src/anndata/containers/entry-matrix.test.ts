import fc from "fast-check";
import { expect, test } from "vitest";
import type { EntryBatch } from "../../formats/text/entries.ts";
import { matrixOf } from "../read/matrix.ts";
import type { Matrix } from "../types.ts";
import { entryArrays } from "./entry-matrix.ts";

type Entry = readonly [cell: number, gene: number, value: number];
const N_CELLS = 9;
const N_GENES = 6;

/** A matrix over `entries`, handed out in batches of `batch`; passes are counted. */
function matrixFrom(
  entries: readonly Entry[],
  batch: number,
  heldEntries?: number,
): { matrix: Matrix; passes: () => number } {
  let passes = 0;
  async function* scan(): AsyncGenerator<EntryBatch> {
    passes++;
    // The arrays are reused, as readers of files do.
    const [cells, genes, values] = [new Int32Array(batch), new Int32Array(batch), new Float32Array(batch)];
    for (let from = 0; from < entries.length; from += batch) {
      const part = entries.slice(from, from + batch);
      part.forEach(([cell, gene, value], e) => {
        cells[e] = cell;
        genes[e] = gene;
        values[e] = value;
      });
      yield { length: part.length, cells, genes, values };
    }
  }
  const matrix = matrixOf({
    name: "X",
    where: "file",
    dtype: "float32",
    nStored: null,
    arrays: entryArrays({
      storage: "csr",
      nCells: N_CELLS,
      scan,
      ...(heldEntries === undefined ? {} : { heldEntries }),
    }),
    frame: {
      nRows: N_CELLS,
      nCols: N_GENES,
      rowNames: async () => Array.from({ length: N_CELLS }, (_, i) => `c${i}`),
      columnNames: async () => Array.from({ length: N_GENES }, (_, i) => `g${i}`),
    },
  });
  return { matrix, passes: () => passes };
}

async function rowsOf(matrix: Matrix, start = 0, end = N_CELLS, blockRows?: number): Promise<number[][]> {
  const rows: number[][] = [];
  let next = start;
  for await (const { firstRow, csr } of matrix.rows({
    start,
    end,
    ...(blockRows === undefined ? {} : { blockRows }),
  })) {
    expect(firstRow).toBe(next);
    next += csr.nRows;
    for (let r = 0; r < csr.nRows; r++) {
      const row = new Array<number>(N_GENES).fill(0);
      for (let e = csr.indptr[r]; e < csr.indptr[r + 1]; e++) row[csr.indices[e]] = csr.data![e];
      rows.push(row);
    }
  }
  expect(next).toBe(end);
  return rows;
}

function dense(entries: readonly Entry[]): number[][] {
  const rows = Array.from({ length: N_CELLS }, () => new Array<number>(N_GENES).fill(0));
  for (const [cell, gene, value] of entries) rows[cell][gene] += value;
  return rows;
}

const anyEntries = fc.array(
  fc.tuple(fc.nat(N_CELLS - 1), fc.nat(N_GENES - 1), fc.integer({ min: -9, max: 9 })),
  {
    maxLength: 60,
  },
);
const asked = fc.tuple(
  fc.nat(N_CELLS),
  fc.nat(N_CELLS),
  fc.integer({ min: 1, max: 10 }),
  fc.integer({ min: 1, max: 9 }),
);

test("entries in any order, in any batches, held in any number, give the matrix they describe", async () => {
  await fc.assert(
    fc.asyncProperty(
      anyEntries,
      asked,
      fc.integer({ min: 1, max: 80 }),
      async (entries, [a, b, blockRows, batch], held) => {
        const { matrix } = matrixFrom(entries, batch, held);
        const [start, end] = [Math.min(a, b), Math.max(a, b)];
        expect(await rowsOf(matrix, start, end, blockRows)).toEqual(dense(entries).slice(start, end));
        expect(await rowsOf(matrix)).toEqual(dense(entries));
      },
    ),
    { numRuns: 100 },
  );
});

test("entries in the order of cells take one pass after the first, however little is held", async () => {
  const entries = Array.from({ length: 40 }, (_, i): Entry => [Math.floor(i / 5), i % 6, i + 1]);
  const { matrix, passes } = matrixFrom(entries, 7, 1);
  expect(await rowsOf(matrix)).toEqual(dense(entries));
  expect(passes()).toBe(2);
  await rowsOf(matrix, 3, 5);
  expect(passes()).toBe(3);
});

test("a value that is not finite is named", async () => {
  const { matrix } = matrixFrom([[4, 2, Number.POSITIVE_INFINITY]], 1);
  await expect(rowsOf(matrix)).rejects.toMatchObject({
    code: "BAD_DATA",
    where: "file",
    message: expect.stringMatching(/^gene "g2" of cell "c4" is Infinity/),
  });
});

test("a file that changes between two passes is noticed", async () => {
  for (const isSorted of [true, false]) {
    const entries: Entry[] = [
      [0, 0, 1],
      [1, 1, 1],
      [2, 2, 1],
    ];
    if (!isSorted) entries.reverse();
    const { matrix } = matrixFrom(entries, 2);
    await rowsOf(matrix);
    entries.splice(1, 1);
    await expect(rowsOf(matrix)).rejects.toMatchObject({ code: "IO" });
    entries.push([2, 0, 1], [2, 1, 1]);
    await expect(rowsOf(matrix)).rejects.toMatchObject({ code: "IO" });
  }
});
