/** Errors of the library in the words of the command line: options become flags. @module */
import { AtlasmtlError } from "../../api/errors.ts";
import { type FlagTable, flagName } from "../options/flag.ts";
import { FLAG_OF_OPTION } from "../options/options.ts";
import { changedError } from "./show-error.ts";

/** `missingLabels: "ignore"`, also with `(missing_labels="ignore")` after it, or `knn_correction "off"`. */
const SETTING = /(?<![\w"'/.-])([a-z]+\w*)(?:: |=| (?="))("?)([\w./-]+)\2( \([a-z_]+=[^)]*\))?/g;
/** `missingLabels`, also with `(missing_labels)` after it. */
const OPTION = /(?<![\w"'/.-])([a-z]+[A-Z]\w*)( \([a-z_]+\))?/g;
/** `missing_labels`. */
const SNAKE_OPTION = /(?<![\w"'/.-])([a-z]+(?:_[a-z]+)+)(?![\w"'/.-])/g;

/**
 * The error as a user of the command line should read it: its hint always, its message when it is about an
 * option. Names that are not in `flags` stay as they are.
 */
export function inFlags(error: unknown, flags: FlagTable): unknown {
  if (!(error instanceof AtlasmtlError)) return error;
  const { message, where, hint } = error;
  const translatedHint = hint === undefined ? undefined : translate(hint, flags);
  if (error.code !== "USAGE") return changedError(error, { hint: translatedHint });
  const translated = translate(message, flags);
  // Without a place, it is the flag that the message names first.
  const place = where === undefined ? /--[a-z-]+/.exec(translated)?.[0] : flagOf(where, flags)?.text;
  return changedError(error, { message: translated, where: place ?? where, hint: translatedHint });
}

/** A warning with the options of its message and its hint as flags. */
export function inFlagWords<T extends { readonly message: string; readonly hint?: string }>(
  warning: T,
  flags: FlagTable,
): T {
  const { message, hint } = warning;
  const words = { ...warning, message: translate(message, flags) };
  return hint === undefined ? words : { ...words, hint: translate(hint, flags) };
}

/** A text with the options in it as flags. */
export function translate(text: string, flags: FlagTable): string {
  const word = (whole: string, option: string): string => flagOf(option, flags)?.text ?? whole;
  return text
    .replace(SETTING, (whole: string, option: string, quote: string, value: string) => {
      const flag = flagOf(option, flags);
      // One plain word before a colon or a blank may be English: `layer: see below`.
      if (flag === null || (quote === "" && !/[A-Z_]/.test(option))) return whole;
      return flag.isSwitch ? flag.text : `${flag.text} ${value}`;
    })
    .replace(OPTION, word)
    .replace(SNAKE_OPTION, word);
}

/** The flag that sets an option, given in camelCase or snake_case; null when there is none. */
function flagOf(option: string, flags: FlagTable): { text: string; isSwitch: boolean } | null {
  const camel = option.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const key = Object.hasOwn(flags, camel) ? camel : FLAG_OF_OPTION[camel];
  if (key === undefined || !Object.hasOwn(flags, key)) return null;
  return { text: flagName(key), isSwitch: flags[key].arity === "switch" };
}
