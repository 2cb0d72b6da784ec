/**
 * All names of bundles and run manifests on disk (docs/specification/1-artifacts.md).
 * @module
 */
import { keysOf } from "./keys.ts";
import { floatKeysOf } from "./option.ts";
import { PREPROCESS_OPTIONS } from "./preprocess-options.ts";
import { CHILD_OPTIONS, TRAIN_OPTIONS } from "./training-options.ts";

/** The manifest version that is written; higher ones are refused. */
export const SCHEMA_VERSION = 1;

export const MODEL_SUFFIX = ".pth";

/** What the name of a bundle in one archive ends in. */
export const ARCHIVE_SUFFIX = ".zip";

/**
 * The suffixes that replace `.pth` in the names of the other files
 * (docs/specification/1-artifacts.md#bundle-files).
 */
export const FILE_SUFFIXES = {
  metadata: "_metadata.pkl",
  reference: "_reference.pkl",
  featurePanel: "_feature_panel.json",
  space: "_space.pt",
  views: "_views.pt",
  manifest: "_manifest.json",
} as const;

/** Names of run manifests (docs/specification/1-artifacts.md#run-manifests). */
export const RUN_MANIFEST_FILES = {
  train: "train_run_manifest.json",
  predict: "predict_run_manifest.json",
  preprocess: "preprocess_run_manifest.json",
  refine: "refine_run_manifest.json",
  openset: "openset_run_manifest.json",
  harmonise: "harmonise_run_manifest.json",
  split: "split_run_manifest.json",
  import: "import_run_manifest.json",
  benchmark: "run_manifest.json",
} as const;

/** Keys of `model_manifest.json` (docs/specification/1-artifacts.md#manifest). */
export const MANIFEST_KEYS = keysOf(
  "schema_version",
  "kind",
  "model_path",
  "metadata_path",
  "reference_path",
  "feature_panel_path",
  "space_path",
  "views_path",
  "reference_storage",
  "input_transform",
  "preprocess",
  "checksums",
  "written_by",
);

/**
 * The key of `preprocess` that holds the feature panel (docs/specification/4-preprocessing.md#feature-panel); the
 * bundle keeps it in a file.
 */
export const PANEL_KEY = "feature_panel";

/** Manifest keys that name files, and keys of `checksums`. */
export const PATH_KEYS = [
  MANIFEST_KEYS.modelPath,
  MANIFEST_KEYS.metadataPath,
  MANIFEST_KEYS.referencePath,
  MANIFEST_KEYS.featurePanelPath,
  MANIFEST_KEYS.spacePath,
  MANIFEST_KEYS.viewsPath,
] as const;
export type PathKey = (typeof PATH_KEYS)[number];

/** Keys of the dict in `model.pth` (docs/specification/1-artifacts.md#network-file). */
export const NETWORK_KEYS = keysOf(
  "state_dict",
  "input_size",
  "num_classes",
  "hidden_sizes",
  "dropout_rate",
  "coord_dims",
  "parent_conditioned_child_correction",
  "gene_scaling",
  "gene_scaling_rest",
);

/**
 * The value of `coord_dims` in bundles that do not store it (docs/specification/1-artifacts.md#network-file).
 */
export const LEGACY_COORD_DIMS: ReadonlyMap<string, number> = new Map([
  ["latent", 16],
  ["umap", 2],
]);

/** Prefixes of tensor names; torch appends `.weight` and `.bias`. */
export const TENSOR_NAMES = {
  encoder: (layer: number): string => `encoder.${3 * layer}`,
  labelHead: (head: number): string => `label_heads.${head}`,
  coordHead: (name: string): string => `coord_heads.${name}`,
  childHidden: (parent: number): string => `child_correction_modules.${parent}.0`,
  childOutput: (parent: number): string => `child_correction_modules.${parent}.3`,
} as const;

/** Keys of the metadata pickle (docs/specification/1-artifacts.md#metadata-file). */
export const METADATA_KEYS = keysOf(
  "label_columns",
  "label_encoders",
  "train_genes",
  "coord_targets",
  "coord_stats",
  "reference_coords",
  "reference_labels",
  "reference_columns",
  "reference_storage",
  "reference_path",
  "latent_source",
  "input_transform",
  "train_config",
  "label_genes",
);

/** Keys of each label column under `label_genes`. */
export const LABEL_GENES_KEYS = keysOf(
  "parents",
  "n_cells",
  "n_sibling_cells",
  "genes",
  "scores",
  "expressing",
  "siblings_expressing",
);

