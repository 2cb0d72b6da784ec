/**
 * Counter-based random numbers: a pure function of (seed, stream, counter), so that nothing depends on the
 * order of calls, the number of threads or the platform (docs/specification/2-training.md#reproducibility).
 * @module
 */

/**
 * A bijective 32-bit mixer with low bias.
 *
 * Source: C. Wellons, "Prospecting for hash functions" (2018), the `lowbias32` constants.
 */
export function hash32(x: number): number {
  x ^= x >>> 16;
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** The 32-bit key of a named stream under `seed` (an integer, 0 to 2^53 − 1). */
export function streamKey(seed: number, stream: string): number {
  let key = 0x811c9dc5;
  for (let i = 0; i < stream.length; i++) key = Math.imul(key ^ stream.charCodeAt(i), 0x01000193);
  key = hash32(key ^ (seed >>> 0));
  return hash32(key ^ Math.floor(seed / 4294967296));
}

/** The `counter`-th 32-bit number of a stream. */
export function randomUint32(key: number, counter: number): number {
  return hash32(hash32((counter + key) | 0) ^ hash32(key ^ 0x9e3779b9));
}

/** The `counter`-th number of a stream, uniform in [0, 1) with 24 bits (exact in float32). */
export function randomUniform(key: number, counter: number): number {
  return (randomUint32(key, counter) >>> 8) / 16777216;
}

/** A random integer in [0, bound). */
export function randomBelow(key: number, counter: number, bound: number): number {
  return Math.floor((randomUint32(key, counter) / 4294967296) * bound);
}

/** 0 … n − 1 in random order (Fisher–Yates). */
export function permutation(key: number, n: number): Uint32Array {
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  for (let i = n - 1; i > 0; i--) {
    const j = randomBelow(key, i, i + 1);
    const other = order[j];
    order[j] = order[i];
    order[i] = other;
  }
  return order;
}

/** The dropout key of one layer in one step; element e is kept when `hash32(key + e)` ≥ the threshold. */
export function dropoutLayerKey(dropoutKey: number, step: number, layer: number): number {
  return hash32((dropoutKey + Math.imul(step, 0x9e3779b9) + Math.imul(layer, 0x85ebca6b)) | 0);
}

/** The smallest 32-bit draw that keeps a unit at this dropout rate (0 ≤ rate < 1). */
export function dropoutThreshold(rate: number): number {
  return Math.floor(rate * 4294967296) >>> 0;
}
