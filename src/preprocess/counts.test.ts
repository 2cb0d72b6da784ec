import { describe, expect, it } from "vitest";
import { createAnnData } from "../anndata/containers/in-memory.ts";
import type { AnnData } from "../anndata/types.ts";
import type { DenseMatrix } from "../core/dense.ts";
import { log } from "../core/math.ts";
import { randomBelow } from "../core/rng.ts";
import { chooseCounts, summariseCounts } from "./counts.ts";
import { resolvePreprocessOptions } from "./options.ts";

const N = 60;
const M = 30;
const dense = (value: (row: number, gene: number) => number): DenseMatrix => ({
  nRows: N,
  nCols: M,
  data: Float32Array.from({ length: N * M }, (_, i) => value(Math.floor(i / M), i % M)),
});
const count = (row: number, gene: number): number => randomBelow(5, row * M + gene, 4);
const total = (row: number): number =>
  Array.from({ length: M }, (_, gene) => count(row, gene)).reduce((a, b) => a + b, 0);
const counts = dense(count);
const logged = dense((row, gene) => log(1 + (count(row, gene) / total(row)) * 1e4));
const scaled = dense((row, gene) => count(row, gene) - 1.37);

function dataset(X: DenseMatrix, layers: Record<string, DenseMatrix> = {}): Promise<AnnData> {
  const names = (n: number, prefix: string): string[] => Array.from({ length: n }, (_, i) => `${prefix}${i}`);
  return createAnnData({ X, layers, obs: { index: names(N, "c") }, var: { index: names(M, "g") } });
}
const choose = async (adata: AnnData, options = {}) => chooseCounts(adata, resolvePreprocessOptions(options));

describe("summariseCounts", () => {
  const status = async (X: DenseMatrix) => (await summariseCounts(await (await dataset(X)).matrix())).status;

  it("confirms whole numbers, suspects half of them, refuses the rest", async () => {
    expect(await status(counts)).toBe("counts_confirmed");
    expect(await status(dense((row, gene) => (gene % 3 === 0 ? 0.5 : 1 + count(row, gene))))).toBe(
      "counts_suspected",
    );
    expect(await status(logged)).toBe("not_counts");
    expect(await status(scaled)).toBe("not_counts");
    expect(await status(dense((row, gene) => (row === 0 && gene === 0 ? -1 : count(row, gene))))).toBe(
      "not_counts",
    );
  });

  it("does not confirm values next to zero, though they are next to whole", async () => {
    expect(await status(dense((row, gene) => count(row, gene) + 1e-7))).not.toBe("counts_confirmed");
  });

  it("measures what is there", async () => {
    const summary = await summariseCounts(await (await dataset(counts)).matrix());
    const values = Array.from(counts.data).filter((value) => value !== 0);
    expect(summary).toMatchObject({
      min: 1,
      max: 3,
      sampledValues: values.length,
      integerFraction: 1,
      shape: [N, M],
    });
    expect(summary.nonzeroRate).toBeCloseTo(values.length / (N * M), 10);
  });

  it("looks at one hundred rows at most, the same ones for one seed", async () => {
    const big: DenseMatrix = {
      nRows: 5000,
      nCols: 4,
      data: Float32Array.from({ length: 20_000 }, (_, i) => 1 + (i % 977)),
    };
    const adata = await createAnnData({
      X: big,
      obs: { index: Array.from({ length: 5000 }, (_, i) => `c${i}`) },
      var: { index: ["a", "b", "c", "d"] },
    });
    const matrix = await adata.matrix();
    const [first, again, other] = [
      await summariseCounts(matrix),
      await summariseCounts(matrix),
      await summariseCounts(matrix, { seed: 1 }),
    ];
    expect(first.sampledValues).toBe(400);
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });
});

describe("chooseCounts", () => {
  it("takes the layer that is named, else X, which then becomes the layer", async () => {
    expect(await choose(await dataset(logged, { counts }))).toMatchObject({
      matrix: "layers/counts",
      isMaterialised: false,
    });
    expect(await choose(await dataset(counts))).toMatchObject({ matrix: "X", isMaterialised: true });
  });

  it("refuses a layer of counts that holds none, and names one that does", async () => {
    await expect(choose(await dataset(counts, { counts: logged, umis: counts }))).rejects.toMatchObject({
      code: "BAD_DATA",
      message: expect.stringContaining("layers/counts holds no counts"),
      hint: expect.stringContaining('countsLayer: "umis"'),
    });
  });

  it("tells logarithms from scaled values, with numbers", async () => {
    await expect(choose(await dataset(logged))).rejects.toThrow(
      /0\.0 % of \d+ values are whole.*looks like log1p \(natural logarithm of 10,000 per cell, up to/,
    );
    await expect(choose(await dataset(scaled))).rejects.toThrow(
      /range from -1.370 to 1.630, some below zero; it looks like scaled \(/,
    );
  });

  it("takes X as it is where no counts are asked for", async () => {
    expect(await choose(await dataset(logged), { countsRequired: false })).toMatchObject({ matrix: null });
  });

  it("takes decimals on the scale of counts, with a warning, from X and from a layer", async () => {
    // Ambient RNA in proportion to the cell's total was taken away.
    const deep = (row: number, gene: number): number => (1 + (row % 9)) * count(row, gene);
    const cleaned = dense((row, gene) =>
      (row + gene) % 3 === 0 ? 0 : deep(row, gene) * (0.8 + 0.01 * (gene % 7)),
    );
    for (const [input, matrix] of [
      [await dataset(cleaned), "X"],
      [await dataset(logged, { counts: cleaned }), "layers/counts"],
    ] as const)
      expect(await choose(input)).toMatchObject({
        matrix,
        summary: { status: "not_counts" },
        warnings: [{ message: expect.stringContaining("taken for counts") }],
      });
  });

  it("does not take X for counts that was declared to be logarithms", async () => {
    await expect(choose(await dataset(counts), { inputMatrixType: "lognorm" })).rejects.toThrow(/declared/);
  });
});
