/**
 * The genes that speak for the classes of a model of CellTypist: those with the largest coefficients, which are of scaled values and so
 * can be compared (docs/specification/2-training.md#genes-of-the-labels).
 * @module
 */
import type { Model } from "../types.ts";
import { MOST_GENES } from "./most-genes.ts";
import type { LabelGenes } from "./types.ts";

/** Nothing is known of the cells that such a model was trained on. */
const NO_REFERENCE = { expressing: null, siblingsExpressing: null };

/** Genes with coefficients above 0, the largest first, of equal ones the first; a score is the share in their sum. */
export function coefficientGenes({ labelHeads, weights, trainGenes }: Model): readonly LabelGenes[] {
  return labelHeads.map(({ column, classes }, h) => {
    const { weight, nIn } = weights.labelHeads[h];
    return {
      column,
      classes: classes.map((label, code) => {
        const own = Array.from(weight.subarray(code * nIn, (code + 1) * nIn), (value, g) => ({ value, g }));
        const above = own.filter(({ value }) => value > 0);
        const sum = above.reduce((total, { value }) => total + value, 0);
        const best = above.sort((a, b) => b.value - a.value || a.g - b.g).slice(0, MOST_GENES);
        return {
          label,
          parent: null,
          nCells: null,
          nSiblingCells: null,
          genes: best.map(({ value, g }) => ({
            gene: trainGenes[g],
            score: Math.fround(value / sum),
            ...NO_REFERENCE,
          })),
        };
      }),
    };
  });
}
