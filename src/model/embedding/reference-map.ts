/** Lays out the map of a reference that training learns (docs/specification/2-training.md#reference-map). @module */
import type { Matrix } from "../../anndata/types.ts";
import { type ConfigMap, Float, keyed } from "../../core/config.ts";
import type { Csr } from "../../core/csr.ts";
import type { DenseMatrix } from "../../core/dense.ts";
import { normalizedRows, TARGET_SUM } from "../../core/normalize.ts";
import { permutation, streamKey } from "../../core/rng.ts";
import { AtlasmtlError, notice, option, phrase } from "../../errors.ts";
import { MAP_HEAD, MAP_KEY } from "../../schema/bundle.ts";
import { EMBEDDING } from "../../schema/training.ts";
import { fitGeneScaling, scaledValues } from "../components/gene-scaling.ts";
import { createKernelProduct } from "../components/matrix-products.ts";
import { principalComponents } from "../components/principal-components.ts";
import { createProjection } from "../components/projection.ts";
import { chooseCells, LEAST_CELLS, rowsToFit } from "../components/sample-cells.ts";
import { type CoordTarget, coordTarget } from "../coords.ts";
import { gatherRows } from "../encode.ts";
import type { SpaceSample, TrainInput } from "../input.ts";
import type { ResolvedTrainOptions } from "../options.ts";
import type { Warning } from "../types.ts";
import { fitNearnessCurve } from "./curve.ts";
import { type EmbedWork, embedPoints, placePoints } from "./embed-points.ts";

/** Cells that are laid out; the others are placed among their neighbours. */
export const MAX_LAID_OUT = 200_000;
const N_COMPONENTS = 50;
const CELLS_PER_COMPONENT = 4;
const SCALING = { sdFloor: 0.3, clip: 10 } as const;
const SPREAD = 1;
/** Epochs, and the number of cells up to which there are more. */
const EPOCHS = { few: 200, many: 500, cellsForMany: 10_000 } as const;
/** Cells placed on the components at once. */
const BLOCK_ROWS = 1024;

/** A map, how it was made, and what should be said of it. */
export interface ReferenceMap {
  readonly target: CoordTarget;
  /** As `train_config` keeps it. */
  readonly record: ConfigMap;
  readonly warnings: readonly Warning[];
}

type Input = Pick<TrainInput, "matrix" | "sample" | "labels">;

/**
 * Places all cells on principal components of their log-normalised values, which are read once more, and lays out at most
 * {@link MAX_LAID_OUT} of them, an even share of each class of the last label column. `key` is that of a random stream.
 * @throws BAD_DATA for values that are neither counts nor log-normalised, for too few cells, and for cells that are all alike;
 * ABORTED by the signal.
 */
export async function layOutReference(
  { matrix, sample, labels }: Input,
  { embedNeighbors, embedMinDist, randomState }: ResolvedTrainOptions,
  key: number,
  work: EmbedWork,
  mostLaidOut: number = MAX_LAID_OUT,
): Promise<ReferenceMap> {
  const points = await componentsOf(matrix, sample, key, work);
  const n = points.nRows;
  const chosen = laidOutCells(labels[labels.length - 1].codes, streamKey(key, "cells"), mostLaidOut);
  const nNeighbors = Math.min(embedNeighbors, chosen.length);
  const epochs = chosen.length <= EPOCHS.cellsForMany ? EPOCHS.many : EPOCHS.few;
  const curve = fitNearnessCurve(embedMinDist, SPREAD);
  const options = { nNeighbors, curve, epochs, key: streamKey(key, "layout") };
  const own = chosen.length === n ? points : rowsOf(points, chosen);
  const places = await embedPoints(own, options, work);
  const original =
    chosen.length === n
      ? places
      : await withOthers(points, chosen, { points: own, places }, nNeighbors, work);
  const record = keyed(EMBEDDING, {
    method: "umap",
    obsmKey: MAP_KEY,
    nNeighbors,
    minDist: new Float(embedMinDist),
    spread: new Float(SPREAD),
    a: new Float(curve.a),
    b: new Float(curve.b),
    nEpochs: epochs,
    nComponents: points.nCols,
    init: "pca",
    randomState,
    nLaidOut: chosen.length,
    nPlaced: n - chosen.length,
  });
  const warnings =
    nNeighbors === embedNeighbors
      ? []
      : [
          notice(
            phrase`${option("embedNeighbors")} is ${embedNeighbors}, and the map has ${nNeighbors} cells, which are all neighbours`,
          ),
        ];
  return { target: coordTarget(MAP_HEAD, MAP_KEY, original), record, warnings };
}

