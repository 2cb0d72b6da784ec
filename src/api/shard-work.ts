/** What shards are made of, and how they are checked and joined; loaded on first use. @module */
import { platform } from "#platform";
import { matrixName } from "../anndata/read/matrix-name.ts";
import type { AnnData } from "../anndata/types.ts";
import { fingerprintFile } from "../artifacts/run-manifest.ts";
import { type ConfigMap, type ConfigValue, keyed, toPlain } from "../core/config.ts";
import type { RowRange } from "../core/csr.ts";
import { emitJson } from "../core/json.ts";
import { usageError } from "../core/option-checks.ts";
import { baseName } from "../core/paths.ts";
import { startRuntimeMeter } from "../core/runtime-meter.ts";
import { AtlasmtlError, option, type Phrase, phrase } from "../errors.ts";
import { emitShard, type ShardFile } from "../output/shard-file.ts";
import { joinCells } from "../predict/cell-arrays.ts";
import { decideCells } from "../predict/decide-cells.ts";
import { type PredictOptions, resolvePredictOptions } from "../predict/options.ts";
import { planFindings, planOptions } from "../predict/plan-facts.ts";
import { type PredictionPlan, type PredictWork, planPrediction } from "../predict/plan-prediction.ts";
import { cellsPrint, queryPrint } from "../predict/query-print.ts";
import { scoreCells } from "../predict/score-cells.ts";
import { checkShard, type Shard, shardRows } from "../predict/shard-rows.ts";
import type { Predictions } from "../predict/types.ts";
import { camelName } from "../schema/keys.ts";
import {
  SHARD_IDENTITY,
  SHARD_PLACE,
  SHARD_QUERY,
  SHARD_READ_FILE,
  SHARD_SCHEMA_VERSION,
} from "../schema/shards.ts";
import type { TrainedModel } from "./trained-model.ts";

/** What all shards of one prediction have in common. */
export interface ShardSource {
  readonly model: TrainedModel;
  readonly adata: AnnData;
  readonly options: PredictOptions;
  readonly work: PredictWork;
  /** Files of options. */
  readonly files: readonly string[];
  readonly settings?: ConfigMap | undefined;
}

/** A shard that is ready to be scored, and what it is of. */
export interface PlannedShard {
  readonly plan: PredictionPlan;
  readonly identity: ConfigMap;
}

const NONE: RowRange = { start: 0, end: 0 };

/** @throws like `predictShard`. */
export async function planShard(source: ShardSource, shard: Shard): Promise<PlannedShard> {
  checkShard(shard);
  const { model, adata, options, work, settings } = source;
  refuseWhole(options);
  const { layer } = resolvePredictOptions(options, model.data);
  const range = shardRows(await adata.matrix(matrixName(layer)), shard);
  const plan = await planPrediction(model.data, adata, options, work, range);
  refuseUnjudged(plan);
  const identity = keyed(SHARD_IDENTITY, {
    schemaVersion: SHARD_SCHEMA_VERSION,
    shard: keyed(SHARD_PLACE, { ...shard, ...range, cellsSha256: await cellsPrint(adata, range) }),
    ...(await commonParts(source, plan)),
    hasCoordinates: plan.settings.keepCoords,
    settings: settings ?? undefined,
  });
  return { plan, identity };
}

/** Scores the cells of a shard: the pieces of its file. */
export async function computeShard(
  { plan, identity }: PlannedShard,
  work: PredictWork,
): Promise<readonly Uint8Array[]> {
  return emitShard(identity, await scoreCells(plan, work, () => undefined));
}

/** @throws like `mergeShards`. */
export async function joinShards(source: ShardSource, files: readonly ShardFile[]): Promise<Predictions> {
  const meter = startRuntimeMeter();
  const { model, adata, options, work } = source;
  refuseWhole(options);
  const ordered = inOrder(files, adata.nObs);
  const keepCoords = ordered.every(({ identity }) => identity.get(SHARD_IDENTITY.hasCoordinates) === true);
  const plan = await planPrediction(model.data, adata, { ...options, keepCoords }, work, NONE);
  const wanted = await commonParts(source, plan);
  for (const file of ordered) {
    compare(file, wanted);
    if (file.cellsSha256 !== (await cellsPrint(adata, file))) throw otherQuery(file.path);
  }
  const none = await scoreCells(plan, work, meter.sample);
  const cells = await joinCells(
    none,
    ordered.map((file) => file.cells),
  );
  const deviceUsed = "cpu";
  const { numThreads } = work.engine;
  const runtime = meter.summary({
    phase: "predict",
    numItems: adata.nObs,
    numBatches: cells.nBatches,
    deviceUsed,
    numThreads,
  });
  return decideCells(plan, cells, { deviceUsed, numThreads, runtime }, work);
}

/** @throws USAGE for options that need all cells at once. */
function refuseWhole({ consensus }: PredictOptions): void {
  if (consensus === undefined || consensus === null) return;
  throw usageError(
    phrase`${option("consensus", consensus)} smooths each cell with others of the whole query, which a shard does not have`,
    phrase`leave ${option("consensus")} out, or predict without ${option("shard")}`,
  );
}

/** Views judge values by the first cells that they see, if nothing else says what these are. */
function refuseUnjudged({ model, query, adata, settings }: PredictionPlan): void {
  if (!model.linear || query.given !== "unknown") return;
  throw new AtlasmtlError(
    "UNSUPPORTED",
    "what the values of this matrix are is only known while they are read, so it has no shards",
    {
      where: `${adata.source} › ${settings.layer}`,
      hint: phrase`say what they are by ${option("normalize")}, or predict without ${option("shard")}`,
    },
  );
}

