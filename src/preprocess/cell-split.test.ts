import fc from "fast-check";
import { expect, test } from "vitest";
import { createAnnData } from "../anndata/containers/in-memory.ts";
import type { AnnData } from "../anndata/types.ts";
import { makeCellSplit } from "./cell-split.ts";
import { splitRows } from "./split-rows.ts";

const cells = (labels: readonly (string | null)[]): Promise<AnnData> =>
  createAnnData({
    obs: { index: labels.map((_, i) => `c${i}`), columns: { type: labels } },
    var: { index: ["g"] },
  });

const LABELS = ["a", "b", "c", "d", null];
const drawn = fc.tuple(
  fc.array(fc.constantFrom(...LABELS), { minLength: 4, maxLength: 80 }),
  fc.double({ min: 0.05, max: 0.9, noNaN: true }),
  fc.nat(1000),
);

test("each cell is on one side, the sizes are the asked ones, and labels have their shares", async () => {
  await fc.assert(
    fc.asyncProperty(drawn, async ([labels, testSize, seed]) => {
      const n = labels.length;
      const nTest = Math.ceil(n * testSize);
      fc.pre(nTest < n);
      const adata = await cells(labels);
      for (const stratify of [undefined, "type"]) {
        const { plan, split } = await makeCellSplit(adata, { testSize, stratify, seed });
        const [build, predict] = [splitRows(split, "build"), splitRows(split, "predict")];
        expect([...build, ...predict].sort((a, b) => a - b)).toEqual([...labels.keys()]);
        expect([plan.build.nCells, plan.predict.nCells]).toEqual([build.length, predict.length]);
        if (stratify === undefined) {
          expect(predict).toHaveLength(nTest);
          continue;
        }
        for (const label of new Set(labels)) {
          const size = labels.filter((each) => each === label).length;
          const own = [...predict].filter((row) => labels[row] === label).length;
          // The last cell to predict stays, even if it is the only one of its label.
          if (label !== null && predict.length > 1)
            expect(build.some((row) => labels[row] === label)).toBe(true);
          // One cell for rounding, and as many as there are labels where one had to come back.
          expect(Math.abs(own - (size * nTest) / n)).toBeLessThanOrEqual(LABELS.length);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test("shares are exact where whole cells allow it, as train_test_split has them", async () => {
  const labels = [...new Array(60).fill("T"), ...new Array(30).fill("B"), ...new Array(10).fill("NK")];
  const { plan } = await makeCellSplit(await cells(labels), { testSize: 0.2, stratify: "type" });
  expect(Object.fromEntries(plan.predict.labelCounts)).toEqual({ T: 12, B: 6, NK: 2 });
  expect(plan.warnings).toEqual([]);
});

test("a label of one cell stays to build from, with a warning; a seed gives the same cells", async () => {
  const adata = await cells([...new Array(20).fill("T"), "rare", null]);
  const { plan, split } = await makeCellSplit(adata, { testSize: 0.5, stratify: "type", seed: 5 });
  expect(split.sides[20]).toBe(1);
  expect(plan.warnings).toEqual([
    "1 cells have no label in type; they are divided as if that were one",
    'predict has no cell of "rare"',
  ]);
  expect(await makeCellSplit(adata, { testSize: 0.5, stratify: "type", seed: 5 })).toEqual({ plan, split });
  expect((await makeCellSplit(adata, { testSize: 0.5, seed: 6 })).split).not.toEqual(split);
});

test.each([0, 1.5, 22, -1, Number.NaN])("a size of %s is refused", async (testSize) => {
  await expect(makeCellSplit(await cells(new Array(22).fill("T")), { testSize })).rejects.toMatchObject({
    code: "USAGE",
    message: expect.stringContaining("expected a share between 0 and 1, or a number of cells from 1 to 21"),
  });
});
