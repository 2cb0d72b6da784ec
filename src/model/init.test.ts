import { expect, test } from "vitest";
import { tensorsOf } from "../../test/helpers/training-fixtures.ts";
import { initialWeights } from "./init.ts";

const shape = { nGenes: 400, hiddenSizes: [50, 20], nClasses: [3, 7], coordDims: [4] };

test("weights and biases fill ±1/√nIn evenly", () => {
  const { encoder, labelHeads } = initialWeights(shape, ["latent"], 1);
  for (const { nIn, weight, bias } of [...encoder, ...labelHeads]) {
    const bound = 1 / Math.sqrt(nIn);
    for (const value of [...weight, ...bias]) expect(Math.abs(value)).toBeLessThanOrEqual(Math.fround(bound));
    if (weight.length < 1000) continue;
    const mean = weight.reduce((a, b) => a + b, 0) / weight.length;
    const variance = weight.reduce((a, b) => a + b * b, 0) / weight.length;
    expect(Math.abs(mean)).toBeLessThan((4 * bound) / Math.sqrt(3 * weight.length));
    expect(Math.abs(variance / (bound * bound) - 1 / 3)).toBeLessThan(0.03);
  }
});

test("the same key gives the same bits; another key or another tensor does not", () => {
  const once = tensorsOf(initialWeights(shape, ["latent"], 1));
  expect(tensorsOf(initialWeights(shape, ["latent"], 1))).toEqual(once);
  expect(tensorsOf(initialWeights(shape, ["latent"], 2))[0]).not.toEqual(once[0]);
  const firsts = new Set(once.map((tensor) => tensor[0] / Math.max(...tensor.map(Math.abs))));
  expect(firsts.size).toBe(once.length);
});

test("the numbers of a tensor are fixed for ever", () => {
  const { weight, bias } = initialWeights(shape, ["latent"], 1).encoder[1];
  expect([weight[0], weight[999], bias[19]]).toEqual([
    -0.016911018639802933, 0.06065383180975914, -0.06722560524940491,
  ]);
});

test("another head leaves the other tensors as they are", () => {
  const with2 = initialWeights(shape, ["latent"], 1);
  const with3 = initialWeights({ ...shape, nClasses: [3, 7, 9], coordDims: [2, 4] }, ["umap", "latent"], 1);
  expect(with3.encoder).toEqual(with2.encoder);
  expect(with3.labelHeads.slice(0, 2)).toEqual(with2.labelHeads);
  expect(with3.coordHeads[1]).toEqual(with2.coordHeads[0]);
});
