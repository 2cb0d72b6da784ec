/**
 * Names of settings in files: configuration files, benchmark manifests, records of runs and keyword arguments of the Python
 * original all have these (docs/specification/8-settings.md).
 * @module
 */
import { keysOf, snakeName } from "./keys.ts";
import type { OptionTable } from "./option.ts";

/** The option that a name sets; `negated`: to the opposite of the value. */
export interface SettingName {
  readonly option: string;
  readonly negated: boolean;
}

/** True of a name such as `noCalibration`, which turns an option off. */
export const isNegated = (name: string): boolean => /^(no|ignore)[A-Z]/.test(name);

/**
 * All names of the options of a table: `calibration_method`, the option's own; `calibration`, that of its flag; and `others`, name by name
 * the option.
 */
export function settingNames(
  table: OptionTable,
  others: Readonly<Record<string, string>> = {},
): ReadonlyMap<string, SettingName> {
  const names = new Map<string, SettingName>();
  for (const [option, { flag }] of Object.entries(table)) {
    names.set(snakeName(option), { option, negated: false });
    const flagName = flag?.name;
    if (flagName !== undefined) names.set(snakeName(flagName), { option, negated: isNegated(flagName) });
  }
  for (const [name, option] of Object.entries(others)) names.set(name, { option, negated: false });
  return names;
}

/** Further names of options of training, which records have. */
export const RECORDED_TRAIN_NAMES = {
  parent_conditioned_child_correction: "childCorrection",
  num_threads_requested: "numThreads",
  device_requested: "device",
} as const;

/** Names of settings of a refinement where others stand beside them, by their names in `HotspotOptions`. */
export const HOTSPOT_NAMES = {
  hotspot_selection: "selection",
  hotspot_top_k: "topK",
  hotspot_target_contribution: "targetContribution",
  hotspot_min_cells: "minCells",
  hotspot_max_parents: "maxParents",
} as const;
/** Further names of settings of `refine`. */
export const REFINE_NAMES = {
  ...HOTSPOT_NAMES,
  hotspot_parents: "parents",
  target_level: "childLevel",
} as const;

/** Keys that only document a run: they set nothing, and its run manifest keeps them. */
export const DOCUMENTING_KEYS = [
  "config_name",
  "config_version",
  "experiment_name",
  "experiment_round",
  "experiment_group",
  "experiment_id",
  "run_name",
  "seed",
  "title",
  "description",
  "notes",
  "comment",
  "author",
  "date",
  "tags",
] as const;
/** The one of them that users may take for a setting. */
export const DOCUMENTING_SEED = "seed" satisfies (typeof DOCUMENTING_KEYS)[number];

/** Keys of a configuration file that say what is shown while a command runs. */
export const SHOWN = keysOf("show_progress", "show_summary");
