/** Runs and scores one method of a benchmark, or reuses the result of an earlier run. @module */

import { platform } from "#platform";
import { fromConfig, toConfig } from "../artifacts/config-values.ts";
import type { FileRecord } from "../artifacts/run-manifest.ts";
import { type FileToWrite, joinBytes } from "../core/bytes.ts";
import { sha256 } from "../core/checksums.ts";
import { type ConfigMap, type ConfigValue, Float, keyed } from "../core/config.ts";
import { emitJson } from "../core/json.ts";
import { joinPath } from "../core/paths.ts";
import { VERSION } from "../core/version.ts";
import { inWords } from "../errors.ts";
import { type CoordinateMetrics, scoreCoordinates } from "../evaluate/coordinates.ts";
import type { ReasonCounts } from "../evaluate/unknown-reasons.ts";
import { toCsv } from "../output/to-csv.ts";
import type { LabelPrediction } from "../predict/types.ts";
import type { Method } from "../schema/benchmark.ts";
import { FEATURE_ALIGNMENT, INPUT_CONTRACT, METHOD_ENTRY, PROTOCOL_CONTEXT } from "../schema/benchmark.ts";
import type { BenchmarkData } from "./benchmark-cells.ts";
import { earlierResult } from "./earlier-result.ts";
import { manifestWords } from "./manifest-words.ts";
import {
  type MethodJob,
  type MethodResult,
  methodFolder,
  PREDICTIONS,
  progressFolder,
  RESULT,
} from "./method-result.ts";
import { type AtlasmtlOutcome, runAtlasmtl } from "./methods/atlasmtl.ts";
import { runLogisticRegression } from "./methods/logistic-regression.ts";
import { runNearestCentroid } from "./methods/nearest-centroid.ts";
import { runReferenceKnn } from "./methods/reference-knn.ts";
import { runSpearmanCorrelation } from "./methods/spearman-correlation.ts";
import type { MethodOutcome, MethodWork } from "./methods/types.ts";
import { coordinateMetrics, scoreMethod } from "./score.ts";

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
  const folder = methodFolder(name);
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
  const whole = [...contents, { path: `${folder}/${RESULT}`, bytes: emitJson(toConfig(fromConfig(kept))) }];
  const below = (root: string): FileToWrite[] =>
    whole.map(({ path, bytes }) => ({ path: joinPath(root, path), bytes: [bytes] }));
  await platform.files.writeAll(below(progressFolder(job.folder)));
  return {
    name,
    entry,
    labels: outcome.labels,
    reasons: outcome.reasons,
    coordinates,
    seeds: outcome.seeds,
    files,
    warnings,
    toPlace: below(job.folder),
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
