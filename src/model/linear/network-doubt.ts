/**
 * When the views of a model doubt its network (docs/specification/3-prediction.md#confidence): on cells of another study a
 * network on genes that are on or off may fail where views do not, and the views then agree with each other and not with it.
 * @module
 */
import { probabilitiesOf } from "../conformal.ts";
import type { LinearViews, Rung } from "./types.ts";

/** What a doubted network weighs, beside 1 for each view (decision record 21). */
export const DOUBTED_WEIGHT = 1 / 3;
/** So much more disagreement than on held-out cells is doubt, and fewer cells than this say nothing. */
const DOUBT = 0.08;
const LEAST_CELLS = 100;

/**
 * By label column the share of cells on whose class all views agree, less the share on whose class the network agrees with
 * the mean of the views: above 0 where the network is the odd one out. `logits` are the network's, `scores` those of the
 * views, of the same rows.
 */
export function networkDisagreements(
  logits: readonly Float32Array[],
  scores: readonly Float32Array[],
  { views }: Pick<LinearViews, "views">,
): number[] {
  const nOutputs = views[0].heads.reduce((sum, { intercepts }) => sum + intercepts.length, 0);
  let first = 0;
  return logits.map((own, j) => {
    const nClasses = views[0].heads[j].intercepts.length;
    const nRows = own.length / nClasses;
    const [one, sum] = [new Float64Array(nClasses), new Float64Array(nClasses)];
    let [nAlike, nWithNetwork] = [0, 0];
    for (let row = 0; row < nRows; row++) {
      sum.fill(0);
      const classes = views.map(({ heads }, v) => {
        probabilitiesOf(scores[v], row * nOutputs + first, heads[j].temperature, one);
        for (let k = 0; k < nClasses; k++) sum[k] += one[k];
        return largest(one);
      });
      if (classes.every((each) => each === classes[0])) nAlike++;
      if (largest(own.subarray(row * nClasses, (row + 1) * nClasses)) === largest(sum)) nWithNetwork++;
    }
    first += nClasses;
    return nRows === 0 ? 0 : (nAlike - nWithNetwork) / nRows;
  });
}

/** By label column whether a network with these `disagreements` on `nCells` of a query is doubted. */
export function isDoubted(
  disagreements: readonly number[],
  nCells: number,
  [asHeldOut]: readonly Rung[],
): boolean[] {
  const usual = asHeldOut.doubted?.disagreements ?? null;
  return disagreements.map(
    (own, j) => usual !== null && nCells >= LEAST_CELLS && own - Math.max(usual[j], 0) > DOUBT,
  );
}

/** The first of equals. */
function largest(values: Float32Array | Float64Array): number {
  let at = 0;
  for (let k = 1; k < values.length; k++) if (values[k] > values[at]) at = k;
  return at;
}
