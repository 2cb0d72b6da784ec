/**
 * One flag: how it is written, what it takes and how its value is checked.
 *
 * A table of flags is the only place a command's settings are named: the key is the camelCase option, the
 * flag its kebab-case, the config key its snake_case form.
 * @module
 */

import * as v from "valibot";
import { shown } from "../../api/errors.ts";
import { didYouMean, snakeName } from "../../api/names.ts";
import type { AbsentChoices, OptionRow } from "../../api/option-tables.ts";
import { usageError } from "../terminal/show-error.ts";

export interface Flag<V> {
  /** `switch` takes no value, `one` a value, `many` several after one flag or repeated. */
  readonly arity: "switch" | "one" | "many";
  /** Shown in the help, such as `FILE`. */
  readonly placeholder: string;
  readonly group: string;
  readonly help: string;
  readonly choices: readonly string[] | null;
  /** Words that other programs take, and what is there instead. */
  readonly absent?: AbsentChoices | null;
  readonly schema: v.GenericSchema<unknown, V>;
  /** What was expected, for the error message. */
  readonly expected: string;
  /** Converts the words of the command line to the value that YAML would give, which `schema` then checks. */
  readonly fromWords: (words: readonly string[]) => unknown;
  /** Converts what a file may have in place of the word to that word. */
  readonly fromFile?: (value: unknown) => unknown;
}

export type FlagTable = Readonly<Record<string, Flag<unknown>>>;
/** The values of a table of flags; a flag that was set nowhere is absent. */
export type FlagValues<T extends FlagTable> = {
  readonly [K in keyof T]?: T[K] extends Flag<infer V> ? V : never;
};

type Text = readonly [group: string, help: string];

export const path = (group: string, help: string): Flag<string> => oneString("FILE", group, help);
export const name = (placeholder: string, ...text: Text): Flag<string> => oneString(placeholder, ...text);

function oneString(placeholder: string, group: string, help: string): Flag<string> {
  const schema = v.pipe(v.string(), v.nonEmpty());
  return flag("one", placeholder, group, help, schema, "some text", ([word]) => word);
}

/** One or more names; commas are part of a name. */
export function names(placeholder: string, group: string, help: string): Flag<string[]> {
  const schema = v.pipe(v.array(v.pipe(v.string(), v.nonEmpty())), v.nonEmpty());
  return flag("many", placeholder, group, help, schema, "a list of names", (words) => words);
}

/** One or more files; in YAML a text or a list. */
export function paths(group: string, help: string): Flag<string[]> {
  const text = v.pipe(v.string(), v.nonEmpty());
  const schema = v.union([
    v.pipe(
      text,
      v.transform((path) => [path]),
    ),
    v.pipe(v.array(text), v.nonEmpty()),
  ]);
  return flag("many", "FILE", group, help, schema, "a file or a list of files", (words) => words);
}

/** Texts given as `--f a b`, `--f a,b`, or a YAML list; the empty text is one. */
export function texts(placeholder: string, group: string, help: string): Flag<string[]> {
  const schema = v.pipe(v.array(v.string()), v.nonEmpty());
  return flag("many", placeholder, group, help, schema, "a list of texts", (words) =>
    words.flatMap((word) => word.split(",")),
  );
}

export function integer(group: string, help: string): Flag<number> {
  return flag("one", "N", group, help, v.pipe(v.number(), v.safeInteger()), "a whole number", ([word]) =>
    asNumber(word),
  );
}

export function number(group: string, help: string): Flag<number> {
  return flag("one", "X", group, help, v.pipe(v.number(), v.finite()), "a number", ([word]) =>
    asNumber(word),
  );
}

/** Numbers given as `--f 1 2 3`, `--f 1,2,3`, or a YAML list. */
export function numbers(group: string, help: string): Flag<number[]> {
  const schema = v.pipe(v.array(v.pipe(v.number(), v.finite())), v.nonEmpty());
  return flag("many", "X", group, help, schema, "numbers", splitNumbers);
}

export function integers(group: string, help: string): Flag<number[]> {
  const schema = v.pipe(v.array(v.pipe(v.number(), v.safeInteger())), v.nonEmpty());
  return flag("many", "N", group, help, schema, "whole numbers", splitNumbers);
}

