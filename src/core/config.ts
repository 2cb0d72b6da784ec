/**
 * Settings as bundles and manifests store them.
 *
 * Python distinguishes 1.0 from 1, JavaScript does not. Here a plain number is a Python int and a {@link
 * Float} a Python float (docs/specification/1-artifacts.md#metadata-file).
 * @module
 */
import type { KeyTable } from "../schema/keys.ts";

/** A Python float. */
export class Float {
  constructor(readonly value: number) {}
}

export type ConfigValue =
  | null
  | boolean
  | string
  | number
  | Float
  | readonly ConfigValue[]
  | { readonly [key: string]: ConfigValue }
  | ConfigMap;
export type ConfigMap = ReadonlyMap<string, ConfigValue>;

/** JSON-like data without the int/float distinction. */
export type PlainValue = null | boolean | string | number | PlainValue[] | { [key: string]: PlainValue };

/** Drops the int/float distinction. Objects get a null prototype, so that any key is safe. */
export function toPlain(value: ConfigValue): PlainValue {
  if (value instanceof Float) return value.value;
  if (Array.isArray(value)) return value.map(toPlain);
  if (value !== null && typeof value === "object") {
    const entries = value instanceof Map ? value.entries() : Object.entries(value);
    const plain: { [key: string]: PlainValue } = Object.create(null);
    for (const [key, item] of entries) plain[key] = toPlain(item as ConfigValue);
    return plain;
  }
  return value as PlainValue;
}

/** Parsed YAML or JSON, with mappings as Maps, as settings; undefined for what is none, such as a function. */
export function asConfigValue(value: unknown): ConfigValue | undefined {
  if (typeof value === "number") return Number.isInteger(value) ? value : new Float(value);
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (Array.isArray(value)) {
    const items = value.map(asConfigValue);
    return items.some((item) => item === undefined) ? undefined : (items as ConfigValue[]);
  }
  if (!(value instanceof Map)) return undefined;
  const entries = [...value].map(([key, item]) => [String(key), asConfigValue(item)] as const);
  return entries.some(([, item]) => item === undefined)
    ? undefined
    : new Map(entries as readonly (readonly [string, ConfigValue])[]);
}

/** The entries of a map or object of settings. */
export function configEntries(
  value: ConfigMap | { readonly [key: string]: ConfigValue },
): Iterable<[string, ConfigValue]> {
  return value instanceof Map ? (value as ConfigMap).entries() : Object.entries(value);
}

/**
 * A part of a file by its table of keys: the values in the order of the table, without those that are undefined. A key
 * with `{}` takes a map from names of the data and becomes one key for each.
 */
export function keyed<T extends KeyTable>(
  keys: T,
  values: { readonly [P in keyof T]: ConfigValue | undefined },
): Map<string, ConfigValue> {
  const part = new Map<string, ConfigValue>();
  for (const [name, key] of Object.entries(keys)) {
    const value = values[name];
    if (value === undefined) continue;
    if (!key.includes("{}")) part.set(key, value);
    else
      for (const [of, item] of value as ConfigMap)
        part.set(
          key.replace("{}", () => of),
          item,
        );
  }
  return part;
}
