import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SIMULATED } from "../../test/helpers/golden-sets.ts";
import { describeShared, sharedPath } from "../../test/helpers/shared.ts";
import { createAnnData } from "../anndata/containers/in-memory.ts";
import { openAnnData } from "../anndata/open.ts";
import { columnLabels } from "../anndata/read/column-values.ts";
import type { AnnData, Column, Matrix } from "../anndata/types.ts";
import { randomBelow } from "../core/rng.ts";
import { variableGenes } from "./hvg.ts";

interface Chosen {
  readonly batch_key: string | null;
  readonly chosen: readonly number[];
  readonly ranks: readonly number[];
  readonly scores: readonly number[];
}
interface Golden {
  readonly datasets: Readonly<Record<string, { n_top_genes: number; plain: Chosen; batched?: Chosen }>>;
}
const goldenOf = (name: string): Golden =>
  JSON.parse(readFileSync(new URL(`../../test/fixtures/${name}.json`, import.meta.url), "utf8"));

const close = (a: number, b: number): boolean => Math.abs(a - b) < 1e-9;

/** Our choice, ranks and scores are those that scanpy gave and that a fixture holds. */
async function expectChosen(adata: AnnData, nTop: number, expected: Chosen): Promise<void> {
  const key = expected.batch_key;
  const labels = key === null ? null : columnLabels(await adata.obs.column(key));
  const batches = labels === null ? null : { codes: labels.codes, names: labels.categories };
  const found = await variableGenes(await adata.matrix(), nTop, batches);
  const chosen = new Set(found.chosen);
  expect(chosen.size).toBe(nTop);
  // Genes of one score have no order; scanpy's depends on the machine.
  const cutoff = found.scores[found.chosen.at(-1)!];
  const isTied = (gene: number): boolean => key === null && close(found.scores[gene], cutoff);
  const both = expected.chosen.filter((gene) => chosen.has(gene) || isTied(gene));
  expect(both.length / nTop).toBeGreaterThanOrEqual(0.99);
  let worst = 0;
  expected.scores.forEach((score, gene) => {
    worst = Math.max(worst, Math.abs(found.scores[gene] - score) / Math.max(1e-3, Math.abs(score)));
  });
  expect(worst).toBeLessThan(1e-6);
  const ranked = expected.chosen.filter((gene, i) => {
    const rank = expected.ranks[i];
    if (found.ranks[gene] === rank) return true;
    const same = found.chosen[rank];
    return same !== undefined && close(found.scores[gene], found.scores[same]);
  });
  expect(ranked.length / nTop).toBeGreaterThanOrEqual(0.99);
}

/** One test for each dataset of a fixture, with and without batches. */
function testChosen(fixture: string, open: (file: string) => Promise<AnnData>): void {
  for (const [file, { n_top_genes, plain, batched }] of Object.entries(goldenOf(fixture).datasets))
    for (const expected of [plain, ...(batched === undefined ? [] : [batched])]) {
      const within = expected.batch_key === null ? "" : ` within each ${expected.batch_key}`;
      it(`chooses what scanpy chooses of ${file}${within}`, async () => {
        const adata = await open(file);
        try {
          await expectChosen(adata, n_top_genes, expected);
        } finally {
          await adata.close();
        }
      });
    }
}

/** The counts of make_hvg.py: without a random number, in two batches. */
async function formula(): Promise<AnnData> {
  const [nCells, nGenes] = [600, 300];
  const data = Float32Array.from({ length: nCells * nGenes }, (_, i) => {
    const [c, g] = [Math.floor(i / nGenes), i % nGenes];
    const u = ((c * 7919 + g * 104729 + ((c * c) % 1009) * ((g * g) % 1013)) % 1000) / 1000;
    const skewed = [u, u * u, u * u * u * u][g % 3];
    return Math.floor(skewed * (2 + (g % 41)) * (1 + (c % 2) * (g % 2)));
  });
  const codes = Int32Array.from({ length: nCells }, (_, c) => c % 2);
  const batch: Column = { kind: "categorical", codes, categories: ["a", "b"], ordered: false };
  return createAnnData({
    X: { nRows: nCells, nCols: nGenes, data },
    obs: { index: Array.from({ length: nCells }, (_, c) => `${c}`), columns: new Map([["batch", batch]]) },
    var: { index: Array.from({ length: nGenes }, (_, g) => `${g}`) },
  });
}

describe("variableGenes against scanpy, simulated counts", () => {
  testChosen("hvg-simulated", (file) => (file === "formula" ? formula() : openAnnData(SIMULATED.path(file))));
});

describeShared("variableGenes against scanpy, real counts", () => {
  testChosen("hvg", (file) => openAnnData(sharedPath(`data/${file}`)));
});

/** Counts without a file: some genes vary more than others. */
async function counts(nCells: number, nGenes: number, integer = true): Promise<Matrix> {
  const data = Float32Array.from({ length: nCells * nGenes }, (_, i) => {
    const gene = i % nGenes;
    const value = randomBelow(7, i, 2 + gene) * (randomBelow(8, i, 1 + (gene % 5)) === 0 ? 1 : 0);
    return integer ? value : value * 1.5;
  });
  const adata = await createAnnData({
    X: { nRows: nCells, nCols: nGenes, data },
    obs: { index: Array.from({ length: nCells }, (_, i) => `c${i}`) },
    var: { index: Array.from({ length: nGenes }, (_, i) => `g${i}`) },
  });
  return adata.matrix();
}

describe("variableGenes", () => {
  it("agrees with a second pass over the values", async () => {
    const matrix = await counts(300, 40, false);
    const { scores } = await variableGenes(matrix, 10, null);
    const columns = Array.from({ length: 40 }, () => new Float64Array(300));
    for await (const { firstRow, csr } of matrix.rows())
      for (let r = 0; r < csr.nRows; r++)
        for (let e = csr.indptr[r]; e < csr.indptr[r + 1]; e++)
          columns[csr.indices[e]][firstRow + r] = csr.data![e];
    // Where nothing is clipped, the score is the variance over the fitted one: ratios tell the fit.
    for (const [gene, column] of columns.entries()) {
      const mean = column.reduce((a, b) => a + b, 0) / 300;
      const variance = column.reduce((a, b) => a + (b - mean) ** 2, 0) / 299;
      const deviation = Math.sqrt(variance / scores[gene]);
      const clipped = column.map((value) => Math.min(value, mean + deviation * Math.sqrt(300)));
      const again = clipped.reduce((a, b) => a + (b - mean) ** 2, 0) / 299 / deviation ** 2;
      expect(again).toBeCloseTo(scores[gene], 8);
    }
  });

  it("chooses no more genes than asked, and all of them when there are fewer", async () => {
    const matrix = await counts(100, 20);
    expect((await variableGenes(matrix, 5, null)).chosen).toHaveLength(5);
    expect((await variableGenes(matrix, 50, null)).chosen).toHaveLength(20);
  });

  it("refuses a batch of one cell by its name", async () => {
    const codes = new Int32Array(100);
    codes[3] = 1;
    const matrix = await counts(100, 20);
    await expect(variableGenes(matrix, 5, { codes, names: ["a", "lonely"] })).rejects.toThrow(/lonely has 1/);
  });

  it("refuses negative values", async () => {
    const adata = await createAnnData({
      X: { nRows: 2, nCols: 2, data: Float32Array.of(1, -2, 3, 4) },
      obs: { index: ["a", "b"] },
      var: { index: ["x", "y"] },
    });
    await expect(variableGenes(await adata.matrix(), 1, null)).rejects.toMatchObject({ code: "BAD_DATA" });
  });
});
