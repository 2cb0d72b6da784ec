/**
 * Samples of a study that are unlike the others (docs/specification/6-cli.md#samples-that-stand-out).
 * @module
 */
import type { OutlierMeasure } from "../schema/study.ts";
import type { SampleSummary } from "./sample-summary.ts";

/** One way in which a sample is unlike the others. */
export interface Outlier {
  readonly measure: OutlierMeasure;
  /** The sample's value, and the median of all samples. */
  readonly value: number;
  readonly median: number;
}

/** Fewer samples say nothing about what is usual. */
const LEAST_SAMPLES = 4;
/** The shares of labels of a sample with fewer cells are chance. */
const LEAST_CELLS = 50;
/** Distance from the median in robust standard deviations. */
const FAR = 3;
/** Makes the median absolute deviation of normal values their standard deviation. */
const MAD_SCALE = 1.4826;

/** A measure, which direction is bad, and the least difference that matters whatever the spread. */
interface Measure {
  readonly measure: OutlierMeasure;
  readonly sign: 1 | -1;
  readonly least: number;
  readonly of: (sample: SampleSummary) => number | null;
}

/**
 * How each sample is unlike the others, in the order of `samples`: its labels are far from the others' mean, more of its
 * cells are Unknown, its confidence is lower, it is less like the reference, or it has fewer of the genes. Empty for
 * samples of fewer than 50 cells, and for all if there are fewer than 4 larger ones.
 */
export function samplesThatStandOut(samples: readonly SampleSummary[]): readonly (readonly Outlier[])[] {
  const found: Outlier[][] = samples.map(() => []);
  const large = samples.filter(({ nCells }) => nCells >= LEAST_CELLS);
  if (large.length < LEAST_SAMPLES) return found;
  const far = compositionDistances(large);
  const finest = (sample: SampleSummary) => sample.labels.at(-1);
  const measures: readonly Measure[] = [
    { measure: "composition", sign: 1, least: 0.1, of: (sample) => far.get(sample) ?? null },
    { measure: "unknown", sign: 1, least: 0.05, of: (s) => (finest(s)?.unknown ?? 0) / s.nCells },
    { measure: "confidence", sign: -1, least: 0.05, of: (s) => finest(s)?.meanConfidence ?? null },
    { measure: "likeness", sign: 1, least: 0.25, of: (s) => s.shiftScore },
    { measure: "genes", sign: -1, least: 0.05, of: (s) => s.geneShare },
  ];
  for (const { measure, sign, least, of } of measures) {
    const values = large.flatMap((sample) => of(sample) ?? []);
    if (values.length < LEAST_SAMPLES) continue;
    const middle = median(values);
    const spread = MAD_SCALE * median(values.map((value) => Math.abs(value - middle)));
    samples.forEach((sample, s) => {
      const value = sample.nCells < LEAST_CELLS ? null : of(sample);
      if (value !== null && sign * (value - middle) > Math.max(FAR * spread, least))
        found[s].push({ measure, value, median: middle });
    });
  }
  return found;
}

/** Half the sum of the differences between the shares of a sample and the mean shares of the others, 0 to 1. */
function compositionDistances(samples: readonly SampleSummary[]): ReadonlyMap<SampleSummary, number> {
  const total = new Map<string, number>();
  const shares = samples.map(({ labels, nCells }) => {
    const own = new Map([...(labels.at(-1)?.counts ?? [])].map(([label, n]) => [label, n / nCells]));
    for (const [label, share] of own) total.set(label, (total.get(label) ?? 0) + share);
    return own;
  });
  const nOthers = samples.length - 1;
  return new Map(
    samples.map((sample, s) => {
      let distance = 0;
      for (const [label, sum] of total) {
        const own = shares[s].get(label) ?? 0;
        distance += Math.abs(own - (sum - own) / nOthers);
      }
      return [sample, distance / 2];
    }),
  );
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
