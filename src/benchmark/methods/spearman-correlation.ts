/** Rank correlation with reference profiles, in the style of SingleR. @module */

import { type ConfigValue, Float } from "../../core/config.ts";
import type { Csr } from "../../core/csr.ts";
import { nextTurn, throwIfAborted } from "../../core/progress.ts";
import { permutation, streamKey } from "../../core/rng.ts";
import { startRuntimeMeter } from "../../core/runtime-meter.ts";
import { plainLabels } from "../../predict/plain-labels.ts";
import type { PredictedLabels } from "../../predict/types.ts";
import { SPEARMAN_CORRELATION } from "../../schema/benchmark.ts";
import { logNormalised, normalisationOf } from "../matrices.ts";
import { centroidsOf } from "./nearest-centroid.ts";
import { type MethodOutcome, type MethodWork, plainOutcome, type SharedData } from "./types.ts";
import { usageOf } from "./usage.ts";

/**
 * A label scores the `quantile` of a cell's correlations with its profiles; labels within
 * `fineTuneThreshold` of the best go on to the next round; each pair of labels gives `nMarkers` genes.
 */
const CORRELATION_DEFAULTS = { quantile: 0.8, fineTuneThreshold: 0.05, nMarkers: 20 } as const;

/** Profiles of one level: means of random groups of √n cells of each label. */
interface Profiles {
  readonly nLabels: number;
  readonly nGenes: number;
  /** `[profiles, genes]`. */
  readonly values: Float64Array;
  readonly labelOf: Int32Array;
  /** Per pair of labels (a, b) the genes that are higher in a. */
  readonly markers: readonly (readonly Int32Array[])[];
}

interface Settings {
  readonly quantile: number;
  readonly threshold: number;
}

/**
 * Labels each cell by rank correlation, level by level. Source of the method: Aran et al., Nature Immunology
 * 2019; profiles are means of random groups of cells, where SingleR takes cells or k-means clusters.
 */
export async function runSpearmanCorrelation(data: SharedData, work: MethodWork): Promise<MethodOutcome> {
  const quantile = Math.min(
    1,
    work.config.get(SPEARMAN_CORRELATION.quantile) ?? CORRELATION_DEFAULTS.quantile,
  );
  const threshold =
    work.config.get(SPEARMAN_CORRELATION.fineTuneThreshold) ?? CORRELATION_DEFAULTS.fineTuneThreshold;
  const nMarkers = Math.round(
    work.config.get(SPEARMAN_CORRELATION.nMarkers) ?? CORRELATION_DEFAULTS.nMarkers,
  );
  const training = startRuntimeMeter();
  const reference = logNormalised(data.shared, "reference");
  const key = streamKey(work.seed, "correlation profiles");
  const levels = data.labelColumns.map((column) => {
    const labels = data.referenceLabels.get(column)!;
    return { column, labels, profiles: profilesOf(reference, labels, nMarkers, key) };
  });
  const trainUsage = usageOf(training, "train", reference.nRows, 1);
  const meter = startRuntimeMeter();
  const query = logNormalised(data.shared, "query");
  const labels = [];
  for (const [l, { column, labels: known, profiles }] of levels.entries()) {
    const codes = new Int32Array(query.nRows);
    const cell = new Float64Array(query.nCols);
    for (let row = 0; row < query.nRows; row++) {
      if (row % 64 === 0) {
        throwIfAborted(work.signal);
        await nextTurn();
        const done = l * query.nRows + row;
        work.onProgress?.({ phase: "correlation", done, total: levels.length * query.nRows });
      }
      cell.fill(0);
      for (let e = query.indptr[row]; e < query.indptr[row + 1]; e++)
        cell[query.indices[e]] = query.data === null ? 1 : query.data[e];
      codes[row] = labelOfCell(cell, profiles, { quantile, threshold });
    }
    labels.push(plainLabels(column, codes, known.categories, null));
  }
  return plainOutcome({
    labels,
    trainUsage,
    predictUsage: usageOf(meter, "predict", query.nRows, 1),
    trainConfig: new Map<string, ConfigValue>([[SPEARMAN_CORRELATION.nMarkers, nMarkers]]),
    predictConfig: new Map<string, ConfigValue>([
      [SPEARMAN_CORRELATION.quantile, new Float(quantile)],
      [SPEARMAN_CORRELATION.fineTuneThreshold, new Float(threshold)],
    ]),
    normalisation: normalisationOf(data.shared),
    seeds: new Map([["correlation profiles", work.seed]]),
    warnings: [],
  });
}

