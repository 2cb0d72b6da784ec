/**
 * Smooths the probabilities of each cell with those of its nearest cells of the query
 * (docs/specification/3-prediction.md#consensus-of-neighbours).
 * @module
 */
import type { Csr } from "../core/csr.ts";
import type { DenseMatrix } from "../core/dense.ts";
import { normalizedRows, TARGET_SUM } from "../core/normalize.ts";
import { throwIfAborted, type WorkOptions } from "../core/progress.ts";
import { AtlasmtlError, notice } from "../errors.ts";
import type { Engine, Neighbours } from "../kernels/types.ts";
import { fitGeneScaling, scaledValues } from "../model/components/gene-scaling.ts";
import { createValuesCheck } from "../model/components/matrix-values.ts";
import { principalComponents } from "../model/components/principal-components.ts";
import { createProjection, type Projection, projectRows } from "../model/components/projection.ts";
import type { GeneScaling } from "../model/components/types.ts";
import type { LabelHead } from "../model/types.ts";
import { type Coherence, scoreLinked } from "./coherent.ts";
import { createScores, type HeadScores } from "./confidence.ts";
import { chosenCells, visitNeighbours } from "./neighbours.ts";
import { addSet, collectedSets, createSetCollector } from "./prediction-sets.ts";
import type { TakeProbabilities } from "./probability-tables.ts";
import type { QueryRows } from "./query-rows.ts";
import type { PredictedSets, Warning } from "./types.ts";
import type { GivenValues } from "./value-plan.ts";

const N_COMPONENTS = 30;
const SCALING = { sdFloor: 0.3, clip: 10 } as const;
/** With fewer cells there are no components. */
const LEAST_CELLS = 25;
/** Blocks of 64 cells that the components are fitted on. */
const SAMPLE_BLOCKS = 128;
/** More cells than this are searched by lists of near ones. */
const MAX_EXACT = 100_000;
/** Cells scored at once; it limits memory and does not change the results. */
const BLOCK_ROWS = 8192;
/** Of the stream that draws the first directions. */
const KEY = 1;

type Work = WorkOptions & { readonly engine: Engine };

/** What is done with the smoothed probabilities. */
export interface ScoringPlan {
  readonly coherence: Coherence | null;
  /** By label column. */
  readonly setThresholds: ReadonlyMap<string, number> | undefined;
  readonly takers: readonly TakeProbabilities[];
}

/** The smoothing of one query, from its first row to its scores. */
export interface Smoothing {
  /** Fits the components on a sample of the query, before its rows are read. @throws UNSUPPORTED for a matrix without rows. */
  fit(query: Pick<QueryRows, "sample" | "given">, work: Work): Promise<void>;
  /** Takes aligned rows, with the values of the query's matrix. */
  add(rows: Csr, firstRow: number): void;
  /** Takes the probabilities of the model, column by column. */
  readonly take: TakeProbabilities;
  /** Smooths what was taken, and scores it. @throws ABORTED. */
  finish(
    plan: ScoringPlan,
    work: Work,
  ): Promise<{
    readonly heads: readonly HeadScores[];
    readonly sets: ReadonlyMap<string, PredictedSets>;
    readonly warnings: readonly Warning[];
  }>;
}

/**
 * Smooths `nObs` cells: (1 − `weight`) of a cell's probabilities, and `weight` of the mean of those of its `k` nearest cells in
 * the principal components of the query. It keeps 4 bytes per cell and class, component and neighbour.
 */
export function createSmoothing(
  heads: readonly LabelHead[],
  nObs: number,
  { k, weight }: { readonly k: number; readonly weight: number },
): Smoothing {
  const stored = heads.map(({ classes }) => classes.map(() => new Float32Array(nObs)));
  let place: ((rows: Csr, firstRow: number) => void) | null = null;
  let points: DenseMatrix | null = null;
  return {
    async fit({ sample, given }, { engine, signal }) {
      const rows = joinRows((await sample(SAMPLE_BLOCKS)).map(({ values }) => values));
      if (rows === null && nObs > 0)
        throw new AtlasmtlError(
          "UNSUPPORTED",
          "neighbours within the query need a matrix that is stored by rows",
          {
            hint: "store the matrix as CSR, in Python by adata.X = adata.X.tocsr()",
          },
        );
      if (rows === null || rows.nRows < LEAST_CELLS) return;
      const values = valuesOf(rows, given);
      const shown = values(rows);
      const scaling = fitGeneScaling(shown, SCALING);
      const width = Math.min(N_COMPONENTS, Math.floor(rows.nRows / 4), rows.nCols);
      const components = await principalComponents(scaledValues(shown, scaling), scaling.centre, width, {
        key: KEY,
        engine,
        signal,
      });
      if (components.nComponents === 0) return;
      points = placed(nObs, components.nComponents);
      place = placer(points, values, scaling, createProjection(components, scaling, null));
    },
    add: (rows, firstRow) => place?.(rows, firstRow),
    take: (blocks, nRows, firstRow) => {
      stored.forEach((columns, h) => {
        columns.forEach((column, c) => {
          for (let r = 0; r < nRows; r++) column[firstRow + r] = blocks[h][r * columns.length + c];
        });
      });
    },
    async finish(plan, work) {
      const found = points === null ? null : await nearestCells(points, Math.min(k, nObs - 1), work);
      points = null;
      if (found !== null)
        for (const columns of stored) for (const column of columns) smooth(column, found, weight);
      return { ...scoreStored(heads, stored, nObs, plan, work), warnings: found === null ? [TOO_FEW] : [] };
    },
  };
}

