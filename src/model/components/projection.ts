/** Places cells on components, also cells of which some genes were not measured. @module */
import type { Csr } from "../../core/csr.ts";
import type { DenseMatrix } from "../../core/dense.ts";
import type { Pause } from "../../core/progress.ts";
import { consecutiveRows } from "../encode.ts";
import { choleskyFactor, solveCholesky } from "./cholesky.ts";
import type { Components, GeneScaling } from "./types.ts";
import { rowSums, type WeightTable, weightTiles } from "./weighted-sums.ts";

/** Scores are scaled values times `weights`, minus `offset`. */
export interface Projection {
  readonly nGenes: number;
  readonly nComponents: number;
  /** [nGenes, nComponents]; zero for genes that were not measured. */
  readonly weights: Float64Array;
  readonly offset: Float64Array;
  /** The same weights in tiles, and what each score begins with, as `rowSums` takes them. */
  readonly table: Omit<WeightTable, "scaling">;
}

interface KeptProjection {
  readonly centre: GeneScaling["centre"];
  readonly measured: Uint8Array | null;
  readonly projection: Projection;
}

/** The last projection on each model's components: the samples of a study have the same genes. */
const lastProjections = new WeakMap<Components, KeptProjection>();

/** As {@link createProjection}, made once for queries, one after another, with the very same array of measured genes. */
export function keptProjection(
  components: Components,
  scaling: GeneScaling,
  measured: Uint8Array | null,
): Projection {
  const { centre } = scaling;
  const last = lastProjections.get(components);
  if (last !== undefined && last.centre === centre && last.measured === measured) return last.projection;
  const projection = createProjection(components, scaling, measured);
  lastProjections.set(components, { centre, measured, projection });
  return projection;
}

/**
 * The projection of cells whose measured genes are those with a non-zero byte in `measured`; null for all.
 *
 * Scores of cells with all genes are the plain ones, Vᵀx. Otherwise they are the posterior mean of probabilistic
 * principal components given the measured genes (Tipping and Bishop, 1999), on the scale of the plain scores: a missing
 * gene is inferred from the others instead of being taken for zero.
 */
export function createProjection(
  components: Components,
  { centre }: GeneScaling,
  measured: Uint8Array | null,
): Projection {
  const { nGenes, nComponents: width, loadings } = components;
  const isWhole = measured === null || measured.every((bit) => bit !== 0);
  const weights = Float64Array.from(loadings);
  if (!isWhole) conditionOn(weights, components, measured);
  const offset = new Float64Array(width);
  for (let g = 0; g < nGenes; g++)
    for (let k = 0; k < width; k++) offset[k] += centre[g] * weights[g * width + k];
  const table = { tiles: weightTiles(weights, width), offsets: offset.map((own) => -own) };
  return { nGenes, nComponents: width, weights, offset, table };
}

/** V (VₚᵀVₚ + D)⁻¹ (1 + D), with D = noise / variances, for the measured genes p; 0 for the others. */
function conditionOn(weights: Float64Array, components: Components, measured: Uint8Array): void {
  const { nGenes, nComponents: width, variances, noise } = components;
  const gram = new Float64Array(width * width);
  for (let g = 0; g < nGenes; g++) {
    const at = g * width;
    if (measured[g] === 0) weights.fill(0, at, at + width);
    for (let i = 0; i < width; i++)
      for (let j = 0; j <= i; j++) gram[i * width + j] += weights[at + i] * weights[at + j];
  }
  const ratios = Float64Array.from(variances, (variance) => noise / variance);
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < i; j++) gram[j * width + i] = gram[i * width + j];
    gram[i * width + i] += ratios[i];
  }
  const factor = choleskyFactor(gram, width);
  for (let g = 0; g < nGenes; g++) {
    if (measured[g] === 0) continue;
    const row = weights.subarray(g * width, (g + 1) * width);
    solveCholesky(factor, width, row);
    for (let k = 0; k < width; k++) row[k] *= 1 + ratios[k];
  }
}

/**
 * Writes the scores of the rows of `x` to `into`, from row `firstRow` on. `x` holds the values before scaling.
 */
export function projectRows(
  x: Csr,
  scaling: GeneScaling,
  { nComponents: width, table }: Projection,
  into: DenseMatrix,
  firstRow: number,
): void {
  into.data.set(rowSums({ ...table, scaling })(x), firstRow * width);
}

/** Rows between two pauses. */
const ROWS_AT_ONCE = 64;

/** {@link projectRows} of all rows of `x`, with pauses. */
export async function projectInParts(
  x: Csr,
  scaling: GeneScaling,
  projection: Projection,
  into: DenseMatrix,
  pause: Pause,
): Promise<void> {
  for (let start = 0; start < x.nRows; start += ROWS_AT_ONCE) {
    const rows = consecutiveRows(x, start, Math.min(start + ROWS_AT_ONCE, x.nRows));
    projectRows(rows, scaling, projection, into, start);
    await pause();
  }
}
