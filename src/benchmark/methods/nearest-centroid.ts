/** Labels cells by the nearest mean profile. @module */

import type { ConfigValue } from "../../core/config.ts";
import type { Csr } from "../../core/csr.ts";
import { nextTurn, throwIfAborted } from "../../core/progress.ts";
import { startRuntimeMeter } from "../../core/runtime-meter.ts";
import { plainLabels } from "../../predict/plain-labels.ts";
import { logNormalised, normalisationOf } from "../matrices.ts";
import { type MethodOutcome, type MethodWork, plainOutcome, type SharedData } from "./types.ts";
import { usageOf } from "./usage.ts";

/** Labels each cell by the nearest centroid (Euclidean) of log-normalised profiles, level by level. */
export async function runNearestCentroid(data: SharedData, work: MethodWork): Promise<MethodOutcome> {
  const training = startRuntimeMeter();
  const reference = logNormalised(data.shared, "reference");
  const centroids = data.labelColumns.map((column) => {
    const { codes, categories } = data.referenceLabels.get(column)!;
    return centroidsOf(reference, codes, categories.length);
  });
  const trainUsage = usageOf(training, "train", reference.nRows, 1);
  const meter = startRuntimeMeter();
  const query = logNormalised(data.shared, "query");
  const labels = [];
  for (const [c, column] of data.labelColumns.entries()) {
    throwIfAborted(work.signal);
    await nextTurn();
    const codes = nearestOf(query, centroids[c]);
    labels.push(plainLabels(column, codes, data.referenceLabels.get(column)!.categories, null));
    work.onProgress?.({ phase: "centroids", done: c + 1, total: data.labelColumns.length });
  }
  return plainOutcome({
    labels,
    trainUsage,
    predictUsage: usageOf(meter, "predict", query.nRows, 1),
    trainConfig: new Map<string, ConfigValue>([["distance", "euclidean"]]),
    normalisation: normalisationOf(data.shared),
    warnings: [],
  });
}

/** Mean profiles, `[labels, genes]`; all NaN for a label without cells. */
export function centroidsOf(matrix: Csr, codes: Int32Array, nLabels: number): Float64Array {
  const { nRows, nCols, indptr, indices, data } = matrix;
  const sums = new Float64Array(nLabels * nCols);
  const counts = new Float64Array(nLabels);
  for (let row = 0; row < nRows; row++) {
    const label = codes[row];
    if (label < 0) continue;
    counts[label]++;
    for (let e = indptr[row]; e < indptr[row + 1]; e++)
      sums[label * nCols + indices[e]] += data === null ? 1 : data[e];
  }
  return sums.map((sum, i) => sum / counts[Math.floor(i / nCols)]);
}

/** |x − c|² = |x|² − 2 x·c + |c|², of which |x|² is the same for all centroids. */
function nearestOf({ nRows, nCols, indptr, indices, data }: Csr, centroids: Float64Array): Int32Array {
  const nLabels = nCols === 0 ? 0 : centroids.length / nCols;
  const squares = Float64Array.from({ length: nLabels }, (_, label) =>
    centroids.subarray(label * nCols, (label + 1) * nCols).reduce((sum, value) => sum + value * value, 0),
  );
  return Int32Array.from({ length: nRows }, (_, row) => {
    let best = -1;
    let smallest = Number.POSITIVE_INFINITY;
    for (let label = 0; label < nLabels; label++) {
      let dot = 0;
      for (let e = indptr[row]; e < indptr[row + 1]; e++)
        dot += centroids[label * nCols + indices[e]] * (data === null ? 1 : data[e]);
      const distance = squares[label] - 2 * dot;
      if (distance < smallest) {
        smallest = distance;
        best = label;
      }
    }
    return best;
  });
}
