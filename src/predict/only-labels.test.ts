/** Labels that a call allows. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dense, identityModel, memoryQuery, referenceLabels } from "../../test/helpers/predict-fixtures.ts";
import { createReferenceEngine } from "../kernels/reference/engine.ts";
import type { LinearViews } from "../model/linear/types.ts";
import { averageProbabilities, createViewScorer } from "../model/linear/view-scores.ts";
import type { Model } from "../model/types.ts";
import { narrowModel } from "./narrow-model.ts";
import { allowedLabels, type LabelChoice } from "./only-labels.ts";
import type { PredictOptions } from "./options.ts";
import { predict } from "./predict.ts";

const HEADS = [
  { column: "coarse", classes: ["B", "Mono", "T"] },
  { column: "fine", classes: ["B memory", "B naive", "CD4", "CD8", "Mono", "gdT"] },
  { column: "state", classes: ["calm", "stressed"] },
];
const parents: Record<string, string> = {
  "B memory": "B",
  "B naive": "B",
  CD4: "T",
  CD8: "T",
  Mono: "Mono",
  gdT: "T",
};
const RULES = new Map([
  ["fine", { parentColumn: "coarse", childToParent: new Map(Object.entries(parents)) }],
]);
const left = (choice: Partial<LabelChoice>, rules: typeof RULES = RULES) =>
  allowedLabels(HEADS, { onlyLabels: null, excludeLabels: null, ...choice }, rules)?.classes.map((kept, h) =>
    [...kept].map((c) => HEADS[h].classes[c]).join(),
  );

describe("the labels that are left", () => {
  test.each<[string, Partial<LabelChoice>, string, string]>([
    ["a parent, with its children", { onlyLabels: ["T"] }, "T", "CD4,CD8,gdT"],
    ["children, with their parents", { onlyLabels: ["CD4", "B naive"] }, "B,T", "B naive,CD4"],
    [
      "of a parent and one of its children the child",
      { onlyLabels: ["T", "CD4", "B"] },
      "B,T",
      "B memory,B naive,CD4",
    ],
    ["a name in two columns", { onlyLabels: ["Mono"] }, "Mono", "Mono"],
    ["a name in one column", { onlyLabels: ["fine:CD8"] }, "T", "CD8"],
    ["all but a parent and its children", { excludeLabels: ["T"] }, "B,Mono", "B memory,B naive,Mono"],
    ["all but a child", { excludeLabels: ["gdT"] }, "B,Mono,T", "B memory,B naive,CD4,CD8,Mono"],
    [
      "no parent without children",
      { excludeLabels: ["CD4", "CD8", "gdT"] },
      "B,Mono",
      "B memory,B naive,Mono",
    ],
    ["both", { onlyLabels: ["T"], excludeLabels: ["CD8"] }, "T", "CD4,gdT"],
  ])("%s", (_, choice, coarse, fine) => {
    expect(left(choice)).toEqual([coarse, fine, "calm,stressed"]);
  });

  test("without rules are named column by column", () => {
    expect(left({ onlyLabels: ["T"] }, new Map())).toEqual(["T", HEADS[1].classes.join(), "calm,stressed"]);
    expect(left({ excludeLabels: ["fine:Mono"] }, new Map())?.[0]).toBe("B,Mono,T");
  });

  test("are all where nothing is said", () => {
    expect(left({})).toBeUndefined();
  });

  test("are named as the model has them: a wrong name is told with those that are near", () => {
    expect(() => left({ onlyLabels: ["CD9"] })).toThrow(
      expect.objectContaining({
        code: "NOT_FOUND",
        message: expect.stringMatching(/no label "CD9"; did you mean "CD4" or "CD8"/),
      }),
    );
    expect(() => left({ excludeLabels: ["coarse:CD4"] })).toThrow(/no label "CD4" in coarse/);
    expect(() => left({ excludeLabels: ["B", "T", "Mono"] })).toThrow(/no label of coarse is left/);
    expect(() => left({ onlyLabels: [] })).toThrow(/onlyLabels names no label/);
  });
});

const GENES = ["g0", "g1", "g2"];
const reference = {
  coords: new Map([
    [
      "X_ref_latent_internal",
      dense([
        [9, 0, 0],
        [0, 9, 0],
        [0, 8, 1],
        [0, 0, 9],
      ]),
    ],
  ]),
  labels: new Map([
    ["group", referenceLabels(["a", "a", "a", "b"])],
    ["kind", referenceLabels(["a1", "a2", "a2", "b1"])],
  ]),
};
const run = (
  rows: readonly (readonly number[])[],
  options: PredictOptions,
  model: Model = identityModel(reference),
) => predict(model, memoryQuery(rows, GENES), options, { engine: createReferenceEngine() });
const probabilitiesOf = async (rows: readonly (readonly number[])[], options: PredictOptions) =>
  (await run(rows, { probabilities: "all", ...options })).probabilities!.map(({ columns }) =>
    Object.fromEntries(columns.map((each) => [each.name, each.kind === "score" ? [...each.values] : []])),
  );

test("probabilities are those of the labels that are left, renormalised", async () => {
  const row = fc.array(fc.float({ min: 0, max: 9, noNaN: true }), { minLength: 3, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 5 }), async (rows) => {
      const [, whole] = await probabilitiesOf(rows, {});
      const [group, kind] = await probabilitiesOf(rows, { excludeLabels: ["a2"] });
      expect(Object.keys(kind)).toEqual(["a1", "b1"]);
      expect(Object.keys(group)).toEqual(["a", "b"]);
      rows.forEach((_, r) => {
        // Of a probability near 0 the renormalised one cannot be told from float32.
        const sum = whole.a1[r] + whole.b1[r];
        if (sum > 1e-3) expect(kind.a1[r]).toBeCloseTo(whole.a1[r] / sum, 3);
        expect(kind.a1[r] + kind.b1[r]).toBeCloseTo(1, 6);
      });
    }),
  );
});

test("neighbours of other labels vote for nobody and count in the whole", async () => {
  const options = { knnCorrection: "all", knnK: 4, excludeLabels: ["a2"] } as const;
  const { labels, metadata, notes } = await run([[0, 9, 1]], options);
  const [, kind] = labels;
  expect([...kind.knn.categories].sort()).toEqual(["a1", "b1"]);
  expect(kind.knnVoteFrac[0]).toBe(0.25);
  expect(metadata.get("exclude_labels")).toEqual(["a2"]);
  expect((metadata.get("allowed_labels") as Map<string, unknown>).get("kind")).toEqual(["a1", "b1"]);
  expect(notes?.map(({ message }) => message)).toContain(
    "labels that may be given: 2 of 2 of group, 2 of 3 of kind",
  );
});

test("Unknown stays possible, and what lies under what is told by the reference", async () => {
  const { labels } = await run(
    [
      [1, 1, 1],
      [0, 0, 9],
    ],
    { onlyLabels: ["a"], confidenceLow: 0.6 },
  );
  const finals = labels.map(({ final }) => [...final.codes].map((code) => final.categories[code]));
  expect(finals[0]).toEqual(["a", "a"]);
  expect(finals[1]).toEqual(["Unknown", "Unknown"]);
});

test("a model without reference says that levels are not linked", async () => {
  const { warnings, labels } = await run([[9, 0, 0]], { onlyLabels: ["b"] }, identityModel(null));
  expect(warnings.map(({ message }) => message)).toContainEqual(
    expect.stringContaining("of the columns that have them only"),
  );
  expect(labels.map(({ raw }) => raw.categories)).toEqual([["b"], ["a1", "a2", "b1"]]);
});

test("every linear view is renormalised before the mean", () => {
  const random = fc.sample(fc.double({ min: -2, max: 2, noNaN: true }), { numRuns: 60, seed: 4 });
  const head = (column: string, n: number, at: number, temperature: number) => ({
    column,
    weights: Float32Array.from({ length: 3 * n }, (_, i) => random[(at + i) % 60]),
    intercepts: Float32Array.from({ length: n }, (_, i) => random[(at + 30 + i) % 60]),
    temperature,
  });
  const scaling = {
    scale: new Float32Array(3).fill(1),
    cap: new Float32Array(3).fill(9),
    centre: new Float32Array(3),
  };
  const components = {
    nGenes: 3,
    nComponents: 0,
    loadings: new Float32Array(0),
    variances: new Float32Array(0),
    noise: 1,
  };
  const views = [0, 20].map((at) => ({
    input: "log" as const,
    scaling,
    components,
    heads: [head("group", 2, at, 1.5), head("kind", 3, at + 7, 0.7)],
  }));
  const linear: LinearViews = {
    values: "as_they_are",
    geneShares: new Float32Array(3),
    networkTemperatures: [1, 2],
    views,
    ladder: [],
  };
  const model = { ...identityModel(null), linear };
  const kept = [Int32Array.of(0, 1), Int32Array.of(0, 2)];
  const narrowed = narrowModel(model, kept);
  const x = {
    nRows: 1,
    nCols: 3,
    indptr: Uint32Array.of(0, 2),
    indices: Uint32Array.of(0, 2),
    data: Float32Array.of(1, 2),
  };
  const network = [Float32Array.of(0.3, -1), Float32Array.of(2, 0.5)]; // of the kept classes
  const logits = network.map((own) => own.slice());
  averageProbabilities(
    logits,
    narrowed.linear!.views.map((view) => createViewScorer(view, null)(x)),
    narrowed.linear!,
  );
  const softmax = (z: number[], t: number) => {
    const e = z.map((v) => Math.exp(v / t));
    return e.map((v) => v / e.reduce((a, b) => a + b));
  };
  const whole = views.map((view) => createViewScorer(view, null)(x));
  const members = [
    softmax([...network[1]], 2),
    ...whole.map((scores) => softmax([scores[2], scores[4]], 0.7)),
  ];
  const mean = [0, 1].map((k) => members.reduce((sum, p) => sum + p[k], 0) / 3);
  expect(Math.exp(logits[1][0])).toBeCloseTo(mean[0], 5);
  expect(Math.exp(logits[1][1])).toBeCloseTo(mean[1], 5);
});
