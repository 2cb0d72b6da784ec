/**
 * Tables of keys: each key of a file is spelled once, in a table, as it stands in the file (`knn_space_used`); code
 * says it by its camelCase name (`KEYS.knnSpaceUsed`).
 * @module
 */

/** `knn_space_used` → `knnSpaceUsed`. */
type CamelCase<S extends string> = S extends `${infer Head}_${infer Rest}`
  ? Rest extends `${infer First}${infer Others}`
    ? `${Head}${Uppercase<First>}${CamelCase<Others>}`
    : S
  : S;

/** Keys by their names in code, in the order in which a file has them. */
export type KeyTable<K extends string = string> = { readonly [S in K as CamelCase<S>]: S };

/** The table of some keys. `{}` in a key stands for names of the data, such as label columns. */
export function keysOf<const K extends string>(...keys: readonly K[]): KeyTable<K> {
  return Object.fromEntries(keys.map((key) => [camelName(key), key])) as KeyTable<K>;
}

/** `hiddenSizes` → `hidden_sizes`. */
export function snakeName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `hidden_sizes` → `hiddenSizes`. */
export function camelName(key: string): string {
  return key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
