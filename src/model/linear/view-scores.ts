/** Scores cells by the linear views of a model. @module */
import type { Csr } from "../../core/csr.ts";
import { exp, log } from "../../core/math.ts";
import type { Pause } from "../../core/progress.ts";
import { choleskyFactor, solveCholesky } from "../components/cholesky.ts";
import type { Components } from "../components/types.ts";
import { type RowSums, rowSums, weightTiles } from "../components/weighted-sums.ts";
import { probabilitiesOf } from "../conformal.ts";
import { consecutiveRows } from "../encode.ts";
import type { LinearView, LinearViews } from "./types.ts";
import { viewValues } from "./view-values.ts";
import type { ReadyView } from "./views-thread.ts";

/** Which genes of the model were measured, a byte each; null for all. */
export type Measured = Uint8Array | null;

/** Scores cells by one view: [nRows, classes of all label columns]. */
export type ViewScorer = RowSums;

/**
 * A scorer of one view for cells whose measured genes are known; genes that were not measured are inferred from the
 * others by the components of the view.
 */
export function createViewScorer(view: LinearView, measured: Measured): ViewScorer {
  return rowSums(readyView(view, measured));
}

/** A view with the weights for the genes that were measured; threads share them where they can. */
export function readyView(view: LinearView, measured: Measured): ReadyView {
  const { input, scaling } = view;
  const { tiles, offsets } = keptTiles(view, measured);
  return { input, scaling, tiles, offsets };
}

interface ViewTiles {
  readonly tiles: readonly Float64Array[];
  readonly offsets: Float64Array;
}

/** The tiles of the last query of each view: the samples of a study have the same genes. */
const lastTiles = new WeakMap<LinearView, ViewTiles & { readonly measured: Measured }>();

function keptTiles(view: LinearView, measured: Measured): ViewTiles {
  const last = lastTiles.get(view);
  if (last !== undefined && isSameGenes(last.measured, measured)) return last;
  const { weights, offsets } = scoringWeights(view, measured);
  const nOutputs = offsets.length;
  const made = {
    tiles: weightTiles(weights, nOutputs),
    offsets,
    measured: measured?.slice() ?? null,
  };
  lastTiles.set(view, made);
  return made;
}

function isSameGenes(a: Measured, b: Measured): boolean {
  if (a === null || b === null) return a === b;
  // A callback for each gene would take as long as a sample of a study has for all of its genes.
  for (let g = 0; g < a.length; g++) if (a[g] !== b[g]) return false;
  return a.length === b.length;
}

/** The scores of a cell are its scaled values times `weights`, [nGenes, nOutputs], plus `offsets`. */
export function scoringWeights(
  view: LinearView,
  measured: Measured,
): { readonly weights: Float64Array; readonly offsets: Float64Array } {
  const { centre } = view.scaling;
  const { nGenes } = view.components;
  const nOutputs = view.heads.reduce((sum, { intercepts }) => sum + intercepts.length, 0);
  const weights = sideBySide(view, nGenes, nOutputs);
  if (measured?.includes(0)) inferMissing(weights, nOutputs, view.components, measured);
  const offsets = Float64Array.from(view.heads.flatMap(({ intercepts }) => [...intercepts]));
  for (let g = 0; g < nGenes; g++)
    for (let k = 0; k < nOutputs; k++) offsets[k] -= centre[g] * weights[g * nOutputs + k];
  return { weights, offsets };
}

/** The weights of all label columns, [nGenes, nOutputs]. */
function sideBySide({ heads }: LinearView, nGenes: number, nOutputs: number): Float64Array {
  const all = new Float64Array(nGenes * nOutputs);
  let first = 0;
  for (const { weights, intercepts } of heads) {
    const width = intercepts.length;
    for (let g = 0; g < nGenes; g++)
      all.set(weights.subarray(g * width, (g + 1) * width), g * nOutputs + first);
    first += width;
  }
  return all;
}

/**
 * Gives the weights of missing genes m to the measured ones p: Wₚ + Vₚ (VₚᵀVₚ + D)⁻¹ Vₘᵀ Wₘ with D = noise / variances,
 * which scores the posterior mean of the missing values under probabilistic principal components (Tipping and Bishop, 1999).
 */
