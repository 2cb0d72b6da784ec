/** Scores cells by a linear model, in which each class has a probability of its own (docs/specification/3-prediction.md#linear-models). @module */
import { exp } from "../core/math.ts";
import { AtlasmtlError } from "../errors.ts";
import type { Inference } from "../kernels/types.ts";
import type { LabelHead, Model } from "../model/types.ts";
import { notFinite, type Scoring } from "./confidence.ts";
import type { TakeProbabilities } from "./probability-tables.ts";
import type { PredictedLabels } from "./types.ts";

/**
 * The decision scores of a linear model: weights times the scaled values of the measured genes, in float64. Genes that a query
 * lacks count for nothing, as if the model had been trained without them.
 */
export function linearInference(
  { shape, weights, oneVsRest }: Pick<Model, "shape" | "weights" | "oneVsRest">,
  measured: Uint8Array,
): Inference {
  const [head] = weights.labelHeads;
  if (!oneVsRest || head === undefined) throw new AtlasmtlError("BUG", "the model is not linear");
  const { nGenes } = shape;
  const { scaling, rest } = oneVsRest;
  const whole = (key: keyof typeof scaling): Float64Array =>
    Float64Array.from(scaling[key], (each, g) => each + rest[key][g]);
  const [scale, cap, centre] = [whole("scale"), whole("cap"), whole("centre")];
  const nClasses = head.nOut;
  // By gene, as cells are sparse.
  const byGene = new Float64Array(nGenes * nClasses);
  const offsets = Float64Array.from(head.bias);
  for (let k = 0; k < nClasses; k++)
    for (let g = 0; g < nGenes; g++) {
      const weight = head.weight[k * nGenes + g];
      byGene[g * nClasses + k] = weight;
      if (measured[g] !== 0) offsets[k] -= centre[g] * weight;
    }
  return {
    async run({ nRows, indptr, indices, data }, meanwhile) {
      await meanwhile?.();
      const logits = new Float32Array(nRows * nClasses);
      const sums = new Float64Array(nClasses);
      for (let row = 0; row < nRows; row++) {
        sums.set(offsets);
        for (let e = indptr[row]; e < indptr[row + 1]; e++) {
          const g = indices[e];
          const value = Math.min((data === null ? 1 : data[e]) * scale[g], cap[g]);
          const at = g * nClasses;
          for (let k = 0; k < nClasses; k++) sums[k] += value * byGene[at + k];
        }
        logits.set(sums, row * nClasses);
      }
      return { nRows, latent: new Float32Array(), logits: [logits], coords: [] };
    },
    dispose: () => undefined,
  };
}

/** What CellTypist calls a cell without a label. */
const UNASSIGNED = "Unassigned";
/** Between the labels of a cell. */
const BAR = "|";

/** All labels of a cell with a probability above `threshold`, in the order of the classes. */
export function createProbMatch(
  { classes }: LabelHead,
  nObs: number,
  threshold: number,
): { readonly labels: PredictedLabels; readonly take: TakeProbabilities } {
  const codes = new Int32Array(nObs);
  const categories: string[] = [];
  const known = new Map<string, number>();
  const take: TakeProbabilities = ([block], nRows, firstRow) => {
    for (let r = 0; r < nRows; r++) {
      const own = classes.filter((_, c) => block[r * classes.length + c] > threshold);
      const text = own.length === 0 ? UNASSIGNED : own.join(BAR);
      let code = known.get(text);
      if (code === undefined) {
        code = categories.push(text) - 1;
        known.set(text, code);
      }
      codes[firstRow + r] = code;
    }
  };
  return { labels: { codes, categories }, take };
}

const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)));

/** The label is the class of the largest score; its probability says nothing of the other classes. */
export const ONE_VS_REST: Scoring = {
  scoreBlock(logits, nRows, _temperature, scores, firstRow) {
    const nClasses = scores.classes.length;
    for (let r = 0; r < nRows; r++) {
      const at = r * nClasses;
      let best = 0;
      let other = -1;
      for (let c = 0; c < nClasses; c++) {
        if (!Number.isFinite(logits[at + c])) throw notFinite(firstRow + r, scores.column);
        if (c > 0 && logits[at + c] > logits[at + best]) {
          other = best;
          best = c;
        } else if (c > 0 && (other < 0 || logits[at + c] > logits[at + other])) other = c;
      }
      const conf = sigmoid(logits[at + best]);
      const second = other < 0 ? 0 : sigmoid(logits[at + other]);
      scores.raw[firstRow + r] = best;
      scores.conf[firstRow + r] = conf;
      scores.margin[firstRow + r] = conf - second;
      scores.second[firstRow + r] = other;
      scores.secondConf[firstRow + r] = second;
    }
  },
  probabilities: (logits) => Float64Array.from(logits, sigmoid),
};
