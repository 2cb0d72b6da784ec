/**
 * The temperatures a model was calibrated with (docs/specification/2-training.md#calibration,
 * docs/specification/3-prediction.md#confidence).
 * @module
 */
import { type ConfigValue, Float } from "../core/config.ts";
import { AtlasmtlError, option, phrase } from "../errors.ts";
import type { Rung } from "../model/linear/types.ts";
import type { Model } from "../model/types.ts";

/** The calibration of logits. */
export interface Calibration {
  readonly applied: boolean;
  /** The method that the model was calibrated with, also if it is not applied; null without calibration. */
  readonly method: string | null;
  /** Temperature by label column; empty when not applied. */
  readonly temperatures: ReadonlyMap<string, number>;
}

/** The calibration of held-out cells that are as unlike the reference as a query is. */
export function calibrationOfRung(
  { labelHeads, trainConfig }: Pick<Model, "trainConfig" | "labelHeads">,
  { temperatures }: Rung,
): Calibration {
  const { method } = calibrationOf({ labelHeads, trainConfig }, false);
  return {
    applied: true,
    method,
    temperatures: new Map(labelHeads.map(({ column }, j) => [column, temperatures[j]])),
  };
}

/**
 * Reads `calibration` of the model's `train_config`.
 * @throws BAD_DATA for a temperature that is not a positive number.
 */
export function calibrationOf(model: Pick<Model, "trainConfig" | "labelHeads">, apply: boolean): Calibration {
  const stored = model.trainConfig.get("calibration");
  const method = configEntry(stored, "method");
  const temperatures = new Map<string, number>();
  if (apply) {
    const byColumn = configEntry(stored, "temperatures");
    for (const { column } of model.labelHeads) {
      const value = configEntry(byColumn, column);
      if (value === undefined || value === null) continue;
      const temperature = value instanceof Float ? value.value : value;
      if (!(typeof temperature === "number" && temperature > 0 && Number.isFinite(temperature)))
        throw new AtlasmtlError(
          "BAD_DATA",
          `the calibration temperature of ${column} is ${String(temperature)}, expected a positive number`,
          {
            where: "train_config › calibration › temperatures",
            hint: phrase`predict with ${option("applyCalibration", false)}`,
          },
        );
      temperatures.set(column, temperature);
    }
  }
  return {
    applied: temperatures.size > 0,
    method: typeof method === "string" ? method : null,
    temperatures,
  };
}

/** The value of `key` in a stored mapping, a Map or an object. */
export function configEntry(value: ConfigValue | undefined, key: string): ConfigValue | undefined {
  if (value instanceof Map) return value.get(key);
  if (value === null || typeof value !== "object" || value instanceof Float || Array.isArray(value))
    return undefined;
  return Object.hasOwn(value, key) ? (value as { readonly [key: string]: ConfigValue })[key] : undefined;
}
