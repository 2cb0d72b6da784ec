import fc from "fast-check";
import { expect, test } from "vitest";
import { expectGradient, randomNumbers } from "../../../test/helpers/gradients.ts";
import { linearBackwardInput, linearBackwardWeights, linearForward } from "./linear.ts";

const sizes = fc.record({
  seed: fc.nat(),
  nRows: fc.integer({ min: 1, max: 5 }),
  nIn: fc.integer({ min: 1, max: 7 }),
  nOut: fc.integer({ min: 1, max: 9 }),
});

function layerOf(seed: number, nIn: number, nOut: number) {
  const weight = Float32Array.from(randomNumbers(seed, nIn * nOut));
  return { nIn, nOut, weight, bias: Float32Array.from(randomNumbers(seed + 1, nOut)) };
}

test("forward agrees with the sum of products at any width", () => {
  fc.assert(
    fc.property(sizes, ({ seed, nRows, nIn, nOut }) => {
      const layer = layerOf(seed, nIn, nOut);
      const x = randomNumbers(seed + 2, nRows * nIn);
      const out = new Float64Array(nRows * nOut);
      linearForward(x, nRows, layer, out);
      for (let r = 0; r < nRows; r++)
        for (let o = 0; o < nOut; o++) {
          let sum = layer.bias[o];
          for (let i = 0; i < nIn; i++) sum += x[r * nIn + i] * layer.weight[o * nIn + i];
          expect(out[r * nOut + o]).toBeCloseTo(sum, 10);
        }
    }),
  );
});

test("gradients agree with finite differences; the input's is added, the weights' are overwritten", () => {
  fc.assert(
    fc.property(sizes, ({ seed, nRows, nIn, nOut }) => {
      const layer = layerOf(seed, nIn, nOut);
      const x = randomNumbers(seed + 2, nRows * nIn);
      const dOut = randomNumbers(seed + 3, nRows * nOut).map((g, i) => (i % 3 === 0 ? 0 : g));
      const objective = (input: Float64Array, weight: Float64Array, bias: Float64Array) => {
        let sum = 0;
        for (let r = 0; r < nRows; r++)
          for (let o = 0; o < nOut; o++) {
            let value = bias[o];
            for (let i = 0; i < nIn; i++) value += input[r * nIn + i] * weight[o * nIn + i];
            sum += dOut[r * nOut + o] * value;
          }
        return sum;
      };
      const weight = Float64Array.from(layer.weight);
      const bias = Float64Array.from(layer.bias);
      const dx = new Float64Array(x.length).fill(0.5);
      const dWeight = new Float64Array(weight.length).fill(9);
      const dBias = new Float64Array(nOut).fill(9);
      linearBackwardInput(dOut, nRows, layer, dx);
      linearBackwardWeights(x, dOut, nRows, layer, dWeight, dBias);
      expectGradient(
        (v) => objective(v, weight, bias),
        x,
        dx.map((g) => g - 0.5),
      );
      expectGradient((v) => objective(x, v, bias), weight, dWeight);
      expectGradient((v) => objective(x, weight, v), bias, dBias);
    }),
    { numRuns: 40 },
  );
});
