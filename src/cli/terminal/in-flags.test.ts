import { expect, test } from "vitest";
import { AtlasmtlError, type ErrorCode } from "../../api/errors.ts";
import type { FlagTable } from "../options/flag.ts";
import { PREDICT_FLAGS, TRAIN_FLAGS } from "../options/options.ts";
import { inFlags } from "./in-flags.ts";

const translated = (code: ErrorCode, message: string, hint: string, flags: FlagTable): AtlasmtlError =>
  inFlags(new AtlasmtlError(code, message, { where: "knnK", hint }), flags) as AtlasmtlError;

test.each([
  [
    'pass missingLabels: "ignore" (missing_labels="ignore") to go on',
    "pass --missing-labels ignore to go on",
  ],
  ["hiddenSizes (hidden_sizes) is 0", "--hidden-sizes is 0"],
  ["needs valFraction above 0", "needs --val-fraction above 0"],
  ["cannot read: see labelColumns", "cannot read: see --labels"],
  ["choose another layer: see inspect", "choose another layer: see inspect"],
])("training: %s", (text, expected) => {
  const error = translated("USAGE", text, text, TRAIN_FLAGS);
  expect([error.message, error.hint]).toEqual([expected, expected]);
});

test.each([
  ['such as layer: "counts" or "raw/X"', 'such as --layer counts or "raw/X"'],
  ['predict with knn_correction "off" and go on', "predict with --knn-correction off and go on"],
  ["off (verifyChecksums: false, --no-verify)", "off (--no-verify, --no-verify)"],
  ['Pass hierarchyRules: "derive"', "Pass --hierarchy-rules derive"],
  ["put train_genes back", "put train_genes back"],
])("prediction: %s", (hint, expected) => {
  expect(translated("BAD_DATA", "m", hint, PREDICT_FLAGS).hint).toBe(expected);
});

test("the place of a usage error is its flag; messages about data stay as they are", () => {
  expect(translated("USAGE", "m", "h", PREDICT_FLAGS).where).toBe("--knn-k");
  const data = translated("BAD_DATA", "no column batchSize", "h", PREDICT_FLAGS);
  expect([data.message, data.where, data.code]).toEqual(["no column batchSize", "knnK", "BAD_DATA"]);
  const other = new RangeError("x");
  expect(inFlags(other, PREDICT_FLAGS)).toBe(other);
});