const TOO_FEW: Warning = notice(
  "the query has too few cells, or too few values, for neighbours: labels are those of the cells alone",
);

const placed = (nRows: number, nCols: number): DenseMatrix => ({
  nRows,
  nCols,
  data: new Float32Array(nRows * nCols),
});

function placer(
  points: DenseMatrix,
  values: (rows: Csr) => Csr,
  scaling: GeneScaling,
  projection: Projection,
) {
  return (rows: Csr, firstRow: number): void => {
    projectRows(values(rows), scaling, projection, points, firstRow);
  };
}

/** How counts become log-normalised values; other values stay. */
function valuesOf(rows: Csr, given: GivenValues): (rows: Csr) => Csr {
  const check = createValuesCheck();
  check.add(rows.data, rows.indices.length);
  const isCounts = given === "unknown" ? check.verdict() === "log1p_cp10k" : given !== "normalised";
  return isCounts ? (own) => normalizedRows(own, TARGET_SUM) : (own) => own;
}

/** The rows of several blocks in one; null without any. */
function joinRows(blocks: readonly Csr[]): Csr | null {
  if (blocks.length === 0) return null;
  const nRows = blocks.reduce((sum, block) => sum + block.nRows, 0);
  const nStored = blocks.reduce((sum, { nRows: n, indptr }) => sum + indptr[n], 0);
  const [indptr, indices] = [new Uint32Array(nRows + 1), new Uint32Array(nStored)];
  const data = new Float32Array(nStored);
  let [row, at] = [0, 0];
  for (const block of blocks) {
    const end = block.indptr[block.nRows];
    for (let r = 0; r < block.nRows; r++) indptr[++row] = at + block.indptr[r + 1];
    indices.set(block.indices.subarray(0, end), at);
    if (block.data === null) data.fill(1, at, at + end);
    else data.set(block.data.subarray(0, end), at);
    at += end;
  }
  return { nRows, nCols: blocks[0].nCols, indptr, indices, data };
}

/** The nearest cells of each cell without itself, [cells, k]; ties by row. */
interface NearCells {
  readonly k: number;
  readonly cells: Uint32Array;
}

async function nearestCells(points: DenseMatrix, k: number, work: Work): Promise<NearCells | null> {
  if (k < 1) return null;
  const cells = new Uint32Array(points.nRows * k);
  const isApproximate = points.nRows > MAX_EXACT;
  await visitNeighbours(
    { reference: points, queries: points, cells: chosenCells(points.nRows, null), k: k + 1, isApproximate },
    (block, found) => {
      block.forEach((cell, r) => {
        fillOthers(cells.subarray(cell * k, (cell + 1) * k), cell, found, r);
      });
    },
    work,
  );
  return { k, cells };
}

/** A cell that is not among its own nearest, as many lie on its place, leaves out the last. */
function fillOthers(into: Uint32Array, cell: number, { k, indices }: Neighbours, row: number): void {
  let n = 0;
  for (let j = 0; j < k && n < into.length; j++) {
    const other = indices[row * k + j];
    if (other !== cell) into[n++] = other;
  }
  // An approximate search of few lists may find fewer: the cell itself stands in.
  into.fill(cell, n);
}

/** Replaces one class's probabilities; sums run in float64 from the nearest on. */
function smooth(column: Float32Array, { k, cells }: NearCells, weight: number): void {
  const own = column.slice();
  for (let i = 0; i < column.length; i++) {
    let sum = 0;
    for (let j = 0; j < k; j++) sum += own[cells[i * k + j]];
    column[i] = (1 - weight) * own[i] + (weight * sum) / k;
  }
}

function scoreStored(
  labelHeads: readonly LabelHead[],
  stored: readonly (readonly Float32Array[])[],
  nObs: number,
  { coherence, setThresholds, takers }: ScoringPlan,
  { signal }: Pick<WorkOptions, "signal">,
): { readonly heads: readonly HeadScores[]; readonly sets: ReadonlyMap<string, PredictedSets> } {
  const heads = labelHeads.map(({ column, classes }) => createScores(column, classes, nObs));
  const collectors = labelHeads.map(({ column, classes }) => {
    const threshold = setThresholds?.get(column);
    return threshold === undefined ? null : createSetCollector(column, classes, threshold, nObs);
  });
  for (let start = 0; start < nObs; start += BLOCK_ROWS) {
    throwIfAborted(signal);
    const nRows = Math.min(BLOCK_ROWS, nObs - start);
    const own = stored.map((columns) => rowsOf(columns, start, nRows));
    const probabilities = scoreLinked(coherence ?? [], own, nRows, heads, start);
    collectors.forEach((collector, h) => {
      if (collector === null) return;
      const width = heads[h].classes.length;
      for (let r = 0; r < nRows; r++)
        addSet(collector, start + r, own[h].subarray(r * width, (r + 1) * width), heads[h].raw[start + r]);
    });
    for (const take of takers) take(probabilities, nRows, start);
  }
  const sets = new Map(
    collectors.flatMap((each) => (each === null ? [] : [[each.column, collectedSets(each)] as const])),
  );
  return { heads, sets };
}

/** Rows of columns, [nRows, columns]. */
function rowsOf(columns: readonly Float32Array[], start: number, nRows: number): Float64Array {
  const out = new Float64Array(nRows * columns.length);
  columns.forEach((column, c) => {
    for (let r = 0; r < nRows; r++) out[r * columns.length + c] = column[start + r];
  });
  return out;
}
