import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomNumbers } from "../../test/helpers/gradients.ts";
import { identityModel, memoryQuery } from "../../test/helpers/predict-fixtures.ts";
import { type ConfigValue, Float, toPlain } from "../core/config.ts";
import { createReferenceEngine } from "../kernels/reference/engine.ts";
import { SET_COVERAGES } from "../model/conformal.ts";
import type { Model } from "../model/types.ts";
import type { PredictOptions } from "./options.ts";
import { predict } from "./predict.ts";
import {
  addSet,
  collectedSets,
  collectSets,
  createSetCollector,
  planSets,
  setSizes,
} from "./prediction-sets.ts";

const letters = (n: number): string[] => Array.from({ length: n }, (_, c) => String.fromCharCode(97 + c));

function mostLikely(logits: Float32Array, at: number, nClasses: number): number {
  let best = 0;
  for (let c = 1; c < nClasses; c++) if (logits[at + c] > logits[at + best]) best = c;
  return best;
}

/** Sets of all rows, as lists of classes. */
function setsOf(logits: Float32Array, nClasses: number, threshold: number, temperature: number): number[][] {
  const nRows = logits.length / nClasses;
  const collector = createSetCollector("L", letters(nClasses), threshold, nRows);
  const labels = Int32Array.from({ length: nRows }, (_, r) => mostLikely(logits, r * nClasses, nClasses));
  collectSets(collector, logits, nRows, temperature, labels, 0);
  const { codes, members } = collectedSets(collector);
  expect(new Set(members.map(String)).size).toBe(members.length);
  return [...codes].map((code) => [...members[code]]);
}

/** By sorting all classes and cutting the list. */
function expectedSet(row: readonly number[], threshold: number, temperature: number): number[] {
  const powers = row.map((z) => Math.exp((z - Math.max(...row)) / temperature));
  const sum = powers.reduce((a, b) => a + b, 0);
  const order = row.map((_, c) => c).sort((a, b) => row[b] - row[a] || a - b);
  return order.filter((c, place) => place === 0 || powers[c] / sum >= threshold);
}

const blocks = fc.record({
  seed: fc.nat(),
  nRows: fc.integer({ min: 1, max: 20 }),
  nClasses: fc.integer({ min: 1, max: 7 }),
  scale: fc.constantFrom(0, 1, 5),
  temperature: fc.constantFrom(0.5, 1, 3),
});
const logitsOf = ({
  seed,
  nRows,
  nClasses,
  scale,
}: {
  seed: number;
  nRows: number;
  nClasses: number;
  scale: number;
}) => Float32Array.from(randomNumbers(seed, nRows * nClasses), (z) => Math.round(2 * z * scale) / 2);

test("a set is the classes that reach the threshold, most likely first, ties by class; never empty", () => {
  fc.assert(
    fc.property(blocks, fc.double({ min: 0.001, max: 1, noNaN: true }), (block, threshold) => {
      const { nRows, nClasses, temperature } = block;
      const logits = logitsOf(block);
      const sets = setsOf(logits, nClasses, threshold, temperature);
      for (let r = 0; r < nRows; r++) {
        const row = [...logits.subarray(r * nClasses, (r + 1) * nClasses)];
        expect(sets[r]).toEqual(expectedSet(row, threshold, temperature));
      }
    }),
  );
});

test("a lower threshold, that is a higher coverage, only adds labels", () => {
  fc.assert(
    fc.property(
      blocks,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (block, a, b) => {
        const logits = logitsOf(block);
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const wide = setsOf(logits, block.nClasses, low, block.temperature);
        const narrow = setsOf(logits, block.nClasses, high, block.temperature);
        narrow.forEach((set, r) => {
          expect(wide[r].slice(0, set.length)).toEqual(set);
        });
      },
    ),
  );
});

