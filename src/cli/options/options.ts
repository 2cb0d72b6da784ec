/**
 * The flags of every command, each table once: help, parsing, `--config` and the library's options all
 * read it (docs/specification/6-cli.md). Ranges are checked by the library, which knows them.
 * @module
 */
import { READ_NAMES, RESULT_ENDINGS, WRITTEN_ENDINGS } from "../../api/formats.ts";
import {
  BENCHMARK_METHODS,
  CALIBRATION_METHODS,
  CLASS_WEIGHTING_MODES,
  DEFAULT_HOTSPOT_OPTIONS,
  DEFAULT_OPENSET_QUANTILE,
  DEFAULT_TRAIN_OPTIONS,
  DEVICES,
  HOTSPOT_SELECTIONS,
  INPUT_TRANSFORMS,
  KNN_CORRECTIONS,
  KNN_INDEX_MODES,
  KNN_REFERENCE_MODES,
  KNN_VOTE_MODES,
  MISSING_LABELS,
  NORMALIZATIONS,
  OPENSET_METHODS,
  OPTIMIZERS,
  PREDICT_DEFAULTS,
  PRESETS,
  type PresetName,
  REFERENCE_STORAGES,
  SCHEDULERS,
  SPECIES,
  TRAIN_DEVICES,
  WRITE_MODES,
} from "../../api/options.ts";
import { DATASET_FLAG_DEFAULTS, DATASET_FLAGS, OPEN_FLAGS } from "./dataset-flags.ts";
import {
  choice,
  type FlagTable,
  type FlagValues,
  integer,
  integers,
  name,
  names,
  number,
  numbers,
  pairs,
  path,
  threads,
  toggle,
} from "./flag.ts";
import {
  GENE_FLAGS,
  PREPROCESS_FLAG_DEFAULTS,
  PREPROCESS_FLAGS,
  PREPROCESS_ONLY_FLAGS,
  TRAIN_PREPROCESS_FLAGS,
} from "./preprocess-flags.ts";
import { SPLIT_FLAGS } from "./split-flags.ts";

const FILES = "Files:";
const LABELS = "Labels and coordinates:";
const NETWORK = "Network:";
const TRAINING = "Training:";
const LOSS = "Loss:";
const REFERENCE = "Reference for KNN:";
const MACHINE = "Machine:";
const CONFIDENCE = "Confidence and Unknown:";
const KNN = "KNN correction:";
const HIERARCHY = "Hierarchy:";
const HOTSPOTS = "Parents to refine:";
const OPENSET = "Open set:";
const RESULT = "Result:";
const SPLIT = "Split:";
const METHODS_GROUP = "Methods:";

