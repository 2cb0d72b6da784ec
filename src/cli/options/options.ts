/**
 * The flags of every command (docs/specification/6-cli.md). Help, parsing, `--config` and the options of the library
 * all read these tables. The library checks the ranges.
 * @module
 */
import { READ_NAMES, RESULT_ENDINGS, SHARD_ENDING, WRITTEN_ENDINGS } from "../../api/formats.ts";
import { PREDICT_OPTIONS, PREPROCESS_OPTIONS, TRAIN_OPTIONS } from "../../api/option-tables.ts";
import {
  BENCHMARK_METHODS,
  CLASS_WEIGHTING_MODES,
  DEFAULT_HOTSPOT_OPTIONS,
  DEFAULT_LABEL_COLUMN,
  DEFAULT_OPENSET_QUANTILE,
  DEFAULT_TRAIN_OPTIONS,
  DEVICES,
  HOTSPOT_SELECTIONS,
  OPENSET_METHODS,
  PREDICT_DEFAULTS,
  PREPROCESS_DEFAULTS,
  WRITE_MODES,
} from "../../api/options.ts";
import { DATASET_FLAG_DEFAULTS, DATASET_FLAGS, OPEN_FLAGS } from "./dataset-flags.ts";
import {
  choice,
  type FlagTable,
  type FlagValues,
  integer,
  name,
  names,
  number,
  path,
  paths,
  texts,
  threads,
  toggle,
} from "./flag.ts";
import { optionFlags, renamedFlags } from "./option-flags.ts";
import { PREPROCESS_FLAGS, TRAIN_PREPROCESS_FLAGS } from "./preprocess-flags.ts";
import { SPLIT_FLAGS } from "./split-flags.ts";

const FILES = "Files:";
const LABELS = "Labels and coordinates:";
const LOSS = "Loss:";
const REFERENCE = "Reference for KNN:";
const MACHINE = "Machine:";
const HIERARCHY = "Hierarchy:";
const HOTSPOTS = "Parents to refine:";
const OPENSET = "Open set:";
const RESULT = "Result:";
const SPLIT = "Split:";
const GROUPS = "Whole groups:";
const CELLS = "Or single cells:";
const METHODS_GROUP = "Methods:";

