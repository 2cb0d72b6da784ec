import fc from "fast-check";
import { expect, test } from "vitest";
import { csr, memoryQuery, toRows } from "../../test/helpers/predict-fixtures.ts";
import type { Csr } from "../core/csr.ts";
import { AtlasmtlError } from "../errors.ts";
import { createCountsCheck } from "../model/counts-check.ts";
import { alignBlock, alignedRows, alignGenes } from "./align.ts";
import { measuredGenes } from "./measured-genes.ts";
import { createRowPreparer, type RowPreparer } from "./prepare-rows.ts";

function failure(run: () => unknown): AtlasmtlError {
  try {
    run();
  } catch (error) {
    if (error instanceof AtlasmtlError) return error;
  }
  throw new Error("nothing was thrown");
}

test("rows are reordered, missing genes are zeros and extra genes are ignored", () => {
  const model = ["a", "b", "c", "d"];
  const genes = alignGenes(["d", "x", "b", "a"], model, "q");
  expect(genes).toMatchObject({ nMatched: 3, nMissing: 1 });
  const block = alignBlock(csr([[4, 9, 2, 1]]), genes, "float");
  expect(toRows(block)).toEqual([[1, 2, 0, 4]]);
  expect([...block.indices]).toEqual([0, 1, 3]);
});

test("queries one after another are matched by their own names, and those of the same names by one match", () => {
  const model = ["a", "b", "c"];
  const first = alignGenes(["c", "x", "a"], model, "q");
  expect(alignGenes(["c", "x", "a"], model, "q")).toBe(first);
  expect([...alignGenes(["c", "x", "b"], model, "q").toModel]).toEqual([2, -1, 1]);
  expect([...alignGenes(["c", "x"], model, "q").toModel]).toEqual([2, -1]);
  expect([...alignGenes(["c", "x", "a"], ["a", "c", "x"], "q").toModel]).toEqual([1, 2, 0]);
  expect(failure(() => alignGenes(["c", "c"], model, "q")).code).toBe("BAD_DATA");
  expect(measuredGenes(alignGenes(["c", "x", "a"], model, "q"))).toEqual(Uint8Array.of(1, 0, 1));
});

test("any block comes out as a dense gather would give it, with rising indices", () => {
  const value = fc.oneof(fc.constant(0), fc.integer({ min: -3, max: 9 }));
  const problem = fc.record({
    query: fc.uniqueArray(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 10 }),
    model: fc.uniqueArray(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 10 }),
    rows: fc.array(fc.array(value, { minLength: 10, maxLength: 10 }), { maxLength: 6 }),
  });
  fc.assert(
    fc.property(problem, ({ query, model, rows }) => {
      fc.pre(query.some((gene) => model.includes(gene)));
      const genes = alignGenes(query.map(String), model.map(String), "q");
      const values = rows.map((row) => row.slice(0, query.length));
      const block = alignBlock(csr(values, query.length), genes, "float");
      const gathered = values.map((row) =>
        model.map((gene) => (query.includes(gene) ? row[query.indexOf(gene)] : 0)),
      );
      expect(toRows(block)).toEqual(gathered);
      for (let r = 0; r < block.nRows; r++)
        for (let e = block.indptr[r] + 1; e < block.indptr[r + 1]; e++)
          expect(block.indices[e]).toBeGreaterThan(block.indices[e - 1]);
    }),
  );
});

test.each(["float", "binary"] as const)("hundreds of genes in any order are sorted: %s", (transform) => {
  const n = 200;
  const names = Array.from({ length: n }, (_, i) => `g${i}`);
  const shuffled = names.map((_, i) => names[(i * 77 + 13) % n]);
  const row = Array.from({ length: n }, (_, i) => (i % 3 === 0 ? 0 : i));
  const block = alignBlock(csr([row, row.toReversed()], n), alignGenes(shuffled, names, "q"), transform);
  const expected = [row, row.toReversed()].map((values) =>
    names.map((name) => {
      const value = values[shuffled.indexOf(name)];
      return transform === "binary" ? Math.sign(value) : value;
    }),
  );
  expect(toRows(block)).toEqual(expected);
});

test("binary keeps which genes are expressed and drops the values", () => {
  const genes = alignGenes(["a", "b"], ["b", "a"], "q");
  const block = alignBlock(
    csr([
      [0, 7.5],
      [0.1, 2],
    ]),
    genes,
    "binary",
  );
  expect(block.data).toBeNull();
  expect(toRows(block)).toEqual([
    [1, 0],
    [1, 1],
  ]);
});

test("a negative value is refused under binary, with the gene and a hint, and fine under float", () => {
  const genes = alignGenes(["a", "b"], ["a", "b"], "q");
  const error = failure(() => alignBlock(csr([[1, -0.5]]), genes, "binary", 40));
  expect(error.code).toBe("BAD_DATA");
  expect(error.message).toContain("row 40 holds -0.5 for gene 'b'");
  expect(error.hint).toContain('layer: "counts"');
  expect(toRows(alignBlock(csr([[1, -0.5]]), genes, "float"))).toEqual([[1, -0.5]]);
});

test("blocks are cut into batches that hold every row once, in order", async () => {
  const rows = Array.from({ length: 7 }, (_, i) => [i, 0, i + 1]);
  const query = memoryQuery(rows, ["a", "b", "c"]);
  const genes = alignGenes(["a", "b", "c"], ["c", "a"], "q");
  for (const transform of ["float", "binary"] as const) {
    const seen: number[][] = [];
    const options = { transform, batchSize: 2, source: "q" };
    for await (const { firstRow, csr: block } of alignedRows(await query.matrix(), genes, options)) {
      expect(firstRow).toBe(seen.length);
      expect(block.nRows).toBeLessThanOrEqual(2);
      seen.push(...toRows(block));
    }
    const value = (x: number) => (transform === "binary" ? Math.sign(x) : x);
    expect(seen).toEqual(rows.map(([a, , c]) => [value(c), value(a)]));
  }
});

