/**
 * Flags of preprocessing, those of `train` included (docs/specification/6-cli.md#flags-of-train).
 * @module
 */
import type { PreprocessOptions } from "../../api/index.ts";
import { PREPROCESS_OPTIONS } from "../../api/option-tables.ts";
import type { FlagTable, FlagValues } from "./flag.ts";
import { givenOptions, optionFlags } from "./option-flags.ts";

/** What `atlasmtl preprocess` works on. */
export const PREPROCESS_KINDS = ["reference", "query"] as const;

const GENES = PREPROCESS_OPTIONS.species.flag.group;

/** `train` has these: with the flag of any of them the reference is preprocessed first. */
const { randomState: _seed, ...TRAIN_PREPROCESS_OPTIONS } = PREPROCESS_OPTIONS;

/** With the flags of genes first, as help has them. */
function genesFirst<T extends FlagTable>(flags: T): T {
  const isOfGenes = ({ group }: FlagTable[string]): number => Number(group === GENES);
  return Object.fromEntries(Object.entries(flags).sort(([, a], [, b]) => isOfGenes(b) - isOfGenes(a))) as T;
}

/** Of `atlasmtl preprocess`. */
export const PREPROCESS_FLAGS = genesFirst(optionFlags(PREPROCESS_OPTIONS));
export type PreprocessFlags = FlagValues<typeof PREPROCESS_FLAGS>;

const trainFlags = genesFirst(optionFlags(TRAIN_PREPROCESS_OPTIONS));
/** Of `atlasmtl train`, which preprocesses nothing unless one of them is given. */
export const TRAIN_PREPROCESS_FLAGS = Object.fromEntries(
  Object.entries(trainFlags).map(([key, flag]) => [
    key,
    { ...flag, group: "Preprocessing, off unless one of these is given:" },
  ]),
) as typeof trainFlags;

/** The library's options for what the flags of `preprocess` say. */
export const preprocessOptions = (given: PreprocessFlags): PreprocessOptions =>
  givenOptions(PREPROCESS_OPTIONS, given);

/** The same of `train`; null when none of its flags of preprocessing is given. */
export function trainPreprocessOptions(
  given: FlagValues<typeof TRAIN_PREPROCESS_FLAGS>,
): PreprocessOptions | null {
  const options = givenOptions(TRAIN_PREPROCESS_OPTIONS, given);
  return Object.keys(options).length === 0 ? null : options;
}
