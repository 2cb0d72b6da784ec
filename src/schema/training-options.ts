/** The options of training (docs/specification/2-training.md). @module */
import { ENGINE_HELP, ENGINES } from "./engines.ts";
import {
  choice,
  flag,
  integer,
  integers,
  name,
  names,
  number,
  numbers,
  type OptionTable,
  other,
  pairs,
  texts,
  threads,
  toggle,
  weights,
} from "./option.ts";

/** `binary`: x > 0 → 1; `float`: values as float32 (docs/specification/2-training.md#inputs). */
export const INPUT_TRANSFORMS = ["binary", "float"] as const;
export type InputTransform = (typeof INPUT_TRANSFORMS)[number];
/** How a model normalises counts before its input transform. */
export const NORMALIZATIONS = ["none", "log1p_cp10k"] as const;
export type Normalization = (typeof NORMALIZATIONS)[number];
/** Where a bundle keeps the reference cells: in a file of their own, or in its metadata. */
export const REFERENCE_STORAGES = ["external", "full"] as const;
export type ReferenceStorage = (typeof REFERENCE_STORAGES)[number];
export const OPTIMIZERS = ["adamw", "adam"] as const;
export const SCHEDULERS = ["reduce_lr_on_plateau"] as const;
export const SCHEDULER_MONITORS = ["val_loss"] as const;
export const DOMAIN_LOSS_METHODS = ["mean"] as const;
export const CALIBRATION_METHODS = ["temperature_scaling"] as const;
/**
 * `umap`: the reference's own UMAP is learnt, and one is laid out where it has none; `new_umap`: one is laid out in any case
 * (docs/specification/2-training.md#reference-map).
 */
export const EMBEDDINGS = ["umap", "new_umap"] as const;
export const MISSING_LABELS = ["error", "ignore"] as const;
export const TRAIN_DEVICES = ["auto", "cpu"] as const;
/** Devices that other programs have. */
export const ABSENT_DEVICES = {
  words: /^(cuda|gpu|mps|metal|rocm|xpu|tpu|webgpu)(:\d+)?$/i,
  instead: "there is no engine for GPUs; use auto or cpu, where all threads and vector units do the work",
} as const;

/**
 * `balanced`: every class has the same total weight; `sqrt_balanced`: the square roots of these weights;
 * `none`: every cell has the same weight, even if a preset says otherwise.
 */
export const CLASS_WEIGHTING_MODES = ["balanced", "sqrt_balanced", "none"] as const;
export type ClassWeightingMode = (typeof CLASS_WEIGHTING_MODES)[number];

/** `joint` trains the network as well, `frozen_base` the modules only. */
export const CHILD_CORRECTION_MODES = ["joint", "frozen_base"] as const;
/** What the modules of child correction see (docs/specification/2-training.md#child-correction). */
export const CHILD_FEATURE_MODES = ["standard", "reranker_like"] as const;
export type ChildFeatureMode = (typeof CHILD_FEATURE_MODES)[number];

/**
 * Network sizes for small, usual and large data (docs/specification/2-training.md#presets); `fast`, one calibrated network;
 * `original`, the defaults of the Python original; and `best`, the most accurate settings within a study (decision records
 * 13 and 19): five networks on normalised, thinned counts, with higher weights for small classes.
 */
export const PRESETS = {
  small: { hiddenSizes: [128, 64], dropoutRate: 0.2, learningRate: 1e-3 },
  default: { hiddenSizes: [256, 128], dropoutRate: 0.3, learningRate: 1e-3 },
  large: { hiddenSizes: [512, 256], dropoutRate: 0.3, learningRate: 5e-4 },
  fast: {
    hiddenSizes: [256, 128],
    dropoutRate: 0.3,
    learningRate: 1e-3,
    linearViews: false,
    valFraction: 0.1,
    calibrationMethod: "temperature_scaling",
  },
  original: {
    hiddenSizes: [256, 128],
    dropoutRate: 0.3,
    learningRate: 1e-3,
    linearViews: false,
    valFraction: 0,
    calibrationMethod: null,
  },
  best: {
    hiddenSizes: [256, 128],
    dropoutRate: 0.3,
    learningRate: 1e-3,
    normalize: "log1p_cp10k",
    classWeighting: { mode: "sqrt_balanced" },
    countThinning: 0.2,
    ensembleSize: 5,
  },
} as const;
export type PresetName = keyof typeof PRESETS;
const PRESET_NAMES = Object.keys(PRESETS) as PresetName[];
const { hiddenSizes, dropoutRate, learningRate } = PRESETS.default;

const FILES = "Files:";
const LABELS = "Labels and coordinates:";
const NETWORK = "Network:";
const TRAINING = "Training:";
const LOSS = "Loss:";
const REFERENCE = "Reference for KNN:";
const MACHINE = "Machine:";

