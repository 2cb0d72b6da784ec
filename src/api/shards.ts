/** A prediction in parts: shards of a query, one by one on any machine, and their merging (docs/specification/6-cli.md#shards). @module */
import { platform } from "#platform";
import type { AnnData } from "../anndata/types.ts";
import { keepSmallMatrices } from "../anndata/views/kept-rows.ts";
import { filesOf } from "../anndata/write/write-annotated.ts";
import type { ConfigMap } from "../core/config.ts";
import { emitJson } from "../core/json.ts";
import { refuseOverwriting } from "../core/overwriting.ts";
import { AtlasmtlError, isAtlasmtlError, type Notice } from "../errors.ts";
import { createEngine } from "../kernels/engine.ts";
import type { ShardFile } from "../output/shard-file.ts";
import type { PredictOptions } from "../predict/options.ts";
import type { Shard } from "../predict/shard-rows.ts";
import { SHARD_IDENTITY } from "../schema/shards.ts";
import { requireModelAndData } from "./call-checks.ts";
import type { PredictWork } from "./predict.ts";
import { PredictionResult } from "./prediction-result.ts";
import type { TrainedModel } from "./trained-model.ts";

/** How a shard is computed. */
export interface ShardWork extends PredictWork {
  /** Files of options, such as hierarchy rules, which all shards must have read alike (Node). */
  readonly files?: readonly string[];
  /** What the caller keeps in the file of the shard and finds again in `identity`. */
  readonly settings?: ConfigMap;
}

/** A shard that is in its file. */
export interface WrittenShard {
  /** Its first row, and the row after its last. */
  readonly start: number;
  readonly end: number;
  /** False if the file was this very shard already, complete: made of the same cells by the same model, options and version. */
  readonly isNew: boolean;
  /** What reading the query had to say, which the merged result says as well. */
  readonly warnings: readonly Notice[];
}

/**
 * Scores the cells of one of several shards of a query, and writes them to `path` (Node), whole or not at all; nothing is done
 * if the file is there already. Whatever depends on the query as a whole is decided by the same sample of all its cells in each
 * shard, or when shards are merged.
 *
 * ```ts
 * for (const index of [1, 2])
 *   await predictShard(model, query, { index, of: 2 }, `part-${index}.shard`);
 * const result = await mergeShards(model, query, ["part-1.shard", "part-2.shard"]);
 * ```
 * @throws like {@link predict}; USAGE for a number that is no shard and for smoothing by neighbours, which needs all cells at once;
 * UNSUPPORTED for values of which no sample says what they are.
 */
export async function predictShard(
  model: TrainedModel,
  adata: AnnData,
  shard: Shard,
  path: string,
  options: PredictOptions = {},
  { shared, files = [], settings, ...work }: ShardWork = {},
): Promise<WrittenShard> {
  requireModelAndData("predictShard", model, adata);
  const { computeShard, planShard } = await import("./shard-work.ts");
  await refuseOverwriting([path], [...filesOf(adata), ...model.files, ...files]);
  const engine =
    shared?.engine ??
    (await createEngine({ numThreads: options.numThreads ?? "max", engine: options.engine }));
  try {
    const source = {
      model,
      adata: keepSmallMatrices(adata),
      options,
      work: { ...work, engine },
      files,
      settings,
    };
    const planned = await planShard(source, shard);
    const isNew = !(await holds(path, planned.identity));
    if (isNew) await platform.files.writeAll([{ path, bytes: await computeShard(planned, source.work) }]);
    return { ...planned.plan.range, isNew, warnings: planned.plan.query.warnings };
  } finally {
    if (shared === undefined) engine.dispose();
  }
}

/** True if the file at `path` is a whole shard of this `identity`. */
async function holds(path: string, identity: ConfigMap): Promise<boolean> {
  let file: ShardFile | null = null;
  try {
    file = await openShard(path);
    const [found, wanted] = [file.identityBytes, emitJson(identity)];
    if (found.length !== wanted.length || found.some((byte, i) => byte !== wanted[i])) return false;
    await file.check();
    return true;
  } catch (error) {
    if (isAtlasmtlError(error, "NOT_FOUND", "BAD_FORMAT", "UNSUPPORTED", "LIMIT")) return false;
    throw error;
  } finally {
    await file?.close();
  }
}

/**
 * Opens the file of a shard (Node). Close it when done.
 * @throws NOT_FOUND, IO; BAD_FORMAT for another file, UNSUPPORTED for one of another layout.
 */
export async function openShard(path: string): Promise<ShardFile> {
  const { openShardFile } = await import("../output/shard-file.ts");
  return openShardFile(await (platform.files.committedView?.() ?? platform.files).open(path), path);
}

/** What the caller of {@link predictShard} kept in a shard, and whether it holds coordinates. */
export function shardSettings({ identity }: ShardFile): {
  readonly settings: ConfigMap;
  readonly hasCoordinates: boolean;
} {
  const settings = identity.get(SHARD_IDENTITY.settings);
  return {
    settings: settings instanceof Map ? (settings as ConfigMap) : new Map(),
    hasCoordinates: identity.get(SHARD_IDENTITY.hasCoordinates) === true,
  };
}

/**
 * The prediction of a query from all of its shards, in any order (Node): the same, bit for bit, as {@link predict} gives. `options` are those
 * that the shards were made with.
 * @throws MISMATCH that names the shards that are missing, there twice, or of another query, model, version or options; BAD_FORMAT
 * for a damaged file.
 */
export async function mergeShards(
  model: TrainedModel,
  adata: AnnData,
  paths: readonly string[],
  options: PredictOptions = {},
  { shared, files = [], ...work }: Omit<ShardWork, "settings"> = {},
): Promise<PredictionResult> {
  requireModelAndData("mergeShards", model, adata);
  if (paths.length === 0) throw new AtlasmtlError("USAGE", "there are no shards to merge");
  const { joinShards } = await import("./shard-work.ts");
  const opened: ShardFile[] = [];
  const engine =
    shared?.engine ??
    (await createEngine({ numThreads: options.numThreads ?? "max", engine: options.engine }));
  try {
    for (const path of paths) opened.push(await openShard(path));
    const query = keepSmallMatrices(adata);
    const predictions = await joinShards(
      { model, adata: query, options, work: { ...work, engine }, files },
      opened,
    );
    return new PredictionResult(
      predictions,
      [...filesOf(adata), ...model.files, ...paths],
      options,
      engine.name,
    );
  } finally {
    for (const file of opened) await file.close();
    if (shared === undefined) engine.dispose();
  }
}
