import fc from "fast-check";
import { expect, test } from "vitest";
import { randomIntegers, randomNumbers } from "../../../test/helpers/gradients.ts";
import { probabilitiesOf, SET_COVERAGES } from "../conformal.ts";
import { fitRiskThresholds, NONE_IS_SURE } from "./risk-thresholds.ts";

test("each threshold is the lowest confidence above which labels are right often enough, by trying all", () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 2, max: 4 }),
      (seed, n, nClasses) => {
        const logits = Float32Array.from(randomNumbers(seed, n * nClasses), (z) => Math.round(3 * z));
        const targets = randomIntegers(seed + 1, n, -1, nClasses);
        const cells = Array.from(targets, (target, r) => {
          const p = new Float64Array(nClasses);
          probabilitiesOf(logits, r * nClasses, 1, p);
          const confidence = Math.fround(Math.max(...p));
          return { target, confidence, isRight: target >= 0 && Math.fround(p[target]) === confidence };
        }).filter(({ target }) => target >= 0);
        const found = fitRiskThresholds({ logits, nClasses, targets }, 1);
        SET_COVERAGES.forEach((share, s) => {
          const enough = cells
            .map(({ confidence }) => confidence)
            .filter((least) => {
              const kept = cells.filter(({ confidence }) => confidence >= least);
              return kept.filter(({ isRight }) => isRight).length >= share * kept.length;
            });
          expect(found[s]).toBe(enough.length === 0 ? NONE_IS_SURE : Math.min(...enough));
        });
      },
    ),
    { numRuns: 60 },
  );
});
