/** `atlasmtl openset`: fit the distance above which a cell is of an unseen type. @module */

import { platform } from "#platform";
import { checkOutput, refuseOverwriting } from "../../api/checks.ts";
import { option } from "../../api/errors.ts";
import { fitOpensetThreshold, type PredictOptions } from "../../api/index.ts";
import { OPENSET_DETAILS } from "../../api/keys.ts";
import { snakeName } from "../../api/names.ts";
import { type ConfigValue, emitJson, Float } from "../../api/values.ts";
import type { CommandContext } from "../context.ts";
import { openDataset } from "../open-dataset.ts";
import { openModel } from "../open-model.ts";
import { layerOf } from "../options/dataset-flags.ts";
import { refuseSwapped } from "../options/model-flags.ts";
import { OPENSET_FLAGS, type OpensetFlags } from "../options/options.ts";
import { required } from "../options/settings.ts";
import { splitDataset } from "../options/split-flags.ts";
import { fileSummary, prepareRun, recordFiles } from "../provenance.ts";
import { percent, plural } from "../terminal/print.ts";
import { createProgress } from "../terminal/progress-bar.ts";
import { shellWord } from "../terminal/shell-word.ts";
import { usageError } from "../terminal/show-error.ts";

/** Fits the threshold by the flags and writes settings for `predict --config`. @throws USAGE before any work. */
export async function runOpenset(flags: OpensetFlags, context: CommandContext): Promise<void> {
  const { output, signal } = context;
  const {
    model: modelPath,
    adata: data,
    out,
  } = required(flags, OPENSET_FLAGS, "openset", ["model", "adata", "out"]);
  refuseSwapped(flags);
  if (!/\.(json|ya?ml)$/.test(out))
    throw usageError(
      `got ${JSON.stringify(out)}, expected a name that ends in .json`,
      option("out"),
      "predict reads it with --config",
    );
  await checkOutput(out);
  const model = await openModel(modelPath, flags, context);
  const progress = createProgress(context.common);
  const whole = await openDataset(data, flags, output);
  try {
    const part = await splitDataset(whole, flags, "predict", out);
    const { adata } = part;
    const inputPaths = [...(whole.stored?.files ?? [data]), ...part.files, ...model.files];
    await refuseOverwriting([out], flags.config === undefined ? inputPaths : [...inputPaths, flags.config]);
    const inputs = await recordFiles(inputPaths, out, signal);
    const layer = layerOf(flags);
    const {
      opensetMethod = "nn_distance",
      opensetLabelColumn,
      knnQueryObsmKey,
      knnSpace,
      numThreads,
    } = flags;
    const compared = Object.fromEntries(
      Object.entries({ opensetLabelColumn, knnQueryObsmKey, knnSpace }).filter(
        ([, value]) => value !== undefined,
      ),
    ) as Readonly<Record<string, string>>;
    const predict: PredictOptions = {
      ...compared,
      ...(layer === undefined ? {} : { layer }),
      ...(numThreads === undefined ? {} : { numThreads }),
    };
    const fitted = await fitOpensetThreshold(
      model,
      adata,
      { method: opensetMethod, labelColumn: flags.labelColumn, quantile: flags.quantile, predict },
      { signal, onProgress: progress.report },
    );
    const settings = new Map<string, ConfigValue>(
      Object.entries(fitted.settings).map(([key, value]) => [
        snakeName(key),
        typeof value === "number" ? new Float(value) : value,
      ]),
    );
    const { rule, nKnown, nUnseen, knownOutside, unseenOutside, auroc } = fitted;
    const asValue = (value: number | null): ConfigValue => (value === null ? null : new Float(value));
    const found: readonly (readonly [string, ConfigValue])[] = [
      [OPENSET_DETAILS.rule, rule],
      [OPENSET_DETAILS.nKnown, nKnown],
      [OPENSET_DETAILS.nUnseen, nUnseen],
      [OPENSET_DETAILS.knownOutside, asValue(knownOutside)],
      [OPENSET_DETAILS.unseenOutside, asValue(unseenOutside)],
      [OPENSET_DETAILS.auroc, asValue(auroc)],
    ];
    const run = await prepareRun(
      out,
      {
        command: "openset",
        inputs,
        split: part.record,
        seeds: new Map(),
        details: new Map<string, ConfigValue>([["model", modelPath], ["out", out], ...settings, ...found]),
      },
      context,
    );
    await platform.files.writeAll([{ path: out, bytes: [emitJson(settings)] }], run.also);
    progress.stop();
    const warnings = [...model.warnings, ...fitted.warnings];
    for (const warning of warnings) output.warn(warning);
    output.note(
      `threshold ${fitted.threshold.toPrecision(6)}: ${percent(knownOutside)} of ${plural(nKnown, "cell")} of known types lie beyond` +
        (unseenOutside === null || auroc === null
          ? ""
          : `, ${percent(unseenOutside)} of ${plural(nUnseen, "cell")} of unseen types (AUROC ${auroc.toFixed(3)})`),
    );
    output.note(`wrote  ${out}`);
    output.note(`wrote  ${run.path()}`);
    output.note(
      `next:  atlasmtl predict --model ${shellWord(modelPath)} --adata QUERY --out OUT --config ${shellWord(out)}`,
    );
    output.json({
      command: "openset",
      out,
      openset_method: opensetMethod,
      openset_threshold: fitted.threshold,
      rule,
      n_known: nKnown,
      n_unseen: nUnseen,
      known_outside: knownOutside,
      unseen_outside: unseenOutside,
      auroc,
      outputs: run.outputs().map(fileSummary),
      run_manifest: run.path(),
      warnings: warnings.map(output.inWords),
    });
  } finally {
    progress.stop();
    await whole.close();
  }
}
