import fc from "fast-check";
import { expect, test } from "vitest";
import { AtlasmtlError, inWords, type OptionValue, option, phrase } from "../../api/errors.ts";
import { createAnnData, parseBenchmarkManifest } from "../../api/index.ts";
import type { FlagTable } from "../options/flag.ts";
import { PREDICT_FLAGS, PREPROCESS_COMMAND_FLAGS, REFINE_FLAGS, TRAIN_FLAGS } from "../options/options.ts";
import { describeFailure } from "./show-error.ts";
import { commandWords } from "./wording.ts";

const config = { path: "train.yaml", keys: new Set(["valFraction", "missingLabels", "noCalibration"]) };

test.each<[FlagTable, string, OptionValue | undefined, string, string]>([
  [TRAIN_FLAGS, "valFraction", undefined, "--val-fraction", "val_fraction"],
  [TRAIN_FLAGS, "valFraction", 0.1, "--val-fraction 0.1", "val_fraction: 0.1"],
  [TRAIN_FLAGS, "missingLabels", "ignore", "--missing-labels ignore", "missing_labels: ignore"],
  [TRAIN_FLAGS, "labelColumns", undefined, "--labels", "--labels"],
  [TRAIN_FLAGS, "hiddenSizes", [8, 4], "--hidden-sizes 8 4", "--hidden-sizes 8 4"],
  [TRAIN_FLAGS, "layer", "my layer", "--layer 'my layer'", "--layer 'my layer'"],
  [TRAIN_FLAGS, "classWeighting.mode", "none", "--class-weighting-mode none", "--class-weighting-mode none"],
  [TRAIN_FLAGS, "childCorrection.baseLrScale", 1, "base_lr_scale: 1", "base_lr_scale: 1"],
  [PREDICT_FLAGS, "autoGenes", true, "--auto-genes", "--auto-genes"],
  [PREDICT_FLAGS, "verifyChecksums", false, "--no-verify", "--no-verify"],
  [PREDICT_FLAGS, "applyCalibration", false, "--no-calibration", "no_calibration: true"],
  [PREDICT_FLAGS, "keepCoords", true, "--include-coords", "--include-coords"],
  [PREDICT_FLAGS, "learningRate", undefined, "--learning-rate", "--learning-rate"],
  [PREPROCESS_COMMAND_FLAGS, "countsRequired", false, "--no-counts-required", "--no-counts-required"],
  [REFINE_FLAGS, "topK", undefined, "--top-k", "--top-k"],
  [TRAIN_FLAGS, "initialised", 1, "initialised: 1", "initialised: 1"],
])("%#: a flag, or the key that the config file gave", (flags, name, value, flag, key) => {
  const said = new AtlasmtlError("BAD_DATA", phrase`${option(name, value)}`);
  expect(inWords(said, commandWords(flags, null).setting).message).toBe(flag);
  expect(inWords(said, commandWords(flags, config).setting).message).toBe(key);
});

test("the place of a wrong setting is its flag or its line of the config file", () => {
  const error = new AtlasmtlError("USAGE", phrase`${option("valFraction")} is 2, expected less`);
  expect(describeFailure(error, "atlasmtl train", commandWords(TRAIN_FLAGS, null))).toMatchObject({
    what: "--val-fraction is 2, expected less",
    where: "--val-fraction",
    fix: "correct --val-fraction",
    options: ["--val-fraction"],
  });
  expect(describeFailure(error, "atlasmtl train", commandWords(TRAIN_FLAGS, config))).toMatchObject({
    what: "val_fraction is 2, expected less",
    where: "train.yaml › val_fraction",
    fix: "correct train.yaml › val_fraction",
    options: ["val_fraction"],
  });
});

test("a manifest's options are its keys, at their place in it", () => {
  const content = new Map<string, unknown>([
    ["reference_h5ad", "a.h5ad"],
    ["query_h5ad", "b.h5ad"],
    ["label_columns", ["l"]],
    ["train", new Map([["val_fraction", 2]])],
  ]);
  let error: unknown;
  try {
    parseBenchmarkManifest(content, "pbmc.yaml");
  } catch (thrown) {
    error = thrown;
  }
  expect(describeFailure(error, "atlasmtl benchmark", commandWords({}, null))).toMatchObject({
    what: "val_fraction is 2, expected a number at least 0 and below 1",
    where: "pbmc.yaml › train › val_fraction",
    options: ["val_fraction"],
  });
});

/** Names that users may give to columns, labels and files, among them what looks like an option in any spelling. */
const userText = fc.oneof(
  fc.constantFrom(...Object.keys({ ...TRAIN_FLAGS, ...PREDICT_FLAGS })).chain((name) => {
    const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return fc.constantFrom(
      ...[
        name,
        snake,
        `--${snake}`,
        `${name}: "off"`,
        `${snake} "off"`,
        `(${snake}=1)`,
        `${name} (${snake})`,
      ],
      ...[`${name}: false, --no-verify`, `${snake}.h5ad`, `\${option("${name}")}`],
    );
  }),
  // A terminal gets one line: blanks and control characters are another matter.
  fc.stringMatching(/^[!-~äñ細][ -~äñ細]{0,20}[!-~äñ細]$/).filter((text) => !text.includes("  ")),
);
const words = [commandWords(TRAIN_FLAGS, null), commandWords(PREDICT_FLAGS, config)];

test("a user's text in an error is never altered, whatever it looks like", () =>
  fc.assert(
    fc.property(
      userText,
      userText,
      fc.constantFrom("USAGE", "NOT_FOUND", "BAD_DATA"),
      (name, other, code) => {
        const error = new AtlasmtlError(code, phrase`there is no ${name} for ${option("batchSize")}`, {
          where: `${other} › obs › ${name}`,
          hint: phrase`use ${other} or ${option("layer", "counts")}`,
        });
        for (const each of words)
          expect(describeFailure(error, "atlasmtl train", each)).toMatchObject({
            what: `there is no ${name} for --batch-size`,
            where: `${other} › obs › ${name}`,
            fix: `use ${other} or --layer counts`,
          });
      },
    ),
  ));

test("the names of a dataset come through the doors of the library and the command line as they are", () =>
  fc.assert(
    fc.asyncProperty(userText, async (name) => {
      const adata = await createAnnData({
        X: { nRows: 1, nCols: 1, data: new Float32Array(1) },
        obs: { index: ["c"], columns: { [`${name}x`]: ["a"] } },
        var: { index: ["g"] },
      });
      const error: unknown = await adata.obs.column(name).catch((thrown: unknown) => thrown);
      const { what, fix } = describeFailure(error, "atlasmtl train", words[0]);
      expect(what).toContain(`there is no column "${name}"`);
      expect(fix).toBe(`columns: ${name}x`);
    }),
    { numRuns: 200 },
  ));
