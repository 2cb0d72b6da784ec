/** Reads typed values from the dicts of a bundle's pickles, with errors that name the key. @module */
import { Float } from "../core/config.ts";
import { AtlasmtlError, locate } from "../errors.ts";
import { type Dict, describeValue, type PickleValue, Tuple } from "../formats/pickle/values.ts";

function wrong(key: string, value: PickleValue | undefined, expected: string): AtlasmtlError {
  return value === undefined
    ? new AtlasmtlError("BAD_FORMAT", `the key ${key} is missing`, { where: key })
    : new AtlasmtlError("BAD_FORMAT", `${expected} is expected and this is ${describeValue(value)}`, {
        where: key,
      });
}

/** @throws BAD_FORMAT if `value` is not a dict. */
export function asDict(value: PickleValue | undefined, name: string): Dict {
  if (!(value instanceof Map)) throw wrong(name, value, "a dict");
  return value as Dict;
}

export function dictField(dict: Dict, key: string): Dict {
  return asDict(dict.get(key), key);
}

export function textField(dict: Dict, key: string): string {
  const value = dict.get(key);
  if (typeof value !== "string") throw wrong(key, value, "a str");
  return value;
}

/** One of the words `known`. @throws UNSUPPORTED for another one. */
export function wordField<T extends string>(dict: Dict, key: string, known: readonly T[]): T {
  const stored = textField(dict, key);
  const found = known.find((word) => word === stored);
  if (found !== undefined) return found;
  throw new AtlasmtlError("UNSUPPORTED", `${JSON.stringify(stored)} is none of ${known.join(", ")}`, {
    where: key,
  });
}

/** @throws UNSUPPORTED if the version is later than `latest`. */
export function checkVersion(dict: Dict, key: string, latest: number): void {
  const version = countField(dict, key, 1);
  if (version > latest)
    throw new AtlasmtlError(
      "UNSUPPORTED",
      `${key} is ${version}; this version of atlasmtl reads up to ${latest}`,
      { where: key, hint: "update atlasmtl" },
    );
}

/** The items of a list or tuple. @throws BAD_FORMAT if `value` is neither. */
export function asList(value: PickleValue | undefined, name: string): readonly PickleValue[] {
  if (value instanceof Tuple) return value.items;
  if (!Array.isArray(value)) throw wrong(name, value, "a list");
  return value as readonly PickleValue[];
}

export function listField(dict: Dict, key: string): readonly PickleValue[] {
  return asList(dict.get(key), key);
}

/** A whole number of at least `min`. */
export function asCount(value: PickleValue | undefined, name: string, min = 0): number {
  if (typeof value !== "number" || value < min) {
    const got = typeof value === "number" ? String(value) : undefined;
    if (got === undefined) throw wrong(name, value, "an int");
    throw new AtlasmtlError("BAD_DATA", `${got} is expected to be at least ${min}`, { where: name });
  }
  return value;
}

export function countField(dict: Dict, key: string, min = 0): number {
  return asCount(dict.get(key), key, min);
}

export function countsField(dict: Dict, key: string, min = 0): readonly number[] {
  return listField(dict, key).map((item, i) => asCount(item, `${key}[${i}]`, min));
}

/** An int or a float. */
export function asNumber(value: PickleValue | undefined, name: string): number {
  if (value instanceof Float) return value.value;
  if (typeof value !== "number") throw wrong(name, value, "a number");
  return value;
}

export function numberField(dict: Dict, key: string): number {
  return asNumber(dict.get(key), key);
}

/** What `read` makes of each dict of a list. */
export function dictsField<T>(dict: Dict, key: string, read: (item: Dict) => T): T[] {
  return listField(dict, key).map((item, i) => {
    const where = `${key}[${i}]`;
    const fields = asDict(item, where);
    return within(where, () => read(fields));
  });
}

/** Runs `read` and adds `where` to its errors. */
export function within<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw locate(error, where);
  }
}
