/** Reads the metadata of a prediction. @module */
import { type ConfigMap, Float } from "../../core/config.ts";

/** A number; null if the value is none. */
export function numberOf(value: unknown): number | null {
  if (value instanceof Float) return value.value;
  return typeof value === "number" ? value : null;
}

/** A number with at most four digits. */
export function decimalOf(metadata: ConfigMap, key: string): string {
  const value = numberOf(metadata.get(key));
  return value === null ? "?" : String(Number(value.toPrecision(4)));
}
