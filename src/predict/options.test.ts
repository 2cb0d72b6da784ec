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
  [{ knnCorection: "all" }, /no option "knnCorection"; did you mean "knnCorrection"/],
  [{ __proto__x: 1 }, /no option/],
  [{ knnCorrection: "low_conf" }, /knnCorrection.*did you mean "low_conf_only"/],
  [{ knnVoteMode: "majorty" }, /did you mean "majority"/],
  [{ knnIndexMode: "aproximate" }, /did you mean "approximate"/],
  [{ knnK: 0 }, /knnK is 0, expected an integer at least 1/],
  [{ knnK: 2.5 }, /knnK/],
  [{ confidenceHigh: 70 }, /confidenceHigh.*at most 1/],
  [{ confidenceLow: Number.NaN }, /confidenceLow/],
  [{ batchSize: -1 }, /batchSize/],
  [{ inputTransform: "log" }, /inputTransform/],
  [{ applyCalibration: "no" }, /applyCalibration.*expected true or false/],
  [{ opensetMethod: "nn_distance" }, /needs opensetThreshold/],
  [{ opensetThreshold: 1 }, /opensetMethod is not set/],
  [{ opensetMethod: "prototype", opensetThreshold: -1 }, /opensetThreshold/],
  [{ opensetMethod: "nn", opensetThreshold: 1 }, /opensetMethod/],
  [{ opensetLabelColumn: "grup" }, /did you mean "group"/],
  [{ enforceHierarchy: true }, /no hierarchyRules/],
])("%o is refused", (options, message) => {
  expect(() => resolve(options as PredictOptions)).toThrow(message);
});