test("a label that another rule chose comes first, whatever its probability", () => {
  const collector = createSetCollector("L", letters(3), 0.3, 2);
  addSet(collector, 0, Float64Array.of(0.6, 0.1, 0.3), 1);
  addSet(collector, 1, Float64Array.of(0.2, 0.1, 0.2), 2);
  const { codes, members } = collectedSets(collector);
  expect([...codes].map((code) => members[code])).toEqual([[1, 0, 2], [2]]);
});

test("a threshold of 0 takes every label, also the impossible", () => {
  expect(setsOf(Float32Array.of(0, Number.NEGATIVE_INFINITY, 1), 3, 0, 1)).toEqual([[2, 0, 1]]);
});

test("sets that outgrow memory are refused before they do", () => {
  const long = ["x".repeat(2 ** 27), "y".repeat(2 ** 27), "z"];
  const collector = createSetCollector("L", long, 0.4, 2);
  addSet(collector, 0, Float64Array.of(0, 0.5, 0.5), 1);
  expect(() => addSet(collector, 1, Float64Array.of(0.5, 0.5, 0), 0)).toThrow(
    /2 different prediction sets of L/,
  );
});

test("sizes are the mean number of labels and the share of single ones", () => {
  const sets = { codes: Int32Array.of(0, 1, 1, -1), members: [[0], [1, 0]], categories: ["a", "b"] };
  expect(setSizes(sets)).toEqual({ meanSize: 5 / 3, single: 1 / 3 });
  expect(setSizes({ ...sets, codes: new Int32Array(0) })).toEqual({ meanSize: 0, single: 0 });
});

const floats = (values: readonly number[]): Float[] => values.map((value) => new Float(value));

/** The identity model with thresholds for 10 held-out cells of `group` and 30 of `kind`. */
function calibrated(conformal?: ConfigValue): Model {
  const own = (n: number, nStored: number): ConfigValue =>
    new Map<string, ConfigValue>([
      ["n", n],
      ["thresholds", floats(SET_COVERAGES.slice(0, nStored).map((coverage) => 0.9 - coverage / 2))],
    ]);
  const stored = new Map<string, ConfigValue>([
    ["coverages", floats(SET_COVERAGES)],
    [
      "columns",
      new Map([
        ["group", own(10, 41)],
        ["kind", own(30, 47)],
      ]),
    ],
  ]);
  const calibration = new Map<string, ConfigValue>([
    ["method", "temperature_scaling"],
    ["temperatures", new Map([["kind", new Float(2)]])],
    ["conformal", conformal ?? stored],
  ]);
  return { ...identityModel(null), trainConfig: new Map([["calibration", calibration]]) };
}

