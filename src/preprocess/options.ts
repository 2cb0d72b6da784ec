/** The options of preprocessing with their defaults (docs/specification/4-preprocessing.md). @module */
import type { FileInput } from "../core/bytes.ts";
import { didYouMean } from "../core/nearest.ts";
import { AtlasmtlError, option, phrase, type Said } from "../errors.ts";

export const INPUT_MATRIX_TYPES = ["infer", "counts", "lognorm"] as const;
export const VAR_NAMES_TYPES = ["infer", "symbol", "ensembl", "ensembl_versioned", "mixed"] as const;
export const SPECIES = ["human", "mouse", "rat"] as const;
export const SPECIES_CHOICES = ["infer", ...SPECIES] as const;
export const UNMAPPED_POLICIES = ["drop", "keep_original", "error"] as const;
export const DUPLICATE_POLICIES = ["sum", "mean", "first", "error"] as const;
export const FEATURE_SPACES = ["hvg", "whole"] as const;
export const HVG_METHODS = ["seurat_v3"] as const;

export type VarNamesType = (typeof VAR_NAMES_TYPES)[number];
export type Species = (typeof SPECIES)[number];
export type DuplicatePolicy = (typeof DUPLICATE_POLICIES)[number];

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

export const PREPROCESS_DEFAULTS: PreprocessSettings = {
  inputMatrixType: "infer",
  countsLayer: "counts",
  countsRequired: true,
  countsConfirmFraction: 0.999,
  varNamesType: "infer",
  species: "infer",
  geneIdTable: null,
  ensemblSourceColumn: null,
  preferExistingEnsemblColumn: true,
  unmappedPolicy: "drop",
  duplicatePolicy: "sum",
  featureSpace: "hvg",
  hvgMethod: "seurat_v3",
  nTopGenes: 3000,
  hvgBatchKey: null,
  referenceDatasetName: null,
  randomState: 0,
};

const CHOICES = {
  inputMatrixType: INPUT_MATRIX_TYPES,
  varNamesType: VAR_NAMES_TYPES,
  species: SPECIES_CHOICES,
  unmappedPolicy: UNMAPPED_POLICIES,
  duplicatePolicy: DUPLICATE_POLICIES,
  featureSpace: FEATURE_SPACES,
  hvgMethod: HVG_METHODS,
} as const;

/** Fills in the defaults. @throws USAGE for an unknown option or a value out of its range. */
export function resolvePreprocessOptions(options: PreprocessOptions): PreprocessSettings {
  const names = Object.keys(PREPROCESS_DEFAULTS);
  for (const name of Object.keys(options))
    if (!names.includes(name))
      throw usage(
        `preprocessing has no option "${name}"${didYouMean(name, names)}`,
        `use any of ${names.join(", ")}`,
      );
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings: PreprocessSettings = { ...PREPROCESS_DEFAULTS, ...given };
  for (const [name, choices] of Object.entries(CHOICES)) {
    const value = settings[name as keyof typeof CHOICES];
    if (!(choices as readonly string[]).includes(value))
      throw usage(
        phrase`${option(name)} is ${JSON.stringify(value)}, expected one of ${choices.join(", ")}${didYouMean(String(value), choices)}`,
      );
  }
  const { nTopGenes, countsConfirmFraction, countsLayer } = settings;
  if (!Number.isSafeInteger(nTopGenes) || nTopGenes < 1)
    throw usage(phrase`${option("nTopGenes")} is ${nTopGenes}, expected a whole number of 1 or more`);
  if (!(countsConfirmFraction >= 0.5 && countsConfirmFraction <= 1))
    throw usage(
      phrase`${option("countsConfirmFraction")} is ${countsConfirmFraction}, expected a number from 0.5 to 1`,
    );
  if (countsLayer === "")
    throw usage(phrase`${option("countsLayer")} is empty, expected the name of a layer`);
  return settings;
}

const usage = (message: Said, hint?: Said): AtlasmtlError =>
  new AtlasmtlError("USAGE", message, hint === undefined ? {} : { hint });
