/**
 * Settings as bundles and manifests store them.
 *
 * Python distinguishes 1.0 from 1, JavaScript does not. Here a plain number is a Python int and a {@link
 * Float} a Python float (docs/specification/1-artifacts.md#metadata-file).
 * @module
 */

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

/** The entries of a map or object of settings. */
export function configEntries(
  value: ConfigMap | { readonly [key: string]: ConfigValue },
): Iterable<[string, ConfigValue]> {
  return value instanceof Map ? (value as ConfigMap).entries() : Object.entries(value);
}