/** All cells on components that are fitted on the sample. */
async function componentsOf(
  matrix: Matrix,
  sample: SpaceSample | null,
  key: number,
  { engine, signal, onProgress }: EmbedWork,
): Promise<DenseMatrix> {
  if (sample === null)
    throw noMap(
      matrix,
      "the values are neither counts nor logarithms of normalised counts, so no map can be laid out",
      phrase`choose the matrix with counts or log-normalised values by ${option("layer")}, or leave ${option("embed")} out`,
    );
  if (matrix.nRows < LEAST_CELLS)
    throw noMap(
      matrix,
      `there are ${matrix.nRows} cells, and a map needs at least ${LEAST_CELLS}`,
      phrase`train on more cells, or leave ${option("embed")} out`,
    );
  const isCounts = sample.values === "log1p_cp10k";
  const shown = (rows: Csr): Csr => (isCounts ? normalizedRows(rows, TARGET_SUM) : rows);
  const all = Uint32Array.from(sample.rows, (_, at) => at);
  const fitted = shown(gatherRows(sample.x, rowsToFit(all, sample.x, streamKey(key, "rows"))));
  const scaling = fitGeneScaling(fitted, SCALING);
  const most = Math.min(N_COMPONENTS, Math.floor(fitted.nRows / CELLS_PER_COMPONENT), matrix.nCols);
  const components = await principalComponents(
    scaledValues(fitted, scaling),
    scaling.centre,
    Math.max(1, most),
    {
      key: streamKey(key, "components"),
      engine,
      signal,
    },
  );
  const width = components.nComponents;
  if (width === 0)
    throw noMap(
      matrix,
      "all cells have the same values, so no map can be laid out",
      phrase`choose another matrix by ${option("layer")}, or leave ${option("embed")} out`,
    );
  const { weights, offset } = createProjection(components, scaling, null);
  const product = await createKernelProduct(
    engine,
    weights,
    offset.map((value) => -value),
  );
  const points = { nRows: matrix.nRows, nCols: width, data: new Float32Array(matrix.nRows * width) };
  try {
    for await (const { firstRow, csr } of matrix.rows({ reuse: true, maxRows: BLOCK_ROWS, signal })) {
      const end = firstRow + csr.nRows;
      await product.multiply(
        scaledValues(shown(csr), scaling),
        points.data.subarray(firstRow * width, end * width),
      );
      onProgress?.({ phase: "project", done: end, total: matrix.nRows });
    }
  } finally {
    product.dispose();
  }
  return points;
}

function noMap(matrix: Matrix, message: string, hint: ReturnType<typeof phrase>): AtlasmtlError {
  return new AtlasmtlError("BAD_DATA", message, { where: matrix.name, hint });
}

/** At most `most` rows, rising; rare classes keep more of their cells where that leaves room. */
function laidOutCells(codes: Int32Array, key: number, most: number): Uint32Array {
  const rows = chooseCells(codes, key, most);
  if (rows.length <= most) return rows;
  return permutation(streamKey(key, "fewer"), rows.length)
    .subarray(0, most)
    .map((at) => rows[at])
    .sort();
}

/** The places of all cells, where `chosen` ones have theirs. */
async function withOthers(
  points: DenseMatrix,
  chosen: Uint32Array,
  laidOut: { readonly points: DenseMatrix; readonly places: DenseMatrix },
  nNeighbors: number,
  work: EmbedWork,
): Promise<DenseMatrix> {
  const isChosen = new Uint8Array(points.nRows);
  for (const row of chosen) isChosen[row] = 1;
  const others = Uint32Array.from(isChosen.keys()).filter((row) => isChosen[row] === 0);
  const placed = await placePoints(rowsOf(points, others), laidOut, nNeighbors, work);
  const data = new Float32Array(2 * points.nRows);
  for (const [rows, { data: places }] of [
    [chosen, laidOut.places],
    [others, placed],
  ] as const)
    rows.forEach((row, r) => {
      data.set(places.subarray(2 * r, 2 * r + 2), 2 * row);
    });
  return { nRows: points.nRows, nCols: 2, data };
}

function rowsOf({ nCols, data }: DenseMatrix, rows: Uint32Array): DenseMatrix {
  const some = new Float32Array(rows.length * nCols);
  rows.forEach((row, r) => {
    some.set(data.subarray(row * nCols, (row + 1) * nCols), r * nCols);
  });
  return { nRows: rows.length, nCols, data: some };
}
