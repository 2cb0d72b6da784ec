/**
 * Alignment of the mean latent of domains (batches, donors). Source: docs/specification/2-training.md#loss, method
 * `mean`.
 * @module
 */

/**
 * The mean squared difference of the mean latents, averaged over all pairs of domains present in the batch;
 * 0 with fewer than two. `latent` is `[nRows, width]`, `domains` has one code (≥ 0) per row. `gradient`, if
 * given, is added `scale` times the derivative by `latent`.
 */
export function domainAlignment(
  latent: Float64Array,
  nRows: number,
  width: number,
  domains: Int32Array,
  scale: number,
  gradient: Float64Array | null,
): number {
  const present = [...new Set(domains.subarray(0, nRows))].sort((a, b) => a - b);
  const nDomains = present.length;
  if (nDomains < 2) return 0;
  const slots = new Map(present.map((domain, slot) => [domain, slot]));
  const counts = new Float64Array(nDomains);
  const means = new Float64Array(nDomains * width);
  for (let r = 0; r < nRows; r++) {
    const slot = slots.get(domains[r])!;
    counts[slot] = counts[slot] + 1;
    for (let i = 0; i < width; i++) means[slot * width + i] = means[slot * width + i] + latent[r * width + i];
  }
  for (let slot = 0; slot < nDomains; slot++)
    for (let i = 0; i < width; i++) means[slot * width + i] = means[slot * width + i] / counts[slot];

  const nPairs = (nDomains * (nDomains - 1)) / 2;
  const dMeans = new Float64Array(nDomains * width);
  let sum = 0;
  for (let a = 0; a < nDomains; a++)
    for (let b = a + 1; b < nDomains; b++)
      for (let i = 0; i < width; i++) {
        const difference = means[a * width + i] - means[b * width + i];
        sum += difference * difference;
        dMeans[a * width + i] = dMeans[a * width + i] + 2 * difference;
        dMeans[b * width + i] = dMeans[b * width + i] - 2 * difference;
      }
  const norm = nPairs * width;
  if (gradient !== null)
    for (let r = 0; r < nRows; r++) {
      const slot = slots.get(domains[r])!;
      const factor = scale / (norm * counts[slot]);
      for (let i = 0; i < width; i++)
        gradient[r * width + i] = gradient[r * width + i] + factor * dMeans[slot * width + i];
    }
  return sum / norm;
}
