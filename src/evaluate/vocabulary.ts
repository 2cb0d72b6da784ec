/** Compares the labels of the truth with those that a prediction can give (docs/specification/5-benchmark.md#metrics). @module */
import { AtlasmtlError } from "../errors.ts";
import type { PredictedLabels } from "../predict/types.ts";
import { UNKNOWN } from "../predict/unknown.ts";
import { share } from "./paired-labels.ts";

/** A true label that a prediction cannot give, and its cells. */
export interface UnseenLabel {
  readonly name: string;
  readonly nCells: number;
}

/** The true labels that are not in `vocabulary`, most cells first. */
export function unseenLabels(
  { codes, categories }: PredictedLabels,
  vocabulary: ReadonlySet<string>,
): UnseenLabel[] {
  const counts = new Float64Array(categories.length);
  for (const code of codes) if (code >= 0) counts[code] += 1;
  return categories
    .map((name, code) => ({ name, nCells: counts[code] }))
    .filter(({ name, nCells }) => nCells > 0 && !vocabulary.has(name))
    .sort((a, b) => b.nCells - a.nCells);
}

/** Scores that keep cells of unseen types apart. */
export interface SeenMetrics {
  /** Cells whose true label the prediction cannot give. */
  readonly nUnseen: number;
  /** Accuracy of the other cells with a true label; NaN without any. */
  readonly seenAccuracy: number;
}

/** Scores the cells whose true label is in `vocabulary`, and counts the others. */
export function scoreSeen(
  truth: PredictedLabels,
  predicted: PredictedLabels,
  vocabulary: ReadonlySet<string>,
): SeenMetrics {
  let nUnseen = 0;
  let nSeen = 0;
  let nRight = 0;
  truth.codes.forEach((code, i) => {
    if (code < 0) return;
    const name = truth.categories[code];
    if (!vocabulary.has(name)) nUnseen++;
    else {
      nSeen++;
      if (predicted.categories[predicted.codes[i]] === name) nRight++;
    }
  });
  return { nUnseen, seenAccuracy: share(nRight, nSeen) };
}

const N_LISTED = 3;
const some = (names: readonly string[]): string =>
  names
    .slice(0, N_LISTED)
    .map((name) => JSON.stringify(name))
    .join(", ") + (names.length > N_LISTED ? ", …" : "");

/**
 * @param side what has the labels of `vocabulary`, such as `the predictions`
 * @throws MISMATCH that names both sides if no true label is in `vocabulary`.
 */
export function requireCommonLabels(
  column: string,
  truth: PredictedLabels,
  vocabulary: Iterable<string>,
  side: string,
  where: string,
): void {
  const known = new Set(vocabulary);
  known.delete(UNKNOWN);
  const unseen = unseenLabels(truth, known);
  const nTrue = new Set(truth.codes.filter((code) => code >= 0)).size;
  if (known.size === 0 || unseen.length < nTrue || nTrue === 0) return;
  const byForm = new Map([...known].map((name) => [plainForm(name), name]));
  const alike = unseen.find(({ name }) => byForm.has(plainForm(name)));
  throw new AtlasmtlError(
    "MISMATCH",
    `no true label of "${column}" (${some(unseen.map(({ name }) => name))}) is a label of ${side} (${some([...known])})`,
    {
      where,
      hint:
        alike === undefined
          ? "give the column of the truth that has the labels which the model was trained on"
          : `write the labels the same way on both sides: "${alike.name}" is "${byForm.get(plainForm(alike.name))}" there`,
    },
  );
}

/** Numbers by their value, other labels without case, blanks, dots, dashes and underscores. */
function plainForm(name: string): string {
  const number = name.trim() === "" ? Number.NaN : Number(name);
  return Number.isNaN(number) ? name.toLowerCase().replace(/[\s_.-]+/g, "") : String(number);
}
