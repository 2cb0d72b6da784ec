import fc from "fast-check";
import { expect, test } from "vitest";
import { createEngine } from "../kernels/engine.ts";
import { heldOutThreshold } from "./choose-threshold.ts";

const points = (values: readonly number[]) => ({
  nRows: values.length,
  nCols: 1,
  data: Float32Array.from(values),
});

test("the threshold is the smallest distance that the quantile of held-out cells does not exceed", async () => {
  const engine = await createEngine();
  const values = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(values, fc.double({ min: 0.01, max: 1, noNaN: true }), async (cells, quantile) => {
      const train = Uint32Array.from(cells.keys()).filter((row) => row % 2 === 0);
      const val = Uint32Array.from(cells.keys()).filter((row) => row % 2 === 1);
      const chosen = await heldOutThreshold(points(cells), { train, val }, quantile, { engine });
      const distances = [...val].map((v) =>
        Math.min(...[...train].map((t) => Math.abs(cells[t] - cells[v]))),
      );
      const within = (limit: number) => distances.filter((d) => d <= limit).length / distances.length;
      expect(chosen.nHeldOut).toBe(val.length);
      expect(distances).toContain(chosen.threshold);
      expect(within(chosen.threshold)).toBeGreaterThanOrEqual(quantile - 1e-9);
      for (const smaller of distances.filter((d) => d < chosen.threshold))
        expect(within(smaller)).toBeLessThan(quantile + 1e-9);
    }),
    { numRuns: 50 },
  );
  engine.dispose();
});

test("without held-out cells there is no threshold", async () => {
  const engine = await createEngine();
  const split = { train: Uint32Array.of(0), val: new Uint32Array(0) };
  await expect(heldOutThreshold(points([1]), split, 0.9, { engine })).rejects.toThrow(/needs held-out cells/);
  engine.dispose();
});
