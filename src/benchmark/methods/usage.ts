/** Runtime summaries of methods (docs/specification/1-artifacts.md#runtime-summary). @module */
import type { ConfigMap } from "../../core/config.ts";
import type { RuntimeMeter } from "../../core/runtime-meter.ts";

/** The summary of one phase over `nCells` in one batch. */
export const usageOf = (
  meter: RuntimeMeter,
  phase: "train" | "predict",
  nCells: number,
  numThreads: number,
): ConfigMap => meter.summary({ phase, numItems: nCells, numBatches: 1, deviceUsed: "cpu", numThreads });
