/** Multinomial logistic regression of cells in memory, its products on the kernels. @module */
import { minimise } from "../../core/lbfgs.ts";
import { createPauser, type WorkOptions } from "../../core/progress.ts";
import type { Engine } from "../../kernels/types.ts";
import { matrixProducts } from "../components/matrix-products.ts";
import type { DenseRows } from "../feature-rows.ts";
import { softmax } from "../logistic-regression.ts";

/** Products are of float32, so that values of the objective differ by as much. */
const ROUNDING = 1e-6;

/** Rows between two pauses. */
const ROWS_AT_ONCE = 512;

export interface RegressionOptions extends Pick<WorkOptions, "signal"> {
  /** Factor of the L2 penalty of the weights, beside the sum over the rows; intercepts have none. */
  readonly penalty: number;
  readonly classWeights: Float64Array;
  readonly maxIter: number;
  /** Done when no part of the gradient is larger. */
  readonly tolerance: number;
  readonly engine?: Engine | undefined;
}

/**
 * Minimises Σ w_i · CE_i + penalty · ½‖weights‖² from weights of zero: what `fitLogisticRegression` minimises, for many rows
 * and classes. The same bits for any number of threads.
 * @throws ABORTED by the signal.
 */
export async function fitRegression(
  rows: DenseRows & { readonly values: Float32Array },
  targets: Int32Array,
  nClasses: number,
  { penalty, classWeights, maxIter, tolerance, engine, signal }: RegressionOptions,
): Promise<{ readonly weights: Float64Array; readonly intercepts: Float64Array }> {
  const { nRows, nCols } = rows;
  const products = matrixProducts(asCsr(rows), new Float32Array(nCols), nClasses, { engine, signal });
  const pause = createPauser(signal);
  const nWeights = nCols * nClasses;
  const objective = async (theta: Float64Array, gradient: Float64Array): Promise<number> => {
    const scores = await products.times(theta.subarray(0, nWeights));
    const intercepts = theta.subarray(nWeights);
    const ofIntercepts = gradient.subarray(nWeights).fill(0);
    let value = 0;
    for (let row = 0; row < nRows; row++) {
      if (row % ROWS_AT_ONCE === 0) await pause();
      const own = scores.subarray(row * nClasses, (row + 1) * nClasses);
      for (let k = 0; k < nClasses; k++) own[k] += intercepts[k];
      const weight = classWeights[targets[row]];
      value -= weight * softmax(own, targets[row]);
      own[targets[row]] -= 1;
      for (let k = 0; k < nClasses; k++) {
        own[k] *= weight;
        ofIntercepts[k] += own[k];
      }
    }
    gradient.set(await products.timesTransposed(scores));
    for (let i = 0; i < nWeights; i++) {
      value += (penalty * theta[i] * theta[i]) / 2;
      gradient[i] += penalty * theta[i];
    }
    return value;
  };
  const start = new Float64Array(nWeights + nClasses);
  const { x } = await minimise(objective, start, { maxIter, tolerance, rounding: ROUNDING });
  return { weights: x.slice(0, nWeights), intercepts: x.slice(nWeights) };
}

/** Every value is an entry. */
function asCsr({ nRows, nCols, values }: DenseRows & { readonly values: Float32Array }) {
  return {
    nRows,
    nCols,
    indptr: Uint32Array.from({ length: nRows + 1 }, (_, row) => row * nCols),
    indices: Uint32Array.from(values, (_, at) => at % nCols),
    data: values,
  };
}
