/** What the shards of a query must agree on (docs/specification/6-cli.md#shards). @module */
import { type ConfigMap, type ConfigValue, Float, keyed } from "../core/config.ts";
import { VERSION } from "../core/version.ts";
import { snakeName } from "../schema/keys.ts";
import { CHOSEN_RUNG, PREDICTION_METADATA } from "../schema/prediction.ts";
import type { PredictSettings } from "./options.ts";
import type { PredictionPlan } from "./plan-prediction.ts";
import { adaptationConfig, weightsConfig } from "./result-metadata.ts";

/** Settings that change no label. */
const OF_THE_RUN: ReadonlySet<string> = new Set<keyof PredictSettings>([
  "batchSize",
  "device",
  "engine",
  "numThreads",
  "keepCoords",
]);

/** The options of a plan, by their names in files, without those that change no label. */
export function planOptions({ settings }: PredictionPlan): ConfigMap {
  return new Map(
    Object.entries(settings)
      .filter(([name]) => !OF_THE_RUN.has(name))
      .map(([name, value]) => [snakeName(name), configOf(value)]),
  );
}

/** What the plan made of the model and the query, as the metadata of a result calls it. */
export function planFindings(plan: PredictionPlan): ConfigMap {
  const { model, query, calibration, rung, least, setPlan, adapted, space } = plan;
  const floats = (values: ReadonlyMap<string, number>): ConfigMap =>
    new Map([...values].map(([key, value]) => [key, new Float(value)]));
  const columns = model.labelHeads.map(({ column }) => column);
  const adaptation = adapted?.adaptation ?? null;
  const found: { [K in keyof typeof PREDICTION_METADATA]?: ConfigValue | undefined } = {
    atlasmtlVersion: VERSION,
    allowedLabels: new Map(model.labelHeads.map(({ column, classes }) => [column, classes])),
    nGenesMatched: query.genes.nMatched,
    nGenesMissing: query.genes.nMissing,
    geneMapping: query.mapping ?? undefined,
    calibrationTemperatures: floats(calibration.temperatures),
    calibrationRung:
      rung === null
        ? undefined
        : keyed(CHOSEN_RUNG, { depth: new Float(rung.depth), gain: new Float(rung.gain) }),
    networkWeights: weightsConfig(plan.networkWeights, columns),
    targetAccuracyThresholds: floats(new Map(columns.map((column, c) => [column, least.thresholds[c]]))),
    predictionSetsThresholds: setPlan === null ? undefined : floats(setPlan.thresholds),
    adaptation: adaptation === null ? undefined : adaptationConfig(adaptation),
    knnSpaceUsed: space.name,
  };
  const all = Object.fromEntries(Object.keys(PREDICTION_METADATA).map((key) => [key, undefined]));
  return keyed(PREDICTION_METADATA, { ...all, ...found } as Parameters<
    typeof keyed<typeof PREDICTION_METADATA>
  >[1]);
}

function configOf(value: unknown): ConfigValue {
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : new Float(value);
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [String(key), configOf(item)]));
  if (Array.isArray(value)) return value.map(configOf);
  if (value === null || value === undefined) return null;
  if (typeof value !== "object") return value as ConfigValue;
  return new Map(Object.entries(value).map(([key, item]) => [snakeName(key), configOf(item)]));
}
