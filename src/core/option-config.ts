/** Options as files store them. @module */
import type { OptionRow, OptionTable } from "../schema/option.ts";
import { type ConfigValue, Float } from "./config.ts";

/**
 * The checked values of a table as files store them: counts and seeds as Python ints, other numbers as
 * {@link Float}s. What is no setting, of kind `other`, is left out.
 */
export function storedOptions<T extends OptionTable>(
  table: T,
  values: { readonly [K in keyof T]: unknown },
): { readonly [K in keyof T]: ConfigValue } {
  const settings = Object.entries(table).filter(([, { kind }]) => kind !== "other");
  const stored = settings.map(([name, { kind }]) => [name, storedValue(kind, values[name])]);
  return Object.fromEntries(stored) as { readonly [K in keyof T]: ConfigValue };
}

function storedValue(kind: OptionRow["kind"], value: unknown): ConfigValue {
  if (value === null) return null;
  if (kind === "number") return new Float(value as number);
  if (kind === "numbers") return (value as readonly number[]).map((item) => new Float(item));
  if (kind === "weights")
    return new Map([...(value as ReadonlyMap<string, number>)].map(([key, item]) => [key, new Float(item)]));
  if (kind === "pairs") return new Map(value as ReadonlyMap<string, string>);
  return value as ConfigValue;
}
