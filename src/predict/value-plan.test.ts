import { expect, test } from "vitest";
import type { MatrixJudgement, MatrixVerdict } from "../anndata/judgement/types.ts";
import { type ConfigMap, Float } from "../core/config.ts";
import { planValues, type ValueNeeds } from "./value-plan.ts";

const LN = { base: Math.E, times: 1 };

function judged(verdict: MatrixVerdict, rest: Partial<MatrixJudgement> = {}, high = 9): MatrixJudgement {
  return {
    verdict,
    evidence: "evidence",
    isSure: true,
    log: verdict === "log1p" ? LN : null,
    rowTotal: verdict === "log1p" || verdict === "size_normalised" ? 1e4 : null,
    statistics: {
      nRows: 100,
      nGenes: 1000,
      range: [verdict === "scaled" ? -3 : 0, high],
      wholeShare: 0,
      negativeShare: 0,
      zeroShare: 0.9,
      genesPerCell: 100,
      rowTotal: 1e4,
      rowTotalSpread: 0,
      wholeRows: 0,
      multiples: 0,
      depthCorrelation: 0,
      log: null,
    },
    ...rest,
  };
}

const config = (matrix: ConfigMap | null, normalize = false): ConfigMap =>
  new Map([
    ...(matrix === null ? [] : [["matrix_statistics", matrix] as const]),
    ...(normalize
      ? [
          [
            "preprocess",
            new Map([
              [
                "normalize",
                new Map<string, string | Float>([
                  ["method", "log1p_cp10k"],
                  ["target_sum", new Float(1e4)],
                ]),
              ],
            ]),
          ] as const,
        ]
      : []),
  ]);
const LOG_RECORD: ConfigMap = new Map<string, string | number | Float>([
  ["verdict", "log1p"],
  ["log_base", new Float(Math.E)],
  ["log_times", 1],
  ["row_total", new Float(1e4)],
]);
const COUNT_RECORD: ConfigMap = new Map([["verdict", "counts"]]);
const views = { values: "log1p_cp10k" } as const;
const logViews = { values: "as_they_are" } as const;

const MODELS = {
  original: { inputTransform: "binary", trainConfig: config(null) },
  originalFloat: { inputTransform: "float", trainConfig: config(null) },
  binary: { inputTransform: "binary", trainConfig: config(COUNT_RECORD), linear: views },
  binaryOfLogs: { inputTransform: "binary", trainConfig: config(LOG_RECORD), linear: logViews },
  normalised: { inputTransform: "float", trainConfig: config(COUNT_RECORD, true), linear: views },
  log: { inputTransform: "float", trainConfig: config(LOG_RECORD), linear: logViews },
  floatOnCounts: { inputTransform: "float", trainConfig: config(COUNT_RECORD), linear: views },
} as const satisfies Record<string, ValueNeeds>;
type ModelName = keyof typeof MODELS;

const plan = (
  model: ModelName,
  judgement: MatrixJudgement | null,
  settings: { normalize?: "none" | "log1p_cp10k"; inputTransform?: "binary" | "float" } = {},
) => planValues(MODELS[model], { normalize: null, inputTransform: null, ...settings }, judgement, "q › X");

test.each([
  // What the model needs, whatever form it comes in, works without a word of warning.
  ["binary", "counts", { network: "expressed", others: "counts", given: "counts", undo: null }],
  ["binary", "count_like", { network: "expressed", others: "counts", undo: null }],
  ["binary", "log1p", { network: "expressed", others: "counts", given: "proportional", undo: LN }],
  ["binary", "size_normalised", { network: "expressed", others: "counts" }],
  ["normalised", "counts", { network: "log1p_cp10k", others: "counts", undo: null }],
  ["normalised", "count_like", { network: "log1p_cp10k", others: "counts", undo: null }],
  ["normalised", "log1p", { network: "log1p_cp10k", others: "counts", undo: LN }],
  ["normalised", "size_normalised", { network: "log1p_cp10k", others: "counts", undo: null }],
  ["log", "log1p", { network: "values", others: "values", given: "normalised", undo: null }],
  ["log", "counts", { network: "target", others: "target", given: "normalised", undo: null }],
  ["binaryOfLogs", "counts", { network: "expressed", others: "target", given: "normalised" }],
  ["floatOnCounts", "counts", { network: "values", others: "counts" }],
  ["original", "log1p", { network: "expressed", others: "values", undo: null }],
  ["originalFloat", "scaled", { network: "values", others: "values", undo: null }],
  ["originalFloat", "dense_positive", { network: "values" }],
] as const)("a model %s takes %s", (model, verdict, expected) => {
  const found = plan(model, judged(verdict));
  expect(found.plan).toMatchObject(expected);
  expect(found.problem).toBeNull();
  expect(found.warnings).toEqual([]);
});

