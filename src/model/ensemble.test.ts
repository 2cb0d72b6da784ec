import { expect, test } from "vitest";
import { randomCsr } from "../../test/helpers/training-fixtures.ts";
import { createReferenceEngine } from "../kernels/reference/engine.ts";
import type { NetworkShape } from "../kernels/types.ts";
import { ensembleShape, joinMembers } from "./ensemble.ts";
import { initialWeights } from "./init.ts";

const engine = createReferenceEngine();

test.each([[[7]], [[6, 5]], [[9, 4, 3]]])(
  "hidden layers %j: the joined network says the members' mean",
  async (hiddenSizes) => {
    const shape: NetworkShape = { nGenes: 11, hiddenSizes, nClasses: [2, 5], coordDims: [3] };
    const members = [1, 2, 3].map((seed) => initialWeights(shape, ["umap"], seed));
    const cells = randomCsr(4, 6, 11, 0.5, false);
    const infer = async (own: NetworkShape, weights: (typeof members)[0]) => {
      const inference = await engine.createInference(own, weights);
      return inference.run(cells);
    };
    const joined = await infer(ensembleShape(shape, 3), joinMembers(members));
    const apart = await Promise.all(members.map((weights) => infer(shape, weights)));
    const mean = (pick: (result: typeof joined) => Float32Array) =>
      pick(joined).forEach((value, i) => {
        expect(value).toBeCloseTo(
          apart.reduce((sum, result) => sum + pick(result)[i] / 3, 0),
          5,
        );
      });
    mean(({ logits }) => logits[0]);
    mean(({ logits }) => logits[1]);
    mean(({ coords }) => coords[0]);
    const width = hiddenSizes.at(-1)!;
    for (let r = 0; r < 6; r++)
      apart.forEach(({ latent }, m) => {
        const own = joined.latent.subarray((3 * r + m) * width, (3 * r + m + 1) * width);
        expect([...own]).toEqual(
          [...latent.subarray(r * width, (r + 1) * width)].map((z) => expect.closeTo(z, 5)),
        );
      });
  },
);

test("one member is itself", () => {
  const shape: NetworkShape = { nGenes: 3, hiddenSizes: [2], nClasses: [2], coordDims: [] };
  const weights = initialWeights(shape, [], 1);
  expect(joinMembers([weights])).toBe(weights);
});
