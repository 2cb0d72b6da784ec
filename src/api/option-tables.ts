/** The tables of options, for hosts that derive their own form of them: flags, forms, keys of a file. @module */
export type { FlagText, OptionRow, OptionTable, OptionValue } from "../schema/option.ts";
export { PREDICT_OPTIONS } from "../schema/prediction-options.ts";
export { PREPROCESS_OPTIONS } from "../schema/preprocess-options.ts";
export { CHILD_OPTIONS, TRAIN_OPTIONS } from "../schema/training-options.ts";
