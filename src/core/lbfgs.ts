/** Minimising a smooth function of many numbers. @module */
import { dot } from "./vectors.ts";

/** Writes the gradient at `x` to `gradient` and returns the value. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number | Promise<number>;

export interface LbfgsOptions {
  readonly maxIter: number;
  /** Stops once no part of the gradient is larger. */
  readonly tolerance: number;
  /** The share of a value by which rounding may change it; that of float64 without it. */
  readonly rounding?: number | undefined;
  /** Called before each iteration, such as to let others work. */
  readonly onIteration?: ((iteration: number) => Promise<void>) | undefined;
}

export interface LbfgsResult {
  readonly x: Float64Array;
  readonly value: number;
  readonly iterations: number;
  readonly hasConverged: boolean;
}

interface Pair {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly rho: number;
}

/** Pairs of steps and gradient changes kept. */
const MEMORY = 10;
/** Share of the expected decrease that a step must reach. */
const ARMIJO = 1e-4;
const MAX_HALVINGS = 40;
/** Near the lowest point values differ by rounding only, which must not end the descent. */
const ROUNDING = 1e-14;

/**
 * Limited-memory BFGS with backtracking: the same bits on every platform where the objective gives them.
 * Source: Nocedal & Wright, Numerical Optimization (2006), algorithm 7.4.
 */
export async function minimise(
  objective: Objective,
  start: Float64Array,
  options: LbfgsOptions,
): Promise<LbfgsResult> {
  const n = start.length;
  const { rounding = ROUNDING } = options;
  let x = start.slice();
  let gradient = new Float64Array(n);
  let value = await objective(x, gradient);
  const pairs: Pair[] = [];
  for (let iteration = 0; iteration < options.maxIter; iteration++) {
    if (largest(gradient) <= options.tolerance)
      return { x, value, iterations: iteration, hasConverged: true };
    await options.onIteration?.(iteration);
    let direction = descent(gradient, pairs);
    let slope = dot(gradient, direction);
    if (!(slope < 0)) {
      pairs.length = 0;
      direction = gradient.map((part) => -part);
      slope = -dot(gradient, gradient);
    }
    // Without a memory of steps the gradient's length says nothing about how far to go.
    let length = pairs.length === 0 ? Math.min(1, 1 / Math.sqrt(-slope)) : 1;
    const next = new Float64Array(n);
    const nextGradient = new Float64Array(n);
    let nextValue = Number.POSITIVE_INFINITY;
    let halvings = 0;
    for (; halvings < MAX_HALVINGS; halvings++) {
      for (let i = 0; i < n; i++) next[i] = x[i] + length * direction[i];
      nextValue = await objective(next, nextGradient);
      if (nextValue <= value + ARMIJO * length * slope + rounding * Math.abs(value)) break;
      length /= 2;
    }
    if (halvings === MAX_HALVINGS) return { x, value, iterations: iteration, hasConverged: false };
    const step = next.map((part, i) => part - x[i]);
    const change = nextGradient.map((part, i) => part - gradient[i]);
    const curvature = dot(step, change);
    if (curvature > Number.EPSILON * dot(change, change)) {
      pairs.push({ step, change, rho: 1 / curvature });
      if (pairs.length > MEMORY) pairs.shift();
    }
    x = next;
    gradient = nextGradient;
    value = nextValue;
  }
  return { x, value, iterations: options.maxIter, hasConverged: largest(gradient) <= options.tolerance };
}

/** The two-loop recursion: minus the remembered inverse Hessian times the gradient. */
function descent(gradient: Float64Array, pairs: readonly Pair[]): Float64Array<ArrayBuffer> {
  const q = gradient.map((part) => -part);
  const alphas: number[] = [];
  for (let p = pairs.length - 1; p >= 0; p--) {
    const { step, change, rho } = pairs[p];
    const alpha = rho * dot(step, q);
    alphas[p] = alpha;
    for (let i = 0; i < q.length; i++) q[i] -= alpha * change[i];
  }
  const last = pairs.at(-1);
  if (last !== undefined) {
    const scale = 1 / (last.rho * dot(last.change, last.change));
    for (let i = 0; i < q.length; i++) q[i] *= scale;
  }
  pairs.forEach(({ step, change, rho }, p) => {
    const beta = rho * dot(change, q);
    for (let i = 0; i < q.length; i++) q[i] += (alphas[p] - beta) * step[i];
  });
  return q;
}

function largest(values: Float64Array): number {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}
