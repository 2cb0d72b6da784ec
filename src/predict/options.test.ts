import { expect, test } from "vitest";
import { identityModel } from "../../test/helpers/predict-fixtures.ts";
import { PREDICT_DEFAULTS, type PredictOptions, resolvePredictOptions } from "./options.ts";

const resolve = (options: PredictOptions) => resolvePredictOptions(options, identityModel(null));

test("nothing asked for gives the defaults, also for undefined values", () => {
  expect(resolve({})).toEqual(PREDICT_DEFAULTS);
  expect(resolve({ knnK: undefined })).toEqual(PREDICT_DEFAULTS);
  expect(resolve({ knnK: 3 })).toEqual({ ...PREDICT_DEFAULTS, knnK: 3 });
});

test.each([
  [{ knnCorection: "all" }, /no option "knnCorection". Did you mean "knnCorrection"/],
  [{ __proto__x: 1 }, /no option/],
  [{ knnCorrection: "low_conf" }, /knn_correction.*Did you mean "low_conf_only"/],
  [{ knnVoteMode: "majorty" }, /Did you mean "majority"/],
  [{ knnIndexMode: "aproximate" }, /Did you mean "approximate"/],
  [{ knnK: 0 }, /knnK \(knn_k\) is 0; expected an integer at least 1/],
  [{ knnK: 2.5 }, /knn_k/],
  [{ confidenceHigh: 70 }, /confidence_high.*at most 1/],
  [{ confidenceLow: Number.NaN }, /confidence_low/],
  [{ batchSize: -1 }, /batch_size/],
  [{ inputTransform: "log" }, /input_transform/],
  [{ applyCalibration: "no" }, /apply_calibration.*expected true or false/],
  [{ opensetMethod: "nn_distance" }, /needs opensetThreshold/],
  [{ opensetThreshold: 1 }, /openset_method\) is not set/],
  [{ opensetMethod: "prototype", opensetThreshold: -1 }, /openset_threshold/],
  [{ opensetMethod: "nn", opensetThreshold: 1 }, /openset_method/],
  [{ opensetLabelColumn: "grup" }, /Did you mean "group"/],
  [{ enforceHierarchy: true }, /no hierarchyRules/],
])("%o is refused", (options, message) => {
  expect(() => resolve(options as PredictOptions)).toThrow(message);
});

test("the original's name for the approximate search is accepted", () => {
  expect(resolve({ knnIndexMode: "pynndescent" }).knnIndexMode).toBe("approximate");
});
