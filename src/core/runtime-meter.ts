/**
 * Measures the cost of work: the `runtime_summary` of docs/specification/1-artifacts.md#runtime-summary.
 * @module
 */
import { platform } from "#platform";
import { RUNTIME_SUMMARY } from "../schema/training.ts";
import { type ConfigMap, Float, keyed } from "./config.ts";

const GIB = 1024 ** 3;

/** Measures the process while work runs. */
export interface RuntimeMeter {
  /** Samples the memory in use; call it after each batch. */
  sample(): void;
  /**
   * The summary so far, with the keys of docs/specification/1-artifacts.md#runtime-summary; figures the host does not
   * give are null.
   */
  summary(work: {
    readonly phase: string;
    readonly numItems: number;
    readonly numBatches: number;
    readonly deviceUsed: string;
    readonly numThreads: number;
  }): ConfigMap;
}

/** Starts measuring. The figures describe this run and are not part of its results. */
export function startRuntimeMeter(): RuntimeMeter {
  const startedAt = performance.now();
  const start = platform.usage();
  let rssSum = 0;
  let rssMax = 0;
  let nSamples = 0;
  const sample = (): void => {
    const { rssBytes } = platform.usage();
    if (rssBytes === null) return;
    rssSum += rssBytes;
    rssMax = Math.max(rssMax, rssBytes);
    nSamples++;
  };
  return {
    sample,
    summary({ phase, numItems, numBatches, deviceUsed, numThreads }) {
      sample();
      const seconds = (performance.now() - startedAt) / 1000;
      const { cpuSeconds, peakRssBytes } = platform.usage();
      const cores =
        cpuSeconds === null || start.cpuSeconds === null || seconds === 0
          ? null
          : (cpuSeconds - start.cpuSeconds) / seconds;
      const peak = peakRssBytes ?? (nSamples === 0 ? null : rssMax);
      return keyed(RUNTIME_SUMMARY, {
        phase: phase,
        elapsedSeconds: new Float(seconds),
        numItems: numItems,
        numBatches: numBatches,
        itemsPerSecond: seconds === 0 ? null : new Float(numItems / seconds),
        processPeakRssGb: peak === null ? null : new Float(peak / GIB),
        processAvgRssGb: nSamples === 0 ? null : new Float(rssSum / nSamples / GIB),
        cpuPercentAvg: cores === null ? null : new Float(100 * cores),
        cpuCoreEquivAvg: cores === null ? null : new Float(cores),
        gpuPeakMemoryGb: null,
        deviceUsed: deviceUsed,
        numThreadsUsed: numThreads,
      });
    },
  };
}
