import { expect, test } from "vitest";
import { randomProblem, tensorsOf } from "../../../test/helpers/training-fixtures.ts";
import type { NetworkShape, NetworkWeights, TrainerOptions } from "../types.ts";
import { batchLoss } from "./loss.ts";
import { backward, createActivations, createNetwork, forward } from "./network.ts";
import { batchColumns, biasGradient, geneGradient } from "./sparse-linear.ts";

const shapes: [string, NetworkShape][] = [
  [
    "two hidden layers, two label and two coordinate heads",
    { nGenes: 9, hiddenSizes: [7, 5], nClasses: [2, 4], coordDims: [3, 2] },
  ],
  [
    "one hidden layer, one class, no coordinates",
    { nGenes: 5, hiddenSizes: [3], nClasses: [1], coordDims: [] },
  ],
  [
    "three hidden layers, one unit wide in the middle",
    { nGenes: 6, hiddenSizes: [5, 1, 4], nClasses: [3], coordDims: [1] },
  ],
];
const rows = Uint32Array.of(6, 0, 3, 3, 9, 1);

/** Gradients of all tensors, in the order of {@link tensorsOf}. */
function gradientsOf(problem: TrainerOptions): Float64Array[] {
  const { shape, data, loss, dropoutRate: rate, dropoutKey: key } = problem;
  const network = createNetwork(shape, problem.initial);
  const dense = [...network.hidden, ...network.labelHeads, ...network.coordHeads];
  const layerGradients = dense.map(({ weight, bias }) => ({
    weight: new Float64Array(weight.length),
    bias: new Float64Array(bias.length),
  }));
  const values = createActivations(network, rows.length);
  const gradients = createActivations(network, rows.length);
  forward(network, data.x, rows, { rate, key, step: 5 }, values);
  batchLoss(shape, data, rows, loss, values, gradients);
  backward(network, rows.length, rate, values, gradients, layerGradients);

  const width = shape.hiddenSizes[0];
  const first = { weight: new Float64Array(shape.nGenes * width), bias: new Float64Array(width) };
  const columns = batchColumns(data.x, rows);
  const one = new Float64Array(width);
  for (let gene = 0; gene < shape.nGenes; gene++) {
    geneGradient(columns, gene, gradients.hidden[0], one);
    for (let h = 0; h < width; h++) first.weight[h * shape.nGenes + gene] = one[h];
  }
  biasGradient(gradients.hidden[0], rows.length, first.bias);
  return [first, ...layerGradients].flatMap(({ weight, bias }) => [weight, bias]);
}

function lossOf(
  { shape, data, loss, dropoutRate: rate, dropoutKey: key }: TrainerOptions,
  weights: NetworkWeights,
) {
  const network = createNetwork(shape, weights);
  const values = createActivations(network, rows.length);
  forward(network, data.x, rows, { rate, key, step: 5 }, values);
  return batchLoss(shape, data, rows, loss, values, null).total;
}

test.each(shapes)(
  "every gradient agrees with finite differences, all losses and dropout on: %s",
  (_, shape) => {
    for (const binary of [true, false]) {
      const problem = randomProblem({ seed: binary ? 3 : 4, nRows: 10, shape, binary });
      const gradients = gradientsOf(problem);
      const tensors = tensorsOf(problem.initial);
      tensors.forEach((tensor, t) => {
        for (let i = 0; i < tensor.length; i++) {
          const kept = tensor[i];
          // The weights are float32: the step is what they really moved by.
          tensor[i] = kept + 0.001;
          const above = { at: tensor[i], loss: lossOf(problem, problem.initial) };
          tensor[i] = kept - 0.001;
          const below = { at: tensor[i], loss: lossOf(problem, problem.initial) };
          tensor[i] = kept;
          const numeric = (above.loss - below.loss) / (above.at - below.at);
          expect(Math.abs(gradients[t][i] - numeric), `tensor ${t} element ${i}`).toBeLessThan(2e-5);
        }
      });
      expect(gradients.some((gradient) => gradient.some((g) => Math.abs(g) > 1e-3))).toBe(true);
    }
  },
);

test("weights of other sizes than the network's are refused", () => {
  const { shape, initial } = randomProblem({ seed: 1, nRows: 4, shape: shapes[0][1], binary: true });
  expect(() => createNetwork({ ...shape, nClasses: [2, 5] }, initial)).toThrow("label heads");
  expect(() => createNetwork({ ...shape, nGenes: 10 }, initial)).toThrow("encoder");
  expect(() => createNetwork({ ...shape, coordDims: [3] }, initial)).toThrow("coordinate heads");
  expect(() => createNetwork({ ...shape, hiddenSizes: [] }, { ...initial, encoder: [] })).toThrow("encoder");
});