export function choice<const C extends string>(
  choices: readonly C[],
  group: string,
  help: string,
  { aliases = {}, absent = null }: Partial<Pick<OptionRow, "aliases" | "absent">> = {},
): Flag<C> {
  const expected = choices.length === 1 ? choices[0]! : `one of ${choices.join(", ")}`;
  return {
    ...flag("one", choices.join("|"), group, help, v.picklist(choices), expected, ([word]) =>
      Object.hasOwn(aliases, word) ? aliases[word] : word,
    ),
    fromFile: (value) =>
      typeof value === "string" && Object.hasOwn(aliases, value) ? aliases[value] : value,
    choices,
    absent,
  };
}

/** True when given; `false` in a config file leaves it unset. */
export function toggle(group: string, help: string): Flag<boolean> {
  return flag("switch", "", group, help, v.boolean(), "true or false", () => true);
}

/** A number of threads, or `max` for all of the machine's. */
export function threads(group: string, help: string): Flag<number | "max"> {
  const schema = v.union([v.literal("max"), v.pipe(v.number(), v.safeInteger())]);
  return flag("one", "N|max", group, help, schema, "a whole number or max", ([word]) =>
    word === "max" ? word : asNumber(word),
  );
}

/** `NAME=KEY` pairs; in YAML a mapping. */
export function pairs(placeholder: string, group: string, help: string): Flag<ReadonlyMap<string, string>> {
  const schema = v.map(v.pipe(v.string(), v.nonEmpty()), v.pipe(v.string(), v.nonEmpty()));
  return flag("many", placeholder, group, help, schema, `${placeholder} pairs`, (words) => {
    const map = new Map<string, string>();
    for (const word of words) {
      const at = word.indexOf("=");
      if (at < 1 || map.has(word.slice(0, at))) return words;
      map.set(word.slice(0, at), word.slice(at + 1));
    }
    return map;
  });
}

/** `NAME=NUMBER` pairs; in YAML a mapping. */
export function weights(placeholder: string, group: string, help: string): Flag<ReadonlyMap<string, number>> {
  const schema = v.map(v.pipe(v.string(), v.nonEmpty()), v.pipe(v.number(), v.finite()));
  const texts = pairs(placeholder, group, help);
  return flag("many", placeholder, group, help, schema, texts.expected, (words) => {
    const map = texts.fromWords(words);
    return map instanceof Map ? new Map([...map].map(([name, word]) => [name, asNumber(word)])) : map;
  });
}

function flag<V>(
  arity: Flag<V>["arity"],
  placeholder: string,
  group: string,
  help: string,
  schema: v.GenericSchema<unknown, V>,
  expected: string,
  fromWords: Flag<V>["fromWords"],
): Flag<V> {
  return { arity, placeholder, group, help, choices: null, schema, expected, fromWords };
}

function splitNumbers(words: readonly string[]): unknown[] {
  return words
    .flatMap((word) => word.split(","))
    .filter((word) => word.trim() !== "")
    .map(asNumber);
}

/** The number if the word is a decimal number, else the word, which the schema then refuses. */
function asNumber(word: string): number | string {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(word.trim()) ? Number(word) : word;
}

/** `hiddenSizes` → `--hidden-sizes`. */
export function flagName(key: string): string {
  return `--${snakeName(key).replaceAll("_", "-")}`;
}

/**
 * The checked value of a flag.
 * @throws USAGE naming what was got and what was expected, with the nearest choice.
 */
export function checkValue<V>(flag: Flag<V>, value: unknown, where: string): V {
  const result = v.safeParse(flag.schema, value);
  if (result.success) return result.output;
  const got = shown(value);
  const suggestion = typeof value === "string" && flag.choices ? didYouMean(value, flag.choices) : "";
  throw usageError(
    `got ${got}, expected ${flag.expected}${suggestion}`,
    where,
    typeof value === "string" && flag.absent?.words.test(value)
      ? flag.absent.instead
      : flag.choices === null
        ? `give ${flag.expected}`
        : `use ${flag.choices.join(", ")}`,
  );
}
