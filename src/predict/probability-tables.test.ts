/** Probabilities of every cell, beside the labels. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { identityModel, memoryQuery } from "../../test/helpers/predict-fixtures.ts";
import { createReferenceEngine } from "../kernels/reference/engine.ts";
import type { PredictOptions } from "./options.ts";
import { predict } from "./predict.ts";
import type { ProbabilityColumn } from "./types.ts";

const GENES = ["g0", "g1", "g2"];
const run = (rows: readonly (readonly number[])[], options: PredictOptions) =>
  predict(identityModel(null), memoryQuery(rows, GENES), options, { engine: createReferenceEngine() });

const values = (column: ProbabilityColumn): number[] =>
  column.kind === "score"
    ? [...column.values]
    : ([...column.labels.codes].map((c) => column.labels.categories[c]) as never);

/** The logits of the model are the values of genes 0 and 1, and of all genes. */
const LOGITS = [(row: readonly number[]) => row.slice(0, 2), (row: readonly number[]) => row];
function softmax(logits: readonly number[]): number[] {
  const weights = logits.map((z) => Math.exp(Math.fround(z) - Math.fround(Math.max(...logits))));
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((w) => w / sum);
}

const row = fc.array(fc.float({ min: 0, max: 9, noNaN: true }), { minLength: 3, maxLength: 3 });

test("are a plain softmax of every class, in blocks of any size, and the label is the largest", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { minLength: 1, maxLength: 9 }),
      fc.integer({ min: 1, max: 4 }),
      async (rows, batchSize) => {
        const found = await run(rows, { probabilities: "all", batchSize });
        found.probabilities?.forEach(({ column, columns }, h) => {
          const { conf, margin, raw, second, secondConf } = found.labels[h];
          expect(column).toBe(found.labels[h].column);
          expect(columns.map(({ name }) => name)).toEqual(raw.categories);
          rows.forEach((cell, r) => {
            const expected = softmax(LOGITS[h](cell));
            const own = columns.map((each) => values(each)[r]);
            own.forEach((p, c) => {
              expect(p).toBeCloseTo(expected[c], 5);
            });
            expect(own[raw.codes[r]]).toBe(conf[r]);
            expect(conf[r]).toBe(Math.max(...own));
            const others = own.filter((_, c) => c !== raw.codes[r]);
            expect(secondConf?.[r]).toBe(Math.max(...others));
            expect(own[second?.codes[r] ?? -1]).toBe(secondConf?.[r]);
            expect(margin[r]).toBeCloseTo(conf[r] - Math.max(...others), 6);
          });
        });
        const plain = await run(rows, {});
        expect(plain.labels).toEqual(found.labels);
        expect(plain.probabilities).toBeUndefined();
      },
    ),
  );
});

test("of the K most probable labels come by rank, of equals in the order of classes", async () => {
  const { probabilities } = await run(
    [
      [1, 2, 4],
      [3, 3, 0],
    ],
    { probabilities: "top=2" },
  );
  const [group, kind] = probabilities ?? [];
  expect(kind.columns.map(({ name }) => name)).toEqual(["label_1", "prob_1", "label_2", "prob_2"]);
  expect(values(kind.columns[0])).toEqual(["b1", "a1"]);
  expect(values(kind.columns[2])).toEqual(["a2", "a2"]);
  expect(values(kind.columns[3])[0]).toBeCloseTo(softmax([1, 2, 4])[1], 6);
  expect(values(group.columns[1])[1]).toBe(0.5);
  const more = await run([[1, 2, 4]], { probabilities: "top=9" });
  expect(more.probabilities?.map(({ columns }) => columns.length)).toEqual([4, 6]);
});

test("of coherent levels add up", async () => {
  const rules = new Map([
    [
      "kind",
      {
        parentColumn: "group",
        childToParent: new Map([
          ["a1", "a"],
          ["a2", "a"],
          ["b1", "b"],
        ]),
      },
    ],
  ]);
  const rows = [
    [5, 0, 5.1],
    [1, 4, 2],
  ];
  const { probabilities, labels } = await run(rows, {
    probabilities: "all",
    coherentProbabilities: true,
    hierarchyRules: rules,
  });
  const [group, kind] = (probabilities ?? []).map(({ columns }) => columns.map(values));
  rows.forEach((_, r) => {
    expect(group[0][r]).toBeCloseTo(kind[0][r] + kind[1][r], 6);
    expect(group[1][r]).toBeCloseTo(kind[2][r], 6);
    expect(group[labels[0].raw.codes[r]][r]).toBe(labels[0].conf[r]);
  });
});

test.each(["every", "top", "top=0", "top=1.5", "all,top=2", ""])(
  "are not asked for by %j",
  async (probabilities) => {
    await expect(run([[1, 2, 3]], { probabilities })).rejects.toMatchObject({ code: "USAGE" });
  },
);