type CommonParts = Record<"query" | "files" | "options" | "prediction", ConfigValue>;

async function commonParts(
  { model, adata, files, work }: ShardSource,
  plan: PredictionPlan,
): Promise<CommonParts> {
  const layer = matrixName(plan.settings.layer);
  const print = await queryPrint(adata, await adata.matrix(layer), await adata.varNames(layer), work.signal);
  const store = platform.files.committedView?.();
  const prints: ConfigMap[] = [];
  for (const path of new Set([...model.files, ...files])) {
    const { sha256 } = await fingerprintFile(path, work.signal, store);
    prints.push(keyed(SHARD_READ_FILE, { name: baseName(path), sha256 }));
  }
  return {
    query: keyed(SHARD_QUERY, { nCells: adata.nObs, sha256: print }),
    files: prints,
    options: planOptions(plan),
    prediction: planFindings(plan),
  };
}

/** The shards by their rows. @throws MISMATCH unless they are all shards of a query of `nCells` cells, each once. */
function inOrder(files: readonly ShardFile[], nCells: number): readonly ShardFile[] {
  const [{ of, path }] = files;
  const byIndex = new Map<number, ShardFile>();
  for (const file of files) {
    if (file.of !== of)
      throw mismatch(`shard ${file.index} is one of ${file.of}, and ${path} is one of ${of}`, file.path);
    const other = byIndex.get(file.index);
    if (other !== undefined)
      throw mismatch(
        `it is shard ${file.index} of ${of}, and so is ${other.path}`,
        file.path,
        "give each shard once",
      );
    byIndex.set(file.index, file);
  }
  const missing = Array.from({ length: of }, (_, i) => i + 1).filter((index) => !byIndex.has(index));
  if (missing.length > 0)
    throw mismatch(
      `of ${of} shards ${missing.length === 1 ? "this one is" : "these are"} missing: ${shownNumbers(missing)}`,
      null,
      phrase`run predict with ${option("shard", `${missing[0]}/${of}`)}`,
    );
  const ordered = [...byIndex.values()].sort((a, b) => a.index - b.index);
  let row = 0;
  for (const { start, end, path: own } of ordered) {
    if (start !== row) throw mismatch(`it begins at row ${start}, and row ${row} is next`, own);
    row = end;
  }
  if (row !== nCells) throw mismatch(`the shards have ${row} cells, and the query ${nCells}`, path);
  return ordered;
}

/** At most 20 of them. */
function shownNumbers(numbers: readonly number[]): string {
  return `${numbers.slice(0, 20).join(", ")}${numbers.length > 20 ? " and more" : ""}`;
}

/** @throws MISMATCH that says what `file` is of. */
function compare({ path, identity }: ShardFile, wanted: CommonParts): void {
  const own = (key: keyof CommonParts): ConfigValue | undefined => identity.get(SHARD_IDENTITY[key]);
  if (!isSame(own("query"), wanted.query)) throw otherQuery(path);
  const files = own("files");
  const [read, given] = [files, wanted.files].map(namedDigests);
  for (const [name, sha256] of given)
    if (read.get(name) !== sha256)
      throw mismatch(
        read.has(name) ? `it was made with another ${name}` : `it was made without ${name}`,
        path,
        "give the model and the files that the shards were made with",
      );
  for (const name of read.keys())
    if (!given.has(name)) throw mismatch(`it was made with ${name}, which is not given here`, path);
  for (const key of ["options", "prediction"] as const) {
    const differing = differingKey(own(key), wanted[key]);
    if (differing === null) continue;
    const [got, expected] = [own(key), wanted[key]].map((part) =>
      jsonOf(part instanceof Map ? part.get(differing) : null),
    );
    const texts = [got, expected].map((text) => (text.length > 60 ? `${text.slice(0, 60)}…` : text));
    throw mismatch(
      key === "options"
        ? phrase`it was made with another ${option(camelName(differing))}: ${texts[0]}, expected ${texts[1]}`
        : `it was made with another ${differing}: ${texts[0]}, expected ${texts[1]}`,
      path,
    );
  }
}

function namedDigests(files: ConfigValue | undefined): Map<string, string> {
  const digests = new Map<string, string>();
  for (const file of Array.isArray(files) ? (files as readonly ConfigValue[]) : [])
    if (file instanceof Map)
      digests.set(String(file.get(SHARD_READ_FILE.name)), String(file.get(SHARD_READ_FILE.sha256)));
  return digests;
}

function differingKey(own: ConfigValue | undefined, wanted: ConfigValue): string | null {
  if (!(own instanceof Map) || !(wanted instanceof Map)) return String(own);
  const keys = new Set<string>([...(own as ConfigMap).keys(), ...(wanted as ConfigMap).keys()]);
  return [...keys].find((key) => !isSame(own.get(key), wanted.get(key))) ?? null;
}

const isSame = (a: ConfigValue | undefined, b: ConfigValue | undefined): boolean => jsonOf(a) === jsonOf(b);

/** Whole numbers read from a file are no Floats any more. */
const jsonOf = (value: ConfigValue | undefined): string =>
  value === undefined
    ? "none"
    : new TextDecoder()
        .decode(emitJson(toPlain(value) as ConfigValue))
        .trim()
        .replace(/\s+/g, " ");

const otherQuery = (path: string): AtlasmtlError => mismatch("it is a shard of another query", path);

function mismatch(message: string | Phrase, where: string | null, hint?: string | Phrase): AtlasmtlError {
  return new AtlasmtlError("MISMATCH", message, {
    ...(where === null ? {} : { where }),
    hint: hint ?? "give all shards of one prediction, and run the others again",
  });
}
