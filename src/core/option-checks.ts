/** Checks option values of callers, command lines and files. @module */
import { AtlasmtlError, option, phrase, type Said } from "../errors.ts";
import type { OptionRow, OptionTable, OptionValue, OptionValues, Range } from "../schema/option.ts";
import { didYouMean } from "./nearest.ts";
import { shown } from "./shown.ts";

export function usageError(message: Said, hint?: Said): AtlasmtlError {
  return new AtlasmtlError("USAGE", message, hint === undefined ? {} : { hint });
}

/** @throws USAGE that names the option if `value` is not a finite number in `range`. */
export function checkNumber(
  name: string,
  value: unknown,
  range: Range & { readonly integer?: boolean },
): number {
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

function checkRowChoice(name: string, value: unknown, { choices, aliases, absent }: OptionRow): string {
  if (typeof value !== "string") return checkChoice(name, value, choices);
  if (absent?.words.test(value))
    throw usageError(
      phrase`${option(name)} is ${shown(value)}, expected ${choices.map(shown).join(" or ")}`,
      absent.instead,
    );
  return checkChoice(name, Object.hasOwn(aliases, value) ? aliases[value] : value, choices);
}

/** @throws USAGE that names the option if `value` is not a nonempty string. */
export function checkName(name: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw usageError(phrase`${option(name)} is ${shown(value)}, expected a name`);
}

function checkText(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw usageError(phrase`${option(name)} is ${shown(value)}, expected a text`);
}

/** @throws USAGE that names the option if `value` is not true or false. */
function checkToggle(name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw usageError(phrase`${option(name)} is ${shown(value)}, expected true or false`);
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

/** @throws USAGE for an option that `table` does not have, naming the most similar; `work` is what has the options. */
export function refuseUnknownOptions(table: OptionTable, options: object, work: string): void {
  const known = Object.keys(table);
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw usageError(
    `${work} has no option ${shown(unknown)}${didYouMean(unknown, known)}`,
    `use any of ${known.join(", ")}`,
  );
}

/** The checked value of an option of a table. @throws USAGE that names the option, by `name`. */
export function checkOption<R extends OptionRow>(name: string, row: R, value: unknown): OptionValue<R> {
  return checkKind(name, row, value) as OptionValue<R>;
}

function checkKind(name: string, row: OptionRow, value: unknown): unknown {
  const { kind, range } = row;
  if (kind === "other" || (value === null && row.default === null)) return value;
  const each = <T>(check: (item: unknown) => T) => checkArray(name, value).map(check);
  const integer = (item: unknown) => checkNumber(name, item, { ...range, integer: true });
  const number = (item: unknown) => checkNumber(name, item, range);
  switch (kind) {
    case "number":
      return number(value);
    case "integer":
      return integer(value);
    case "threads":
      return value === "max" ? value : integer(value);
    case "choice":
      return checkRowChoice(name, value, row);
    case "name":
    case "path":
      return checkName(name, value);
    case "toggle":
      return checkToggle(name, value);
    case "names":
      return each((item) => checkName(name, item));
    case "texts":
      return each((item) => checkText(name, item));
    case "numbers":
      return each(number);
    case "integers":
      return each(integer);
    case "pairs":
      return new Map(checkEntries(name, value).map(([key, item]) => [key, checkName(name, item)]));
    case "weights":
      return new Map(checkEntries(name, value).map(([key, item]) => [key, number(item)]));
  }
}

/**
 * The checked values of all options of a table; what a table cannot check stays as it is.
 * @param inside the option that these are settings of, if they are
 * @throws USAGE that names the first option whose value is wrong.
 */
export function checkOptions<T extends OptionTable>(
  table: T,
  values: { readonly [name: string]: unknown },
  inside?: string,
): OptionValues<T> {
  const prefix = inside === undefined ? "" : `${inside}.`;
  const checked = Object.entries(table).map(([key, row]) => [key, checkKind(prefix + key, row, values[key])]);
  return Object.fromEntries(checked) as OptionValues<T>;
}
