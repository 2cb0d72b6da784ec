/**
 * Local regression of degree 2 in one dimension, as the loess of Cleveland and Grosse computes it: exact fits at
 * the corners of a k-d tree, cubic blending between them.
 *
 * Source: W. S. Cleveland, E. Grosse, "Computational methods for local regression", Statistics and Computing 1
 * (1991); the constants are those of netlib's dloess, which scikit-misc and R carry.
 * @module
 */
import { dot } from "../core/vectors.ts";
import { AtlasmtlError } from "../errors.ts";

/** A cell of the tree holds at most this share of the span's points. */
const CELL = 0.2;

/** By how much the box around all points is larger than they are. */
const MARGIN = 0.005;

/** Singular values below this share of the largest count as zero. */
const TOLERANCE = 100 * Number.EPSILON;

/** The fit at one corner. */
interface Vertex {
  readonly at: number;
  readonly value: number;
  readonly slope: number;
}

/**
 * The fitted value at every x.
 *
 * @param span share of the points that a local fit uses, above 0 to 1.
 * @throws BAD_DATA for fewer than 4 points.
 */
export function fitLoess(x: Float64Array, y: Float64Array, span: number): Float64Array {
  const n = x.length;
  if (n < 4)
    throw new AtlasmtlError("BAD_DATA", `a local regression needs 4 points at least; there are ${n}`);
  const order = Uint32Array.from(x, (_, i) => i).sort((a, b) => x[a] - x[b] || a - b);
  const sorted = Float64Array.from(order, (i) => x[i]);
  const values = Float64Array.from(order, (i) => y[i]);
  const nNear = Math.max(3, Math.min(n, Math.floor(n * span + 1e-5)));
  const vertices = corners(sorted, Math.floor(n * span * CELL)).map((at) => fitAt(at, sorted, values, nNear));
  const fitted = new Float64Array(n);
  let cell = 0;
  for (let i = 0; i < n; i++) {
    while (cell + 2 < vertices.length && sorted[i] > vertices[cell + 1].at) cell++;
    fitted[order[i]] = blend(sorted[i], vertices[cell], vertices[cell + 1]);
  }
  return fitted;
}

/** The corners of the tree's cells, rising: cells are cut at medians until they hold `most` points. */
function corners(x: Float64Array, most: number): number[] {
  const n = x.length;
  const low = x[0];
  const high = x[n - 1];
  const margin = MARGIN * Math.max(high - low, 1e-10 * Math.max(Math.abs(low), Math.abs(high)) + 1e-30);
  const found = [low - margin, high + margin];
  const cells: [first: number, last: number, from: number, to: number][] = [[0, n - 1, found[0], found[1]]];
  for (let cell = cells.pop(); cell !== undefined; cell = cells.pop()) {
    const [first, last, from, to] = cell;
    if (last - first + 1 <= most || to <= from) continue;
    const middle = cut(x, first, last);
    const at = x[middle];
    if (at === from || at === to) continue;
    found.push(at);
    cells.push([first, middle, from, at], [middle + 1, last, at, to]);
  }
  return [...new Set(found)].sort((a, b) => a - b);
}

/** The point nearest to the middle that differs from the next one, so that equal points stay together. */
function cut(x: Float64Array, first: number, last: number): number {
  const middle = Math.floor((first + last + 2) / 2) - 1; // points are counted from 1 in the source
  for (let offset = 0; middle + offset < last && middle + offset >= first; ) {
    if (x[middle + offset] !== x[middle + offset + 1]) return middle + offset;
    offset = -offset;
    if (offset >= 0) offset++;
  }
  return middle;
}