const anyOf = (words: readonly string[]): string => `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;

const { numThreads, device, engine, ...trainFlags } = optionFlags(TRAIN_OPTIONS);

/** Allows the output to be what is read. */
const inPlace = (what: string) => toggle(FILES, `let --out replace ${what}, which is refused otherwise`);

/** `atlasmtl train`. */
export const TRAIN_FLAGS = {
  adata: paths(FILES, "reference atlas (required); several are joined on the genes that all have"),
  out: path(FILES, "model to write, ends in .pth, or in .zip for one file (required)"),
  config: path(FILES, "YAML file with any of these settings by snake_case name; a flag wins"),
  ...DATASET_FLAGS,
  ...SPLIT_FLAGS,
  inPlace: inPlace("the bundle of --init-model"),
  adaptTo: names(
    "FILE",
    FILES,
    "then learn from the surest cells of these queries, all together; predict --adapt does it for one",
  ),
  ...trainFlags,
  genesOf: path(FILES, "learn from the genes alone that this query has, in place of --genes"),
  labelMap: path(LABELS, "what labels become: table with tabs and the columns file, column, label, to"),
  latentKey: name("OBSM_KEY", LABELS, "short for --coord latent=OBSM_KEY"),
  umapKey: name("OBSM_KEY", LABELS, "short for --coord umap=OBSM_KEY"),
  noCoords: toggle(LABELS, "learn labels only, whatever a config file says"),
  classWeightingMode: choice(
    CLASS_WEIGHTING_MODES,
    LOSS,
    "weigh classes the same, half-way so, or not at all",
  ),
  referencePath: path(REFERENCE, "reference file, .pkl or .pkl.gz"),
  ...TRAIN_PREPROCESS_FLAGS,
  numThreads,
  device,
  engine,
} as const satisfies FlagTable;
export type TrainFlags = FlagValues<typeof TRAIN_FLAGS>;

/** `atlasmtl preprocess`. */
export const PREPROCESS_COMMAND_FLAGS = {
  adata: path(FILES, `dataset (required): ${anyOf(READ_NAMES)}`),
  out: path(FILES, `dataset to write (required): ${anyOf(WRITTEN_ENDINGS)}; panel and report go beside it`),
  inPlace: inPlace("the dataset"),
  panel: path(FILES, "of a query (required): a *_feature_panel.json, or the model that carries it"),
  config: path(FILES, "YAML file with any of these settings by snake_case name; a flag wins"),
  ...OPEN_FLAGS,
  ...SPLIT_FLAGS,
  ...PREPROCESS_FLAGS,
} as const satisfies FlagTable;
export type PreprocessCommandFlags = FlagValues<typeof PREPROCESS_COMMAND_FLAGS>;

/** `atlasmtl split`. */
export const SPLIT_COMMAND_FLAGS = {
  adata: path(FILES, "dataset (required)"),
  out: path(FILES, "plan to write, ends in .json (required); the assignment goes beside it"),
  config: path(FILES, "YAML file with any of these settings by snake_case name; a flag wins"),
  ...OPEN_FLAGS,
  splitKey: name("COLUMN", GROUPS, "obs column of groups, such as donors (required)"),
  targetLabel: name("COLUMN", GROUPS, "obs column of labels that both sides should have (required)"),
  buildSize: integer(GROUPS, "cells to build from (required)"),
  predictSize: integer(GROUPS, "cells to predict (required)"),
  nCandidates: integer(GROUPS, "random divisions that are compared"),
  testSize: number(CELLS, "cells to predict: a share between 0 and 1, or a number"),
  stratify: name("COLUMN", CELLS, "obs column of labels of which both sides have the same shares"),
  seed: integer(SPLIT, "seed of everything random"),
} as const satisfies FlagTable;
export type SplitCommandFlags = FlagValues<typeof SPLIT_COMMAND_FLAGS>;

const {
  batchSize,
  numThreads: predictThreads,
  device: predictDevice,
  engine: predictEngine,
  ...predictFlags
} = optionFlags(PREDICT_OPTIONS);

/** The kind of results of many queries that nothing else asks for. */
export const DEFAULT_OUT_FORMAT = "h5ad";

/** How the results of many queries are written. */
const STUDY_FLAGS = {
  outDir: name("DIR", FILES, "folder of the results of many queries, with one report; done ones are skipped"),
  outFormat: choice(
    RESULT_ENDINGS.map((ending) => ending.slice(1)),
    FILES,
    "of --out-dir: kind of the results",
  ),
  dryRun: toggle(FILES, "of --out-dir: say what would be done, with time and memory, and do nothing"),
};

/** `atlasmtl predict`. */
export const PREDICT_FLAGS = {
  model: path(FILES, "bundle: model.pth, model_manifest.json or model.zip (required)"),
  adata: paths(
    FILES,
    `query (required): ${anyOf(READ_NAMES)}; with --out-dir several, quoted globs and @LIST.txt`,
  ),
  out: path(FILES, `result: ${anyOf(RESULT_ENDINGS)} (required, or --out-dir)`),
  ...STUDY_FLAGS,
  inPlace: inPlace("the query"),
  shard: name(
    "I/N",
    FILES,
    `only shard I of N equal parts of the query; --out then ends in ${SHARD_ENDING}, for atlasmtl merge`,
  ),
  config: path(FILES, "YAML file with any of these settings by snake_case name; a flag wins"),
  ...DATASET_FLAGS,
  ...SPLIT_FLAGS,
  noVerify: toggle(FILES, "do not check the checksums of the bundle"),
  ...predictFlags,
  writeMode: choice(WRITE_MODES, RESULT, "columns to write"),
  guardFormulas: toggle(RESULT, "of a .csv: an apostrophe before texts that spreadsheets take for formulas"),
  skipMetadata: toggle(RESULT, "leave uns['atlasmtl'] out (.h5ad)"),
  skipMatrices: toggle(RESULT, "leave X, layers, raw, obsp, varm and varp of the query out (.h5ad, .zarr)"),
  report: path(RESULT, "also write a report, one HTML file to read and to send"),
  groupBy: name(
    "COLUMN",
    RESULT,
    "of the report: obs column over which Unknown is broken down, such as donor",
  ),
  batchSize,
  numThreads: predictThreads,
  device: predictDevice,
  engine: predictEngine,
} as const satisfies FlagTable;
export type PredictFlags = FlagValues<typeof PREDICT_FLAGS>;

const {
  model: _model,
  adata: _query,
  out: _out,
  inPlace: _inPlace,
  shard: _shard,
  config: _config,
  split: _split,
  splitPart: _splitPart,
  ...ofPrediction
} = PREDICT_FLAGS;
const {
  adata: _reference,
  out: _bundle,
  inPlace: _replaced,
  config: _trainConfig,
  split: _trainSplit,
  splitPart: _trainSplitPart,
  referencePath: _referencePath,
  ...ofTraining
} = TRAIN_FLAGS;

/** `atlasmtl annotate`: the flags of predict, and those of train that predict does not have. */
export const ANNOTATE_FLAGS = {
  query: paths(FILES, `samples (required): ${anyOf(READ_NAMES)}; quoted globs and @LIST.txt, too`),
  reference: paths(
    FILES,
    "reference atlas to train a model from, kept in the folder (or --model); several are joined",
  ),
  model: path(FILES, "bundle to use instead: model.pth, model_manifest.json or model.zip"),
  config: path(FILES, "YAML file with any of these settings by snake_case name; a flag wins"),
  trainConfig: path(
    FILES,
    "YAML file with settings of train, for those that predict has, too, such as layer",
  ),
  ...ofTraining,
  ...ofPrediction,
} as const satisfies FlagTable;
export type AnnotateFlags = FlagValues<typeof ANNOTATE_FLAGS>;

/** What a result looks like. With shards, `merge` says it. */
const RESULT_FLAGS = {
  includeCoords: predictFlags.includeCoords,
  writeMode: PREDICT_FLAGS.writeMode,
  guardFormulas: PREDICT_FLAGS.guardFormulas,
  skipMetadata: PREDICT_FLAGS.skipMetadata,
  report: PREDICT_FLAGS.report,
  groupBy: PREDICT_FLAGS.groupBy,
} as const;
export const RESULT_KEYS = Object.keys(RESULT_FLAGS) as readonly (keyof typeof RESULT_FLAGS)[];

/** `atlasmtl merge`. */
export const MERGE_FLAGS = {
  out: path(FILES, `result: ${anyOf(RESULT_ENDINGS)} (required)`),
  model: path(FILES, "the model of the shards, where it is elsewhere than it was"),
  adata: path(FILES, "the query of the shards, where it is elsewhere than it was"),
  inPlace: PREDICT_FLAGS.inPlace,
  ...RESULT_FLAGS,
  numThreads: predictThreads,
} as const satisfies FlagTable;
export type MergeFlags = FlagValues<typeof MERGE_FLAGS>;

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
  model: path(FILES, "bundle that predicted: its classes tell which true labels it cannot know"),
  labels: names("COLUMN", LABELS, "label columns, coarse to fine (required)"),
  missingValues: texts("VALUE", LABELS, "true labels that mean none, such as nan,unassigned"),
  domainKey: name("COLUMN", LABELS, "column of the truth over which all is repeated, such as donor"),
  out: path(RESULT, "metrics as JSON"),
  report: path(RESULT, "report, one HTML file"),
} as const satisfies FlagTable;
export type EvaluateFlags = FlagValues<typeof EVALUATE_FLAGS>;

/** `atlasmtl refine`. */
export const REFINE_FLAGS = {
  model: path(FILES, "bundle: model.pth, model_manifest.json or model.zip (required)"),
  adata: path(FILES, "labelled cells, best ones the model was not trained on (required)"),
  out: path(FILES, "reranker to write, ends in .pkl (required); description and plan go beside it"),
  config: path(FILES, "YAML file with any of these settings by snake_case name; a flag wins"),
  ...DATASET_FLAGS,
  ...SPLIT_FLAGS,
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
  ...SPLIT_FLAGS,
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

/** Genes of each label that `explain` shows. */
export const DEFAULT_TOP_GENES = 20;

/** `atlasmtl import`. */
export const IMPORT_FLAGS = {
  out: path(FILES, "model to write, ends in .pth, or in .zip for one file (required)"),
  genes: path(FILES, "of a model that does not name its genes: a text file, a gene a line, in its order"),
  labelColumn: name("NAME", FILES, "what the labels are called by: predictions are pred_NAME"),
} as const satisfies FlagTable;
export type ImportFlags = FlagValues<typeof IMPORT_FLAGS>;
export const IMPORT_FLAG_DEFAULTS: Readonly<Record<string, unknown>> = { labelColumn: DEFAULT_LABEL_COLUMN };

/** `atlasmtl explain`. */
export const EXPLAIN_FLAGS = {
  model: path(FILES, "bundle: model.pth, model_manifest.json or model.zip (required)"),
  adata: path(FILES, "query, to count the cells that express the genes of their labels"),
  predictions: path(FILES, "its predictions, a dataset or a table (default: predict now)"),
  out: path(FILES, "table to write, ends in .csv: a row for each gene"),
  ...DATASET_FLAGS,
  noVerify: toggle(FILES, "do not check the checksums of the bundle"),
  labels: names("COLUMN", LABELS, "label columns (default: all of the model)"),
  top: integer(LABELS, "genes of each label; a model keeps 50"),
  autoGenes: predictFlags.autoGenes,
  numThreads: threads(MACHINE, "threads; results are the same with any number"),
} as const satisfies FlagTable;
export type ExplainFlags = FlagValues<typeof EXPLAIN_FLAGS>;
export const EXPLAIN_FLAG_DEFAULTS: Readonly<Record<string, unknown>> = {
  ...DATASET_FLAG_DEFAULTS,
  top: DEFAULT_TOP_GENES,
  numThreads: DEFAULT_TRAIN_OPTIONS.numThreads,
};

/** `atlasmtl harmonise`. */
export const HARMONISE_FLAGS = {
  adata: paths(FILES, "references whose labels are called otherwise (required): two or more"),
  out: path(FILES, "table to write and to edit, ends in .tsv (required); train --label-map takes it"),
  ...DATASET_FLAGS,
  labels: trainFlags.labels,
  preset: trainFlags.preset,
  forceInput: trainFlags.forceInput,
  randomState: trainFlags.randomState,
  numThreads,
} as const satisfies FlagTable;
export type HarmoniseFlags = FlagValues<typeof HARMONISE_FLAGS>;

/** Shown in the help: the library's defaults, and those of the command line where they differ. */
export const TRAIN_FLAG_DEFAULTS: Readonly<Record<string, unknown>> = {
  ...PREPROCESS_DEFAULTS,
  ...DEFAULT_TRAIN_OPTIONS,
  ...DATASET_FLAG_DEFAULTS,
};
export const PREDICT_FLAG_DEFAULTS: Readonly<Record<string, unknown>> = {
  ...PREDICT_DEFAULTS,
  ...DATASET_FLAG_DEFAULTS,
  knnCorrection: null,
  numThreads: DEFAULT_TRAIN_OPTIONS.numThreads,
  writeMode: "standard",
  outFormat: DEFAULT_OUT_FORMAT,
};
export const ANNOTATE_FLAG_DEFAULTS: Readonly<Record<string, unknown>> = {
  ...TRAIN_FLAG_DEFAULTS,
  ...PREDICT_FLAG_DEFAULTS,
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
  ...renamedFlags(TRAIN_OPTIONS),
  ...renamedFlags(PREDICT_OPTIONS),
  ...renamedFlags(PREPROCESS_OPTIONS),
  "classWeighting.labelColumn": "classWeighting",
  "classWeighting.mode": "classWeightingMode",
  "classBalancedSampling.labelColumn": "classBalancedSampling",
  verifyChecksums: "noVerify",
};