test.each([
  ["original", "scaled", {}, false],
  ["original", "dense_positive", {}, true],
  ["binary", "dense_positive", {}, true],
  ["binary", "unclear", {}, true],
  ["normalised", "scaled", {}, false],
  ["normalised", "dense_positive", {}, true],
  ["normalised", "unclear", {}, true],
  ["normalised", "log1p", { normalize: "log1p_cp10k" }, true],
  ["normalised", "counts", { normalize: "none" }, true],
  ["normalised", "size_normalised", { normalize: "none" }, true],
  ["log", "counts", { normalize: "none" }, true],
  ["log", "scaled", {}, true],
  ["floatOnCounts", "log1p", {}, true],
] as const)("a model %s refuses %s (options %j)", (model, verdict, settings, canForce) => {
  const { problem } = plan(model, judged(verdict), settings);
  expect(problem?.canForce).toBe(canForce);
  expect(String(problem?.message)).toContain(`q › X looks like ${verdict} (evidence), and `);
  expect(String(problem?.fix)).not.toBe("");
});

test.each([
  [
    "logarithms of another base, told to be the model's",
    "normalised",
    judged("log1p", { log: { base: 2, times: 1 } }),
    { normalize: "none" },
  ],
  [
    "logarithms of another total, told to be the model's",
    "normalised",
    judged("log1p", { rowTotal: 1e6 }),
    { normalize: "none" },
  ],
  [
    "values that may be anything, told to be counts",
    "normalised",
    judged("unclear"),
    { normalize: "log1p_cp10k" },
  ],
  ["values in place of zeros and ones", "original", judged("counts"), { inputTransform: "float" }],
  ["zeros and ones in place of values", "normalised", judged("binary"), {}],
  ["zeros and ones for linear views", "binary", judged("binary"), {}],
  ["a verdict that only the depth speaks for", "normalised", judged("log1p", { isSure: false }), {}],
] as const)("there is a warning about %s", (_name, model, judgement, settings) => {
  const { problem, warnings } = plan(model, judgement, settings);
  expect(problem).toBeNull();
  expect(warnings).toHaveLength(1);
});

test("logarithms of the model's own kind, told to be them, pass as they are", () => {
  const {
    plan: found,
    problem,
    warnings,
    notes,
  } = plan("normalised", judged("log1p"), { normalize: "none" });
  expect([problem, warnings, notes]).toEqual([null, [], []]);
  expect(found).toMatchObject({ network: "values", others: "values", given: "normalised", undo: null });
});

test("logarithms of another base or total become the reference's, by one factor where both totals are known", () => {
  const { plan: found } = plan("log", judged("log1p", { log: { base: 2, times: 1 }, rowTotal: 1e6 }));
  expect(found).toMatchObject({
    network: "target",
    undo: { base: 2, times: 1 },
    target: { ...LN, total: 1e4, factor: 0.01 },
  });
  const cut = plan("log", judged("log1p", { log: { base: 2, times: 1 }, rowTotal: null }));
  expect(cut.plan.target).toMatchObject({ total: 1e4, factor: null });
});

test("values that may be anything are what the caller says, for linear views too", () => {
  expect(plan("binary", judged("unclear"), { normalize: "none" })).toMatchObject({
    problem: null,
    plan: { others: "values", given: "normalised" },
  });
  expect(plan("binary", judged("unclear"), { normalize: "log1p_cp10k" })).toMatchObject({
    problem: null,
    plan: { others: "counts", given: "proportional" },
  });
  // A network of zeros and ones alone does not mind.
  expect(plan("original", judged("unclear")).problem).toBeNull();
});

test("a matrix that was not looked at is planned by the options alone", () => {
  expect(plan("normalised", null)).toMatchObject({
    isJudged: false,
    problem: null,
    plan: { network: "log1p_cp10k", others: "counts", given: "counts", undo: null },
  });
  expect(plan("original", null).plan).toMatchObject({
    network: "expressed",
    others: "values",
    given: "unknown",
  });
});
