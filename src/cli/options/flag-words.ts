/** The words of a command line that give some settings. @module */
import { type FlagTable, flagName } from "./flag.ts";

/** The words that set `values`, in the order of the table; those of a config file are among them. */
export function flagWords(flags: FlagTable, values: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(flags).flatMap(([key, { arity }]) => {
    const value = values[key];
    if (value === undefined || value === null || value === false) return [];
    if (arity === "switch") return [flagName(key)];
    const words =
      value instanceof Map
        ? [...value].map(([name, of]) => `${name}=${of}`)
        : Array.isArray(value)
          ? value.map(String)
          : [String(value)];
    return words.length === 1 && words[0].startsWith("-")
      ? [`${flagName(key)}=${words[0]}`]
      : [flagName(key), ...words];
  });
}
