/** `atlasmtl merge`: the result of a query from its shards (docs/specification/6-cli.md#shards). @module */
import { option, phrase } from "../../api/errors.ts";
import { chooseEmbedding } from "../../api/index.ts";
import { mergeShards, openShard, shardSettings } from "../../api/shards.ts";
import { type ConfigMap, toPlain } from "../../api/values.ts";
import type { CommandContext } from "../context.ts";
import { checkedSettings } from "../options/config-file.ts";
import { flagWords } from "../options/flag-words.ts";
import { inputFiles } from "../options/input-files.ts";
import {
  MERGE_FLAGS,
  type MergeFlags,
  PREDICT_FLAGS,
  type PredictFlags,
  RESULT_KEYS,
} from "../options/options.ts";
import { required } from "../options/settings.ts";
import { usageError } from "../terminal/show-error.ts";
import { checkResult, openPredictor, predictAndTell, preloadContainer, warnOfIdleFlags } from "./predict.ts";

/** Writes what one run of `predict` would have written. @throws USAGE before any work for a call that cannot succeed. */
export async function runMerge(
  words: readonly string[],
  own: MergeFlags,
  context: CommandContext,
): Promise<void> {
  const { out } = required(own, MERGE_FLAGS, "merge", ["out"]);
  const paths = await inputFiles(words);
  const shard = await openShard(paths[0]);
  await shard.close();
  const { settings, hasCoordinates } = shardSettings(shard);
  const flags = flagsOf(settings, own, paths[0]);
  const modelPath = flags.model;
  const [data] = flags.adata;
  await checkResult(data, out, flags);
  warnOfIdleFlags(flags, out, context);
  preloadContainer(data);
  const predictor = await openPredictor(modelPath, flags, context);
  await predictAndTell(
    "merge",
    predictor,
    data,
    out,
    {
      async predict(adata, work) {
        const isDrawn = flags.report !== undefined && (await chooseEmbedding(adata, new Map())) === null;
        if ((flags.includeCoords || isDrawn) && !hasCoordinates && !predictor.model.data.oneVsRest)
          throw usageError(
            phrase`the shards do not hold the coordinates that ${option(flags.includeCoords ? "includeCoords" : "report")} shows`,
            paths[0],
            phrase`run the shards with ${option("includeCoords", true)}`,
          );
        return mergeShards(predictor.model, adata, paths, predictor.options, {
          ...work,
          files: predictor.files,
        });
      },
    },
    { ...context, argv: argvOf(modelPath, data, out, flags) },
  );
}

/** The flags of the run that the shards are parts of. */
function flagsOf(
  settings: ConfigMap,
  { numThreads, ...own }: MergeFlags,
  path: string,
): PredictFlags & { readonly model: string; readonly adata: readonly string[] } {
  const data = new Map(Object.entries(toPlain(settings) as object));
  const ofShards = Object.fromEntries(checkedSettings(data, path, PREDICT_FLAGS)) as PredictFlags;
  const result = Object.fromEntries(RESULT_KEYS.map((key) => [key, own[key]]));
  return {
    ...ofShards,
    ...result,
    model: own.model ?? ofShards.model ?? "",
    adata: own.adata === undefined ? (ofShards.adata ?? []) : [own.adata],
    out: own.out,
    inPlace: own.inPlace,
    numThreads,
  };
}

/** The words of that run. */
function argvOf(model: string, data: string, out: string, flags: PredictFlags): readonly string[] {
  const { model: _model, adata: _adata, out: _out, numThreads: _threads, ...rest } = flags;
  return ["predict", "--model", model, "--adata", data, "--out", out, ...flagWords(PREDICT_FLAGS, rest)];
}
