/**
 * Flags of preprocessing, those of `train` and `predict` included (docs/specification/6-cli.md#flags-of-train).
 * @module
 */
import type { PreprocessOptions } from "../../api/index.ts";
import {
  DUPLICATE_POLICIES,
  FEATURE_SPACES,
  HVG_METHODS,
  INPUT_MATRIX_TYPES,
  PREPROCESS_DEFAULTS,
  SPECIES_CHOICES,
  UNMAPPED_POLICIES,
  VAR_NAMES_TYPES,
} from "../../api/options.ts";
import { choice, type FlagTable, type FlagValues, integer, name, number, path, toggle } from "./flag.ts";

/** What `atlasmtl preprocess` works on. */
export const PREPROCESS_KINDS = ["reference", "query"] as const;

const GENES = "Genes:";
const COUNTS = "Counts and features:";

/** What genes are called by. */
export const GENE_FLAGS = {
  varNamesType: choice(VAR_NAMES_TYPES, GENES, "what genes are called by"),
  species: choice(SPECIES_CHOICES, GENES, "species of the genes"),
  geneIdTable: path(GENES, "table of genes (TSV, may be gzipped) instead of the packaged one"),
  ensemblSourceColumn: name("COLUMN", GENES, "var column with Ensembl ids"),
  duplicatePolicy: choice(DUPLICATE_POLICIES, GENES, "what becomes of genes with one id"),
} as const;

const FEATURE_FLAGS = {
  unmappedPolicy: choice(UNMAPPED_POLICIES, GENES, "what becomes of genes without an id"),
  inputMatrixType: choice(INPUT_MATRIX_TYPES, COUNTS, "what X holds"),
  countsLayer: name("LAYER", COUNTS, "layer of counts, X or raw/X"),
  noCountsRequired: toggle(COUNTS, "go on without counts"),
  featureSpace: choice(FEATURE_SPACES, COUNTS, "variable genes, or all"),
  nTopGenes: integer(COUNTS, "variable genes to keep"),
  hvgMethod: choice(HVG_METHODS, COUNTS, "how they are chosen"),
  hvgBatchKey: name("COLUMN", COUNTS, "obs column of batches within which they are ranked"),
} as const;

/** Flags of `train`: with any of them the reference is preprocessed first. */
export const PREPROCESS_FLAGS = { ...GENE_FLAGS, ...FEATURE_FLAGS } as const;
export type PreprocessFlags = FlagValues<typeof PREPROCESS_FLAGS>;

/** The same in the help of `train`, which preprocesses nothing unless one of them is given. */
export const TRAIN_PREPROCESS_FLAGS = Object.fromEntries(
  Object.entries(PREPROCESS_FLAGS).map(([key, flag]) => [
    key,
    { ...flag, group: "Preprocessing, off unless one of these is given:" },
  ]),
) as typeof PREPROCESS_FLAGS;

/** Flags that only `preprocess` has. */
export const PREPROCESS_ONLY_FLAGS = {
  ignoreEnsemblColumns: toggle(GENES, "map symbols by the table, even where var has Ensembl ids"),
  countsConfirmFraction: number(COUNTS, "share of whole numbers from which values are counts"),
  referenceDatasetName: name("NAME", COUNTS, "name of the reference in the panel"),
  randomState: integer(COUNTS, "seed of the sample by which counts are told"),
} as const;

export const PREPROCESS_FLAG_DEFAULTS: Readonly<Record<string, unknown>> = {
  ...PREPROCESS_DEFAULTS,
  geneIdTable: null,
};

/** The library's options for what the flags of `table` say; null when none of them is given. */
export function preprocessOptions(
  flags: PreprocessFlags & FlagValues<typeof PREPROCESS_ONLY_FLAGS>,
  table: FlagTable = PREPROCESS_FLAGS,
): PreprocessOptions | null {
  const given = Object.fromEntries(
    Object.entries(flags).filter(([key, value]) => Object.hasOwn(table, key) && value !== undefined),
  ) as typeof flags;
  if (Object.keys(given).length === 0) return null;
  const { noCountsRequired, ignoreEnsemblColumns, ...sameName } = given;
  return {
    ...sameName,
    ...(noCountsRequired === true ? { countsRequired: false } : {}),
    ...(ignoreEnsemblColumns === true ? { preferExistingEnsemblColumn: false } : {}),
  };
}

/** `flags` without those of preprocessing. */
export function withoutPreprocessing<T extends PreprocessFlags>(flags: T): Omit<T, keyof PreprocessFlags> {
  const names = Object.keys(PREPROCESS_FLAGS);
  const rest = Object.entries(flags).filter(([key]) => !names.includes(key));
  return Object.fromEntries(rest) as Omit<T, keyof PreprocessFlags>;
}
