/**
 * Highly variable genes by the method of Seurat v3 (docs/specification/4-preprocessing.md#variable-genes).
 *
 * Source: T. Stuart et al., "Comprehensive integration of single-cell data", Cell 177 (2019); the details are
 * those of scanpy's `highly_variable_genes(flavor="seurat_v3")`.
 * @module
 */
import type { Matrix } from "../anndata/types.ts";
import { exp, log } from "../core/math.ts";
import type { WorkOptions } from "../core/progress.ts";
import { AtlasmtlError, locate, option, phrase } from "../errors.ts";
import { fitLoess } from "./loess.ts";
import { ValueCounts } from "./value-counts.ts";

/** Share of the genes that each local fit uses. */
const SPAN = 0.3;

/** Entries of the tables of all batches at most, of 4 bytes each. */
const MAX_TABLE = 1 << 26;

export interface Batches {
  /** A batch number from 0 for every cell. */
  readonly codes: Int32Array;
  readonly names: readonly string[];
}

/** What makes a gene variable; every array has one entry per gene. */
export interface VariableGenes {
  /** Variance of the standardised, clipped counts; the mean over batches. */
  readonly scores: Float64Array;
  /** Median rank from 0 among the batches where the gene is in the top; NaN where it is in none. */
  readonly ranks: Float64Array;
  /** Batches in which the gene is in the top. */
  readonly nBatches: Int32Array;
  /** Numbers of the chosen genes, best first. */
  readonly chosen: Uint32Array;
}

/**
 * Scores every gene of `counts` in one pass over its rows and chooses the `nTop` most variable ones.
 *
 * Memory grows with genes and batches, not with cells. Progress comes in a phase named `hvg`.
 * @throws BAD_DATA for a negative value, fewer than 2 cells in a batch or fewer than 4 genes that vary; LIMIT
 * for too many batches, or for values that are no counts; as `Matrix.rows`.
 */
export async function variableGenes(
  counts: Matrix,
  nTop: number,
  batches: Batches | null,
  work: WorkOptions = {},
): Promise<VariableGenes> {
  const nGenes = counts.nCols;
  const names = batches?.names ?? ["all cells"];
  if (names.length * nGenes * 16 > MAX_TABLE)
    throw new AtlasmtlError(
      "LIMIT",
      `${names.length} batches of ${nGenes} genes are too many to rank genes in`,
      {
        hint: phrase`choose a column with fewer batches as ${option("hvgBatchKey")}`,
      },
    );
  const nCells = new Float64Array(names.length);
  const tables = names.map(() => new ValueCounts(nGenes));
  try {
    for await (const { firstRow, csr } of counts.rows({
      numThreads: "max",
      signal: work.signal,
    })) {
      const { indptr, indices, data } = csr;
      if (data !== null) refuseNegative(data);
      for (let row = 0; row < csr.nRows; row++) {
        const batch = batches === null ? 0 : batches.codes[firstRow + row];
        nCells[batch]++;
        tables[batch].add(indices, data, indptr[row], indptr[row + 1]);
      }
      work.onProgress?.({ phase: "hvg", done: firstRow + csr.nRows, total: counts.nRows });
    }
  } catch (error) {
    throw error instanceof AtlasmtlError && error.where !== undefined ? error : locate(error, counts.name);
  }
  const scores = tables.map((table, batch) => {
    if (nCells[batch] < 2)
      throw new AtlasmtlError(
        "BAD_DATA",
        `${names[batch]} has ${nCells[batch]} cells; genes vary over 2 or more`,
        {
          hint: phrase`leave the batch out, or choose another ${option("hvgBatchKey")}`,
        },
      );
    return standardisedVariances(table, nCells[batch]);
  });
  return choose(scores, nTop);
}

function refuseNegative(values: Float32Array): void {
  const bad = values.find((value) => value < 0);
  if (bad !== undefined)
    throw new AtlasmtlError("BAD_DATA", `a value is ${bad}; counts are 0 or more`, {
      hint: phrase`choose the layer of counts by ${option("countsLayer")}`,
    });
}

/** The score of each gene in one batch of `n` cells. */
function standardisedVariances(table: ValueCounts, n: number): Float64Array {
  const { nGenes } = table;
  const sums = new Float64Array(nGenes);
  const squares = new Float64Array(nGenes);
  table.forEach((gene, value, count) => {
    sums[gene] += value * count;
    squares[gene] += value * value * count;
  });
  const means = sums.map((sum) => sum / n);
  const variances = squares.map((square, gene) =>
    Math.max(0, (square - n * means[gene] * means[gene]) / (n - 1)),
  );
  const deviations = fittedDeviations(means, variances);
  const largest = means.map((mean, gene) => deviations[gene] * Math.sqrt(n) + mean);
  sums.fill(0);
  squares.fill(0);
  table.forEach((gene, value, count) => {
    const clipped = Math.min(value, largest[gene]);
    sums[gene] += clipped * count;
    squares[gene] += clipped * clipped * count;
  });
  return means.map((mean, gene) => {
    const deviation = deviations[gene];
    return (n * mean * mean + squares[gene] - 2 * sums[gene] * mean) / ((n - 1) * deviation * deviation);
  });
}

/** The deviation that genes of such a mean have; 1 for genes that do not vary. */
function fittedDeviations(means: Float64Array, variances: Float64Array): Float64Array {
  const varying: number[] = [];
  // What is left of a variance of nothing is rounding.
  variances.forEach((variance, gene) => {
    if (variance > 1e-12 * means[gene] * means[gene]) varying.push(gene);
  });
  if (varying.length < 4)
    throw new AtlasmtlError("BAD_DATA", `${varying.length} genes vary between cells; at least 4 are needed`, {
      hint: "check the counts",
    });
  const fitted = fitLoess(
    Float64Array.from(varying, (gene) => log(means[gene]) / Math.LN10),
    Float64Array.from(varying, (gene) => log(variances[gene]) / Math.LN10),
    SPAN,
  );
  const deviations = new Float64Array(means.length).fill(1);
  varying.forEach((gene, i) => {
    deviations[gene] = Math.sqrt(exp(fitted[i] * Math.LN10));
  });
  return deviations;
}

/** Ranks genes in each batch; equal genes keep their order. */
function choose(scores: readonly Float64Array[], nTop: number): VariableGenes {
  const nGenes = scores[0].length;
  const inTop = Array.from({ length: nGenes }, (): number[] => []);
  for (const batch of scores) {
    const order = Uint32Array.from(batch, (_, gene) => gene).sort((a, b) => batch[b] - batch[a] || a - b);
    order.subarray(0, nTop).forEach((gene, rank) => {
      inTop[gene].push(rank);
    });
  }
  const ranks = Float64Array.from(inTop, median);
  const nBatches = Int32Array.from(inTop, (list) => list.length);
  const chosen = Uint32Array.from(ranks, (_, gene) => gene)
    .filter((gene) => nBatches[gene] > 0)
    .sort((a, b) => ranks[a] - ranks[b] || nBatches[b] - nBatches[a] || a - b)
    .slice(0, nTop);
  const mean = Float64Array.from(
    ranks,
    (_, gene) => scores.reduce((sum, batch) => sum + batch[gene], 0) / scores.length,
  );
  return { scores: mean, ranks, nBatches, chosen };
}

function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
