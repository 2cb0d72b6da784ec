import { describe, expect, test } from "vitest";
import { PRESETS } from "../schema/training-options.ts";
import { DEFAULT_TRAIN_OPTIONS, type TrainOptions } from "./options.ts";
import { knnSpaceName, resolveTrainOptions } from "./resolve-options.ts";

const minimal: TrainOptions = { labelColumns: ["a", "b"] };
/** Options as they may come from JavaScript or a file. */
const from = (options: object): TrainOptions => ({ ...minimal, ...options });

test("without anything given, the defaults of the specification", () => {
  const { options, warnings } = resolveTrainOptions(minimal);
  expect(options).toEqual({ ...DEFAULT_TRAIN_OPTIONS, labelColumns: ["a", "b"], taskWeights: [1, 1] });
  expect(warnings).toEqual([]);
});

test("an explicit option wins over the preset, also when it equals a default", () => {
  const { options } = resolveTrainOptions({
    ...minimal,
    preset: "large",
    learningRate: 1e-3,
    hiddenSizes: [256, 128],
  });
  expect(options).toMatchObject({
    preset: "large",
    learningRate: 1e-3,
    hiddenSizes: [256, 128],
    dropoutRate: 0.3,
  });
  expect(resolveTrainOptions({ ...minimal, preset: "small" }).options).toMatchObject(PRESETS.small);
  expect(resolveTrainOptions({ ...minimal, preset: "large" }).options).toMatchObject(PRESETS.large);
});

test("undefined and null are not given", () => {
  const { options } = resolveTrainOptions({
    ...minimal,
    preset: "small",
    learningRate: undefined,
    dropoutRate: null,
  });
  expect(options).toMatchObject(PRESETS.small);
});

test("counts are thinned where a share below 1 is asked for", () => {
  const normalize = "log1p_cp10k";
  const thinning = (extra: object) =>
    resolveTrainOptions(from({ normalize, ...extra })).options.countThinning;
  expect([{}, { countThinning: 0.2 }, { countThinning: 1 }].map(thinning)).toEqual([null, 0.2, null]);
  expect(resolveTrainOptions(from({ countThinning: 1 })).options.countThinning).toBeNull();
});

test("names with values come as a Map or an object", () => {
  for (const coordTargets of [{ umap: "X_umap" }, new Map([["umap", "X_umap"]])])
    expect(resolveTrainOptions({ ...minimal, coordTargets }).options.coordTargets).toEqual(
      new Map([["umap", "X_umap"]]),
    );
});

test.each<[object, string]>([
  [{ labelColumns: [] }, "labelColumns is empty"],
  [{ labelColumns: ["a", "a"] }, 'names "a" twice'],
  [
    { labelColumns: ["LIVE/DEAD"] },
    'labelColumns names "LIVE/DEAD", which cannot be part of a name in an .h5ad file',
  ],
  [
    { labelColumns: ["a", "a_raw"] },
    'names "a_raw", whose predictions would be written as "pred_a_raw", as those of "a"',
  ],
  [{ labelColumns: ["deepest"] }, "as the deepest label is"],
  [{ coordTargets: { "a/b": "X_umap" } }, "without a dot or a slash"],
  [{ labelColumns: "a" }, "expected a list"],
  [{ labelColumns: undefined }, "expected a list"],
  [{ preset: "larg" }, 'did you mean "large"'],
  [{ hiddenSizes: [] }, "hiddenSizes is empty"],
  [{ hiddenSizes: [64, 0] }, "hiddenSizes is 0, expected an integer at least 1"],
  [{ hiddenSizes: ["64"] }, 'is "64", expected an integer'],
  [{ dropoutRate: 1 }, "dropoutRate is 1, expected a number at least 0 and below 1"],
  [{ batchSize: 1.5 }, "batchSize"],
  [{ numEpochs: 0 }, "numEpochs"],
  [{ learningRate: 0 }, "learningRate is 0, expected a number above 0"],
  [{ learningRate: Number.NaN }, "learningRate is NaN"],
  [{ optimizerName: "adamW" }, 'did you mean "adamw"'],
  [{ weightDecay: -1 }, "weightDecay"],
  [{ preset: "original", schedulerName: "reduce_lr_on_plateau" }, "valFraction is 0"],
  [{ valFraction: 0, calibrationMethod: "temperature_scaling" }, "valFraction is 0"],
  [{ valFraction: 0, linearViews: true }, "valFraction is 0"],
  [{ schedulerFactor: 1 }, "schedulerFactor"],
  [{ schedulerMonitor: "loss" }, "schedulerMonitor"],
  [{ valFraction: 1 }, "valFraction"],
  [{ earlyStoppingPatience: 0 }, "earlyStoppingPatience"],
  [{ randomState: -1 }, "randomState"],
  [{ randomState: 2 ** 53 }, "randomState"],
  [{ taskWeights: [1] }, "has 1 values for 2 label columns (a, b)"],
  [{ taskWeights: [1, -1] }, "taskWeights"],
  [{ coordTargets: { "a.b": "X" } }, 'a head named "a.b"'],
  [{ coordTargets: { latent_internal: "X" } }, "latent_internal"],
  [{ coordTargets: ["X_umap"] }, "expected names with values"],
  [{ coordLossWeights: { umap: "1" } }, "coordLossWeights"],
  [{ domainLossWeight: 0.1 }, "domainKey is not given"],
  [{ topologyLossWeight: 0.1 }, "there are none"],
  [
    { topologyLossWeight: 0.1, topologyCoord: "uma", coordTargets: { umap: "X_umap" } },
    'did you mean "umap"',
  ],
  [{ topologyK: 0 }, "topologyK"],
  [{ knnSpace: "pca" }, "knnReferenceObsmKey is not given"],
  [{ knnReferenceObsmKey: "X_latent_internal" }, "the encoder's own latent"],
  [{ knnReferenceObsmKey: "X_umap", coordTargets: { umap: "X_other" } }, 'the coordinate head of "X_other"'],
  [{ initModelPath: "model.pth" }, "initModel is not given"],
  [{ numThreads: "many" }, "numThreads"],
  [{ device: "cuda" }, "device"],
  [{ missingLabels: "drop" }, "missingLabels"],
  [{ countThinning: 0.2 }, 'countThinning is 0.2, and needs normalize: "log1p_cp10k"'],
  [{ countThinning: 0, normalize: "log1p_cp10k" }, "expected a number above 0 and at most 1"],
  [{ countThinning: 1.5, normalize: "log1p_cp10k" }, "countThinning is 1.5"],
  [{ countThinning: "0.2", normalize: "log1p_cp10k" }, 'is "0.2", expected a number'],
  [{ inputTransform: "log" }, "inputTransform"],
  [{ referenceStorage: "externl" }, 'did you mean "external"'],
  [{ learning_rate: 1 }, 'did you mean "learningRate"'],
])("%o is refused", (options, message) => {
  expect(() => resolveTrainOptions(from(options))).toThrow(
    expect.objectContaining({ code: "USAGE", message: expect.stringContaining(message) }),
  );
});

