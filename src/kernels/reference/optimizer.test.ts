import { expect, test } from "vitest";
import { randomNumbers } from "../../../test/helpers/gradients.ts";
import { applyUpdate, createMoments, createUpdates } from "./optimizer.ts";

const constants = { beta1: 0.9, beta2: 0.999, eps: 1e-8 };

test.each(["adamw", "adam"] as const)("%s follows the published update over 20 steps", (name) => {
  const weightDecay = 0.1;
  const lr = 0.01;
  const values = Float32Array.of(0.5, -0.25, 0);
  const moments = createMoments(3);
  const next = createUpdates({ name, weightDecay, ...constants });
  const [p, m, v] = [
    [0.5, -0.25, 0],
    [0, 0, 0],
    [0, 0, 0],
  ];
  for (let t = 1; t <= 20; t++) {
    const gradient = randomNumbers(t, 3);
    applyUpdate(next(lr), values, moments, gradient, 0);
    for (let i = 0; i < 3; i++) {
      const g = gradient[i] + (name === "adam" ? weightDecay * p[i] : 0);
      m[i] = 0.9 * m[i] + 0.1 * g;
      v[i] = 0.999 * v[i] + 0.001 * g * g;
      const mHat = m[i] / (1 - 0.9 ** t);
      const vHat = v[i] / (1 - 0.999 ** t);
      const decayed = name === "adamw" ? p[i] * (1 - lr * weightDecay) : p[i];
      p[i] = decayed - (lr * mHat) / (Math.sqrt(vHat) + 1e-8);
    }
  }
  for (let i = 0; i < 3; i++) expect(Math.abs(values[i] - p[i])).toBeLessThan(2e-6);
});

test("a parameter without gradient still decays and moves on by momentum", () => {
  const values = Float32Array.of(1, 1);
  const moments = createMoments(2);
  const next = createUpdates({ name: "adamw", weightDecay: 0.5, ...constants });
  applyUpdate(next(0.1), values, moments, Float64Array.of(0, 1), 0);
  expect(values[0]).toBe(Math.fround(0.95));
  const before = values[1];
  applyUpdate(next(0.1), values, moments, Float64Array.of(0, 0), 0);
  expect(values[1]).toBeLessThan(before * 0.95 - 0.01);
});

test("only the asked part of the array moves", () => {
  const values = new Float32Array(5).fill(1);
  const next = createUpdates({ name: "adamw", weightDecay: 0, ...constants });
  applyUpdate(next(0.1), values, createMoments(5), Float64Array.of(1, 1), 2);
  expect([...values].map((value) => value === 1)).toEqual([true, true, false, false, true]);
});
