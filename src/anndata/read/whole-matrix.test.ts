import fc from "fast-check";
import { expect, test } from "vitest";
import type { DenseMatrix } from "../../core/dense.ts";
import { createAnnData } from "../containers/in-memory.ts";
import type { Matrix } from "../types.ts";
import { readCompactCsr } from "./whole-matrix.ts";

async function matrixOf(matrix: DenseMatrix): Promise<Matrix> {
  const names = (prefix: string, n: number): string[] => Array.from({ length: n }, (_, i) => `${prefix}${i}`);
  const adata = await createAnnData({
    X: matrix,
    obs: { index: names("c", matrix.nRows) },
    var: { index: names("g", matrix.nCols) },
  });
  return adata.matrix();
}

test("the selected rows, with values or as a pattern, whatever the selection's form", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 25 }),
      fc.integer({ min: 1, max: 8 }),
      fc.infiniteStream(fc.integer({ min: 0, max: 3 })),
      fc.boolean(),
      fc.constantFrom("all", "mask", "numbers"),
      async (nRows, nCols, numbers, binary, form) => {
        const take = (n: number): number[] => Array.from({ length: n }, () => numbers.next().value);
        const data = Float32Array.from(take(nRows * nCols), (x) => (x === 3 ? 2.5 : x === 2 ? 1 : 0));
        const mask =
          form === "all" ? new Uint8Array(nRows).fill(1) : Uint8Array.from(take(nRows), (x) => x & 1);
        const rows = [...mask.keys()].filter((row) => mask[row] === 1);
        const selection = { all: undefined, mask, numbers: Uint32Array.from(rows) }[form];
        const csr = await readCompactCsr(await matrixOf({ nRows, nCols, data }), { binary, rows: selection });

        expect([csr.nRows, csr.nCols]).toEqual([rows.length, nCols]);
        expect(csr.data === null).toBe(binary);
        const back = rows.map((_, r) => {
          const row = new Array<number>(nCols).fill(0);
          for (let e = csr.indptr[r]; e < csr.indptr[r + 1]; e++) row[csr.indices[e]] = csr.data?.[e] ?? 1;
          return row;
        });
        const want = rows.map((row) =>
          [...data.subarray(row * nCols, (row + 1) * nCols)].map((x) => (binary ? Number(x > 0) : x)),
        );
        expect(back).toEqual(want);
      },
    ),
    { numRuns: 100 },
  );
});

test("a negative value means scaled data where a pattern is asked for, and says which", async () => {
  const matrix = await matrixOf({ nRows: 2, nCols: 2, data: Float32Array.of(1, 0, 0.5, -0.25) });
  await expect(readCompactCsr(matrix, { binary: true })).rejects.toMatchObject({
    code: "BAD_DATA",
    message: expect.stringContaining('gene "g1" of cell "c1" is -0.25'),
    hint: expect.stringContaining('by layer, or inputTransform: "float"'),
  });
  expect((await readCompactCsr(matrix, { binary: false })).data).toEqual(Float32Array.of(1, 0.5, -0.25));
});

test("a selection that does not fit is a USAGE error", async () => {
  const matrix = await matrixOf({ nRows: 3, nCols: 1, data: new Float32Array(3) });
  for (const rows of [new Uint8Array(2), Uint32Array.of(1, 1), Uint32Array.of(2, 0), Uint32Array.of(3)])
    await expect(readCompactCsr(matrix, { binary: true, rows })).rejects.toMatchObject({ code: "USAGE" });
});

test("progress counts rows", async () => {
  const matrix = await matrixOf({ nRows: 3, nCols: 1, data: new Float32Array(3) });
  const seen: number[] = [];
  await readCompactCsr(matrix, { binary: true, onProgress: ({ done, total }) => seen.push(done, total) });
  expect(seen).toEqual([3, 3]);
});
