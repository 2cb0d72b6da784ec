/** Reads and writes the normalisation of a bundle: `train_config › preprocess › normalize`. @module */

import { type ConfigMap, type ConfigValue, Float, keyed } from "../core/config.ts";
import { TARGET_SUM } from "../core/normalize.ts";
import { AtlasmtlError } from "../errors.ts";
import { NORMALIZATION, NORMALIZE_KEY, TRAIN_CONFIG } from "../schema/training.ts";
import { NORMALIZATIONS, type Normalization } from "../schema/training-options.ts";

/** The record of preprocessing with the normalisation; null for neither. */
export function preprocessWith(preprocess: ConfigMap | null, normalize: Normalization): ConfigMap | null {
  if (normalize === "none") return preprocess;
  const own = keyed(NORMALIZATION, {
    method: normalize,
    targetSum: new Float(TARGET_SUM),
  });
  return new Map([...(preprocess ?? new Map<string, ConfigValue>()), [NORMALIZE_KEY, own]]);
}

/**
 * How the model normalises counts, from its `train_config`.
 * @throws UNSUPPORTED for a method or target sum that this version does not know.
 */
export function normalizationOf({ trainConfig }: { readonly trainConfig: ConfigMap }): Normalization {
  const own = entry(entry(trainConfig, TRAIN_CONFIG.preprocess), NORMALIZE_KEY);
  if (own === null) return "none";
  const stored = entry(own, NORMALIZATION.method);
  const method = NORMALIZATIONS.find((name) => name === stored);
  const sum = entry(own, NORMALIZATION.targetSum);
  if (method !== undefined && (method === "none" || numberOf(sum) === TARGET_SUM)) return method;
  throw new AtlasmtlError(
    "UNSUPPORTED",
    `the model normalises by ${JSON.stringify(stored)} to a sum of ${numberOf(sum)}; known is log1p_cp10k to ${TARGET_SUM}`,
    { where: "train_config › preprocess › normalize", subject: "artifact" },
  );
}

/** The number of networks that a model was joined from. */
export function ensembleSizeOf({ trainConfig }: { readonly trainConfig: ConfigMap }): number {
  const size = trainConfig.get(TRAIN_CONFIG.ensembleSize);
  return typeof size === "number" && size > 1 ? size : 1;
}

function entry(value: ConfigValue, key: string): ConfigValue {
  if (value instanceof Map) return (value as ConfigMap).get(key) ?? null;
  const isDict =
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Float);
  return isDict && Object.hasOwn(value, key)
    ? ((value as { readonly [key: string]: ConfigValue })[key] ?? null)
    : null;
}

function numberOf(value: ConfigValue): number | null {
  return value instanceof Float ? value.value : typeof value === "number" ? value : null;
}
