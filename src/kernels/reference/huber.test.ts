import { expect, test } from "vitest";
import { expectGradient, randomNumbers } from "../../../test/helpers/gradients.ts";
import { huber } from "./huber.ts";

test("quadratic up to 1, linear beyond, mean over the elements", () => {
  expect(huber(Float64Array.of(0.5, -3), Float64Array.of(0, 0), 2, 1, null)).toBe((0.125 + 2.5) / 2);
  expect(huber(Float64Array.of(1), Float64Array.of(0), 1, 1, null)).toBe(0.5);
  expect(huber(new Float64Array(0), new Float64Array(0), 0, 1, null)).toBe(0);
});

test("the gradient agrees with finite differences and is scaled", () => {
  for (const n of [1, 3, 10]) {
    const x = randomNumbers(n, n, -3, 3);
    const target = randomNumbers(n + 1, n);
    const gradient = new Float64Array(n);
    huber(x, target, n, 0.2, gradient);
    expectGradient((p) => 0.2 * huber(p, target, n, 1, null), x, gradient);
  }
});

test("only the first n elements of a longer buffer count", () => {
  const gradient = Float64Array.of(0, 0, 9);
  expect(huber(Float64Array.of(1, 1, 100), Float64Array.of(0, 0, 0), 2, 1, gradient)).toBe(0.5);
  expect(gradient[2]).toBe(9);
});
