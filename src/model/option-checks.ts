/** Checks option values of callers, command lines and files. @module */
import { didYouMean } from "../core/nearest.ts";
import { shown } from "../core/shown.ts";
import { AtlasmtlError, option, phrase, type Said } from "../errors.ts";

export function usageError(message: Said, hint?: Said): AtlasmtlError {
  return new AtlasmtlError("USAGE", message, hint === undefined ? {} : { hint });
}

/** The allowed range of a number; `above` and `below` are exclusive, `min` and `max` inclusive. */
export interface Range {
  readonly integer?: boolean;
  readonly min?: number;
  readonly max?: number;
  readonly above?: number;
  readonly below?: number;
}

/** @throws USAGE that names the option if `value` is not a finite number in `range`. */
export function checkNumber(name: string, value: unknown, range: Range): number {
  const { integer = false, min, max, above, below } = range;
  if (
    typeof value === "number" &&
    Number.isFinite(value) &&
    (!integer || Number.isSafeInteger(value)) &&
    (min === undefined || value >= min) &&
    (max === undefined || value <= max) &&
    (above === undefined || value > above) &&
    (below === undefined || value < below)
  )
    return value;
  const bounds = [
    ...(min === undefined ? [] : [`at least ${min}`]),
    ...(above === undefined ? [] : [`above ${above}`]),
    ...(max === undefined ? [] : [`at most ${max}`]),
    ...(below === undefined ? [] : [`below ${below}`]),
  ];
  const expected = [integer ? "an integer" : "a number", bounds.join(" and ")].join(" ").trim();
  throw usageError(phrase`${option(name)} is ${shown(value)}, expected ${expected}`);
}

/** @throws USAGE that names the option and the most similar choice if `value` is not one of `choices`. */
export function checkChoice<T extends string>(name: string, value: unknown, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  const near = typeof value === "string" ? didYouMean(value, choices) : "";
  throw usageError(
    phrase`${option(name)} is ${shown(value)}, expected ${choices.map(shown).join(" or ")}${near}`,
  );
}

/** @throws USAGE that names the option if `value` is not a nonempty string. */
export function checkName(name: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw usageError(phrase`${option(name)} is ${shown(value)}, expected a name`);
}

/** @throws USAGE that names the option if `value` is not an array. */
export function checkArray(name: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw usageError(phrase`${option(name)} is ${shown(value)}, expected a list`);
}

/** The entries of a Map or a plain object. @throws USAGE that names the option if `value` is neither. */
export function checkEntries(name: string, value: unknown): [string, unknown][] {
  if (value instanceof Map) return [...value.entries()].map(([key, item]) => [String(key), item]);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return Object.entries(value);
  throw usageError(phrase`${option(name)} is ${shown(value)}, expected names with values`);
}
