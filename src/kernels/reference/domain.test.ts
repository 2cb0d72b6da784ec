import fc from "fast-check";
import { expect, test } from "vitest";
import { expectGradient, randomIntegers, randomNumbers } from "../../../test/helpers/gradients.ts";
import { domainAlignment } from "./domain.ts";

test("two domains: the mean squared difference of their means", () => {
  const latent = Float64Array.of(1, 0, 3, 0, 0, 4);
  expect(domainAlignment(latent, 3, 2, Int32Array.of(5, 5, 2), 1, null)).toBe((4 + 16) / 2);
});

test("fewer than two domains in the batch: 0 and no gradient", () => {
  const gradient = new Float64Array(4).fill(7);
  expect(domainAlignment(randomNumbers(1, 4), 2, 2, Int32Array.of(1, 1), 1, gradient)).toBe(0);
  expect([...gradient]).toEqual([7, 7, 7, 7]);
});

test("value and gradient agree with the definition and finite differences, any number of domains", () => {
  const cases = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 5 }));
  fc.assert(
    fc.property(cases, ([seed, nRows, width]) => {
      const latent = randomNumbers(seed, nRows * width);
      const domains = randomIntegers(seed + 1, nRows, 0, 4);
      expect(domainAlignment(latent, nRows, width, domains, 1, null)).toBeCloseTo(
        naive(latent, width, [...domains]),
        12,
      );
      const gradient = new Float64Array(latent.length).fill(0.5);
      domainAlignment(latent, nRows, width, domains, 0.3, gradient);
      const added = gradient.map((g) => g - 0.5);
      expectGradient((z) => 0.3 * domainAlignment(z, nRows, width, domains, 1, null), latent, added);
    }),
    { numRuns: 60 },
  );
});

function naive(latent: Float64Array, width: number, domains: number[]): number {
  const present = [...new Set(domains)];
  const mean = (d: number, i: number) => {
    const values = domains.flatMap((other, r) => (other === d ? [latent[r * width + i]] : []));
    return values.reduce((a, b) => a + b, 0) / values.length;
  };
  const pairs: number[] = [];
  for (const a of present)
    for (const b of present)
      if (a < b) {
        let sum = 0;
        for (let i = 0; i < width; i++) sum += (mean(a, i) - mean(b, i)) ** 2;
        pairs.push(sum / width);
      }
  return pairs.length === 0 ? 0 : pairs.reduce((x, y) => x + y, 0) / pairs.length;
}
