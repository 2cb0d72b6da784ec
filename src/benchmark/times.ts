/** What of a result may differ between two runs of one manifest: how long and how much memory it took. @module */
import { type ConfigValue, Float } from "../core/config.ts";

/** Keys of times, memory and what depends on the machine. */
const VOLATILE: ReadonlySet<string> = new Set([
  "elapsed_seconds",
  "items_per_second",
  "process_peak_rss_gb",
  "process_avg_rss_gb",
  "cpu_percent_avg",
  "cpu_core_equiv_avg",
  "gpu_peak_memory_gb",
  "train_seconds",
  "num_threads_used",
  "cpu_count",
  "started_at",
  "finished_at",
]);

/** A copy in which every time and size of memory is null. */
export function withoutTimes(value: ConfigValue): ConfigValue {
  if (value instanceof Float || value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(withoutTimes);
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return new Map(
    entries.map(([key, item]: [string, ConfigValue]) => [key, VOLATILE.has(key) ? null : withoutTimes(item)]),
  );
}
