import { expect, test } from "vitest";
import { randomBelow } from "../../core/rng.ts";
import { createAnnData } from "../containers/in-memory.ts";
import type { Matrix } from "../types.ts";
import { judgeMatrix } from "./judge-matrix.ts";

const N_CELLS = 300;
const N_GENES = 200;

/** Counts of cells of uneven depth, in genes of uneven frequency; most are zero. */
const COUNTS = Float64Array.from({ length: N_CELLS * N_GENES }, (_, i) => {
  const [cell, gene] = [Math.floor(i / N_GENES), i % N_GENES];
  const depth = 1 + 9 * (((cell * 7919) % N_CELLS) / N_CELLS);
  const mean = (depth * 20) / (gene + 4) ** 1.2;
  // The smallest k whose Poisson distribution function reaches a uniform number.
  const uniform = (randomBelow(5, i, 1 << 20) + 0.5) / (1 << 20);
  let [k, chance, sum] = [0, Math.exp(-mean), 0];
  for (sum = chance; sum < uniform && k < 500; sum += chance) chance *= mean / ++k;
  return k;
});
type Values = (count: number, gene: number, total: number, cell: number) => number;
const TOTALS = Array.from({ length: N_CELLS }, (_, cell) =>
  COUNTS.subarray(cell * N_GENES, (cell + 1) * N_GENES).reduce((a, b) => a + b),
);
const sumOf = (value: Values, cell: number): number =>
  Array.from({ length: N_GENES }, (_, gene) =>
    value(COUNTS[cell * N_GENES + gene], gene, TOTALS[cell], cell),
  ).reduce((a, b) => a + b);

async function matrixOf(value: Values, genes = N_GENES): Promise<Matrix> {
  const data = Float32Array.from({ length: N_CELLS * genes }, (_, i) => {
    const [cell, gene] = [Math.floor(i / genes), i % genes];
    return value(COUNTS[cell * N_GENES + gene], gene, TOTALS[cell], cell);
  });
  const named = (n: number) => ({ index: Array.from({ length: n }, (_, i) => `n${i}`) });
  const X = { nRows: N_CELLS, nCols: genes, data };
  return (await createAnnData({ X, obs: named(N_CELLS), var: named(genes) })).matrix();
}

const cp10k: Values = (count, _gene, total) => (1e4 * count) / total;
const logged: Values = (...of) => Math.log1p(cp10k(...of));
/** A share of the count of its gene is taken away, as ambient RNA is. */
const cleaned: Values = (count, gene, total) => Math.max(0, count - (0.02 * total) / (gene + 4) ** 1.2);
const perKilobase: Values = (count, gene) => count / (0.7 + ((gene * 37) % 50) / 10);
const residual: Values = (count, gene, total) => {
  const mean = total / (gene + 4) ** 1.2 / 2;
  return (count - mean) / Math.sqrt(mean + mean ** 2 / 100);
};

test.each([
  ["counts", "counts", (count: number) => count],
  ["no counts", "empty", () => 0],
  ["zeros and ones", "binary", (count: number) => Math.min(count, 1)],
  ["counts without ambient RNA", "count_like", cleaned],
  [
    "molecules shared between genes",
    "count_like",
    (count: number, gene: number) => (gene % 4 === 1 ? 0.75 * count : count),
  ],
  ["log1p of CP10k", "log1p", logged],
  ["log1p of counts", "log1p", (count: number) => Math.log1p(count)],
  ["log2 of CPM", "log1p", (...of: Parameters<Values>) => Math.log2(1 + 100 * cp10k(...of))],
  ["CP10k", "size_normalised", cp10k],
  ["CPM", "size_normalised", (...of: Parameters<Values>) => 100 * cp10k(...of)],
  ["standard scores", "scaled", residual],
  ["standard scores above zero", "dense_positive", (...of: Parameters<Values>) => residual(...of) + 20],
  ["imputed values", "dense_positive", (...of: Parameters<Values>) => cp10k(...of) + 0.01],
  [
    "half counts, half logarithms",
    "unclear",
    (...of: Parameters<Values>) => (of[3] % 2 === 0 ? of[0] : logged(...of)),
  ],
] as const)("%s are %s", async (_name, verdict, value) => {
  const found = await judgeMatrix(await matrixOf(value));
  expect(found?.verdict).toBe(verdict);
  expect(found?.evidence).not.toBe("");
});