const anyOf = (words: readonly string[]): string => `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;

const PRESET_NAMES = Object.keys(PRESETS) as PresetName[];

/** `atlasmtl train`. */
export const TRAIN_FLAGS = {
  adata: path(FILES, "reference atlas (required)"),
  out: path(FILES, "model to write, ends in .pth (required)"),
  config: path(FILES, "YAML file with any of these settings by snake_case name; a flag wins"),
  ...DATASET_FLAGS,
  ...SPLIT_FLAGS,
  initModel: path(FILES, "start from the matching weights of this bundle"),

  labels: names("COLUMN", LABELS, "obs columns to learn, coarse to fine (required)"),
  missingLabels: choice(MISSING_LABELS, LABELS, "cells without a label: refuse, or leave them out"),
  coord: pairs("NAME=OBSM_KEY", LABELS, "coordinates to learn as well; repeatable"),
  latentKey: name("OBSM_KEY", LABELS, "short for --coord latent=OBSM_KEY"),
  umapKey: name("OBSM_KEY", LABELS, "short for --coord umap=OBSM_KEY"),
  noCoords: toggle(LABELS, "learn labels only, whatever a config file says"),

  preset: choice(PRESET_NAMES, NETWORK, "network sizes in one word; best: counts normalised, five networks"),
  hiddenSizes: integers(NETWORK, "widths of the hidden layers"),
  dropoutRate: number(NETWORK, "share of units dropped, 0 to 1"),
  inputTransform: choice(INPUT_TRANSFORMS, NETWORK, "binary: expressed or not; float: values as they are"),
  normalize: choice(NORMALIZATIONS, NETWORK, "what is done to counts first, here and in every prediction"),
  countThinning: number(
    NETWORK,
    "each step sees cells with a random share of their counts, from this one up to 1 (needs --normalize)",
  ),
  ensembleSize: integer(NETWORK, "networks that are trained one after another and averaged"),

  numEpochs: integer(TRAINING, "passes over the data"),
  batchSize: integer(TRAINING, "cells of one step"),
  learningRate: number(TRAINING, "step size of the optimiser"),
  optimizerName: choice(OPTIMIZERS, TRAINING, "optimiser"),
  weightDecay: number(TRAINING, "weight decay"),
  schedulerName: choice(SCHEDULERS, TRAINING, "lower the rate when it stalls"),
  schedulerFactor: number(TRAINING, "factor of the scheduler"),
  schedulerPatience: integer(TRAINING, "epochs without progress before it acts"),
  schedulerMinLr: number(TRAINING, "lowest learning rate of the scheduler"),
  schedulerMonitor: choice(["val_loss"], TRAINING, "what the scheduler watches"),
  valFraction: number(TRAINING, "share of cells held out for validation, 0 to 1"),
  earlyStoppingPatience: integer(TRAINING, "stop after this many epochs without progress"),
  earlyStoppingMinDelta: number(TRAINING, "what counts as progress"),
  randomState: integer(TRAINING, "seed of everything random"),
  calibration: choice(CALIBRATION_METHODS, TRAINING, "calibrate confidences (needs --val-fraction)"),

  taskWeights: numbers(LOSS, "weight of each label column, in order"),
  classWeighting: name("COLUMN", LOSS, "label column whose small classes weigh more"),
  classWeightingMode: choice(
    CLASS_WEIGHTING_MODES,
    LOSS,
    "weigh classes the same, half-way so, or not at all",
  ),
  classBalancedSampling: name("COLUMN", LOSS, "label column whose small classes are drawn more often"),
  childCorrection: path(LOSS, "YAML file of parents whose children get a module of their own"),
  domainKey: name("COLUMN", LOSS, "obs column of batches or donors to align"),
  domainLossWeight: number(LOSS, "weight of the alignment"),
  topologyLossWeight: number(LOSS, "weight of keeping neighbours near"),
  topologyK: integer(LOSS, "neighbours kept near"),
  topologyCoord: name("NAME", LOSS, "coordinates whose neighbours are kept"),

  knnReferenceObsmKey: name("OBSM_KEY", REFERENCE, "obsm array to keep as a KNN space"),
  knnSpace: name("NAME", REFERENCE, "name of that space"),
  referenceStorage: choice(REFERENCE_STORAGES, REFERENCE, "its own file, or inside the metadata"),
  referencePath: path(REFERENCE, "reference file, .pkl or .pkl.gz"),

  ...TRAIN_PREPROCESS_FLAGS,

  numThreads: threads(MACHINE, "threads; results are the same with any number"),
  device: choice(TRAIN_DEVICES, MACHINE, "where to compute"),
} as const satisfies FlagTable;
export type TrainFlags = FlagValues<typeof TRAIN_FLAGS>;

/** `atlasmtl preprocess`. */
export const PREPROCESS_COMMAND_FLAGS = {
  adata: path(FILES, `dataset (required): ${anyOf(READ_NAMES)}`),
  out: path(FILES, `dataset to write (required): ${anyOf(WRITTEN_ENDINGS)}; panel and report go beside it`),
  panel: path(FILES, "of a query (required): a *_feature_panel.json, or the model that carries it"),
  config: path(FILES, "YAML file with any of these settings by snake_case name; a flag wins"),
  ...OPEN_FLAGS,
  ...SPLIT_FLAGS,
  ...PREPROCESS_FLAGS,
  ...PREPROCESS_ONLY_FLAGS,
} as const satisfies FlagTable;
export type PreprocessCommandFlags = FlagValues<typeof PREPROCESS_COMMAND_FLAGS>;

/** `atlasmtl split`. */
export const SPLIT_COMMAND_FLAGS = {
  adata: path(FILES, "dataset (required)"),
  out: path(FILES, "plan to write, ends in .json (required); the assignment goes beside it"),
  config: path(FILES, "YAML file with any of these settings by snake_case name; a flag wins"),
  ...OPEN_FLAGS,
  splitKey: name("COLUMN", SPLIT, "obs column of groups, such as donors (required)"),
  targetLabel: name("COLUMN", SPLIT, "obs column of labels that both sides should have (required)"),
  buildSize: integer(SPLIT, "cells to build from (required)"),
  predictSize: integer(SPLIT, "cells to predict (required)"),
  seed: integer(SPLIT, "seed of everything random"),
  nCandidates: integer(SPLIT, "random divisions that are compared"),
} as const satisfies FlagTable;
export type SplitCommandFlags = FlagValues<typeof SPLIT_COMMAND_FLAGS>;

/** `atlasmtl predict`. */
export const PREDICT_FLAGS = {
  model: path(FILES, "bundle: model.pth or model_manifest.json (required)"),
  adata: path(FILES, `query (required): ${anyOf(READ_NAMES)}`),
  out: path(FILES, `result: ${anyOf(RESULT_ENDINGS)} (required)`),
  config: path(FILES, "YAML file with any of these settings by snake_case name; a flag wins"),
  ...DATASET_FLAGS,
  ...SPLIT_FLAGS,
  autoGenes: toggle("Genes:", "map the query's genes to the model's, whatever they are called by"),
  ...GENE_FLAGS,
  species: choice(SPECIES, "Genes:", "species of the genes"),
  inputTransform: choice(INPUT_TRANSFORMS, FILES, "override the transform of the model"),
  normalize: choice(
    NORMALIZATIONS,
    FILES,
    "override what the model does to counts; none: it is done already",
  ),
  noVerify: toggle(FILES, "do not check the checksums of the bundle"),

  confidenceHigh: number(CONFIDENCE, "below this, confidence is low"),
  confidenceLow: number(CONFIDENCE, "below this, a cell is Unknown"),
  marginThreshold: number(CONFIDENCE, "below this margin, confidence is low"),
  noCalibration: toggle(CONFIDENCE, "use the network's confidences as they are"),
  predictionSets: number(
    CONFIDENCE,
    "also write sets of labels that hold the true one with this probability, such as 0.95 (a calibrated model)",
  ),
  opensetMethod: choice(OPENSET_METHODS, CONFIDENCE, "distance that tells unseen types"),
  opensetThreshold: number(CONFIDENCE, "distance above which a cell is Unknown"),
  opensetLabelColumn: name("COLUMN", CONFIDENCE, "column whose centroids prototype uses"),

  knnCorrection: choice(
    KNN_CORRECTIONS,
    KNN,
    "cells whose label the neighbours vote on (default: low_conf_only with a reference, else off)",
  ),
  knnK: integer(KNN, "neighbours that vote"),
  knnConfLow: number(KNN, "below this share of the vote, KNN is unsure"),
  knnVoteMode: choice(KNN_VOTE_MODES, KNN, "how neighbours vote"),
  knnReferenceMode: choice(KNN_REFERENCE_MODES, KNN, "all reference cells, or one centroid per label"),
  knnIndexMode: choice(KNN_INDEX_MODES, KNN, "exact, or faster in very large references"),
  knnQueryObsmKey: name("OBSM_KEY", KNN, "the query's array of the KNN space"),
  knnSpace: name("NAME", KNN, "KNN space, such as latent_internal"),

  hierarchyRules: name(
    "FILE|derive",
    HIERARCHY,
    "child to parent rules, JSON or YAML, or from the reference",
  ),
  enforceHierarchy: toggle(HIERARCHY, "a child that contradicts its parent becomes Unknown"),
  coherentProbabilities: toggle(
    HIERARCHY,
    "a parent's confidence is the sum of its children's, and labels agree from level to level",
  ),
  deepestLabel: toggle(HIERARCHY, "also write each cell's finest label that is not Unknown"),

  refinement: path(HIERARCHY, "refine children: reranker .pkl, its _plan.json, or settings that name one"),

  writeMode: choice(WRITE_MODES, RESULT, "columns to write"),
  includeCoords: toggle(RESULT, "write predicted coordinates to obsm (.h5ad)"),
  skipMetadata: toggle(RESULT, "leave uns['atlasmtl'] out (.h5ad)"),
  report: path(RESULT, "also write a report, one HTML file to read and to send"),
  groupBy: name(
    "COLUMN",
    RESULT,
    "of the report: obs column over which Unknown is broken down, such as donor",
  ),

  batchSize: integer(MACHINE, "cells at a time"),
  numThreads: threads(MACHINE, "threads; results are the same with any number"),
  device: choice(DEVICES, MACHINE, "where to compute"),
} as const satisfies FlagTable;
export type PredictFlags = FlagValues<typeof PREDICT_FLAGS>;

/** `atlasmtl benchmark`. */
export const BENCHMARK_FLAGS = {
  datasetManifest: path(FILES, "YAML file that names the data, the labels and the settings (required)"),
  outputDir: path(FILES, "folder of the run; finished methods in it are not run again (required)"),
  methods: names("METHOD", METHODS_GROUP, `what to compare: ${BENCHMARK_METHODS.join(", ")} (default: all)`),
  atlasmtlModel: path(METHODS_GROUP, "bundle to load instead of training"),
  numThreads: threads(MACHINE, "threads; results are the same with any number"),
  device: choice(DEVICES, MACHINE, "where to compute"),
} as const satisfies FlagTable;
export type BenchmarkFlags = FlagValues<typeof BENCHMARK_FLAGS>;

/** `atlasmtl evaluate`. */
export const EVALUATE_FLAGS = {
  predictions: path(FILES, `what predict wrote: ${anyOf(RESULT_ENDINGS)} (required)`),
  truth: path(FILES, "dataset or table with the true labels, cells by name (required)"),
  labels: names("COLUMN", LABELS, "label columns, coarse to fine (required)"),
  domainKey: name("COLUMN", LABELS, "column of the truth over which all is repeated, such as donor"),
  out: path(RESULT, "metrics as JSON"),
  report: path(RESULT, "report, one HTML file"),
} as const satisfies FlagTable;
export type EvaluateFlags = FlagValues<typeof EVALUATE_FLAGS>;

/** `atlasmtl refine`. */
export const REFINE_FLAGS = {
  model: path(FILES, "bundle: model.pth or model_manifest.json (required)"),
  adata: path(FILES, "labelled cells, best ones the model was not trained on (required)"),
  out: path(FILES, "reranker to write, ends in .pkl (required); description and plan go beside it"),
  config: path(FILES, "YAML file with any of these settings by snake_case name; a flag wins"),
  ...DATASET_FLAGS,
  noVerify: toggle(FILES, "do not check the checksums of the bundle"),
  parentLevel: name("COLUMN", HIERARCHY, "label column of the parents (default: the second finest)"),
  childLevel: name("COLUMN", HIERARCHY, "label column of the children (default: the finest)"),
  hierarchyRules: name("FILE|derive", HIERARCHY, "child to parent rules, or from the labels of the cells"),
  parents: names("PARENT", HOTSPOTS, "these parents instead of those with most mistakes"),
  selection: choice(HOTSPOT_SELECTIONS, HOTSPOTS, "the worst few, or as many as make up a share"),
  topK: integer(HOTSPOTS, "parents that topk takes"),
  targetContribution: number(HOTSPOTS, "share of all mistakes that cumulative_contribution reaches, 0 to 1"),
  minCells: integer(HOTSPOTS, "leave out parents with fewer cells"),
  maxParents: integer(HOTSPOTS, "parents at most"),
  numThreads: threads(MACHINE, "threads; results are the same with any number"),
} as const satisfies FlagTable;
export type RefineFlags = FlagValues<typeof REFINE_FLAGS>;

/** `atlasmtl openset`. */
export const OPENSET_FLAGS = {
  model: path(FILES, "bundle, best one trained without the types that are to count as unseen (required)"),
  adata: path(FILES, "labelled cells the model was not trained on (required)"),
  out: path(FILES, "settings to write for predict --config, ends in .json (required)"),
  config: path(FILES, "YAML file with any of these settings by snake_case name; a flag wins"),
  ...DATASET_FLAGS,
  noVerify: toggle(FILES, "do not check the checksums of the bundle"),
  labelColumn: name("COLUMN", OPENSET, "labels that tell known from unseen types (default: the finest)"),
  opensetMethod: choice(OPENSET_METHODS, OPENSET, "distance to fit"),
  opensetLabelColumn: name(
    "COLUMN",
    OPENSET,
    "column whose centroids prototype uses (default: that of --label-column)",
  ),
  quantile: number(OPENSET, "share of the known cells to keep at least, 0 to 1"),
  knnQueryObsmKey: name("OBSM_KEY", OPENSET, "the cells' array of the KNN space"),
  knnSpace: name("NAME", OPENSET, "KNN space, such as latent_internal"),
  numThreads: threads(MACHINE, "threads; results are the same with any number"),
} as const satisfies FlagTable;
export type OpensetFlags = FlagValues<typeof OPENSET_FLAGS>;

/** Shown in the help: the library's defaults, and those of the command line where they differ. */
export const TRAIN_FLAG_DEFAULTS: Readonly<Record<string, unknown>> = {
  ...PREPROCESS_FLAG_DEFAULTS,
  ...DEFAULT_TRAIN_OPTIONS,
  ...DATASET_FLAG_DEFAULTS,
};
export const PREDICT_FLAG_DEFAULTS: Readonly<Record<string, unknown>> = {
  ...PREDICT_DEFAULTS,
  ...DATASET_FLAG_DEFAULTS,
  knnCorrection: null,
  numThreads: DEFAULT_TRAIN_OPTIONS.numThreads,
  writeMode: "standard",
};

export const REFINE_FLAG_DEFAULTS: Readonly<Record<string, unknown>> = {
  ...DEFAULT_HOTSPOT_OPTIONS,
  ...DATASET_FLAG_DEFAULTS,
  numThreads: DEFAULT_TRAIN_OPTIONS.numThreads,
};
export const OPENSET_FLAG_DEFAULTS: Readonly<Record<string, unknown>> = {
  ...DATASET_FLAG_DEFAULTS,
  opensetMethod: "nn_distance",
  quantile: DEFAULT_OPENSET_QUANTILE,
  numThreads: DEFAULT_TRAIN_OPTIONS.numThreads,
};

/** Options of the library that a flag of another name sets. */
export const FLAG_OF_OPTION: Readonly<Record<string, string>> = {
  labelColumns: "labels",
  coordTargets: "coord",
  calibrationMethod: "calibration",
  initModelPath: "initModel",
  applyCalibration: "noCalibration",
  keepCoords: "includeCoords",
  "classWeighting.labelColumn": "classWeighting",
  "classWeighting.mode": "classWeightingMode",
  "classBalancedSampling.labelColumn": "classBalancedSampling",
  refinementConfig: "refinement",
  verifyChecksums: "noVerify",
  countsRequired: "noCountsRequired",
  preferExistingEnsemblColumn: "ignoreEnsemblColumns",
};
