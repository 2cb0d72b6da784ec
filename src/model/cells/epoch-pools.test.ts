import fc from "fast-check";
import { expect, test } from "vitest";
import { planPools, poolOrder, rangesOf } from "./epoch-pools.ts";

const cases = fc.record({
  nRows: fc.integer({ min: 1, max: 3000 }),
  buffer: fc.integer({ min: 1, max: 1500 }),
  draws: fc.array(fc.nat(), { minLength: 1, maxLength: 400 }),
  key: fc.nat(),
});

test("an epoch takes each drawn cell once, pool by pool, in the order of the draw", () => {
  fc.assert(
    fc.property(cases, ({ nRows, buffer, draws, key }) => {
      const drawn = Uint32Array.from(draws, (draw) => draw % nRows);
      const plan = planPools(nRows, buffer);
      const { order, ends, blocks } = poolOrder(drawn, plan, key);
      expect(blocks.flatMap((own) => [...own]).toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: plan.nBlocks }, (_, block) => block),
      );
      expect(ends.at(-1)).toBe(drawn.length);
      for (const [p, own] of blocks.entries()) {
        const rows = new Set<number>();
        for (const { start, end } of rangesOf(own, plan)) for (let r = start; r < end; r++) rows.add(r);
        expect(rows.size).toBeLessThanOrEqual(Math.max(1, buffer));
        const pool = [...order.subarray(p === 0 ? 0 : ends[p - 1], ends[p])];
        expect(pool).toEqual([...drawn].filter((row) => rows.has(row)));
      }
    }),
  );
});

test("each epoch has other cells together", () => {
  const drawn = Uint32Array.from({ length: 1000 }, (_, row) => row);
  const plan = planPools(1000, 128);
  expect(plan.nPools).toBe(8);
  expect(poolOrder(drawn, plan, 1).order).toEqual(poolOrder(drawn, plan, 1).order);
  expect(poolOrder(drawn, plan, 1).order).not.toEqual(poolOrder(drawn, plan, 2).order);
});