function profilesOf(
  matrix: Csr,
  { codes, categories }: PredictedLabels,
  nMarkers: number,
  key: number,
): Profiles {
  const order = permutation(key, matrix.nRows);
  const cellsOf: number[][] = categories.map(() => []);
  for (const cell of order) if (codes[cell] >= 0) cellsOf[codes[cell]].push(cell);
  const groups = new Int32Array(matrix.nRows).fill(-1);
  const labelOf: number[] = [];
  cellsOf.forEach((cells, label) => {
    const nGroups = Math.ceil(Math.sqrt(cells.length));
    const first = labelOf.length;
    cells.forEach((cell, i) => {
      groups[cell] = first + (i % nGroups);
    });
    for (let g = 0; g < nGroups; g++) labelOf.push(label);
  });
  return {
    nLabels: categories.length,
    nGenes: matrix.nCols,
    values: centroidsOf(matrix, groups, labelOf.length),
    labelOf: Int32Array.from(labelOf),
    markers: markersOf(centroidsOf(matrix, codes, categories.length), matrix.nCols, nMarkers),
  };
}

/** Genes by falling difference of the means of two labels, those that are higher in the first only. */
function markersOf(means: Float64Array, nGenes: number, nMarkers: number): Int32Array[][] {
  const nLabels = nGenes === 0 ? 0 : means.length / nGenes;
  return Array.from({ length: nLabels }, (_, a) =>
    Array.from({ length: nLabels }, (_, b) => {
      const difference = (gene: number): number => means[a * nGenes + gene] - means[b * nGenes + gene];
      return Int32Array.from({ length: nGenes }, (_, gene) => gene)
        .filter((gene) => difference(gene) > 0)
        .sort((x, y) => difference(y) - difference(x) || x - y)
        .slice(0, nMarkers);
    }),
  );
}

/** Rounds of scoring among the labels that remain, each on the markers of those. */
function labelOfCell(cell: Float64Array, profiles: Profiles, { quantile, threshold }: Settings): number {
  let remaining = [...new Set(profiles.labelOf)];
  let best = remaining[0] ?? -1;
  while (remaining.length > 1) {
    const genes = new Set<number>();
    for (const a of remaining)
      for (const b of remaining) for (const gene of profiles.markers[a][b]) genes.add(gene);
    const chosen = Int32Array.from(genes).sort();
    const ranks = standardRanks(Float64Array.from(chosen, (gene) => cell[gene]));
    const correlations: number[][] = Array.from({ length: profiles.nLabels }, () => []);
    profiles.labelOf.forEach((label, profile) => {
      if (!remaining.includes(label)) return;
      const start = profile * profiles.nGenes;
      const other = standardRanks(Float64Array.from(chosen, (gene) => profiles.values[start + gene]));
      let sum = 0;
      for (let i = 0; i < ranks.length; i++) sum += ranks[i] * other[i];
      correlations[label].push(sum);
    });
    const scores = remaining.map((label) => quantileOf(correlations[label], quantile));
    const most = Math.max(...scores);
    best = remaining[scores.indexOf(most)];
    const next = remaining.filter((_, i) => scores[i] >= most - threshold);
    if (next.length === remaining.length) break;
    remaining = next;
  }
  return best;
}

/** Ranks, equal values alike, of mean 0 and length 1; all 0 for equal values. */
export function standardRanks(values: Float64Array): Float64Array {
  const order = Uint32Array.from(values, (_, i) => i).sort((a, b) => values[a] - values[b]);
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let i = start; i < end; i++) ranks[order[i]] = (start + end - 1) / 2;
    start = end;
  }
  const mean = (values.length - 1) / 2;
  let square = 0;
  for (let i = 0; i < ranks.length; i++) {
    ranks[i] -= mean;
    square += ranks[i] * ranks[i];
  }
  return square === 0 ? ranks : ranks.map((rank) => rank / Math.sqrt(square));
}

/** As numpy interpolates it. */
function quantileOf(values: readonly number[], quantile: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = quantile * (sorted.length - 1);
  const low = Math.floor(place);
  const high = Math.min(sorted.length - 1, low + 1);
  return sorted[low] + (place - low) * (sorted[high] - sorted[low]);
}
