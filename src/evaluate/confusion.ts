/** Confusion matrix and the scores of each label. @module */
import type { PredictedLabels } from "../predict/types.ts";
import { joinLabels, NO_LABEL } from "./paired-labels.ts";

/** Counts of cells by true and predicted label. */
export interface Confusion {
  /** Distinct true and predicted labels, by code point. */
  readonly labels: readonly string[];
  /** `labels.length` rows (true) of `labels.length + 1` columns (predicted); the last column is Unknown. */
  readonly counts: Uint32Array;
}

/** Scores of one label; a share of zero cells is NaN. */
export interface ClassMetrics {
  readonly label: string;
  /** Cells with this true label. */
  readonly support: number;
  /** Cells with this predicted label. */
  readonly nPredicted: number;
  readonly precision: number;
  readonly recall: number;
  /** 0 if the label was never predicted correctly. */
  readonly f1: number;
  /** Share of the cells with this true label that are Unknown. */
  readonly unknownRate: number;
}

/**
 * Counts pairs of true and predicted labels; cells without a true label are left out.
 * @throws MISMATCH when the lengths differ.
 */
export function confusionOf(truth: PredictedLabels, predicted: PredictedLabels): Confusion {
  const joined = joinLabels(truth, predicted);
  const n = joined.names.length;
  const all = new Uint32Array(n * (n + 1));
  for (let i = 0; i < joined.truth.length; i++) {
    const t = joined.truth[i];
    if (t === NO_LABEL) continue;
    const p = joined.predicted[i];
    all[t * (n + 1) + (p === NO_LABEL ? n : p)]++;
  }
  const met = joined.names.map((_, label) => {
    for (let other = 0; other < n; other++)
      if (all[label * (n + 1) + other] > 0 || all[other * (n + 1) + label] > 0) return true;
    return all[label * (n + 1) + n] > 0;
  });
  const kept = joined.names.map((_, label) => label).filter((label) => met[label]);
  const counts = new Uint32Array(kept.length * (kept.length + 1));
  kept.forEach((t, row) => {
    [...kept, n].forEach((p, column) => {
      counts[row * (kept.length + 1) + column] = all[t * (n + 1) + p];
    });
  });
  return { labels: kept.map((label) => joined.names[label]), counts };
}

/** The scores of every label, in the order of the confusion's labels. */
export function classMetrics({ labels, counts }: Confusion): ClassMetrics[] {
  const width = labels.length + 1;
  return labels.map((label, own) => {
    const row = counts.subarray(own * width, (own + 1) * width);
    const support = row.reduce((sum, count) => sum + count, 0);
    let nPredicted = 0;
    for (let other = 0; other < labels.length; other++) nPredicted += counts[other * width + own];
    const hits = row[own];
    const share = (whole: number): number => (whole === 0 ? Number.NaN : hits / whole);
    return {
      label,
      support,
      nPredicted,
      precision: share(nPredicted),
      recall: share(support),
      f1: support + nPredicted === 0 ? 0 : (2 * hits) / (support + nPredicted),
      unknownRate: support === 0 ? Number.NaN : row[width - 1] / support,
    };
  });
}
