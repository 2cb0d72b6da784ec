/**
 * Preservation of neighbour distances in a coordinate head. Source: docs/specification/2-training.md#loss.
 * @module
 */

/**
 * The mean of (d_predicted − d_target)² over each row's `k` nearest rows in target coordinates (itself
 * excluded, ties by row number, k at most nRows − 1), Euclidean; 0 with fewer than two rows. Both arrays are
 * `[nRows, width]`. `gradient`, if given, is added `scale` times the derivative by `predicted`; two rows
 * predicted at one point get no gradient.
 */
export function topology(
  predicted: Float64Array,
  target: Float64Array,
  nRows: number,
  width: number,
  k: number,
  scale: number,
  gradient: Float64Array | null,
): number {
  const nNeighbours = Math.min(k, nRows - 1);
  if (nNeighbours < 1) return 0;
  const nPairs = nRows * nNeighbours;
  const distances = new Float64Array(nRows);
  const others = new Uint32Array(nRows - 1);
  let sum = 0;
  for (let a = 0; a < nRows; a++) {
    for (let b = 0; b < nRows; b++) distances[b] = distance(target, a, b, width);
    for (let i = 0; i < nRows - 1; i++) others[i] = i < a ? i : i + 1;
    others.sort((x, y) => distances[x] - distances[y] || x - y);
    for (let i = 0; i < nNeighbours; i++) {
      const b = others[i];
      const d = distance(predicted, a, b, width);
      const error = d - distances[b];
      sum += error * error;
      if (gradient === null || d === 0) continue;
      const factor = (scale * 2 * error) / (nPairs * d);
      for (let j = 0; j < width; j++) {
        const pull = factor * (predicted[a * width + j] - predicted[b * width + j]);
        gradient[a * width + j] = gradient[a * width + j] + pull;
        gradient[b * width + j] = gradient[b * width + j] - pull;
      }
    }
  }
  return sum / nPairs;
}

function distance(points: Float64Array, a: number, b: number, width: number): number {
  let sum = 0;
  for (let j = 0; j < width; j++) {
    const difference = points[a * width + j] - points[b * width + j];
    sum += difference * difference;
  }
  return Math.sqrt(sum);
}