const POSITIVE = { above: 0 } as const;
const NOT_NEGATIVE = { min: 0 } as const;
const SHARE = { min: 0, below: 1 } as const;
const COUNT = { min: 1 } as const;
const WIDTH = { min: 1, max: 65536 } as const;

/** In the order of `atlasmtl train --help`. */
export const TRAIN_OPTIONS = {
  initModel: other(),
  initModelPath: name(
    null,
    flag(FILES, "start from the matching weights of this bundle", { name: "initModel", kind: "path" }),
  ),
  layer: name("X"),
  genes: texts(
    null,
    flag(FILES, "learn from these genes alone: text file with a gene a line, such as those of a panel", {
      kind: "path",
      inline: "list",
    }),
  ),
  preprocess: other(),

  labelColumns: names(
    undefined,
    flag(
      LABELS,
      "obs columns to learn, coarse to fine (required); of several references FILE:COLUMN where names differ",
      {
        name: "labels",
        placeholder: "COLUMN",
      },
    ),
  ),
  missingLabels: choice(
    MISSING_LABELS,
    "error",
    flag(LABELS, "cells without a label: refuse, or leave them out"),
  ),
  missingValues: texts(
    [],
    flag(LABELS, "labels that mean none, such as nan,unassigned; their cells are left out", {
      placeholder: "VALUE",
    }),
  ),
  coordTargets: pairs(
    new Map(),
    flag(LABELS, "coordinates to learn as well; repeatable", { name: "coord", placeholder: "NAME=OBSM_KEY" }),
  ),
  embed: choice(
    EMBEDDINGS,
    null,
    flag(
      LABELS,
      "learn a map that queries land on: the reference's X_umap (umap), or one that is laid out, where it has none or always (new_umap)",
    ),
  ),
  embedNeighbors: integer(
    15,
    { min: 2, max: 200 },
    flag(LABELS, "of --embed: neighbours of a cell, itself among them"),
  ),
  embedMinDist: number(
    0.5,
    { min: 0, max: 1 },
    flag(LABELS, "of --embed: how close cells may lie on the map"),
  ),

  preset: choice(
    PRESET_NAMES,
    null,
    flag(
      NETWORK,
      "small, default, large: network sizes; fast: one network, calibrated; original: as the Python original; best: five networks on normalised counts, with linear views",
    ),
  ),
  hiddenSizes: integers(hiddenSizes, WIDTH, flag(NETWORK, "widths of the hidden layers")),
  dropoutRate: number(dropoutRate, SHARE, flag(NETWORK, "share of units dropped, 0 to 1")),
  inputTransform: choice(
    INPUT_TRANSFORMS,
    "binary",
    flag(NETWORK, "binary: expressed or not; float: values as they are"),
  ),
  normalize: choice(
    NORMALIZATIONS,
    "none",
    flag(NETWORK, "what is done to counts first, here and in every prediction"),
  ),
  forceInput: toggle(
    false,
    flag(NETWORK, "go on with values that cannot be what training needs, with a warning"),
  ),
  countThinning: number(
    null,
    { above: 0, max: 1 },
    flag(
      NETWORK,
      "each step sees cells with a random share of their counts, from this one up to 1 (needs --normalize)",
    ),
  ),
  ensembleSize: integer(
    1,
    { min: 1, max: 16 },
    flag(NETWORK, "networks that are trained one after another and averaged"),
  ),
  linearViews: toggle(
    true,
    flag(NETWORK, "the network alone, without regressions on log values and on ranks beside it", {
      name: "noLinearViews",
    }),
  ),

  stream: toggle(
    null,
    flag(
      TRAINING,
      "read cells from the file in every epoch, some at a time; by itself where the matrix takes more than half of the memory",
    ),
  ),
  streamBuffer: integer(
    null,
    { min: 64 },
    flag(TRAINING, "of --stream: cells in memory at a time, which are shuffled together"),
  ),
  numEpochs: integer(40, COUNT, flag(TRAINING, "passes over the data")),
  batchSize: integer(256, COUNT, flag(TRAINING, "cells of one step")),
  learningRate: number(learningRate, POSITIVE, flag(TRAINING, "step size of the optimiser")),
  optimizerName: choice(OPTIMIZERS, "adamw", flag(TRAINING, "optimiser")),
  weightDecay: number(5e-5, NOT_NEGATIVE, flag(TRAINING, "weight decay")),
  schedulerName: choice(SCHEDULERS, null, flag(TRAINING, "lower the rate when it stalls")),
  schedulerFactor: number(0.5, { above: 0, below: 1 }, flag(TRAINING, "factor of the scheduler")),
  schedulerPatience: integer(5, NOT_NEGATIVE, flag(TRAINING, "epochs without progress before it acts")),
  schedulerMinLr: number(1e-6, NOT_NEGATIVE, flag(TRAINING, "lowest learning rate of the scheduler")),
  schedulerMonitor: choice(SCHEDULER_MONITORS, "val_loss", flag(TRAINING, "what the scheduler watches")),
  valFraction: number(0.15, SHARE, flag(TRAINING, "share of cells held out for validation, 0 to 1")),
  earlyStoppingPatience: integer(null, COUNT, flag(TRAINING, "stop after this many epochs without progress")),
  earlyStoppingMinDelta: number(0, NOT_NEGATIVE, flag(TRAINING, "what counts as progress")),
  randomState: integer(42, NOT_NEGATIVE, flag(TRAINING, "seed of everything random")),
  calibrationMethod: choice(
    CALIBRATION_METHODS,
    CALIBRATION_METHODS[0] as (typeof CALIBRATION_METHODS)[number] | null,
    flag(TRAINING, "how confidences are calibrated on the held-out cells", { name: "calibration" }),
  ),
  calibrationMaxIter: integer(
    100,
    COUNT,
    flag(TRAINING, "with --calibration-lr: how far from 1 temperatures are sought"),
  ),
  calibrationLr: number(0.05, POSITIVE, flag(TRAINING, "see --calibration-max-iter")),

  taskWeights: numbers(undefined, NOT_NEGATIVE, flag(LOSS, "weight of each label column, in order")),
  classWeighting: other(
    flag(LOSS, "label column whose small classes weigh more", {
      kind: "name",
      inline: "mapping",
      placeholder: "COLUMN",
    }),
  ),
  classBalancedSampling: other(
    flag(LOSS, "label column whose small classes are drawn more often", {
      kind: "name",
      inline: "mapping",
      placeholder: "COLUMN",
    }),
  ),
  childCorrection: other(
    flag(LOSS, "YAML file of parents whose children get a module of their own", {
      kind: "path",
      inline: "mapping",
    }),
  ),
  coordLossWeights: weights(
    new Map([
      ["latent", 0.5],
      ["umap", 0.2],
    ]),
    NOT_NEGATIVE,
    flag(LOSS, "weight of each coordinate head; without one a head does not learn", {
      placeholder: "NAME=WEIGHT",
    }),
  ),
  domainKey: name(null, flag(LOSS, "obs column of batches or donors to align", { placeholder: "COLUMN" })),
  domainLossWeight: number(0, NOT_NEGATIVE, flag(LOSS, "weight of the alignment")),
  domainLossMethod: choice(DOMAIN_LOSS_METHODS, "mean", flag(LOSS, "what is aligned of the domains")),
  topologyLossWeight: number(0, NOT_NEGATIVE, flag(LOSS, "weight of keeping neighbours near")),
  topologyK: integer(10, COUNT, flag(LOSS, "neighbours kept near")),
  topologyCoord: name("latent", flag(LOSS, "coordinates whose neighbours are kept", { placeholder: "NAME" })),

  knnReferenceObsmKey: name(
    null,
    flag(REFERENCE, "obsm array to keep as a KNN space", { placeholder: "OBSM_KEY" }),
  ),
  knnSpace: name(null, flag(REFERENCE, "name of that space", { placeholder: "NAME" })),
  keepColumns: names(
    [],
    flag(
      REFERENCE,
      "obs columns to keep with the reference cells, such as age: predict --transfer takes them",
      {
        placeholder: "COLUMN",
      },
    ),
  ),
  referenceStorage: choice(
    REFERENCE_STORAGES,
    "external",
    flag(REFERENCE, "its own file, or inside the metadata"),
  ),

  referenceCells: integer(
    200_000,
    COUNT,
    flag(REFERENCE, "reference cells to keep at most, an even share of each class of the last label column"),
  ),

  numThreads: threads(flag(MACHINE, "threads; results are the same with any number")),
  device: choice(TRAIN_DEVICES, "auto", flag(MACHINE, "where to compute"), { absent: ABSENT_DEVICES }),
  engine: choice(ENGINES, "auto", flag(MACHINE, ENGINE_HELP)),
} as const satisfies OptionTable;

/** The options of child correction (docs/specification/2-training.md#child-correction). */
export const CHILD_OPTIONS = {
  parentLevel: name(undefined),
  targetLevel: name(undefined),
  hotspotParents: names(undefined),
  mode: choice(CHILD_CORRECTION_MODES, "joint"),
  baseLrScale: number(0.1, POSITIVE),
  lossWeight: number(1, NOT_NEGATIVE),
  hiddenDim: integer(64, WIDTH),
  residualScale: number(1, POSITIVE),
  featureMode: choice(CHILD_FEATURE_MODES, "standard"),
  rankLossWeight: number(0, NOT_NEGATIVE),
  rankMargin: number(0.2, NOT_NEGATIVE),
} as const satisfies OptionTable;
