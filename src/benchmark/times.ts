/** Removes times and memory use from a result; they may differ between two runs of one manifest. @module */
import { type ConfigValue, Float } from "../core/config.ts";
import { RUN_MANIFEST } from "../schema/run-manifest.ts";
import { RESOURCE_SUMMARY, RUNTIME_SUMMARY, TRAIN_CONFIG } from "../schema/training.ts";

/** Keys of times, memory use and facts of the machine. */
const VOLATILE: ReadonlySet<string> = new Set([
  RUNTIME_SUMMARY.elapsedSeconds,
  RUNTIME_SUMMARY.itemsPerSecond,
  RUNTIME_SUMMARY.processPeakRssGb,
  RUNTIME_SUMMARY.processAvgRssGb,
  RUNTIME_SUMMARY.cpuPercentAvg,
  RUNTIME_SUMMARY.cpuCoreEquivAvg,
  RUNTIME_SUMMARY.gpuPeakMemoryGb,
  TRAIN_CONFIG.trainSeconds,
  TRAIN_CONFIG.numThreadsUsed,
  RESOURCE_SUMMARY.cpuCount,
  RUN_MANIFEST.startedAt,
  RUN_MANIFEST.finishedAt,
]);

/** A copy in which the values of these keys are null. */
export function withoutTimes(value: ConfigValue): ConfigValue {
  if (value instanceof Float || value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(withoutTimes);
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return new Map(
    entries.map(([key, item]: [string, ConfigValue]) => [key, VOLATILE.has(key) ? null : withoutTimes(item)]),
  );
}