describe("a model's thresholds", () => {
  test("are those of the least stored coverage that is not below what is asked", () => {
    expect(planSets(calibrated(), 0.8)).toEqual({
      coverage: 0.8,
      thresholds: new Map([
        ["group", 0.5],
        ["kind", 0.5],
      ]),
      nHeldOut: 10,
    });
    expect(planSets(calibrated(), 0.7 + 0.1).coverage).toBe(0.8);
    expect(planSets(calibrated(), 0.801).coverage).toBe(0.81);
    expect(planSets(calibrated(), 0.1 * 7).coverage).toBe(0.7);
  });

  test("are missed with a hint at training", () => {
    const hint = expect.stringContaining("valFraction and calibrationMethod");
    const refused = (model: Model) => {
      try {
        planSets(model, 0.9);
      } catch (error) {
        return error;
      }
      return null;
    };
    expect(refused(identityModel(null))).toMatchObject({ code: "MISMATCH", hint });
    const old = new Map<string, ConfigValue>([["calibration", new Map([["temperatures", new Map()]])]]);
    expect(refused({ ...identityModel(null), trainConfig: old })).toMatchObject({ code: "MISMATCH", hint });
  });

  test("of too few cells say how many are needed and what is possible", () => {
    expect(() => planSets(calibrated(), 0.95)).toThrow(
      /need 19 held-out cells with a label in group; the model had 10/,
    );
    expect(() => planSets(calibrated(), 0.95)).toThrow(
      expect.objectContaining({
        code: "MISMATCH",
        where: "train_config › calibration › conformal › columns › group",
        hint: "ask for predictionSets: 0.9 at most, or train with a larger valFraction",
      }),
    );
  });

  test.each<[string, ConfigValue]>([
    ["no mapping", "yes"],
    ["coverages that are no list", new Map<string, ConfigValue>([["coverages", 0.5]])],
    ["no columns", new Map<string, ConfigValue>([["coverages", floats([0.9])]])],
    [
      "thresholds beyond 1",
      new Map<string, ConfigValue>([
        ["coverages", floats([0.9])],
        ["columns", new Map([["group", new Map<string, ConfigValue>([["thresholds", floats([1.5])]])]])],
      ]),
    ],
    [
      "thresholds that are no numbers",
      new Map<string, ConfigValue>([
        ["coverages", floats([0.9])],
        ["columns", new Map([["group", new Map<string, ConfigValue>([["thresholds", [null]]])]])],
      ]),
    ],
  ])("that are damaged are bad data: %s", (_, conformal) => {
    expect(() => planSets(calibrated(conformal), 0.9)).toThrow(
      expect.objectContaining({ code: "BAD_DATA", where: expect.stringContaining("conformal ›") }),
    );
  });
});

describe("predict", () => {
  const rows = [
    [9, 0, 0],
    [2, 2.05, 0],
    [1, 1, 1],
    [0, 0.5, 3],
  ];
  const run = (options: PredictOptions, model = calibrated()) =>
    predict(model, memoryQuery(rows, ["g0", "g1", "g2"]), options, { engine: createReferenceEngine() });

  test("gives a set for every cell and column, by calibrated probabilities, in blocks of any size", async () => {
    const whole = await run({ predictionSets: 0.9 });
    // At 0.9 the threshold is 0.45; the logits of kind are the values over a temperature of 2.
    const text = whole.labels.map(({ sets }) =>
      [...sets!.codes].map((code) => sets!.members[code].map((c) => sets!.categories[c]).join("+")),
    );
    expect(text).toEqual([
      ["a", "b+a", "a+b", "b"],
      ["a1", "a2", "a1", "b1"],
    ]);
    expect((await run({ predictionSets: 0.9, batchSize: 1 })).labels).toEqual(whole.labels);
    expect(toPlain(whole.metadata)).toMatchObject({
      prediction_sets_coverage: 0.9,
      prediction_sets_thresholds: { group: 0.45, kind: 0.45 },
      prediction_sets_mean_size: { group: 1.5, kind: 1 },
    });
  });

  test("changes nothing else, and says nothing of sets when they are not asked for", async () => {
    const [plain, asked] = [await run({}), await run({ predictionSets: 0.5 })];
    expect(asked.labels.map(({ sets, ...label }) => label)).toEqual(plain.labels);
    expect(plain.labels.some((label) => "sets" in label)).toBe(false);
    expect([...plain.metadata.keys()].filter((key) => key.startsWith("prediction_sets"))).toEqual([]);
  });

  test.each([
    [{ predictionSets: 0.49 }, /predictionSets is 0.49, expected a number at least 0.5 and at most 0.99/],
    [{ predictionSets: 1 }, /at most 0.99/],
    [{ predictionSets: "0.9" }, /expected a number/],
    [{ predictionSets: 0.9, applyCalibration: false }, /needs calibrated probabilities/],
  ])("refuses %o", async (options, message) => {
    await expect(run(options as PredictOptions)).rejects.toThrow(message);
  });

  test("refuses sets of a model without thresholds", async () => {
    await expect(run({ predictionSets: 0.9 }, identityModel(null))).rejects.toMatchObject({
      code: "MISMATCH",
    });
  });
});
