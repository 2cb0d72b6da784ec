/** Labels of groups of cells. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { categorical } from "../../test/helpers/memory-anndata.ts";
import { dense, identityModel, memoryQuery, referenceLabels } from "../../test/helpers/predict-fixtures.ts";
import type { AnnData } from "../anndata/types.ts";
import { createReferenceEngine } from "../kernels/reference/engine.ts";
import type { PredictOptions } from "./options.ts";
import { predict } from "./predict.ts";

const GENES = ["g0", "g1", "g2"];

function query(rows: readonly (readonly number[])[], clusters: readonly (string | null)[]): AnnData {
  const adata = memoryQuery(rows, GENES);
  const column = categorical(clusters);
  return { ...adata, obs: { ...adata.obs, columns: ["leiden"], column: async () => column } };
}
const run = async (
  rows: readonly (readonly number[])[],
  clusters: readonly (string | null)[],
  options: PredictOptions = {},
) =>
  predict(
    identityModel(null),
    query(rows, clusters),
    { consensusBy: "leiden", ...options },
    {
      engine: createReferenceEngine(),
    },
  );
const named = (labels: { codes: Int32Array; categories: readonly string[] }): (string | null)[] =>
  [...labels.codes].map((code) => labels.categories[code] ?? null);

test("are those of the largest mean probability, with the share of cells that have them", async () => {
  const row = fc.array(fc.float({ min: 0, max: 6, noNaN: true }), { minLength: 3, maxLength: 3 });
  const cell = fc.tuple(row, fc.constantFrom("0", "1", null));
  await fc.assert(
    fc.asyncProperty(fc.array(cell, { minLength: 1, maxLength: 12 }), async (cells) => {
      const [rows, clusters] = [cells.map(([own]) => own), cells.map(([, own]) => own)];
      const { groups, labels, probabilities } = await run(rows, clusters, {
        probabilities: "all",
        confidenceLow: 0,
        batchSize: 2,
      });
      labels.forEach((label, h) => {
        const level = groups!.levels[h];
        const columns = probabilities![h].columns;
        groups!.groups.categories.forEach((name, group) => {
          const own = clusters.flatMap((each, i) => (each === name ? [i] : []));
          expect(groups!.sizes[group]).toBe(own.length);
          const means = columns.map((each) =>
            each.kind === "score" ? own.reduce((sum, i) => sum + each.values[i], 0) / own.length : 0,
          );
          const likely = level.likely.codes[group];
          expect(means[likely]).toBeCloseTo(Math.max(...means), 5);
          expect(level.probability[group]).toBeCloseTo(means[likely], 5);
          const finals = named(label.final);
          const wanted = finals.filter((_, i) => own.includes(i));
          const nUnknown = wanted.filter((each) => each === "Unknown").length;
          if (2 * nUnknown > own.length) {
            expect(named(level.labels)[group]).toBe("Unknown");
            expect(level.share[group]).toBeCloseTo(nUnknown / own.length, 6);
          } else {
            const share = wanted.filter((each) => each === named(level.likely)[group]).length / own.length;
            expect(level.share[group]).toBeCloseTo(share, 6);
            expect(named(level.labels)[group]).toBe(named(level.likely)[group]);
          }
          for (const i of own) {
            expect(named(label.consensus!)[i]).toBe(named(level.labels)[group]);
            expect(label.consensusShare![i]).toBe(level.share[group]);
          }
        });
        clusters.forEach((each, i) => {
          if (each !== null) return;
          expect(named(label.consensus!)[i]).toBeNull();
          expect(label.consensusShare![i]).toBeNaN();
        });
      });
      const plain = await run(rows, clusters, { consensusBy: null, confidenceLow: 0 });
      expect(plain.groups).toBeUndefined();
      expect(plain.labels.map(({ final }) => final)).toEqual(labels.map(({ final }) => final));
    }),
    { numRuns: 50 },
  );
});

const ROWS = [
  [6, 0, 0],
  [5, 0, 0],
  [0, 6, 0],
  [1, 1, 1],
  [1, 1, 1],
];
const CLUSTERS = ["x", "x", "x", "y", "y"];

test("are Heterogeneous below a share, and Unknown where most cells are", async () => {
  const kind = async (options: PredictOptions) =>
    named((await run(ROWS, CLUSTERS, options)).groups!.levels[1].labels);
  expect(await kind({})).toEqual(["a1", "Unknown"]);
  expect(await kind({ minProp: 0.7 })).toEqual(["Heterogeneous", "Unknown"]);
  expect(await kind({ minProp: 0.7, unknown: "off" })).toEqual(["Heterogeneous", "a1"]);
  // A share of 2/3 is not below 2/3 as float32 shows it.
  expect(await kind({ minProp: 2 / 3 })).toEqual(["a1", "Unknown"]);
});

test("of coherent levels lie under each other", async () => {
  const reference = {
    coords: new Map([
      [
        "X_ref_latent_internal",
        dense([
          [1, 0, 0],
          [0, 1, 0],
          [0, 0, 1],
        ]),
      ],
    ]),
    labels: new Map([
      ["group", referenceLabels(["a", "a", "b"])],
      ["kind", referenceLabels(["a1", "a2", "b1"])],
    ]),
  };
  const rows = [
    [4, 3.9, 4.2],
    [3.9, 4, 4.2],
  ];
  const { groups } = await predict(
    identityModel(reference),
    query(rows, ["x", "x"]),
    {
      consensusBy: "leiden",
      coherentProbabilities: true,
      unknown: "off",
    },
    { engine: createReferenceEngine() },
  );
  expect(groups!.levels.map(({ likely }) => named(likely)[0])).toEqual(["a", "a1"]);
});

test("are refused for a column that is not there", async () => {
  const work = { engine: createReferenceEngine() };
  await expect(
    predict(identityModel(null), memoryQuery(ROWS, GENES), { consensusBy: "leidn" }, work),
  ).rejects.toMatchObject({ code: "NOT_FOUND" });
});
