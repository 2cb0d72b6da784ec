/** What the network and the linear views say together of counts in memory. @module */
import type { Csr } from "../../core/csr.ts";
import { normalizeCells } from "../../core/normalize.ts";
import type { WorkOptions } from "../../core/progress.ts";
import type { Inference } from "../../kernels/types.ts";
import type { InputTransform, Normalization } from "../../schema/training-options.ts";
import type { HeadLogits } from "../calibrate.ts";
import { logitsOf } from "../encode.ts";
import type { ChildCorrection } from "../types.ts";
import type { ViewLabels } from "./fit-views.ts";
import type { LinearViews } from "./types.ts";
import { averageProbabilities, createViewScorer, scoreViews } from "./view-scores.ts";

/** Logarithms of the mean probabilities of cells, for every label column, beside their classes. */
export type JointScorer = (x: Csr, labels: readonly ViewLabels[]) => Promise<HeadLogits[]>;

/** Scores cells whose values are as the matrix has them, and whose labels are `labels`. */
export function createJointScorer(
  inference: Inference,
  linear: LinearViews,
  childCorrection: ChildCorrection | null,
  input: { readonly inputTransform: InputTransform; readonly normalize: Normalization },
  work: WorkOptions,
): JointScorer {
  const scorers = linear.views.map((view) => createViewScorer(view, null));
  return async (x, labels) => {
    const all = Uint32Array.from({ length: x.nRows }, (_, row) => row);
    const heads = await logitsOf(inference, networkInput(x, input), all, labels, childCorrection, work);
    averageProbabilities(
      heads.map(({ logits }) => logits),
      scoreViews(linear, scorers, x, 1),
      linear,
    );
    return heads;
  };
}

function networkInput(
  x: Csr,
  {
    inputTransform,
    normalize,
  }: { readonly inputTransform: InputTransform; readonly normalize: Normalization },
): Csr {
  if (inputTransform === "binary") return { ...x, data: null };
  if (normalize === "none") return x;
  const own = { ...x, data: x.data === null ? new Float32Array(x.indices.length).fill(1) : x.data.slice() };
  normalizeCells(own);
  return own;
}
