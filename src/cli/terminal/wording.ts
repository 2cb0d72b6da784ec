/** How the command line writes the options of the library: as flags, or as keys of a config file. @module */

import type { OptionMention, OptionValue, Wording } from "../../api/errors.ts";
import { snakeName } from "../../api/names.ts";
import { isNegated } from "../../api/option-tables.ts";
import { type Flag, type FlagTable, flagName } from "../options/flag.ts";
import type { GivenKeys } from "../options/given-config.ts";
import * as tables from "../options/options.ts";
import { shellWord } from "./shell-word.ts";
import type { CommandWords } from "./show-error.ts";

/** The wording of a command with `flags`. An option that only another command has is worded as its flag there. */
export function commandWords(flags: FlagTable, config: GivenKeys | null): CommandWords {
  const flagOf = (name: string): [key: string, flag: Flag<unknown>] | null => {
    for (const table of [flags, ...ALL_FLAGS])
      for (const key of [name, tables.FLAG_OF_OPTION[name]])
        if (key !== undefined && Object.hasOwn(table, key)) return [key, table[key]];
    return null;
  };
  const setting: Wording = (option) => {
    const found = flagOf(option.name);
    // A nested option is a key in the file that the outer flag names.
    if (found === null) return option.name.includes(".") ? inYaml(option) : String(option);
    const [key, flag] = found;
    if (key === "layer" && option.value === "raw/X" && Object.hasOwn(flags, "useRaw"))
      return flagName("useRaw");
    const value = typeof option.value === "boolean" && isNegated(key) ? !option.value : option.value;
    return config?.keys.has(key) === true ? inYaml({ name: key, value }) : asFlag(key, flag, value);
  };
  return {
    setting,
    place(option) {
      const key = flagOf(option.name)?.[0];
      if (key === undefined || config?.keys.has(key) !== true) return setting(option);
      return `${config.path} › ${snakeName(key)}`;
    },
  };
}

const ALL_FLAGS: readonly FlagTable[] = [
  tables.TRAIN_FLAGS,
  tables.PREDICT_FLAGS,
  tables.PREPROCESS_COMMAND_FLAGS,
  tables.REFINE_FLAGS,
  tables.OPENSET_FLAGS,
  tables.EXPLAIN_FLAGS,
  tables.HARMONISE_FLAGS,
  tables.SPLIT_COMMAND_FLAGS,
];

/** `missing_labels: ignore`; for a nested option its own key in that file. */
function inYaml({ name, value }: Pick<OptionMention, "name" | "value">): string {
  const key = snakeName(name.slice(name.lastIndexOf(".") + 1));
  return value === undefined ? key : `${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`;
}

/** `--missing-labels ignore`; a switch has no value. */
function asFlag(key: string, { arity }: Flag<unknown>, value: OptionValue | undefined): string {
  const name = flagName(key);
  if (value === undefined || value === null) return name;
  if (arity === "switch") return value === false ? `no ${name}` : name;
  return `${name} ${flagWords(value)}`;
}

function flagWords(value: OptionValue): string {
  if (Array.isArray(value)) return value.map(flagWords).join(" ");
  return shellWord(String(value));
}