test.each<[object, string]>([
  [{ valFraction: 0, earlyStoppingPatience: 5 }, "earlyStoppingPatience has no effect"],
  [{ domainKey: "donor" }, "has no effect while"],
  [{ coordTargets: { pca: "X_pca" } }, '"pca" has no weight'],
  [{ coordTargets: { umap: "X_umap" }, coordLossWeights: { umap: 1, umpa: 1 } }, 'did you mean "umap"'],
])("%o warns", (options, message) => {
  const { warnings } = resolveTrainOptions(from(options));
  expect(warnings.map((warning) => warning.message)).toEqual([expect.stringContaining(message)]);
});

test.each<[object, boolean, number, string | null]>([
  [{}, true, 0.15, "temperature_scaling"],
  [{ preset: "default" }, true, 0.15, "temperature_scaling"],
  [{ preset: "best" }, true, 0.15, "temperature_scaling"],
  [{ preset: "fast" }, false, 0.1, "temperature_scaling"],
  [{ preset: "fast", linearViews: true }, true, 0.1, "temperature_scaling"],
  [{ preset: "original" }, false, 0, null],
  [{ preset: "original", valFraction: 0.2 }, false, 0.2, null],
  [{ preset: "original", linearViews: true }, true, 0.15, "temperature_scaling"],
  [{ linearViews: false }, false, 0.15, "temperature_scaling"],
  [{ valFraction: 0.2 }, true, 0.2, "temperature_scaling"],
  [{ valFraction: 0 }, false, 0, null],
])("%o: views %s, held out %f, calibration %s", (options, linearViews, valFraction, calibrationMethod) => {
  expect(resolveTrainOptions(from(options)).options).toMatchObject({
    linearViews,
    valFraction,
    calibrationMethod,
  });
});

test("joint child correction that starts untrained warns, unless the network learns at full rate", () => {
  const warningsOf = (child: object) =>
    resolveTrainOptions({
      labelColumns: ["coarse", "fine"],
      childCorrection: { parentLevel: "coarse", targetLevel: "fine", hotspotParents: ["T"], ...child },
    }).warnings.map(({ message }) => message);
  expect(warningsOf({})).toEqual([expect.stringContaining("learns at 0.1 of the learning rate")]);
  expect(warningsOf({ baseLrScale: 1 })).toEqual([]);
});

test.each([
  ["X_scVI-latent space", null, "scvi_latent_space"],
  ["X_pca", "Mine", "Mine"],
  ["harmony", null, "harmony"],
])("the KNN space of %s, named %s, is %s", (key, name, space) => expect(knnSpaceName(key, name)).toBe(space));

describe("the preset best", () => {
  const best = (extra: Partial<TrainOptions> = {}) =>
    resolveTrainOptions({ labelColumns: ["l1", "l2"], preset: "best", ...extra }).options;

  test("normalises counts, weighs the classes of the last column and averages five networks", () => {
    expect(best()).toMatchObject({
      normalize: "log1p_cp10k",
      inputTransform: "float",
      classWeighting: { labelColumn: "l2", mode: "sqrt_balanced" },
      ensembleSize: 5,
    });
  });

  test("gives way to every explicit option, and each part of it can be switched off", () => {
    expect(
      best({ normalize: "none", classWeighting: { mode: "none" }, ensembleSize: 1, hiddenSizes: [8] }),
    ).toMatchObject({
      normalize: "none",
      inputTransform: "float",
      classWeighting: null,
      ensembleSize: 1,
      hiddenSizes: [8],
    });
  });

  test("says how to go on where it meets what works on one network only", () => {
    const childCorrection = { parentLevel: "l1", targetLevel: "l2", hotspotParents: ["a"] };
    expect(() => best({ childCorrection })).toThrow(
      expect.objectContaining({ code: "USAGE", hint: expect.stringMatching(/set ensembleSize: 1,/) }),
    );
    expect(best({ childCorrection, ensembleSize: 1 }).childCorrection).not.toBeNull();
  });
});
