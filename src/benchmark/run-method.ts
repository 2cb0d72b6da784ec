/** Runs and scores one method of a benchmark, or reuses the result of an earlier run. @module */

import { platform } from "#platform";
import { fromConfig, toConfig } from "../artifacts/config-values.ts";
import type { FileRecord } from "../artifacts/run-manifest.ts";
import { joinBytes } from "../core/bytes.ts";
import { sha256 } from "../core/checksums.ts";
import { type ConfigMap, type ConfigValue, Float, keyed } from "../core/config.ts";
import { emitJson, parseJsonObject } from "../core/json.ts";
import { joinPath } from "../core/paths.ts";
import { readInput } from "../core/read-input.ts";
import { VERSION } from "../core/version.ts";
import { inWords, isAtlasmtlError } from "../errors.ts";
import { type CoordinateMetrics, scoreCoordinates } from "../evaluate/coordinates.ts";
import type { ReasonCounts } from "../evaluate/unknown-reasons.ts";
import { openCellTable, readPredictions } from "../output/read-predictions.ts";
import { toCsv } from "../output/to-csv.ts";
import type { LabelPrediction, Warning } from "../predict/types.ts";
import type { Method } from "../schema/benchmark.ts";
import { FEATURE_ALIGNMENT, INPUT_CONTRACT, METHOD_ENTRY, PROTOCOL_CONTEXT } from "../schema/benchmark.ts";
import { UNKNOWN_REASONS } from "../schema/prediction.ts";
import type { BenchmarkData } from "./benchmark-cells.ts";
import type { BenchmarkManifest } from "./dataset-manifest.ts";
import { manifestWords } from "./manifest-words.ts";
import { type AtlasmtlOutcome, runAtlasmtl } from "./methods/atlasmtl.ts";
import { runLogisticRegression } from "./methods/logistic-regression.ts";
import { runNearestCentroid } from "./methods/nearest-centroid.ts";
import { runReferenceKnn } from "./methods/reference-knn.ts";
import { runSpearmanCorrelation } from "./methods/spearman-correlation.ts";
import type { MethodOutcome, MethodWork } from "./methods/types.ts";
import { coordinateMetrics, scoreMethod } from "./score.ts";
import type { SourceRun } from "./source-run.ts";

export interface MethodJob {
  readonly name: Method;
  readonly data: BenchmarkData;
  readonly manifest: BenchmarkManifest;
  readonly atlasmtlModel: string | null;
  /** The earlier run whose scores the policies of the `atlasmtl` method use. */
  readonly sourceRun: SourceRun | null;
  /** The folder of the run. */
  readonly folder: string;
  /** A digest of everything that the result depends on, except the method. */
  readonly identity: string;
}

/** A method's part of the results. */
export interface MethodResult {
  readonly name: string;
  /** Its entry in `metrics.json`. */
  readonly entry: ConfigMap;
  readonly labels: readonly LabelPrediction[];
  readonly reasons: readonly ReasonCounts[] | null;
  readonly coordinates: ReadonlyMap<string, CoordinateMetrics>;
  readonly seeds: ReadonlyMap<string, number>;
  /** Paths relative to the folder of the run. */
  readonly files: readonly FileRecord[];
  readonly warnings: readonly Warning[];
  /** True when it was computed by an earlier run. */
  readonly isResumed: boolean;
}

const RESULT = "result.json";
const PREDICTIONS = "predictions.csv";

/** Runs the method, or reuses the result of an earlier run with the same identity in the folder. */
export async function runMethod(job: MethodJob, work: MethodWork): Promise<MethodResult> {
  const key = sha256([
    emitJson({
      identity: job.identity,
      method: job.name,
      config: new Map([...work.config].map(([name, value]) => [name, new Float(value)])),
      model: job.atlasmtlModel,
    }),
  ]);
  return (await earlierResult(job, key)) ?? (await newResult(job, key, work));
}

