/** The options of preprocessing with their defaults (docs/specification/4-preprocessing.md). @module */
import type { FileInput } from "../core/bytes.ts";
import { checkOptions, refuseUnknownOptions } from "../core/option-checks.ts";
import { defaultsOf, type HaveSameKeys } from "../schema/option.ts";
import {
  type DuplicatePolicy,
  type FEATURE_SPACES,
  type HVG_METHODS,
  type INPUT_MATRIX_TYPES,
  PREPROCESS_OPTIONS,
  type SPECIES_CHOICES,
  type UNMAPPED_POLICIES,
  type VarNamesType,
} from "../schema/preprocess-options.ts";

/** Every option with a value. */
export interface PreprocessSettings {
  /** What X is: looked at, or said. */
  readonly inputMatrixType: (typeof INPUT_MATRIX_TYPES)[number];
  /** The layer of counts: a layer's name, `X` or `raw/X`. */
  readonly countsLayer: string;
  /** Without counts: an error, or go on with X as it is. */
  readonly countsRequired: boolean;
  /** Share of whole numbers from which values are counts, 0.5 to 1. */
  readonly countsConfirmFraction: number;
  readonly varNamesType: VarNamesType;
  readonly species: (typeof SPECIES_CHOICES)[number];
  /** A TSV table of genes, gzip allowed, instead of the packaged one. */
  readonly geneIdTable: FileInput | null;
  /** The column of var that holds Ensembl ids. */
  readonly ensemblSourceColumn: string | null;
  /** Use a known column of Ensembl ids where var has one. */
  readonly preferExistingEnsemblColumn: boolean;
  readonly unmappedPolicy: (typeof UNMAPPED_POLICIES)[number];
  readonly duplicatePolicy: DuplicatePolicy;
  readonly featureSpace: (typeof FEATURE_SPACES)[number];
  readonly hvgMethod: (typeof HVG_METHODS)[number];
  /** Genes to keep of the `hvg` feature space, 1 or more. */
  readonly nTopGenes: number;
  /** The obs column of batches in which genes are ranked one by one; null ranks all cells together. */
  readonly hvgBatchKey: string | null;
  /** For the panel; by default the name of the file. */
  readonly referenceDatasetName: string | null;
  /** Seed of the sample by which counts are told. */
  readonly randomState: number;
}

export type PreprocessOptions = {
  readonly [K in keyof PreprocessSettings]?: PreprocessSettings[K] | undefined;
};

export const PREPROCESS_DEFAULTS: PreprocessSettings = defaultsOf(PREPROCESS_OPTIONS);

true satisfies HaveSameKeys<typeof PREPROCESS_OPTIONS, PreprocessSettings>;

/** Fills in the defaults. @throws USAGE for an unknown option or a value out of its range. */
export function resolvePreprocessOptions(options: PreprocessOptions): PreprocessSettings {
  refuseUnknownOptions(PREPROCESS_OPTIONS, options, "preprocessing");
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return {
    ...checkOptions(PREPROCESS_OPTIONS, { ...PREPROCESS_DEFAULTS, ...given }),
    geneIdTable: options.geneIdTable ?? null,
  };
}