/** The weighted quadratic through the `nNear` points nearest to `at`: its value and slope there. */
function fitAt(at: number, x: Float64Array, y: Float64Array, nNear: number): Vertex {
  const first = nearest(at, x, nNear);
  const radius = Math.max(at - x[first], x[first + nNear - 1] - at);
  if (!(radius > 0)) return { at, value: mean(y, first, nNear), slope: 0 };
  const columns = [0, 1, 2].map(() => new Float64Array(nNear));
  const target = new Float64Array(nNear);
  for (let i = 0; i < nNear; i++) {
    const step = x[first + i] - at;
    const r = Math.abs(step) / radius;
    const tricube = 1 - r * r * r;
    const weight = tricube <= 0 ? 0 : Math.sqrt(tricube * tricube * tricube);
    columns[0][i] = weight;
    columns[1][i] = weight * step;
    columns[2][i] = weight * step * step;
    target[i] = weight * y[first + i];
  }
  const [value, slope] = leastSquares(columns, target) as [number, number, number];
  return { at, value, slope };
}

/** Where the run of `nNear` points nearest to `at` begins. */
function nearest(at: number, x: Float64Array, nNear: number): number {
  let first = 0;
  let last = x.length - nNear;
  while (first < last) {
    const middle = (first + last) >>> 1;
    if (at - x[middle] > x[middle + nNear] - at) first = middle + 1;
    else last = middle;
  }
  return first;
}

function mean(y: Float64Array, first: number, n: number): number {
  let sum = 0;
  for (let i = first; i < first + n; i++) sum += y[i];
  return sum / n;
}

/**
 * The solution of least norm, by the singular values of the columns at length one (one-sided Jacobi rotations);
 * directions whose singular value is next to zero are left out.
 */
function leastSquares(columns: readonly Float64Array[], target: Float64Array): number[] {
  const k = columns.length;
  const lengths = columns.map((column) => Math.sqrt(dot(column, column)) || 1);
  columns.forEach((column, j) => {
    for (let i = 0; i < column.length; i++) column[i] = column[i] / lengths[j];
  });
  const v = columns.map((_, i) => columns.map((__, j) => (i === j ? 1 : 0)));
  for (let sweep = 0; sweep < 60 && rotate(columns, v); sweep++);
  const sigma = columns.map((column) => Math.sqrt(dot(column, column)));
  const tolerance = Math.max(...sigma) * TOLERANCE;
  const along = columns.map((column, j) =>
    sigma[j] > tolerance ? dot(column, target) / (sigma[j] * sigma[j]) : 0,
  );
  return Array.from({ length: k }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < k; j++) sum += v[i][j] * along[j];
    return sum / lengths[i];
  });
}

/** One sweep over all pairs of columns; false once they are orthogonal. */
function rotate(columns: readonly Float64Array[], v: readonly number[][]): boolean {
  let changed = false;
  for (let p = 0; p < columns.length; p++)
    for (let q = p + 1; q < columns.length; q++) {
      const [a, b] = [columns[p], columns[q]];
      const alpha = dot(a, a);
      const beta = dot(b, b);
      const gamma = dot(a, b);
      if (Math.abs(gamma) <= Number.EPSILON * Math.sqrt(alpha * beta)) continue;
      changed = true;
      const zeta = (beta - alpha) / (2 * gamma);
      const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
      const c = 1 / Math.sqrt(1 + t * t);
      const s = c * t;
      for (let i = 0; i < a.length; i++) {
        const x = a[i];
        a[i] = c * x - s * b[i];
        b[i] = s * x + c * b[i];
      }
      for (const row of v) {
        const x = row[p];
        row[p] = c * x - s * row[q];
        row[q] = s * x + c * row[q];
      }
    }
  return changed;
}

/** The cubic between two corners that has their values and slopes. */
function blend(x: number, low: Vertex, high: Vertex): number {
  const width = high.at - low.at;
  const t = (x - low.at) / width;
  const u = 1 - t;
  return (
    u * u * (1 + 2 * t) * low.value +
    t * t * (3 - 2 * t) * high.value +
    width * (t * u * u * low.slope - t * t * u * high.slope)
  );
}
