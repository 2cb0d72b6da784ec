import fc from "fast-check";
import { expect, test } from "vitest";
import { dense, identityModel, memoryQuery, referenceLabels } from "../../test/helpers/predict-fixtures.ts";
import { createReferenceEngine } from "../kernels/reference/engine.ts";
import type { Reference, ReferenceColumn } from "../model/types.ts";
import { outputColumns } from "../output/columns.ts";
import type { PredictOptions } from "./options.ts";
import { predict } from "./predict.ts";

const genes = ["g0", "g1", "g2"];
const points = [
  [5, 0, 0],
  [4, 1, 0],
  [0, 5, 0],
  [1, 4, 0],
  [0, 0, 5],
  [0, 1, 4],
];
const ages = [10, 20, Number.NaN, 40, 50, 60];
const tissues = ["gut", "lung", "gut", null, null, "skin"];

const numbers = (values: readonly number[]): ReferenceColumn => ({
  kind: "number",
  values: Float64Array.from(values),
});
const categories = (values: readonly (string | null)[]): ReferenceColumn => ({
  kind: "label",
  ...referenceLabels(values),
});
const referenceWith = (columns: Reference["columns"]): Reference => ({
  coords: new Map([["X_ref_latent_internal", dense(points)]]),
  labels: new Map([
    ["group", referenceLabels(["a", "a", "b", "b", "b", "b"])],
    ["kind", referenceLabels(["a1", "a1", "a2", "a2", "b1", "b1"])],
  ]),
  columns,
});
const kept = referenceWith(
  new Map([
    ["age", numbers(ages)],
    ["tissue", categories(tissues)],
  ]),
);

const run = (rows: readonly (readonly number[])[], options: PredictOptions, reference = kept) =>
  predict(identityModel(reference), memoryQuery(rows, genes), options, { engine: createReferenceEngine() });

/** What the k nearest points say, by the definition. */
function byHand(cell: readonly number[], k: number, isWeighted: boolean) {
  const nearest = points
    .map((point, row) => ({
      row,
      distance: Math.sqrt(point.reduce((sum, value, g) => sum + (value - cell[g]) ** 2, 0)),
    }))
    .sort((a, b) => a.distance - b.distance || a.row - b.row)
    .slice(0, k)
    .map((each) => ({ ...each, weight: isWeighted ? 1 / (each.distance + 1e-6) : 1 }));
  const dated = nearest.filter(({ row }) => !Number.isNaN(ages[row]));
  const total = dated.reduce((sum, { weight }) => sum + weight, 0);
  const mean = dated.reduce((sum, { row, weight }) => sum + weight * ages[row], 0) / total;
  const variance = dated.reduce((sum, { row, weight }) => sum + weight * (ages[row] - mean) ** 2, 0) / total;
  const votes = new Map<string, number>();
  for (const { row, weight } of nearest) {
    const tissue = tissues[row];
    if (tissue !== null) votes.set(tissue, (votes.get(tissue) ?? 0) + weight);
  }
  const all = [...votes.values()].reduce((a, b) => a + b, 0);
  return {
    mean: dated.length === 0 ? Number.NaN : mean,
    spread: dated.length === 0 ? Number.NaN : Math.sqrt(variance),
    votes,
    all,
    distance: nearest.reduce((sum, { distance }) => sum + distance, 0) / nearest.length,
  };
}