test.each([
  ["log1p of CP10k", logged, { base: Math.E, times: 1 }, 1e4],
  [
    "log10 of CP10k",
    (...of: Parameters<Values>) => Math.log10(1 + cp10k(...of)),
    { base: 10, times: 1 },
    1e4,
  ],
  [
    "log1p, taken twice",
    (...of: Parameters<Values>) => Math.log1p(logged(...of)),
    { base: Math.E, times: 2 },
    1e4,
  ],
  ["log1p of counts", (count: number) => Math.log1p(count), { base: Math.E, times: 1 }, null],
] as const)("%s tells base and total", async (_name, value, log, rowTotal) => {
  const found = await judgeMatrix(await matrixOf(value));
  expect(found?.log).toEqual(log);
  if (rowTotal === null) expect(found?.rowTotal).toBeNull();
  else expect(found?.rowTotal).toBeCloseTo(rowTotal, -1);
});

test("logarithms that were cut to some genes have no common total, and are told by their multiples", async () => {
  const found = await judgeMatrix(await matrixOf(logged, 60));
  expect(found).toMatchObject({ verdict: "log1p", rowTotal: null, log: { base: Math.E, times: 1 } });
});

test("TPM is told by its totals, its logarithms too", async () => {
  const scale = Array.from(TOTALS, (_, cell) => 1e6 / sumOf(perKilobase, cell));
  const tpm: Values = (count, gene, total, cell) => scale[cell] * perKilobase(count, gene, total, cell);
  expect(await judgeMatrix(await matrixOf(tpm))).toMatchObject({ verdict: "size_normalised" });
  const logs = await judgeMatrix(await matrixOf((...of) => Math.log1p(tpm(...of))));
  expect(logs).toMatchObject({ verdict: "log1p" });
  expect(logs?.rowTotal).toBeCloseTo(1e6, -3);
});

test("the statistics are those of the values", async () => {
  const found = await judgeMatrix(await matrixOf((count) => count, 2));
  const values = Array.from({ length: N_CELLS }, (_, cell) => [
    COUNTS[cell * N_GENES],
    COUNTS[cell * N_GENES + 1],
  ]);
  // Eight blocks of 32 rows over the whole.
  const rows = Array.from({ length: 8 }, (_, b) => Math.floor((b * (N_CELLS - 32)) / 7)).flatMap((start) =>
    values.slice(start, start + 32),
  );
  const nonzero = rows.flat().filter((value) => value !== 0);
  expect(found?.statistics).toMatchObject({
    nRows: 256,
    nGenes: 2,
    range: [0, Math.max(...nonzero)],
    wholeShare: 1,
    negativeShare: 0,
  });
  expect(found?.statistics.zeroShare).toBeCloseTo(1 - nonzero.length / 512, 10);
});

test("a few genes without zeros are a panel, no imputed values", async () => {
  const found = await judgeMatrix(await matrixOf((count, gene) => count + 0.3 + gene / 7, 8));
  expect(found?.verdict).not.toBe("dense_positive");
});

test("of a matrix whose rows are read in order, the first ones are looked at, in one pass", async () => {
  const matrix = await matrixOf((count) => count);
  const asked: unknown[] = [];
  const read: Matrix = {
    ...matrix,
    isSequential: true,
    rows(options) {
      asked.push([options?.start, options?.end]);
      return matrix.rows(options);
    },
  };
  expect((await judgeMatrix(read))?.verdict).toBe("counts");
  expect(asked).toEqual([[0, 256]]);
});
