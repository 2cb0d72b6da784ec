import fc from "fast-check";
import { expect, test } from "vitest";
import { chooseOpensetThreshold } from "./openset-threshold.ts";

const of = (...values: number[]) => Float64Array.from(values);

test("with unseen types it lies in the gap that parts them best", () => {
  expect(chooseOpensetThreshold(of(3, 1, 2), of(6, 5))).toEqual({
    threshold: 4,
    rule: "separation",
    nKnown: 3,
    nUnseen: 2,
    knownOutside: 0,
    unseenOutside: 1,
    auroc: 1,
  });
});

test("without, it keeps a share of the known cells", () => {
  const known = Float64Array.from({ length: 100 }, (_, i) => i + 1);
  expect(chooseOpensetThreshold(known, of(), 0.95)).toMatchObject({
    threshold: 95,
    knownOutside: 0.05,
    auroc: null,
  });
  expect(chooseOpensetThreshold(known, of(), 1)).toMatchObject({ threshold: 100, knownOutside: 0 });
});

test("with unseen types hard to tell it keeps the share of known cells all the same", () => {
  const known = Float64Array.from({ length: 100 }, (_, i) => i + 1);
  const unseen = Float64Array.from({ length: 40 }, (_, i) => i + 60.5);
  // Parted best at 60, which 40 known cells exceed.
  expect(chooseOpensetThreshold(known, unseen, 0.01)).toMatchObject({ threshold: 60.25, knownOutside: 0.4 });
  expect(chooseOpensetThreshold(known, unseen, 0.9)).toMatchObject({ threshold: 90, knownOutside: 0.1 });
  expect(chooseOpensetThreshold(known, unseen)).toMatchObject({ knownOutside: 0.05, unseenOutside: 0.125 });
});

test("it keeps the share, beyond that no other threshold parts them better, and the AUROC is that of all pairs", () => {
  const some = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(some, some, fc.constantFrom(0.01, 0.5, 0.9, 1), (a, b, quantile) => {
      const [known, unseen] = [of(...a), of(...b)];
      const got = chooseOpensetThreshold(known, unseen, quantile);
      const inside = (cells: Float64Array, t: number) => cells.filter((d) => d <= t).length / cells.length;
      const index = (t: number) => inside(known, t) - inside(unseen, t);
      expect(inside(known, got.threshold)).toBeGreaterThanOrEqual(quantile - 1e-12);
      // One that keeps fewer known cells may part them better; then the bound decides.
      if (inside(known, got.threshold - 0.25) < quantile) expect(known).toContain(got.threshold);
      else
        for (let t = -0.5; t < 13; t += 0.5)
          expect(index(got.threshold)).toBeGreaterThanOrEqual(index(t) - 1e-12);
      let wins = 0;
      for (const u of b) for (const k of a) wins += u > k ? 1 : u === k ? 0.5 : 0;
      expect(got.auroc).toBeCloseTo(wins / (a.length * b.length), 12);
    }),
  );
});

test("it needs known cells and a share", () => {
  expect(() => chooseOpensetThreshold(of(), of(1))).toThrow(expect.objectContaining({ code: "BAD_DATA" }));
  expect(() => chooseOpensetThreshold(of(1), of(), 0)).toThrow(expect.objectContaining({ code: "USAGE" }));
});