test("mean, spread, vote and distance are those of the nearest reference cells, without missing values", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 3, maxLength: 3 }), { maxLength: 9 }),
      fc.integer({ min: 1, max: 9 }),
      fc.boolean(),
      fc.constantFrom("off", "second_opinion", "all"),
      async (rows, knnK, isWeighted, knnCorrection) => {
        const { transferred } = await run(rows, {
          transfer: ["age", "tissue"],
          knnK,
          knnCorrection,
          knnVoteMode: isWeighted ? "distance_weighted" : "majority",
        });
        const [age, tissue] = transferred!.columns;
        if (age.kind !== "number" || tissue.kind !== "label") throw new Error("the kinds differ");
        rows.forEach((cell, i) => {
          if (cell.every((value) => value === 0)) {
            for (const values of [age.mean, age.spread, tissue.share, transferred!.distance])
              expect(values[i]).toBeNaN();
            expect(tissue.labels.codes[i]).toBe(-1);
            return;
          }
          const expected = byHand(cell, knnK, isWeighted);
          if (Number.isNaN(expected.mean))
            expect([age.mean[i], age.spread[i]]).toEqual([Number.NaN, Number.NaN]);
          else {
            expect(age.mean[i]).toBeCloseTo(expected.mean, 3);
            expect(age.spread[i]).toBeCloseTo(expected.spread, 3);
          }
          expect(transferred!.distance[i]).toBeCloseTo(expected.distance, 4);
          const code = tissue.labels.codes[i];
          if (expected.all === 0) expect([code, tissue.share[i]]).toEqual([-1, Number.NaN]);
          else {
            const most = Math.max(...expected.votes.values());
            const label = tissue.labels.categories[code];
            expect(expected.votes.get(label)! / most).toBeCloseTo(1, 5);
            expect(tissue.share[i]).toBeCloseTo(most / expected.all, 5);
          }
        });
      },
    ),
    { numRuns: 60 },
  );
});

test("a label column of the model needs not be kept, and votes as KNN correction does", async () => {
  const rows = [
    [5, 0, 1],
    [1, 3, 1],
    [0, 2, 2],
  ];
  const { transferred, labels } = await run(rows, {
    transfer: ["kind"],
    knnCorrection: "all",
    knnK: 3,
  });
  const [kind] = transferred!.columns;
  if (kind.kind !== "label") throw new Error("kind has labels");
  const shown = [...kind.labels.codes].map((code) => kind.labels.categories[code]);
  const { knn, knnVoteFrac } = labels[1];
  expect(shown).toEqual([...knn.codes].map((code) => knn.categories[code]));
  expect(kind.share).toEqual(knnVoteFrac);
});

test("write modes and prototypes: every mode has the value, minimal nothing else, and all cells are asked", async () => {
  const transfer = ["age", "tissue"];
  const whole = await run([[5, 0, 0]], { transfer, knnK: 2 });
  const names = (mode: "minimal" | "standard") =>
    outputColumns(whole, mode).flatMap(({ name }) => (name.startsWith("transfer") ? [name] : []));
  expect(names("minimal")).toEqual(["transfer_age", "transfer_tissue"]);
  expect(names("standard")).toEqual([
    "transfer_age",
    "transfer_sd_age",
    "transfer_tissue",
    "transfer_share_tissue",
    "transfer_distance",
  ]);
  const ofCentroids = await run([[5, 0, 0]], {
    transfer,
    knnK: 2,
    knnCorrection: "all",
    knnReferenceMode: "prototypes",
  });
  expect(ofCentroids.transferred).toEqual(whole.transferred);
  expect(whole.metadata.get("transfer")).toEqual(transfer);
});

test("a column that the bundle does not keep is named, with those that it keeps and the way to keep it", async () => {
  const error = (await run([[5, 0, 0]], { transfer: ["ages"] }).catch((caught: unknown) => caught)) as Error;
  expect(error).toMatchObject({ code: "NOT_FOUND", where: "reference › columns" });
  expect(error.message).toContain("group, kind, age, tissue");
  expect(error).toMatchObject({ hint: expect.stringContaining("keepColumns") });
  const without = referenceWith(undefined);
  await expect(run([[5, 0, 0]], { transfer: ["age"] }, without)).rejects.toThrow(/it keeps group, kind/);
});

test("columns that are named twice, or whose results would have one name, are refused before any work", async () => {
  await expect(run([], { transfer: ["age", "age"] })).rejects.toThrow(/names "age" twice/);
  await expect(run([], { transfer: ["age", "sd_age"] })).rejects.toThrow(/"transfer_sd_age" is also that of/);
  await expect(run([], { transfer: ["distance"] })).rejects.toThrow(/is also that of the distance/);
});