test("a gene of the model that the query has twice is an error; others may repeat", () => {
  const error = failure(() => alignGenes(["a", "b", "a", "x", "x"], ["a", "b"], "query.h5ad"));
  expect(error).toMatchObject({ code: "BAD_DATA", where: "query.h5ad › var names" });
  expect(error.message).toContain("1 of the model's genes occurs more than once in the query: 'a'");
  expect(error.hint).toContain("autoGenes: true");
  expect(alignGenes(["a", "b", "x", "x"], ["a", "b"], "q").toModel).toEqual(Int32Array.of(0, 1, -1, -1));
});

const preparer = (counts: ReturnType<typeof createCountsCheck>): RowPreparer =>
  createRowPreparer({ undo: null, network: "log1p_cp10k", others: "values", target: null }, counts);

test("counts are normalised over the model's genes alone, cell by cell, in blocks of any size", async () => {
  const rows = [
    [3, 90, 1],
    [0, 5, 0],
    [2, 0, 6],
  ];
  const genes = alignGenes(["a", "x", "c"], ["c", "a", "d"], "q");
  const query = memoryQuery(rows, ["a", "x", "c"]);
  const log = (count: number, sum: number) => expect.closeTo(Math.log1p((count * 1e4) / sum), 5);
  for (const batchSize of [1, 2, 9]) {
    const prepare = preparer(createCountsCheck("q › X", "fix", true));
    const options = { transform: "float", prepare, batchSize, source: "q" } as const;
    const seen: number[][] = [];
    for await (const { csr: block } of alignedRows(await query.matrix(), genes, options))
      seen.push(...toRows(block));
    expect(seen).toEqual([
      [log(1, 4), log(3, 4), 0],
      [0, 0, 0],
      [log(6, 8), log(2, 8), 0],
    ]);
  }
});

test("values that are no counts are refused by the normalisation, and left alone without it", async () => {
  const genes = alignGenes(["a"], ["a"], "q");
  const query = memoryQuery([[0.5], [1.7]], ["a"]);
  const read = async (prepare?: RowPreparer) => {
    const seen: number[][] = [];
    const options = { transform: "float", prepare, batchSize: 1, source: "q" } as const;
    for await (const { csr: block } of alignedRows(await query.matrix(), genes, options))
      seen.push(...toRows(block));
    return seen;
  };
  await expect(read(preparer(createCountsCheck("q › X", "fix")))).rejects.toMatchObject({
    code: "BAD_DATA",
    message: expect.stringMatching(/q › X looks normalised already: 0 % of 2 values/),
  });
  expect(await read()).toEqual([[0.5], [Math.fround(1.7)]]);
});

test("logarithms are taken back before cells are normalised, whatever their base and scale", async () => {
  const counts = [
    [3, 90, 1],
    [0, 5, 0],
    [2, 0, 6],
  ];
  const genes = alignGenes(["a", "x", "c"], ["c", "a", "d"], "q");
  const expected = [
    [1 / 4, 3 / 4, 0],
    [0, 0, 0],
    [6 / 8, 2 / 8, 0],
  ].map((row) => row.map((share) => Math.log1p(1e4 * share)));
  for (const [undo, logOf] of [
    [{ base: Math.E, times: 1 }, (x: number) => Math.log1p(x)],
    [{ base: 2, times: 1 }, (x: number) => Math.log2(1 + x)],
    [{ base: Math.E, times: 2 }, (x: number) => Math.log1p(Math.log1p(x))],
  ] as const) {
    const values = counts.map((row, r) => row.map((count) => logOf((10 + r) * count)));
    const prepare = createRowPreparer({ undo, network: "log1p_cp10k", others: "counts", target: null }, null);
    const taken: number[][] = [];
    const seen: number[][] = [];
    const onValues = (block: Csr): void => void taken.push(...toRows(block));
    const query = memoryQuery(values, ["a", "x", "c"]);
    const options = { transform: "float", prepare, batchSize: 2, source: "q", onValues } as const;
    for await (const { csr: block } of alignedRows(await query.matrix(), genes, options))
      seen.push(...toRows(block));
    const near = (rows: readonly number[][], digits: number) =>
      rows.map((row) => row.map((value) => expect.closeTo(value, digits)));
    expect(seen).toEqual(near(expected, 4));
    // Views and distances get the numbers before they are normalised.
    expect(taken).toEqual(
      near(
        [
          [10, 30, 0],
          [0, 0, 0],
          [72, 24, 0],
        ],
        3,
      ),
    );
  }
});

test("counts become the logarithms that the reference has", async () => {
  const genes = alignGenes(["a", "c"], ["c", "a"], "q");
  const target = { base: 2, times: 1, total: 1000, factor: null };
  const plan = { undo: null, network: "target", others: "target", target } as const;
  const seen: number[][] = [];
  const query = memoryQuery([[3, 1]], ["a", "c"]);
  const options = {
    transform: "float",
    prepare: createRowPreparer(plan, null),
    batchSize: 2,
    source: "q",
  } as const;
  for await (const { csr: block } of alignedRows(await query.matrix(), genes, options))
    seen.push(...toRows(block));
  expect(seen).toEqual([[expect.closeTo(Math.log2(251), 4), expect.closeTo(Math.log2(751), 4)]]);
});