async function newResult(job: MethodJob, key: string, work: MethodWork): Promise<MethodResult> {
  const { name, data, manifest } = job;
  const outcome = await compute(job, work);
  const warnings = outcome.warnings.map((warning) => inWords(warning, manifestWords));
  const scores = scoreMethod(outcome.labels, {
    labels: data.truths,
    rules: data.rules,
    domains: data.domains?.labels ?? null,
    vocabularies: new Map([...data.referenceLabels].map(([column, { categories }]) => [column, categories])),
  });
  const coordinates = await coordinateScores(job, outcome, work);
  const folder = `methods/${name}`;
  const isOurs = "bundle" in outcome;
  const bundle = isOurs ? (outcome as AtlasmtlOutcome).bundle : [];
  const predictions = joinBytes(
    toCsv(
      {
        obsNames: data.query.obs.index,
        labels: outcome.labels,
        coords: new Map(),
        spaces: [],
        metadata: new Map(),
        warnings: [],
      },
      { mode: "full" },
    ),
  );
  const contents = [
    ...bundle.map((file) => ({ path: `${folder}/${file.name}`, bytes: file.bytes })),
    { path: `${folder}/${PREDICTIONS}`, bytes: predictions },
  ];
  const files = contents.map(({ path, bytes }) => ({
    path,
    sizeBytes: bytes.length,
    sha256: sha256([bytes]),
  }));
  const byName = <T extends ConfigValue>(read: (file: FileRecord) => T): ConfigMap =>
    new Map(files.map((file) => [file.path.slice(folder.length + 1), read(file)]));
  const entry = keyed(METHOD_ENTRY, {
    method: name,
    methodVersion: VERSION,
    datasetName: manifest.datasetName,
    datasetVersion: manifest.version,
    protocolContext: protocolContext(job),
    metrics: scores.metrics,
    metricsByDomain: scores.metricsByDomain,
    behaviorMetrics: scores.behaviour,
    behaviorMetricsByDomain: scores.behaviourByDomain,
    hierarchyMetrics: scores.hierarchy,
    coordinateMetrics: coordinateMetrics(coordinates),
    unknownReasons: outcome.reasons === null ? null : reasonsConfig(outcome.labels, outcome.reasons),
    trainUsage: outcome.trainUsage,
    predictUsage: outcome.predictUsage,
    artifactSizes: byName((file) => file.sizeBytes),
    artifactPaths: byName((file) => file.path),
    artifactChecksums: byName((file) => file.sha256),
    modelSource: isOurs ? (outcome as AtlasmtlOutcome).modelSource : "trained",
    modelInputPath: job.name === "atlasmtl" ? job.atlasmtlModel : null,
    inputContract: inputContract(job, outcome, work),
    trainConfigUsed: outcome.trainConfig,
    predictConfigUsed: outcome.predictConfig,
    predictionMetadata: outcome.predictionMetadata,
    policyDag: isOurs ? (outcome as AtlasmtlOutcome).policyDag : new Map(),
  });
  const kept = new Map<string, ConfigValue>([
    ["key", key],
    ["entry", entry],
    ["seeds", outcome.seeds],
    ["files", files.map(fileEntry)],
    ["coordinates", new Map([...coordinates].map(([head, each]) => [head, floats(each)]))],
    ["warnings", warnings.map((warning) => ({ ...warning }))],
  ]);
  const at = (path: string): string => joinPath(job.folder, path);
  await platform.files.writeAll([
    ...contents.map(({ path, bytes }) => ({ path: at(path), bytes: [bytes] })),
    { path: at(`${folder}/${RESULT}`), bytes: [emitJson(toConfig(fromConfig(kept)))] },
  ]);
  return {
    name,
    entry,
    labels: outcome.labels,
    reasons: outcome.reasons,
    coordinates,
    seeds: outcome.seeds,
    files,
    warnings,
    isResumed: false,
  };
}

const OTHERS: Readonly<
  Record<Exclude<Method, "atlasmtl">, (data: BenchmarkData, work: MethodWork) => Promise<MethodOutcome>>
> = {
  reference_knn: runReferenceKnn,
  nearest_centroid: runNearestCentroid,
  logistic_regression: runLogisticRegression,
  spearman_correlation: runSpearmanCorrelation,
};

async function compute(
  { name, data, manifest, atlasmtlModel, sourceRun }: MethodJob,
  work: MethodWork,
): Promise<MethodOutcome> {
  if (name === "atlasmtl") return runAtlasmtl(data, manifest, atlasmtlModel, sourceRun, work);
  return OTHERS[name](data, work);
}

/**
 * Scores of the coordinate heads whose true coordinates the query has, by `query_coord_targets` or else
 * `coord_targets`.
 */
async function coordinateScores(
  { data, manifest }: MethodJob,
  outcome: MethodOutcome,
  work: MethodWork,
): Promise<ReadonlyMap<string, CoordinateMetrics>> {
  const scores = new Map<string, CoordinateMetrics>();
  for (const [head, predicted] of outcome.coords) {
    const key = manifest.queryCoordTargets.get(head) ?? manifest.coordTargets.get(head);
    if (key === undefined || !data.query.obsmKeys.includes(key)) continue;
    scores.set(
      head,
      await scoreCoordinates(await data.query.obsm(key), predicted, { seed: manifest.randomSeed }, work),
    );
  }
  return scores;
}

function protocolContext({ manifest, data }: MethodJob): ConfigMap {
  return keyed(PROTOCOL_CONTEXT, {
    protocolVersion: manifest.protocolVersion,
    randomSeed: manifest.randomSeed,
    splitName: manifest.splitName,
    splitDescription: manifest.splitDescription,
    labelColumns: manifest.labelColumns,
    domainKey: manifest.domainKey,
    nReference: data.reference.nObs,
    nQuery: data.query.nObs,
  });
}

function inputContract({ data }: MethodJob, outcome: MethodOutcome, work: MethodWork): ConfigMap {
  return keyed(INPUT_CONTRACT, {
    referenceMatrixSource: data.matrixSources.reference,
    queryMatrixSource: data.matrixSources.query,
    valuesAreCounts: data.shared.areCounts,
    featureAlignment: keyed(FEATURE_ALIGNMENT, {
      nReference: data.reference.nVars,
      nQuery: data.query.nVars,
      nShared: data.shared.genes.length,
    }),
    preprocess:
      data.preparation === null
        ? null
        : new Map([...data.preparation.files].map(([path, bytes]) => [path, { sha256: sha256([bytes]) }])),
    normalization: outcome.normalisation,
    labelScope: "all levels",
    backend: work.engine.name,
  });
}