export const CLASSES_KEY = "classes_";
export const STATS_KEYS = keysOf("mean", "std");
/** The coordinate head of a map that training chooses or lays out, and its obsm key. */
export const MAP_HEAD = "umap";
export const MAP_KEY = "X_umap";
export const LATENT_SOURCE = "internal_preferred";

/** Keys of the reference pickle (docs/specification/1-artifacts.md#reference-file). */
export const REFERENCE_KEYS = keysOf("coords", "labels", "columns");

/** What components are made of; see `ComponentValues`. */
export const COMPONENT_VALUES = ["log1p_cp10k", "as_they_are"] as const;

/** Keys of gene scaling and components, in the files of both. */
export const COMPONENT_KEYS = {
  nComponents: "n_components",
  noise: "noise_variance",
  scale: "scale",
  cap: "cap",
  centre: "centre",
  loadings: "loadings",
  variances: "variances",
} as const;

/** Keys of the component space's file (docs/specification/1-artifacts.md#component-space-file). */
export const SPACE_KEYS = {
  version: "space_version",
  values: "values",
  nGenes: "n_genes",
  geneShares: "gene_shares",
  medianCounts: "median_counts",
  columns: "columns",
  column: "column",
  means: "class_means",
  factor: "covariance_factor",
  heldOut: "held_out_distances",
  quartiles: "class_quartiles",
  medians: "class_medians",
} as const;

/** Keys of the linear views' file (docs/specification/1-artifacts.md#linear-views-file). */
export const VIEWS_KEYS = {
  version: "views_version",
  inputTransform: "network_input_transform",
  values: "values",
  nGenes: "n_genes",
  geneShares: "gene_shares",
  networkTemperatures: "network_temperatures",
  views: "views",
  input: "input",
  heads: "heads",
  column: "column",
  temperature: "temperature",
  weights: "weights",
  intercepts: "intercepts",
  ladder: "ladder",
  depth: "depth",
  gain: "gain",
  shiftScore: "shift_score",
  temperatures: "temperatures",
  setCells: "set_cells",
  setThresholds: "set_thresholds",
  riskThresholds: "risk_thresholds",
  doubted: "doubted",
  networkWeight: "network_weight",
  disagreements: "disagreements",
} as const;

/**
 * `input_transform` of a bundle with linear views. Programs that only know networks must refuse such a bundle, as its
 * labels are not those of its network alone.
 */
export const VIEWS_TRANSFORM = "network_and_linear_views";

/**
 * `input_transform` of a bundle whose network takes counts normalised by itself. Programs that do not normalise must
 * refuse it: on counts as they are, the network's labels would be wrong.
 */
export const NORMALISED_TRANSFORM = "log1p_cp10k";

/** The label column of a model of CellTypist, whose own has no name. */
export const DEFAULT_LABEL_COLUMN = "cell_type";

/** `kind` of a bundle whose model is linear (docs/specification/1-artifacts.md#linear-models); other bundles have no kind. */
export const LINEAR_KIND = "linear";

/**
 * `input_transform` of a linear model: counts are normalised over all genes of a query. Programs that only know networks
 * must refuse it.
 */
export const LINEAR_TRANSFORM = "log1p_cp10k_of_all_genes";

/** The key of a space's reference coordinates. */
export const referenceCoordsKey = (space: string): string => `X_ref_${space}`;

/** The space of the encoder's output, which every reference has. */
export const LATENT_INTERNAL = "latent_internal";

/**
 * Settings that are Python floats even if they are whole, and so are all numbers under these keys
 * (docs/specification/1-artifacts.md#metadata-file and
 * docs/specification/1-artifacts.md#training-configuration). Other whole numbers are ints.
 */
export const FLOAT_KEYS: ReadonlySet<string> = new Set([
  ...[TRAIN_OPTIONS, CHILD_OPTIONS, PREPROCESS_OPTIONS].flatMap(floatKeysOf),
  "final_learning_rate",
  "temperatures",
  "lr",
  "class_weights",
  "train_seconds",
  "last_train_loss",
  "last_val_loss",
  "elapsed_seconds",
  "items_per_second",
  "process_peak_rss_gb",
  "process_avg_rss_gb",
  "cpu_percent_avg",
  "cpu_core_equiv_avg",
  "gpu_peak_memory_gb",
  "gpu_avg_memory_gb",
  "gpu_total_memory_gb",
]);
