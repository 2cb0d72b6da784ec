/** The record of a run as the `train` of a dataset manifest (docs/specification/5-benchmark.md#dataset-manifest). @module */
import { shown } from "../core/shown.ts";
import { AtlasmtlError, inWords, type Notice } from "../errors.ts";
import { isTrainRecord, settingsOfRecord } from "../model/recorded-settings.ts";
import {
  DATASET_MANIFEST,
  HVG_CONFIG,
  HVG_CONFIG_KEY,
  PREPROCESS_SETTINGS,
  REFERENCE_PATH_KEY,
  TRAIN_POLICY,
} from "../schema/dataset-manifest.ts";
import { optionKeys } from "../schema/option.ts";
import { PREPROCESS_OPTIONS } from "../schema/preprocess-options.ts";
import { DOCUMENTATION_KEY } from "../schema/run-manifest.ts";
import { DOCUMENTING_KEYS } from "../schema/setting-names.ts";
import { TRAIN_OPTIONS } from "../schema/training-options.ts";
import { manifestWords } from "./manifest-words.ts";

type Keys = ReadonlyMap<string, unknown>;

const KEYS = optionKeys(TRAIN_OPTIONS);
/** Keys of `train` that stand beside the settings of a record. */
const BESIDE: readonly string[] = [...Object.values(TRAIN_POLICY), REFERENCE_PATH_KEY, ...DOCUMENTING_KEYS];
/** Settings of preprocessing that name or sample, and that a manifest does not have. */
const NOT_SET = Object.values(optionKeys(PREPROCESS_OPTIONS)).filter((key) => !PREPROCESS_SETTINGS.has(key));
const HVG_NAMES = Object.entries(HVG_CONFIG).map(
  ([option, key]) => [optionKeys(PREPROCESS_OPTIONS)[option as keyof typeof HVG_CONFIG], key] as const,
);

/** A manifest in which the record of a run is settings like those that a person writes. */
export interface WithoutRecord {
  readonly keys: Keys;
  /** What the record does not hold or the manifest has otherwise. */
  readonly notices: readonly Notice[];
}

/**
 * Puts what the record in `train` says to the keys of a manifest: its settings to `train`, coordinate targets and preprocessing beside it.
 * A manifest without a record comes back as it is.
 * @throws USAGE for what the manifest says otherwise.
 */
export function spreadRecord(manifest: Keys, where: string): WithoutRecord {
  const given = manifest.get(DATASET_MANIFEST.train);
  if (!(given instanceof Map) || !isTrainRecord(given)) return { keys: manifest, notices: [] };
  const place = `${where} › ${DATASET_MANIFEST.train}`;
  const beside = [...given].filter(([key]) => BESIDE.includes(String(key)));
  const told: unknown = given.get(DOCUMENTATION_KEY);
  const record = settingsOfRecord(
    new Map([...given].filter(([key]) => !BESIDE.includes(String(key)))),
    place,
  );
  const settings = new Map(record.settings);
  const labels = settings.get(KEYS.labelColumns);
  const targets = settings.get(KEYS.coordTargets);
  settings.delete(KEYS.labelColumns);
  settings.delete(KEYS.coordTargets);

  const keys = new Map(manifest);
  keys.set(
    DATASET_MANIFEST.train,
    new Map<unknown, unknown>([...(told instanceof Map ? told : []), ...settings, ...beside]),
  );
  const add = (key: string, value: unknown, says: unknown, saidBy = key): void => {
    if (says === undefined || says === null) keys.set(key, value);
    else if (plain(says) !== plain(value))
      throw new AtlasmtlError(
        "USAGE",
        `${saidBy} is ${shown(plainValue(says))}, and the record in ${DATASET_MANIFEST.train} has ${shown(plainValue(value))}`,
        { where: `${where} › ${saidBy}`, hint: `remove ${saidBy}, or change it in the record` },
      );
  };
  if (targets instanceof Map && targets.size > 0)
    add(DATASET_MANIFEST.coordTargets, targets, keys.get(DATASET_MANIFEST.coordTargets));
  const hvg = keys.get(HVG_CONFIG_KEY);
  for (const [key, value] of record.preprocess) {
    if (NOT_SET.includes(key)) continue;
    const inner = HVG_NAMES.find(([name]) => name === key)?.[1];
    const own = keys.get(key) ?? null;
    if (own === null && inner !== undefined && hvg instanceof Map)
      add(key, value, hvg.get(inner), `${HVG_CONFIG_KEY} › ${inner}`);
    else add(key, value, own);
  }
  const columns = manifest.get(DATASET_MANIFEST.labelColumns);
  const notices = record.notices.map((each) => inWords(each, manifestWords));
  if (labels === undefined || plain(labels) === plain(columns)) return { keys, notices };
  const message = `the record is of the label columns ${shown(labels)}, and those of ${DATASET_MANIFEST.labelColumns} are used`;
  return { keys, notices: [...notices, { message, where: place }] };
}

const plainValue = (value: unknown): unknown => (value instanceof Map ? Object.fromEntries(value) : value);
const plain = (value: unknown): string => JSON.stringify(plainValue(value));