function reasonsConfig(labels: readonly LabelPrediction[], reasons: readonly ReasonCounts[]): ConfigMap {
  return new Map(labels.map(({ column }, l) => [column, new Map(Object.entries(reasons[l]))]));
}

const floats = (scores: object): ConfigMap =>
  new Map(
    Object.entries(scores).map(([key, value]: [string, number]) => [
      key,
      Number.isFinite(value) ? new Float(value) : null,
    ]),
  );

const fileEntry = ({ path, sizeBytes, sha256: digest }: FileRecord): ConfigValue => ({
  path,
  size: sizeBytes,
  sha256: digest,
});

/** Null if there is no result, its key differs, or one of its files changed. */
async function earlierResult(job: MethodJob, key: string): Promise<MethodResult | null> {
  const folder = joinPath(job.folder, `methods/${job.name}`);
  const stored = await readStored(`${folder}/${RESULT}`);
  if (stored === null || stored.get("key") !== key) return null;
  const recorded = stored.get("files");
  if (!Array.isArray(recorded) || !(stored.get("entry") instanceof Map)) return null;
  const files = (recorded as readonly ConfigMap[]).map(
    (file): FileRecord => ({
      path: String(file.get("path")),
      sizeBytes: Number(file.get("size")),
      sha256: String(file.get("sha256")),
    }),
  );
  for (const file of files) {
    const bytes = await readBytes(joinPath(job.folder, file.path));
    if (bytes === null || sha256([bytes]) !== file.sha256) return null;
  }
  const entry = withFloats(stored.get("entry") as ConfigMap);
  const labels = await readPredictions(
    await openCellTable(`${folder}/${PREDICTIONS}`),
    job.manifest.labelColumns,
  );
  const reasons = entry.get(METHOD_ENTRY.unknownReasons) as ConfigMap | null;
  const numbers = (value: ConfigValue | undefined): Record<string, number> =>
    Object.fromEntries(
      [...(value as ConfigMap)].map(([name, item]) => [
        name,
        item instanceof Float ? item.value : item === null ? Number.NaN : Number(item),
      ]),
    );
  return {
    name: job.name,
    entry,
    labels,
    reasons:
      reasons === null
        ? null
        : labels.map(({ column }): ReasonCounts => {
            const counts = numbers(reasons.get(column));
            return Object.fromEntries(
              UNKNOWN_REASONS.map((reason) => [reason, counts[reason] ?? 0]),
            ) as ReasonCounts;
          }),
    coordinates: new Map(
      [...(stored.get("coordinates") as ConfigMap)].map(([head, value]) => [
        head,
        numbers(value) as unknown as CoordinateMetrics,
      ]),
    ),
    seeds: new Map(Object.entries(numbers(stored.get("seeds")))),
    files,
    warnings: (stored.get("warnings") as readonly ConfigMap[]).map((warning) => ({
      message: String(warning.get("message")),
      ...(warning.has("where") ? { where: String(warning.get("where")) } : {}),
      ...(warning.has("hint") ? { hint: String(warning.get("hint")) } : {}),
    })),
    isResumed: true,
  };
}

/** Sections with scores. Their numbers other than counts are floats; JSON does not distinguish 1.0 from 1. */
const SCORES: readonly string[] = [
  METHOD_ENTRY.metrics,
  METHOD_ENTRY.metricsByDomain,
  METHOD_ENTRY.behaviorMetrics,
  METHOD_ENTRY.behaviorMetricsByDomain,
  METHOD_ENTRY.hierarchyMetrics,
  METHOD_ENTRY.coordinateMetrics,
];

function withFloats(entry: ConfigMap): ConfigMap {
  const convert = (key: string, value: ConfigValue): ConfigValue => {
    if (typeof value === "number") return /(^|_)n_/.test(key) ? value : new Float(value);
    if (!(value instanceof Map)) return value;
    return new Map([...(value as ConfigMap)].map(([name, item]) => [name, convert(name, item)]));
  };
  return new Map([...entry].map(([key, value]) => [key, SCORES.includes(key) ? convert(key, value) : value]));
}

async function readStored(path: string): Promise<ConfigMap | null> {
  const bytes = await readBytes(path);
  if (bytes === null) return null;
  try {
    return parseJsonObject(bytes);
  } catch (error) {
    // A result that cannot be read is computed again.
    if (isAtlasmtlError(error, "BAD_FORMAT", "LIMIT")) return null;
    throw error;
  }
}

async function readBytes(path: string): Promise<Uint8Array | null> {
  try {
    return (await readInput(path)).bytes;
  } catch (error) {
    if (isAtlasmtlError(error, "NOT_FOUND")) return null;
    throw error;
  }
}
