/** Eigenvalues and eigenvectors of a small symmetric matrix. @module */
import type { Pause } from "../../core/progress.ts";

const MAX_SWEEPS = 60;
/** Off-diagonal weight, relative to the diagonal, at which the matrix counts as diagonal. */
const TOLERANCE = 1e-26;

export interface SymmetricEigen {
  /** Falling. */
  readonly values: Float64Array;
  /** Column k, of [n, n], belongs to value k. */
  readonly vectors: Float64Array;
}

/**
 * Source: the cyclic Jacobi method (Golub and Van Loan, Matrix Computations, section 8.5). Equal values keep the order of
 * the diagonal.
 */
export async function symmetricEigen(
  matrix: ArrayLike<number>,
  n: number,
  pause: Pause,
): Promise<SymmetricEigen> {
  const a = Float64Array.from(matrix);
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  for (let sweep = 0; sweep < MAX_SWEEPS && !isDiagonal(a, n); sweep++)
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) rotate(a, v, n, p, q);
      await pause();
    }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j] - a[i * n + i] || i - j);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => {
    for (let i = 0; i < n; i++) vectors[i * n + to] = v[i * n + from];
  });
  return { values: Float64Array.from(order, (i) => a[i * n + i]), vectors };
}

function isDiagonal(a: Float64Array, n: number): boolean {
  let [off, on] = [0, 0];
  for (let i = 0; i < n; i++) {
    on += a[i * n + i] * a[i * n + i];
    for (let j = i + 1; j < n; j++) off += a[i * n + j] * a[i * n + j];
  }
  return off <= TOLERANCE * on;
}

/** Turns the plane of p and q so that entry (p, q) becomes zero. */
function rotate(a: Float64Array, v: Float64Array, n: number, p: number, q: number): void {
  const apq = a[p * n + q];
  if (apq === 0) return;
  const theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < n; k++) {
    const [x, y] = [a[k * n + p], a[k * n + q]];
    a[k * n + p] = c * x - s * y;
    a[k * n + q] = s * x + c * y;
  }
  for (let k = 0; k < n; k++) {
    const [x, y] = [a[p * n + k], a[q * n + k]];
    a[p * n + k] = c * x - s * y;
    a[q * n + k] = s * x + c * y;
    const [w, z] = [v[k * n + p], v[k * n + q]];
    v[k * n + p] = c * w - s * z;
    v[k * n + q] = s * w + c * z;
  }
}
