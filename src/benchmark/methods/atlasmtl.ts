/** Our own method in a benchmark. @module */
import { sha256 } from "../../artifacts/checksums.ts";
import { loadModel } from "../../artifacts/load.ts";
import { emitBundle } from "../../artifacts/save.ts";
import { joinBytes } from "../../core/bytes.ts";
import type { ConfigMap, ConfigValue } from "../../core/config.ts";
import { countUnknownReasons } from "../../evaluate/unknown-reasons.ts";
import { train } from "../../model/train.ts";
import type { Model } from "../../model/types.ts";
import { resolvePredictOptions } from "../../predict/options.ts";
import { predict } from "../../predict/predict.ts";
import type { BenchmarkManifest } from "../manifest.ts";
import { withoutTimes } from "../times.ts";
import type { MethodOutcome, MethodWork, SharedData } from "./types.ts";

/** A bundle that was trained or loaded, and where it came from. */
export interface AtlasmtlOutcome extends MethodOutcome {
  readonly model: Model;
  readonly modelSource: "trained" | "loaded";
  /** Files of the trained bundle by name, empty for a loaded one. */
  readonly bundle: readonly { readonly name: string; readonly bytes: Uint8Array; readonly sha256: string }[];
  readonly modelFiles: readonly string[];
}

/** Trains on the shared reference, or loads `modelPath`, and annotates the shared query. */
export async function runAtlasmtl(
  data: SharedData,
  manifest: BenchmarkManifest,
  modelPath: string | null,
  work: MethodWork,
): Promise<AtlasmtlOutcome> {
  const trained = modelPath === null ? await trainModel(data, manifest, work) : null;
  const loaded = modelPath === null ? null : await loadModel(modelPath, { signal: work.signal });
  const model = trained?.model ?? loaded!.model;
  const options = { ...manifest.predict, layer: "X", keepCoords: true };
  const predictions = await predict(model, data.query, options, work);
  const settings = resolvePredictOptions(options, model);
  const usage = predictions.metadata.get("prediction_runtime");
  return {
    labels: predictions.labels,
    reasons: countUnknownReasons(predictions.labels),
    coords: predictions.coords,
    trainUsage: trained?.usage ?? null,
    predictUsage: usage instanceof Map ? (usage as ConfigMap) : new Map(),
    trainConfig: model.trainConfig,
    predictConfig: predictConfig(settings),
    predictionMetadata: predictions.metadata,
    normalisation: model.inputTransform === "binary" ? "expressed or not" : "values as stored",
    seeds: trained?.seeds ?? new Map(),
    warnings: [...(trained?.warnings ?? loaded?.warnings ?? []), ...predictions.warnings],
    model,
    modelSource: modelPath === null ? "trained" : "loaded",
    bundle: trained === null ? [] : await bundleOf(trained.model),
    modelFiles: Object.values(loaded?.paths ?? {}).filter((path) => path !== null),
  };
}

async function trainModel(data: SharedData, manifest: BenchmarkManifest, work: MethodWork) {
  const { model, warnings, seeds } = await train(
    data.reference,
    {
      ...manifest.train,
      layer: "X",
      labelColumns: data.labelColumns,
      coordTargets: manifest.coordTargets,
      preprocess: data.preparation?.record ?? null,
      randomState: manifest.train.randomState ?? manifest.randomSeed,
      // Cells without a label on one level still teach the others.
      missingLabels: manifest.train.missingLabels ?? "ignore",
    },
    work,
  );
  const usage = model.trainConfig.get("runtime_summary");
  return {
    // How long it took is in the results; without it the bundle has the same bytes each time.
    model: { ...model, trainConfig: withoutTimes(model.trainConfig) as ConfigMap },
    warnings,
    seeds: new Map(Object.entries(seeds)),
    usage: usage instanceof Map ? (usage as ConfigMap) : null,
  };
}

async function bundleOf(model: Model): Promise<AtlasmtlOutcome["bundle"]> {
  return (await emitBundle(model, "model.pth")).map(({ path, bytes }) => {
    const whole = joinBytes(bytes);
    return { name: path, bytes: whole, sha256: sha256([whole]) };
  });
}

function predictConfig(settings: object): ConfigMap {
  return new Map(
    Object.entries(settings)
      .filter(([, value]) => value === null || typeof value !== "object")
      .map(([key, value]): [string, ConfigValue] => [
        key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
        value as ConfigValue,
      ]),
  );
}
