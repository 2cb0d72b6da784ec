/** Converts settings between their form in a pickle and the form that the library uses. @module */
import { type ConfigMap, type ConfigValue, configEntries, Float } from "../core/config.ts";
import { MAX_CONFIG_VALUES, MAX_PICKLE_DEPTH } from "../core/limits.ts";
import { AtlasmtlError } from "../errors.ts";
import { describeValue, NdArray, type PickleValue, Tuple } from "../formats/pickle/values.ts";
import { FLOAT_KEYS } from "../schema/bundle.ts";

interface Converted {
  readonly value: ConfigValue;
  /** Number of values in it; shared values count each time they occur. */
  readonly size: number;
}

/**
 * Reads settings from a pickle. Tuples become lists, numpy arrays nested lists, int keys text. Integers
 * beyond 2^53 become text, because no number holds them.
 * @throws BAD_DATA for objects that are not settings, or for a cycle; LIMIT for a tree of shared parts with
 * more than `MAX_CONFIG_VALUES` values.
 */
export function toConfig(value: PickleValue): ConfigValue {
  return new ConfigReader().convert(value, 0).value;
}

class ConfigReader {
  private readonly done = new Map<object, Converted>();
  private readonly open = new Set<object>();

  convert(value: PickleValue, depth: number): Converted {
    if (value === null || typeof value === "boolean" || typeof value === "string") return leaf(value);
    if (typeof value === "number" || value instanceof Float) return leaf(value);
    if (typeof value === "bigint") return leaf(value.toString());
    const known = this.done.get(value);
    if (known !== undefined) return known;
    if (this.open.has(value)) throw new AtlasmtlError("BAD_DATA", "a setting contains itself");
    if (depth > MAX_PICKLE_DEPTH)
      throw new AtlasmtlError("LIMIT", `settings are nested more than ${MAX_PICKLE_DEPTH} deep`);
    this.open.add(value);
    const converted = this.container(value, depth + 1);
    this.open.delete(value);
    if (converted.size > MAX_CONFIG_VALUES)
      throw new AtlasmtlError("LIMIT", `settings of more than ${MAX_CONFIG_VALUES} values`);
    this.done.set(value, converted);
    return converted;
  }

  private container(value: PickleValue, depth: number): Converted {
    if (Array.isArray(value)) return this.list(value as readonly PickleValue[], depth);
    if (value instanceof Tuple) return this.list(value.items, depth);
    if (value instanceof NdArray) return this.list(arrayItems(value), depth);
    if (!(value instanceof Map)) throw new AtlasmtlError("BAD_DATA", `${describeValue(value)} is no setting`);
    const map = new Map<string, ConfigValue>();
    let size = 1;
    for (const [key, item] of value as ReadonlyMap<PickleValue, PickleValue>) {
      const converted = this.convert(item, depth);
      map.set(keyText(key), converted.value);
      size += converted.size;
    }
    return { value: map, size };
  }

  private list(items: readonly PickleValue[], depth: number): Converted {
    const converted = items.map((item) => this.convert(item, depth));
    return {
      value: converted.map((item) => item.value),
      size: converted.reduce((sum, item) => sum + item.size, 1),
    };
  }
}

const leaf = (value: ConfigValue): Converted => ({ value, size: 1 });

function keyText(key: PickleValue): string {
  if (typeof key === "string") return key;
  if (typeof key === "number" || typeof key === "bigint" || typeof key === "boolean") return String(key);
  throw new AtlasmtlError("BAD_DATA", `${describeValue(key)} is the name of a setting`);
}

/** The rows of an array, or its elements if it has one dimension. */
function arrayItems({ dtype, shape, data }: NdArray): readonly PickleValue[] {
  const wrap = (element: PickleValue): PickleValue =>
    typeof element === "number" && dtype.startsWith("f")
      ? new Float(element)
      : dtype === "b1"
        ? element !== 0
        : element;
  if (data.length > MAX_CONFIG_VALUES || (shape[0] ?? 0) > MAX_CONFIG_VALUES)
    throw new AtlasmtlError("LIMIT", `a setting is an array of shape [${shape.join(", ")}]`);
  if (shape.length <= 1) return Array.from(data as ArrayLike<PickleValue>, wrap);
  const rest = shape.slice(1);
  const size = rest.reduce((product, n) => product * n, 1);
  return Array.from({ length: shape[0] }, (_, row) => {
    const part = data.slice(row * size, (row + 1) * size);
    return new NdArray(dtype, rest, part);
  });
}

/**
 * Converts settings for a pickle: whole numbers become ints, except under the keys of {@link FLOAT_KEYS};
 * other numbers become floats.
 */
export function fromConfig(value: ConfigValue): PickleValue {
  return new ConfigWriter().convert(value, false);
}

class ConfigWriter {
  /** By whether they are under a float key. */
  private readonly done = [new Map<object, PickleValue>(), new Map<object, PickleValue>()] as const;

  convert(value: ConfigValue, isFloat: boolean): PickleValue {
    if (typeof value === "number") return isFloat || !Number.isSafeInteger(value) ? new Float(value) : value;
    if (value === null || typeof value !== "object" || value instanceof Float) return value;
    const done = this.done[isFloat ? 1 : 0];
    const known = done.get(value);
    if (known !== undefined) return known;
    const converted = this.container(value, isFloat);
    done.set(value, converted);
    return converted;
  }

  private container(
    value: Exclude<ConfigValue, null | boolean | string | number>,
    isFloat: boolean,
  ): PickleValue {
    if (Array.isArray(value))
      return (value as readonly ConfigValue[]).map((item) => this.convert(item, isFloat));
    const dict = new Map<PickleValue, PickleValue>();
    for (const [key, item] of configEntries(value as ConfigMap | { readonly [key: string]: ConfigValue }))
      dict.set(key, this.convert(item, isFloat || FLOAT_KEYS.has(key)));
    return dict;
  }
}
