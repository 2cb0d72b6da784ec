/** What the network and the linear views say together of counts in memory. @module */
import type { Csr } from "../../core/csr.ts";
import type { WorkOptions } from "../../core/progress.ts";
import type { Engine, Inference } from "../../kernels/types.ts";
import type { InputTransform, Normalization } from "../../schema/training-options.ts";
import type { HeadLogits } from "../calibrate.ts";
import { logitsOf, networkInput } from "../encode.ts";
import type { ChildCorrection } from "../types.ts";
import type { ViewLabels } from "./fit-views.ts";
import { createKernelViewScorer } from "./kernel-scores.ts";
import { DOUBTED_WEIGHT, networkDisagreements } from "./network-doubt.ts";
import type { LinearViews } from "./types.ts";
import { averageProbabilities } from "./view-scores.ts";
import { viewValues } from "./view-values.ts";

/** Logarithms of mean probabilities of cells, for every label column, beside their classes. */
export interface JointScores {
  readonly mean: readonly HeadLogits[];
  /** Of the mean in which the network weighs less; null with one view, which has no other to agree with. */
  readonly doubted: {
    readonly mean: readonly HeadLogits[];
    readonly disagreements: readonly number[];
  } | null;
}

export type JointScorer = (x: Csr, labels: readonly ViewLabels[]) => Promise<JointScores>;

/** Scores cells whose values are as the matrix has them, and whose labels are `labels`. */
export async function createJointScorer(
  inference: Inference,
  linear: LinearViews,
  childCorrection: ChildCorrection | null,
  input: { readonly inputTransform: InputTransform; readonly normalize: Normalization },
  work: WorkOptions & { readonly engine: Engine },
): Promise<{ readonly score: JointScorer; dispose(): void }> {
  const scorers = await Promise.all(linear.views.map((view) => createKernelViewScorer(view, work.engine)));
  const score: JointScorer = async (x, labels) => {
    const all = Uint32Array.from({ length: x.nRows }, (_, row) => row);
    const heads = await logitsOf(
      inference,
      { x: networkInput(x, input), at: all },
      all,
      labels,
      childCorrection,
      work,
    );
    const scores: Float32Array[] = [];
    for (const [v, { input: as }] of linear.views.entries())
      scores.push(await scorers[v].score(viewValues(x, as, linear.values, 1)));
    const averaged = (networkWeights: readonly number[] | null): HeadLogits[] => {
      const means = heads.map((head) => ({ ...head, logits: head.logits.slice() }));
      averageProbabilities(
        means.map(({ logits }) => logits),
        scores,
        linear,
        networkWeights,
      );
      return means;
    };
    return {
      mean: averaged(null),
      doubted:
        scores.length < 2
          ? null
          : {
              mean: averaged(heads.map(() => DOUBTED_WEIGHT)),
              disagreements: networkDisagreements(
                heads.map(({ logits }) => logits),
                scores,
                linear,
              ),
            },
    };
  };
  return {
    score,
    dispose: () => {
      for (const scorer of scorers) scorer.dispose();
    },
  };
}
