/** Reads coordinate targets from obsm, checks and standardises them. @module */
import type { AnnData } from "../anndata/types.ts";
import type { DenseMatrix } from "../core/dense.ts";
import { AtlasmtlError } from "../errors.ts";
import type { CoordHead } from "./types.ts";

/** A coordinate head with its target in original and in standardised units. */
export interface CoordTarget extends CoordHead {
  readonly original: DenseMatrix;
  readonly standardised: DenseMatrix;
}

/**
 * Reads a finite obsm array with one row per cell and at least one column.
 * @throws NOT_FOUND if the key is missing; BAD_DATA if a value is not finite or there are no columns;
 * MISMATCH if the number of rows is not the number of cells.
 */
export async function readCoordinates(adata: AnnData, key: string): Promise<DenseMatrix> {
  const where = `obsm › ${key}`;
  const matrix = await adata.obsm(key);
  const { nRows, nCols, data } = matrix;
  if (nRows !== adata.nObs)
    throw new AtlasmtlError("MISMATCH", `the array has ${nRows} rows for ${adata.nObs} cells`, { where });
  if (nCols === 0) throw new AtlasmtlError("BAD_DATA", "the array has no columns", { where });
  let nBad = 0;
  for (let r = 0; r < nRows; r++)
    for (let c = 0; c < nCols; c++)
      if (!Number.isFinite(data[r * nCols + c])) {
        nBad++;
        break;
      }
  if (nBad > 0)
    throw new AtlasmtlError(
      "BAD_DATA",
      `${nBad} of ${nRows} cells have coordinates that are not finite numbers`,
      {
        where,
        hint: "remove these cells or compute the coordinates again",
      },
    );
  return matrix;
}

/** Reads the target of one head and standardises it. @throws as {@link readCoordinates} */
export async function readCoordTarget(adata: AnnData, name: string, obsmKey: string): Promise<CoordTarget> {
  return coordTarget(name, obsmKey, await readCoordinates(adata, obsmKey));
}

/** The target of one head with its standardisation. */
export function coordTarget(name: string, obsmKey: string, original: DenseMatrix): CoordTarget {
  const { mean, std } = columnStatistics(original);
  return { name, obsmKey, mean, std, original, standardised: standardise(original, mean, std) };
}

/**
 * Population mean and standard deviation per column, computed in float64, stored in float32; the deviation
 * of a constant column is 1 (docs/specification/2-training.md#inputs).
 */
export function columnStatistics({ nRows, nCols, data }: DenseMatrix): {
  readonly mean: Float32Array;
  readonly std: Float32Array;
} {
  const mean = new Float32Array(nCols);
  const std = new Float32Array(nCols).fill(1);
  for (let c = 0; c < nCols; c++) {
    let sum = 0;
    let isConstant = true;
    for (let r = 0; r < nRows; r++) {
      sum += data[r * nCols + c];
      if (data[r * nCols + c] !== data[c]) isConstant = false;
    }
    // Rounding gives a constant column a tiny deviation; dividing by it would give huge values.
    if (isConstant) {
      mean[c] = data[c] ?? 0;
      continue;
    }
    const centre = sum / nRows;
    let squares = 0;
    for (let r = 0; r < nRows; r++)
      squares += (data[r * nCols + c] - centre) * (data[r * nCols + c] - centre);
    mean[c] = centre;
    const deviation = Math.fround(Math.sqrt(squares / nRows));
    if (deviation > 0) std[c] = deviation;
  }
  return { mean, std };
}

function standardise(
  { nRows, nCols, data }: DenseMatrix,
  mean: Float32Array,
  std: Float32Array,
): DenseMatrix {
  const out = new Float32Array(data.length);
  for (let r = 0; r < nRows; r++)
    for (let c = 0; c < nCols; c++) out[r * nCols + c] = (data[r * nCols + c] - mean[c]) / std[c];
  return { nRows, nCols, data: out };
}
