/** `--config FILE.yaml`: any setting of a command by its snake_case name. @module */
import { DOCUMENTATION_KEY } from "../../api/keys.ts";
import { didYouMean, nearest, snakeName } from "../../api/names.ts";
import {
  DOCUMENTING_KEYS,
  isNegated,
  PREDICT_OPTIONS,
  PREPROCESS_OPTIONS,
  RECORDED_TRAIN_NAMES,
  REFINE_NAMES,
  SHOWN,
  settingNames,
  TRAIN_OPTIONS,
} from "../../api/option-tables.ts";
import { isTrainRecord, settingsOfRecord } from "../../api/recorded-settings.ts";
import { asConfigValue, type ConfigValue } from "../../api/values.ts";
import { asSubject, usageError } from "../terminal/show-error.ts";
import { checkValue, type FlagTable } from "./flag.ts";
import type { ConfigFile } from "./given-config.ts";
import { readYaml } from "./yaml.ts";

const NOTHING: ConfigFile = {
  values: new Map(),
  documentation: new Map(),
  shown: { progress: null, summary: null },
  preprocessedGenes: null,
  notices: [],
};

/**
 * The content of a config file, checked against the flags of a command. For training it may be the record of a run.
 * @throws USAGE for a file that is no mapping, an unknown key (naming the nearest) or a wrong value.
 */
export async function readConfigFile(path: string, flags: FlagTable): Promise<ConfigFile> {
  const data = await asSubject("usage", () => readYaml(path));
  if (data === null) return NOTHING;
  if (!(data instanceof Map))
    throw usageError("the file holds no mapping of settings", path, "write one `name: value` per line");
  if (!Object.hasOwn(flags, "hiddenSizes") || !isTrainRecord(data)) return contentOf(data, path, flags);
  const record = settingsOfRecord(data, path);
  const told = data.get(DOCUMENTATION_KEY);
  const all = new Map<unknown, unknown>([
    ...(told instanceof Map ? told : []),
    ...record.preprocess,
    ...record.settings,
  ]);
  const { preprocessedGenes } = record;
  return { ...contentOf(all, path, flags), preprocessedGenes, notices: record.notices };
}

/** The settings of a config file. @throws USAGE as {@link readConfigFile}. */
export async function readConfig(path: string, flags: FlagTable): Promise<ReadonlyMap<string, unknown>> {
  return (await readConfigFile(path, flags)).values;
}

/** As {@link readConfig}: `data` are the settings of the file `path`. */
export function checkedSettings(
  data: ReadonlyMap<unknown, unknown>,
  path: string,
  flags: FlagTable,
): ReadonlyMap<string, unknown> {
  return contentOf(data, path, flags).values;
}

function contentOf(data: ReadonlyMap<unknown, unknown>, path: string, flags: FlagTable): ConfigFile {
  const names = namesOf(flags);
  const values = new Map<string, unknown>();
  const givenAs = new Map<string, string>();
  const documentation = new Map<string, ConfigValue>();
  const shown: { progress: boolean | null; summary: boolean | null } = { progress: null, summary: null };
  for (const [given, value] of data) {
    const name = String(given);
    const where = `${path} › ${name}`;
    const found = names.get(name);
    if (found === undefined) {
      if (name === SHOWN.showProgress) shown.progress = checkShown(value, where);
      else if (name === SHOWN.showSummary) shown.summary = checkShown(value, where);
      else if (DOCUMENTING_KEYS.some((key) => key === name)) {
        const kept = asConfigValue(value);
        if (kept !== undefined) documentation.set(name, kept);
      } else throw unknownSetting(name, where, [...names.keys()], Object.keys(flags).map(snakeName));
      continue;
    }
    if (value === null) continue;
    const { key, negated } = found;
    const other = givenAs.get(key);
    if (other !== undefined)
      throw usageError(`${other} and ${name} are names of one setting`, where, "keep one of the two lines");
    givenAs.set(key, name);
    const flag = flags[key];
    const word = flag.fromFile?.(value) ?? value;
    const checked = checkValue(flag, word, where);
    values.set(key, negated ? !(checked as boolean) : checked);
  }
  return { ...NOTHING, values, documentation, shown };
}

/** The flag that a name of a config file sets; `negated`: to the opposite. */
interface NamedFlag {
  readonly key: string;
  readonly negated: boolean;
}

/** All names of the settings of a command: those of its flags, and those of the options that they set. */
function namesOf(flags: FlagTable): ReadonlyMap<string, NamedFlag> {
  const names = new Map<string, NamedFlag>(
    Object.keys(flags).map((key) => [snakeName(key), { key, negated: false }]),
  );
  const add = (name: string, key: string, negated: boolean): void => {
    if (Object.hasOwn(flags, key) && !names.has(name)) names.set(name, { key, negated });
  };
  for (const [table, others] of [
    [TRAIN_OPTIONS, RECORDED_TRAIN_NAMES],
    [PREDICT_OPTIONS, {}],
    [PREPROCESS_OPTIONS, {}],
  ] as const)
    for (const [name, { option, negated }] of settingNames(table, others)) {
      const row = (table as Readonly<Record<string, { readonly flag: { readonly name?: string } | null }>>)[
        option
      ];
      const key = row.flag?.name ?? option;
      add(name, key, isNegated(key) !== negated);
    }
  for (const [name, key] of Object.entries(REFINE_NAMES)) add(name, key, false);
  return names;
}

function checkShown(value: unknown, where: string): boolean {
  if (typeof value === "boolean") return value;
  throw usageError(`got ${JSON.stringify(value)}, expected true or false`, where, "write true or false");
}

function unknownSetting(
  name: string,
  where: string,
  known: readonly string[],
  shown: readonly string[],
): Error {
  const near = nearest(name, known);
  return usageError(
    `unknown setting "${name}"${didYouMean(name, known)}`,
    where,
    near === null
      ? `use any of ${shown.join(", ")}; what only documents a run goes below notes`
      : `write ${near}, or remove the line`,
  );
}
