/** Finds the result of a method that an earlier run left. @module */
import type { FileRecord } from "../artifacts/run-manifest.ts";
import { sha256 } from "../core/checksums.ts";
import { type ConfigMap, type ConfigValue, Float } from "../core/config.ts";
import { parseJsonObject } from "../core/json.ts";
import { baseName, joinPath } from "../core/paths.ts";
import { readInput } from "../core/read-input.ts";
import { isAtlasmtlError } from "../errors.ts";
import type { CoordinateMetrics } from "../evaluate/coordinates.ts";
import type { ReasonCounts } from "../evaluate/unknown-reasons.ts";
import { openCellTable, readPredictions } from "../output/read-predictions.ts";
import { METHOD_ENTRY } from "../schema/benchmark.ts";
import { UNKNOWN_REASONS } from "../schema/prediction.ts";
import {
  type MethodJob,
  type MethodResult,
  methodFolder,
  PREDICTIONS,
  progressFolder,
  RESULT,
} from "./method-result.ts";

/**
 * What a run that was interrupted finished, or else what a whole run left; null if there is neither, its key differs,
 * or one of its files changed.
 */
export async function earlierResult(job: MethodJob, key: string): Promise<MethodResult | null> {
  return (await resultIn(progressFolder(job.folder), job, key)) ?? (await resultIn(job.folder, job, key));
}

async function resultIn(root: string, job: MethodJob, key: string): Promise<MethodResult | null> {
  const folder = methodFolder(job.name);
  const result = await readBytes(joinPath(root, `${folder}/${RESULT}`));
  const stored = result === null ? null : parseStored(result);
  if (result === null || stored === null || stored.get("key") !== key) return null;
  if (!isComplete(stored)) return null;
  const files = (stored.get("files") as readonly ConfigMap[]).map(
    (file): FileRecord => ({
      path: String(file.get("path")),
      sizeBytes: Number(file.get("size")),
      sha256: String(file.get("sha256")),
    }),
  );
  const whole = [{ path: `${folder}/${RESULT}`, bytes: result }];
  for (const { path, sha256: digest } of files) {
    // What a file says of its own place is not trusted: it is written there.
    if (path !== `${folder}/${baseName(path)}`) return null;
    const bytes = await readBytes(joinPath(root, path));
    if (bytes === null || sha256([bytes]) !== digest) return null;
    whole.push({ path, bytes });
  }
  const entry = withFloats(stored.get("entry") as ConfigMap);
  const labels = await readPredictions(
    await openCellTable(joinPath(root, `${folder}/${PREDICTIONS}`)),
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
    toPlace:
      root === job.folder
        ? []
        : whole.map(({ path, bytes }) => ({ path: joinPath(job.folder, path), bytes: [bytes] })),
    isResumed: true,
  };
}

/** True if a stored result has the parts that it is read by. */
const isComplete = (stored: ConfigMap): boolean =>
  ["entry", "coordinates", "seeds"].every((key) => stored.get(key) instanceof Map) &&
  ["files", "warnings"].every((key) => isListOfMaps(stored.get(key)));

const isListOfMaps = (value: ConfigValue | undefined): boolean =>
  Array.isArray(value) && value.every((item) => item instanceof Map);

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

function parseStored(bytes: Uint8Array): ConfigMap | null {
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
