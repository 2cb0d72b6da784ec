/**
 * Multinomial logistic regression by L-BFGS, the same bits on every platform
 * (docs/specification/3-prediction.md#refinement).
 * @module
 */
import { exp, log } from "../core/math.ts";
import { AtlasmtlError } from "../errors.ts";

/** The linear scores of `nClasses` classes; probabilities are their softmax. */
export interface LogisticRegression {
  readonly nFeatures: number;
  readonly nClasses: number;
  /** `[nClasses, nFeatures]`, row-major. */
  readonly coef: Float64Array;
  /** `[nClasses]`. */
  readonly intercept: Float64Array;
}

/** What is minimised, and for how long. */
export interface LogisticOptions {
  /** Inverse strength of the L2 penalty; intercepts are not penalised. */
  readonly c: number;
  /** Steps of L-BFGS at most. */
  readonly maxIter: number;
  /** Done when no component of the gradient of the summed loss is larger. */
  readonly tolerance: number;
}

export const DEFAULT_LOGISTIC_OPTIONS: LogisticOptions = { c: 1, maxIter: 1000, tolerance: 1e-5 };

/** Pairs of steps and gradient changes that L-BFGS remembers. */
const MEMORY = 10;
/** Share of the expected decrease that a step must reach. */
const ARMIJO = 1e-4;
const MAX_HALVINGS = 50;

/**
 * Fits classes to `features` `[n, nFeatures]` (row-major); `targets` holds the class of each row.
 *
 * Minimises ½‖coef‖² + C · Σ w_i · CE_i with balanced weights w = n / (nClasses · n_class), as scikit-learn's
 * `LogisticRegression(class_weight="balanced")`. Two classes share one weight vector there, which is the same as
 * a penalty twice as strong here. Source: Liu & Nocedal, 1989.
 * @throws USAGE for fewer than two classes or sizes that do not fit, BAD_DATA for a class without a row or a
 * feature that is not finite.
 */
export function fitLogisticRegression(
  features: Float64Array,
  targets: Int32Array,
  nClasses: number,
  options: Partial<LogisticOptions> = {},
): LogisticRegression {
  const { c, maxIter, tolerance } = { ...DEFAULT_LOGISTIC_OPTIONS, ...options };
  const n = targets.length;
  const nFeatures = n === 0 ? 0 : features.length / n;
  if (nClasses < 2 || n === 0 || !Number.isInteger(nFeatures))
    throw new AtlasmtlError(
      "USAGE",
      `a logistic regression needs two classes and equal rows, got ${nClasses} classes and ${features.length} features for ${n} rows`,
    );
  checkFinite(features, nFeatures);
  const weights = balancedWeights(targets, nClasses);
  const width = nFeatures + 1;
  const penalty = nClasses === 2 ? 2 : 1;
  const scores = new Float64Array(nClasses);

  /** The loss at `theta` (`[nClasses, nFeatures + 1]`, the intercept last); fills `gradient`. */
  const evaluate = (theta: Float64Array, gradient: Float64Array): number => {
    gradient.fill(0);
    let loss = 0;
    for (let i = 0; i < n; i++) {
      const row = i * nFeatures;
      let largest = Number.NEGATIVE_INFINITY;
      for (let k = 0; k < nClasses; k++) {
        let score = theta[k * width + nFeatures];
        for (let f = 0; f < nFeatures; f++) score += theta[k * width + f] * features[row + f];
        scores[k] = score;
        if (score > largest) largest = score;
      }
      let sum = 0;
      const target = targets[i];
      const shifted = scores[target] - largest;
      for (let k = 0; k < nClasses; k++) {
        const p = exp(scores[k] - largest);
        scores[k] = p;
        sum += p;
      }
      const weight = c * weights[target];
      loss += weight * (log(sum) - shifted);
      for (let k = 0; k < nClasses; k++) {
        const error = weight * (scores[k] / sum - (k === target ? 1 : 0));
        for (let f = 0; f < nFeatures; f++)
          gradient[k * width + f] = gradient[k * width + f] + error * features[row + f];
        gradient[k * width + nFeatures] = gradient[k * width + nFeatures] + error;
      }
    }
    for (let k = 0; k < nClasses; k++)
      for (let f = 0; f < nFeatures; f++) {
        const value = theta[k * width + f];
        loss += 0.5 * penalty * value * value;
        gradient[k * width + f] = gradient[k * width + f] + penalty * value;
      }
    return loss;
  };

  const theta = minimise(evaluate, nClasses * width, maxIter, tolerance);
  const coef = new Float64Array(nClasses * nFeatures);
  const intercept = new Float64Array(nClasses);
  for (let k = 0; k < nClasses; k++) {
    coef.set(theta.subarray(k * width, k * width + nFeatures), k * nFeatures);
    intercept[k] = theta[k * width + nFeatures];
  }
  return { nFeatures, nClasses, coef, intercept };
}

