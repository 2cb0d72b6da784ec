/** The options of preprocessing (docs/specification/4-preprocessing.md). @module */
import { choice, flag, integer, name, number, type OptionTable, other, toggle } from "./option.ts";

export const INPUT_MATRIX_TYPES = ["infer", "counts", "lognorm"] as const;
export const VAR_NAMES_TYPES = ["infer", "symbol", "ensembl", "ensembl_versioned", "mixed"] as const;
export type VarNamesType = (typeof VAR_NAMES_TYPES)[number];
export const SPECIES = ["human", "mouse", "rat"] as const;
export type Species = (typeof SPECIES)[number];
export const SPECIES_CHOICES = ["infer", ...SPECIES] as const;
export const UNMAPPED_POLICIES = ["drop", "keep_original", "error"] as const;
export const DUPLICATE_POLICIES = ["sum", "mean", "first", "error"] as const;
export type UnmappedPolicy = (typeof UNMAPPED_POLICIES)[number];
export type DuplicatePolicy = (typeof DUPLICATE_POLICIES)[number];
export const FEATURE_SPACES = ["hvg", "whole"] as const;
export const HVG_METHODS = ["seurat_v3"] as const;

const GENES = "Genes:";
const COUNTS = "Counts and features:";

/** The flags of genes, which `predict` has too. */
export const GENE_FLAGS = {
  varNamesType: flag(GENES, "what genes are called by"),
  species: flag(GENES, "species of the genes"),
  geneIdTable: flag(GENES, "table of genes (TSV, may be gzipped) instead of the packaged one", {
    kind: "path",
  }),
  ensemblSourceColumn: flag(GENES, "var column with Ensembl ids", { placeholder: "COLUMN" }),
  unmappedPolicy: flag(GENES, "what becomes of genes without an id"),
  duplicatePolicy: flag(GENES, "what becomes of genes with one id"),
} as const;

/** In the order in which the settings stand in a preprocessed dataset. */
export const PREPROCESS_OPTIONS = {
  inputMatrixType: choice(INPUT_MATRIX_TYPES, "infer", flag(COUNTS, "what X holds")),
  countsLayer: name("counts", flag(COUNTS, "layer of counts, X or raw/X", { placeholder: "LAYER" })),
  countsRequired: toggle(true, flag(COUNTS, "go on without counts", { name: "noCountsRequired" })),
  countsConfirmFraction: number(
    0.999,
    { min: 0.5, max: 1 },
    flag(COUNTS, "share of whole numbers from which values are counts"),
  ),
  varNamesType: choice(VAR_NAMES_TYPES, "infer", GENE_FLAGS.varNamesType),
  species: choice(SPECIES_CHOICES, "infer", GENE_FLAGS.species),
  geneIdTable: other(GENE_FLAGS.geneIdTable),
  ensemblSourceColumn: name(null, GENE_FLAGS.ensemblSourceColumn),
  preferExistingEnsemblColumn: toggle(
    true,
    flag(GENES, "map symbols by the table, even where var has Ensembl ids", { name: "ignoreEnsemblColumns" }),
  ),
  unmappedPolicy: choice(UNMAPPED_POLICIES, "drop", GENE_FLAGS.unmappedPolicy),
  duplicatePolicy: choice(DUPLICATE_POLICIES, "sum", GENE_FLAGS.duplicatePolicy),
  featureSpace: choice(FEATURE_SPACES, "hvg", flag(COUNTS, "variable genes, or all")),
  hvgMethod: choice(HVG_METHODS, "seurat_v3", flag(COUNTS, "how they are chosen")),
  nTopGenes: integer(3000, { min: 1 }, flag(COUNTS, "variable genes to keep")),
  hvgBatchKey: name(
    null,
    flag(COUNTS, "obs column of batches within which they are ranked", { placeholder: "COLUMN" }),
  ),
  referenceDatasetName: name(
    null,
    flag(COUNTS, "name of the reference in the panel", { placeholder: "NAME" }),
  ),
  randomState: integer(0, { min: 0 }, flag(COUNTS, "seed of the sample by which counts are told")),
} as const satisfies OptionTable;