function inferMissing(
  weights: Float64Array,
  nOutputs: number,
  components: Components,
  measured: Uint8Array,
): void {
  const { nGenes, nComponents: width, loadings, variances, noise } = components;
  const gram = new Float64Array(width * width);
  const lost = new Float64Array(nOutputs * width);
  for (let g = 0; g < nGenes; g++) {
    const at = g * width;
    if (measured[g] !== 0) {
      for (let i = 0; i < width; i++)
        for (let j = 0; j <= i; j++) gram[i * width + j] += loadings[at + i] * loadings[at + j];
      continue;
    }
    for (let k = 0; k < nOutputs; k++)
      for (let i = 0; i < width; i++) lost[k * width + i] += loadings[at + i] * weights[g * nOutputs + k];
    weights.fill(0, g * nOutputs, (g + 1) * nOutputs);
  }
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < i; j++) gram[j * width + i] = gram[i * width + j];
    gram[i * width + i] += noise / variances[i];
  }
  const factor = choleskyFactor(gram, width);
  for (let k = 0; k < nOutputs; k++) solveCholesky(factor, width, lost.subarray(k * width, (k + 1) * width));
  for (let g = 0; g < nGenes; g++) {
    if (measured[g] === 0) continue;
    for (let k = 0; k < nOutputs; k++)
      for (let i = 0; i < width; i++)
        weights[g * nOutputs + k] += loadings[g * width + i] * lost[k * width + i];
  }
}

/**
 * Replaces a network's logits by the logarithm of the mean of its probabilities and those of the views, so that the
 * softmax of the result is that mean. `scores` has one array for each view, of the same rows. By label column the network
 * weighs `networkWeights`, by default as much as each view.
 */
export function averageProbabilities(
  logits: readonly Float32Array[],
  scores: readonly Float32Array[],
  { networkTemperatures, views }: LinearViews,
  networkWeights?: readonly number[] | null,
): void {
  const nOutputs = views[0].heads.reduce((sum, { intercepts }) => sum + intercepts.length, 0);
  let first = 0;
  logits.forEach((own, j) => {
    const nClasses = views[0].heads[j].intercepts.length;
    const [one, sum] = [new Float64Array(nClasses), new Float64Array(nClasses)];
    const weight = networkWeights?.[j] ?? 1;
    for (let row = 0; row < own.length / nClasses; row++) {
      probabilitiesOf(own, row * nClasses, networkTemperatures[j], sum);
      if (weight !== 1) for (let k = 0; k < nClasses; k++) sum[k] *= weight;
      views.forEach(({ heads }, v) => {
        probabilitiesOf(scores[v], row * nOutputs + first, heads[j].temperature, one);
        for (let k = 0; k < nClasses; k++) sum[k] += one[k];
      });
      for (let k = 0; k < nClasses; k++)
        own[row * nClasses + k] = log(Math.max(sum[k] / (views.length + weight), LEAST_PROBABILITY));
    }
    first += nClasses;
  });
}

/** Keeps logarithms finite; far below what decides anything. */
const LEAST_PROBABILITY = exp(-80);

/** The scores of all views for rows of values as the matrix has them. */
export function scoreViews(
  { values, views }: LinearViews,
  scorers: readonly ViewScorer[],
  rows: Csr,
  share: number,
): Float32Array[] {
  return views.map((view, v) => scorers[v](viewValues(rows, view.input, values, share)));
}

/** Rows between two pauses. */
const ROWS_OF_A_PART = 64;

/** {@link scoreViews} of cells that have all genes, with pauses. */
export async function scoreInParts(
  linear: LinearViews,
  scorers: readonly ViewScorer[],
  rows: Csr,
  pause: Pause,
): Promise<Float32Array[]> {
  const nOutputs = linear.views[0].heads.reduce((sum, { intercepts }) => sum + intercepts.length, 0);
  const all = linear.views.map(() => new Float32Array(rows.nRows * nOutputs));
  for (let start = 0; start < rows.nRows; start += ROWS_OF_A_PART) {
    const part = consecutiveRows(rows, start, Math.min(start + ROWS_OF_A_PART, rows.nRows));
    scoreViews(linear, scorers, part, 1).forEach((own, v) => {
      all[v].set(own, start * nOutputs);
    });
    await pause();
  }
  return all;
}
