/**
 * Compensates unequal class sizes: weights in the loss, and sampling
 * (docs/specification/2-training.md#class-imbalance).
 * @module
 */
import { type ConfigMap, Float, keyed } from "../core/config.ts";
import { randomBelow, randomUint32, streamKey } from "../core/rng.ts";
import { CLASS_BALANCE } from "../schema/training.ts";
import type { ClassWeightingMode } from "../schema/training-options.ts";
import type { LabelHead } from "./types.ts";

/** How a label column is balanced; the last label column by default. */
export interface ClassBalanceOptions {
  readonly labelColumn?: string | null | undefined;
  /** `balanced` by default. */
  readonly mode?: ClassWeightingMode | null | undefined;
}

/** How a label column is balanced, with every default filled in. */
export interface ResolvedClassBalance {
  readonly labelColumn: string;
  readonly mode: Exclude<ClassWeightingMode, "none">;
}

/** Cells and weight of each class in the training part. */
export interface ClassBalance extends ResolvedClassBalance {
  readonly head: number;
  readonly classes: readonly string[];
  readonly counts: Uint32Array;
  readonly weights: Float32Array;
}

/**
 * Weights n / (present classes · cells of the class), or their square roots, from the cells `rows`; 0 for a
 * class without cells. Cells without a label are ignored.
 */
export function balanceClasses(
  labels: readonly (LabelHead & { readonly codes: Int32Array })[],
  rows: Uint32Array,
  options: ResolvedClassBalance,
): ClassBalance {
  const head = labels.findIndex(({ column }) => column === options.labelColumn);
  const { classes, codes } = labels[head];
  const counts = new Uint32Array(classes.length);
  let n = 0;
  for (const row of rows) {
    const code = codes[row];
    if (code < 0) continue;
    counts[code] = counts[code] + 1;
    n++;
  }
  const nPresent = counts.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
  const weights = Float32Array.from(counts, (count) => {
    const balanced = count === 0 ? 0 : n / (nPresent * count);
    return options.mode === "sqrt_balanced" ? Math.sqrt(balanced) : balanced;
  });
  return { ...options, head, classes, counts, weights };
}

/**
 * For each epoch, draws as many cells as `rows` has, with replacement and a probability proportional to the
 * weight of the cell's class. Cells without a label in that column are not drawn. Epochs are numbered from 1.
 */
export function createClassSampler(
  { counts, weights }: ClassBalance,
  codes: Int32Array,
  rows: Uint32Array,
  key: number,
): (epoch: number) => Uint32Array {
  const members = Array.from(counts, (count) => new Uint32Array(count));
  const filled = new Uint32Array(counts.length);
  for (const row of rows) {
    const code = codes[row];
    if (code < 0) continue;
    members[code][filled[code]] = row;
    filled[code] = filled[code] + 1;
  }
  let total = 0;
  const ends = Float64Array.from(counts, (count, c) => {
    total += count * weights[c];
    return total;
  });
  return (epoch) => {
    const [classKey, cellKey] = [streamKey(key, `class ${epoch}`), streamKey(key, `cell ${epoch}`)];
    return Uint32Array.from(rows, (_, i) => {
      const at = (randomUint32(classKey, i) / 4294967296) * total;
      const own = members[firstAbove(ends, at)];
      return own[randomBelow(cellKey, i, own.length)];
    });
  };
}

/** The first index of the ascending `ends` with more than `value`. */
function firstAbove(ends: Float64Array, value: number): number {
  let [low, high] = [0, ends.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ends[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** As `train_config` stores it. */
export function classBalanceConfig(balance: ClassBalance | null): ConfigMap | null {
  if (balance === null) return null;
  const { labelColumn, mode, classes, counts, weights } = balance;
  return keyed(CLASS_BALANCE, {
    labelColumn: labelColumn,
    mode: mode,
    classCounts: new Map(classes.map((name, c) => [name, counts[c]])),
    classWeights: new Map(classes.map((name, c) => [name, new Float(weights[c])])),
  });
}
