/** What the runner of a benchmark needs beside the run itself: its input files, its identity and its scores. @module */
import { resolvePath } from "../benchmark/benchmark-cells.ts";
import type { BenchmarkManifest } from "../benchmark/dataset-manifest.ts";
import type { MethodResult } from "../benchmark/method-result.ts";
import { tablePath } from "../benchmark/preprocess-keys.ts";
import { sourceRunFile } from "../benchmark/source-run.ts";
import { sha256 } from "../core/checksums.ts";
import { type ConfigMap, Float } from "../core/config.ts";
import { emitJson } from "../core/json.ts";
import { LABEL_SCORES } from "../schema/scores.ts";

export { type BenchmarkManifest, parseBenchmarkManifest } from "../benchmark/dataset-manifest.ts";
export {
  BENCHMARK_FILES,
  type BenchmarkResult,
  checkMethods as checkBenchmarkMethods,
} from "../benchmark/run-all.ts";

/**
 * The files that a benchmark reads besides its manifest: those that the manifest names, relative to `folder`, and
 * `model`.
 */
export function benchmarkInputs(
  { referencePath, queryPath, preprocess, policies, initModelPath }: BenchmarkManifest,
  folder: string,
  model?: string,
): readonly string[] {
  const table = preprocess === null ? null : tablePath(preprocess, folder);
  const source = policies.taskWeights?.sourceRun ?? null;
  return [
    resolvePath(folder, referencePath),
    resolvePath(folder, queryPath),
    ...(model === undefined ? [] : [model]),
    ...(initModelPath === null ? [] : [resolvePath(folder, initModelPath)]),
    ...(table === null ? [] : [table]),
    ...(source === null ? [] : [sourceRunFile(resolvePath(folder, source))]),
  ];
}

/** The identity of a run: a digest of its code and inputs. A run reuses earlier results only of the same identity. */
export function benchmarkIdentity(
  codeSha256: string,
  inputs: readonly { readonly sha256: string }[],
): string {
  return sha256([emitJson({ code: codeSha256, inputs: inputs.map((file) => file.sha256) })]);
}

/** The scores of one method on one label column; null for a score that was not measured. */
export function benchmarkScores(
  result: MethodResult,
  labelColumn: string,
): Readonly<Record<"accuracy" | "macroF1" | "coverage" | "ece", number | null>> {
  const metrics = result.entry.get("metrics");
  const own = metrics instanceof Map ? (metrics as ConfigMap).get(labelColumn) : null;
  const read = (key: string): number | null => {
    const value = own instanceof Map ? (own as ConfigMap).get(key) : null;
    return value instanceof Float ? value.value : null;
  };
  return {
    accuracy: read(LABEL_SCORES.accuracy),
    macroF1: read(LABEL_SCORES.macroF1),
    coverage: read(LABEL_SCORES.coverage),
    ece: read(LABEL_SCORES.ece),
  };
}