/** Writes the score of each class for one row of features; equal to log probability up to a constant. */
export function logisticScores(
  { nFeatures, nClasses, coef, intercept }: LogisticRegression,
  features: Float64Array,
  into: Float64Array,
): void {
  for (let k = 0; k < nClasses; k++) {
    let score = intercept[k];
    for (let f = 0; f < nFeatures; f++) score += coef[k * nFeatures + f] * features[f];
    into[k] = score;
  }
}

function checkFinite(features: Float64Array, nFeatures: number): void {
  const at = features.findIndex((value) => !Number.isFinite(value));
  if (at >= 0)
    throw new AtlasmtlError(
      "BAD_DATA",
      `feature ${at % nFeatures} of row ${Math.floor(at / nFeatures)} is ${features[at]}, expected a finite number`,
    );
}

function balancedWeights(targets: Int32Array, nClasses: number): Float64Array {
  const counts = new Uint32Array(nClasses);
  for (const target of targets) {
    if (target < 0 || target >= nClasses)
      throw new AtlasmtlError("USAGE", `a row has class ${target}, expected 0 to ${nClasses - 1}`);
    counts[target]++;
  }
  const empty = counts.indexOf(0);
  if (empty >= 0) throw new AtlasmtlError("BAD_DATA", `no row has class ${empty} of ${nClasses}`);
  return Float64Array.from(counts, (count) => targets.length / (nClasses * count));
}

/** L-BFGS from zero with halved steps; stops where no step lowers the loss any more. */
function minimise(
  evaluate: (theta: Float64Array, gradient: Float64Array) => number,
  size: number,
  maxIter: number,
  tolerance: number,
): Float64Array {
  let theta = new Float64Array(size);
  let gradient = new Float64Array(size);
  let loss = evaluate(theta, gradient);
  const history: { readonly step: Float64Array; readonly change: Float64Array; readonly rho: number }[] = [];
  for (let iteration = 0; iteration < maxIter; iteration++) {
    if (gradient.every((value) => Math.abs(value) <= tolerance)) break;
    const direction = descent(gradient, history);
    const slope = dot(direction, gradient);
    // Without a history the direction is the gradient itself, of any length.
    let rate = history.length === 0 ? Math.min(1, 1 / Math.sqrt(-slope)) : 1;
    const next = new Float64Array(size);
    const nextGradient = new Float64Array(size);
    let nextLoss = Number.POSITIVE_INFINITY;
    let halvings = 0;
    for (; halvings < MAX_HALVINGS; halvings++) {
      for (let i = 0; i < size; i++) next[i] = theta[i] + rate * direction[i];
      nextLoss = evaluate(next, nextGradient);
      if (nextLoss <= loss + ARMIJO * rate * slope) break;
      rate /= 2;
    }
    if (halvings === MAX_HALVINGS) break;
    const step = next.map((value, i) => value - theta[i]);
    const change = nextGradient.map((value, i) => value - gradient[i]);
    const curvature = dot(step, change);
    if (curvature > 0) {
      history.push({ step, change, rho: 1 / curvature });
      if (history.length > MEMORY) history.shift();
    }
    theta = next;
    gradient = nextGradient;
    loss = nextLoss;
  }
  return theta;
}

/** The two-loop recursion: minus the remembered inverse Hessian times the gradient. */
function descent(
  gradient: Float64Array,
  history: readonly { readonly step: Float64Array; readonly change: Float64Array; readonly rho: number }[],
): Float64Array {
  const q = gradient.slice();
  const alphas = new Float64Array(history.length);
  for (let h = history.length - 1; h >= 0; h--) {
    const { step, change, rho } = history[h];
    alphas[h] = rho * dot(step, q);
    for (let i = 0; i < q.length; i++) q[i] = q[i] - alphas[h] * change[i];
  }
  const last = history.at(-1);
  const scale = last === undefined ? 1 : 1 / (last.rho * dot(last.change, last.change));
  for (let i = 0; i < q.length; i++) q[i] = q[i] * scale;
  history.forEach(({ step, change, rho }, h) => {
    const beta = rho * dot(change, q);
    for (let i = 0; i < q.length; i++) q[i] = q[i] + (alphas[h] - beta) * step[i];
  });
  return q.map((value) => -value);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
