/** `atlasmtl predict --shard`: one of several parts of a query, for `atlasmtl merge` (docs/specification/6-cli.md#shards). @module */
import { stat } from "node:fs/promises";
import { checkOutput } from "../../api/checks.ts";
import { option, phrase } from "../../api/errors.ts";
import { SHARD_ENDING } from "../../api/formats.ts";
import type { Shard } from "../../api/index.ts";
import { snakeName } from "../../api/names.ts";
import { predictShard } from "../../api/shards.ts";
import type { ConfigMap, ConfigValue } from "../../api/values.ts";
import type { CommandContext } from "../context.ts";
import { openDataset } from "../open-dataset.ts";
import { inputFiles } from "../options/input-files.ts";
import { refuseSwapped } from "../options/model-flags.ts";
import { PREDICT_FLAGS, type PredictFlags, RESULT_KEYS } from "../options/options.ts";
import { required } from "../options/settings.ts";
import { splitDataset } from "../options/split-flags.ts";
import { byteSize, count } from "../terminal/print.ts";
import { createProgress } from "../terminal/progress-bar.ts";
import { usageError } from "../terminal/show-error.ts";
import { openPredictor, preloadContainer } from "./predict.ts";

/** What of the flags of a shard says nothing of the labels. */
const OF_THE_RUN: ReadonlySet<string> = new Set<keyof PredictFlags>([
  ...RESULT_KEYS,
  "out",
  "inPlace",
  "shard",
  "config",
  "numThreads",
  "engine",
]);

/** Scores one shard, unless its file is there. @throws USAGE before any work for a call that cannot succeed. */
export async function runShard(flags: PredictFlags, context: CommandContext): Promise<void> {
  const { output, signal } = context;
  const given = required(flags, PREDICT_FLAGS, "predict", ["model", "adata", "out", "shard"]);
  const { model: modelPath, out } = given;
  const shard = parseShard(given.shard);
  const [data, ...others] = await inputFiles(given.adata);
  if (others.length > 0)
    throw usageError(
      phrase`${option("shard")} is of one query, and ${option("adata")} names ${others.length + 1}`,
      option("adata"),
      "run the shards of each query by themselves",
    );
  refuseSwapped({ model: modelPath, adata: data });
  if (!out.endsWith(SHARD_ENDING))
    throw usageError(
      phrase`got ${JSON.stringify(out)}, and with ${option("shard")} the name ends in ${SHARD_ENDING}`,
      option("out"),
      "atlasmtl merge writes the result of all shards",
    );
  for (const key of [...RESULT_KEYS, "inPlace"] as const)
    if (key !== "includeCoords" && flags[key] !== undefined)
      throw usageError(
        phrase`${option(key)} is about the result, which the shards do not write`,
        option(key),
        phrase`give ${option(key)} to atlasmtl merge`,
      );
  await checkOutput(out);
  preloadContainer(data);
  const predictor = await openPredictor(modelPath, flags, context);
  // A side of a split is found by the names of all cells.
  const whole = await openDataset(data, flags, output, { lazyCellNames: flags.split === undefined });
  const progress = createProgress(context.common);
  try {
    const { adata } = await splitDataset(whole, flags, "predict", out);
    const settings = settingsOf({ ...flags, adata: [data] });
    const written = await predictShard(predictor.model, adata, shard, out, predictor.options, {
      signal,
      onProgress: progress.report,
      files: predictor.files,
      settings,
    });
    progress.stop();
    const { start, end, isNew } = written;
    const warnings = [...predictor.model.warnings, ...written.warnings];
    for (const warning of warnings) output.warn(warning);
    output.note(
      `shard ${shard.index} of ${shard.of}: ${count(end - start)} of ${count(adata.nObs)} cells, from row ${start}`,
    );
    const { size } = await stat(out);
    output.note(isNew ? `wrote  ${out}  ${byteSize(size)}` : `there  ${out}`);
    output.json({
      command: "predict",
      model: modelPath,
      out,
      shard: shard.index,
      n_shards: shard.of,
      start,
      end,
      n_cells: adata.nObs,
      is_new: isNew,
      size,
      warnings: warnings.map(output.inWords),
    });
  } finally {
    progress.stop();
    await whole.close();
  }
}

/** @throws USAGE for another text than `3/16`. */
function parseShard(text: string): Shard {
  const found = /^(\d{1,9})\/(\d{1,9})$/.exec(text);
  if (found !== null) return { index: Number(found[1]), of: Number(found[2]) };
  throw usageError(
    `got ${JSON.stringify(text)}, expected a number of so many, such as 3/16`,
    option("shard"),
    "give 1/16 for the first of 16 shards",
  );
}

/** The flags that merging needs again, by their names in files. */
function settingsOf(flags: PredictFlags): ConfigMap {
  return new Map(
    Object.entries(flags)
      .filter(([key, value]) => !OF_THE_RUN.has(key) && value !== undefined)
      .map(([key, value]): [string, ConfigValue] => [snakeName(key), value as ConfigValue]),
  );
}
