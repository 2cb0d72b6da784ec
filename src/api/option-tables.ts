/** The tables of options, for hosts that derive their own form of them: flags, forms, keys of a file. @module */
export type { AbsentChoices, FlagText, OptionRow, OptionTable, OptionValue } from "../schema/option.ts";
export { PREDICT_OPTIONS } from "../schema/prediction-options.ts";
export { PREPROCESS_OPTIONS } from "../schema/preprocess-options.ts";
export {
  DOCUMENTING_KEYS,
  DOCUMENTING_SEED,
  isNegated,
  RECORDED_TRAIN_NAMES,
  REFINE_NAMES,
  type SettingName,
  SHOWN,
  settingNames,
} from "../schema/setting-names.ts";
export { CHILD_OPTIONS, TRAIN_OPTIONS } from "../schema/training-options.ts";
