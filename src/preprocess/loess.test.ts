import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fitLoess } from "./loess.ts";

interface Golden {
  readonly loess: readonly { readonly n: number; readonly at: number[]; readonly fitted: number[] }[];
}

const golden = JSON.parse(
  readFileSync(new URL("../../test/fixtures/hvg.json", import.meta.url), "utf8"),
) as Golden;

/** The points of make_hvg.py. */
function curve(n: number): [Float64Array, Float64Array] {
  const x = Float64Array.from({ length: n }, (_, i) => (((i * 7919) % n) / n) * 5 - 3);
  const tenth = Math.floor(n / 10);
  for (let i = 0; i < tenth; i++) x[i] = Math.floor(x[i] * 10) / 10;
  const y = x.map(
    (value, i) => 0.7 * value + 0.2 * value ** 2 + 0.3 * Math.sin(7 * value) + ((i * 104729) % 1000) / 2000,
  );
  return [x, y];
}

describe("fitLoess", () => {
  it.each(golden.loess)("gives what scikit-misc gives for $n points with ties", ({ n, at, fitted }) => {
    const found = fitLoess(...curve(n), 0.3);
    at.forEach((point, i) => {
      expect(found[point]).toBeCloseTo(fitted[i], 8);
    });
  });

  it("reproduces a parabola", () => {
    const x = Float64Array.from({ length: 200 }, (_, i) => i / 20);
    const y = x.map((value) => 3 - 2 * value + 0.5 * value * value);
    fitLoess(x, y, 0.3).forEach((value, i) => {
      expect(value).toBeCloseTo(y[i], 8);
    });
  });

  it("stays finite where most points have the same x", () => {
    const x = Float64Array.from({ length: 100 }, (_, i) => (i < 80 ? 1 : i));
    const y = Float64Array.from({ length: 100 }, (_, i) => i % 7);
    expect(fitLoess(x, y, 0.3).every(Number.isFinite)).toBe(true);
  });

  it("refuses fewer than four points", () => {
    expect(() => fitLoess(new Float64Array(3), new Float64Array(3), 0.3)).toThrow(/4 points/);
  });
});
