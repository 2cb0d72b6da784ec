import { expect, test } from "vitest";
import { minimise, type Objective } from "./lbfgs.ts";

/** Rosenbrock's valley, whose lowest point is (1, 1). */
const valley: Objective = ([a, b], gradient) => {
  gradient[0] = -2 * (1 - a) - 400 * a * (b - a * a);
  gradient[1] = 200 * (b - a * a);
  return (1 - a) ** 2 + 100 * (b - a * a) ** 2;
};

test("finds the lowest point of a long, bent valley", async () => {
  const options = { maxIter: 200, tolerance: 1e-8 };
  const { x, hasConverged } = await minimise(valley, Float64Array.of(-1.2, 1), options);
  expect(hasConverged).toBe(true);
  expect(x[0]).toBeCloseTo(1, 6);
  expect(x[1]).toBeCloseTo(1, 6);
});

test("says that it stopped early, and where", async () => {
  const seen: number[] = [];
  const { x, value, iterations, hasConverged } = await minimise(valley, Float64Array.of(-1.2, 1), {
    maxIter: 3,
    tolerance: 1e-8,
    onIteration: async (iteration) => {
      seen.push(iteration);
    },
  });
  expect({ iterations, hasConverged, seen }).toEqual({ iterations: 3, hasConverged: false, seen: [0, 1, 2] });
  expect(value).toBe(valley(x, new Float64Array(2)));
  expect(value).toBeLessThan(24.2);
});

test("takes a value that is worked out later", async () => {
  const later: Objective = async (x, gradient) => valley(x, gradient);
  const options = { maxIter: 200, tolerance: 1e-8 };
  const start = Float64Array.of(-1.2, 1);
  expect(await minimise(later, start, options)).toEqual(await minimise(valley, start, options));
});
