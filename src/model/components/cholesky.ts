/** Cholesky factors of small symmetric matrices, row-major and square. @module */

/**
 * The lower factor L of a symmetric positive definite matrix, A = L Lᵀ; a pivot below `floor` becomes zero with its
 * column, so that a matrix of lower rank has a factor too.
 */
export function choleskyFactor(matrix: ArrayLike<number>, n: number, floor = 0): Float64Array {
  const factor = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    let pivot = matrix[j * n + j];
    for (let k = 0; k < j; k++) pivot -= factor[j * n + k] * factor[j * n + k];
    if (!(pivot > floor)) continue;
    const root = Math.sqrt(pivot);
    factor[j * n + j] = root;
    for (let i = j + 1; i < n; i++) {
      let sum = matrix[i * n + j];
      for (let k = 0; k < j; k++) sum -= factor[i * n + k] * factor[j * n + k];
      factor[i * n + j] = sum / root;
    }
  }
  return factor;
}

/** Replaces `x`, which begins at `at`, by the solution y of L y = x; entries at a zero pivot become zero. */
export function solveLower(factor: ArrayLike<number>, n: number, x: Float64Array, at = 0): void {
  for (let i = 0; i < n; i++) {
    const pivot = factor[i * n + i];
    if (pivot === 0) {
      x[at + i] = 0;
      continue;
    }
    let sum = x[at + i];
    for (let k = 0; k < i; k++) sum -= factor[i * n + k] * x[at + k];
    x[at + i] = sum / pivot;
  }
}

/** Replaces `x` by the solution y of Lᵀ y = x. */
function solveUpper(factor: ArrayLike<number>, n: number, x: Float64Array): void {
  for (let i = n - 1; i >= 0; i--) {
    const pivot = factor[i * n + i];
    let sum = x[i];
    for (let k = i + 1; k < n; k++) sum -= factor[k * n + i] * x[k];
    x[i] = pivot === 0 ? 0 : sum / pivot;
  }
}

/** Replaces `x` by the solution y of A y = x, with A = L Lᵀ. */
export function solveCholesky(factor: ArrayLike<number>, n: number, x: Float64Array): void {
  solveLower(factor, n, x);
  solveUpper(factor, n, x);
}
