/** From the words of the command line and a config file to checked settings. @module */

import { type Command, Option } from "commander";
import { snakeName } from "../../api/names.ts";
import { usageError } from "../terminal/show-error.ts";

import { readConfigFile } from "./config-file.ts";
import { checkValue, type Flag, type FlagTable, type FlagValues, flagName } from "./flag.ts";
import type { GivenConfig } from "./given-config.ts";

/** Adds the flags of a table to a command, with defaults and groups for its help. */
export function addFlags(
  command: Command,
  flags: FlagTable,
  defaults: Readonly<Record<string, unknown>>,
): void {
  for (const [key, flag] of Object.entries(flags)) {
    const option = new Option(flagUsage(key, flag), flagHelp(flag, defaults[key]));
    option.helpGroup(flag.group);
    command.addOption(option);
  }
}

function flagUsage(key: string, flag: Flag<unknown>): string {
  if (flag.arity === "switch") return flagName(key);
  const placeholder = flag.choices === null ? flag.placeholder : "WORD";
  return `${flagName(key)} <${placeholder}${flag.arity === "many" ? "..." : ""}>`;
}

function flagHelp(flag: Flag<unknown>, fallback: unknown): string {
  const notes: string[] = [];
  if (flag.choices !== null) notes.push(flag.choices.join(", "));
  const shown = Array.isArray(fallback) ? fallback.join(" ") : fallback;
  if (["string", "number"].includes(typeof shown) && shown !== "") notes.push(`default: ${shown}`);
  return notes.length === 0 ? flag.help : `${flag.help} (${notes.join("; ")})`;
}

/** The settings of a command and which of them a config file gave. */
export interface Settings<T extends FlagTable> {
  readonly values: FlagValues<T>;
  readonly config: GivenConfig | null;
}

/**
 * The settings of a command: from its flags first, then from its config file.
 *
 * `given` are commander's options, by its own names.
 * @throws USAGE naming the flag or the line of the file.
 */
export async function readSettings<T extends FlagTable>(
  flags: T,
  given: Readonly<Record<string, unknown>>,
): Promise<Settings<T>> {
  const values = new Map<string, unknown>();
  for (const [key, flag] of Object.entries(flags)) {
    const words = givenWords(key, flag, given);
    if (words !== null) values.set(key, checkValue(flag, flag.fromWords(words), flagName(key)));
  }
  const path = values.get("config");
  let config: GivenConfig | null = null;
  if (typeof path === "string") {
    const { config: _, ...settable } = flags;
    const { values: all, ...rest } = await readConfigFile(path, settable);
    const ofFile = [...all].filter(([key]) => !values.has(key));
    for (const [key, value] of ofFile) values.set(key, value);
    config = { path, keys: new Set(ofFile.map(([key]) => key)), ...rest };
  }
  return { values: Object.fromEntries(values) as FlagValues<T>, config };
}

/** Commander stores `--no-x` as `x: false`, one word as text, several as a list. */
function givenWords(
  key: string,
  flag: Flag<unknown>,
  given: Readonly<Record<string, unknown>>,
): readonly string[] | null {
  if (flag.arity === "switch") {
    const negated = /^no[A-Z]/.test(key);
    const stored = negated
      ? given[key.charAt(2).toLowerCase() + key.slice(3)] === false
      : given[key] === true;
    return stored ? [] : null;
  }
  const value = given[key];
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.map(String) : null;
}

/**
 * The settings that a command cannot do without.
 * @throws USAGE naming all that neither a flag nor the config file gave.
 */
export function required<T extends FlagTable, K extends string & keyof T>(
  values: FlagValues<T>,
  flags: T,
  command: string,
  keys: readonly K[],
): { readonly [key in K]: NonNullable<FlagValues<T>[key]> } {
  const missing = keys.filter((key) => values[key] === undefined);
  if (missing.length === 0) return values as { readonly [key in K]: NonNullable<FlagValues<T>[key]> };
  const names = missing.map(flagName);
  const usage = missing.map((key) => flagUsage(key, flags[key]).replace("...", "").replace(/[<>]/g, ""));
  throw usageError(
    `${listed(names)} ${missing.length === 1 ? "is" : "are"} missing`,
    `atlasmtl ${command}`,
    `add ${usage.join(" ")}${"config" in flags ? `, or ${listed(missing.map(snakeName))} to the file of --config` : ""}`,
  );
}

/** `a`, `a and b`, `a, b and c`. */
function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
