/** The options of prediction (docs/specification/3-prediction.md). @module */
import { ENGINE_HELP, ENGINES } from "./engines.ts";
import {
  choice,
  flag,
  integer,
  name,
  names,
  number,
  type OptionTable,
  other,
  threads,
  toggle,
} from "./option.ts";
import {
  DUPLICATE_POLICIES,
  GENE_FLAGS,
  SPECIES,
  UNMAPPED_POLICIES,
  VAR_NAMES_TYPES,
} from "./preprocess-options.ts";
import { ABSENT_DEVICES, INPUT_TRANSFORMS, NORMALIZATIONS } from "./training-options.ts";

/**
 * Which cells take the label of their nearest reference cells; `second_opinion`: the neighbours of cells of low confidence
 * vote, and the model's label stays.
 */
export const KNN_CORRECTIONS = ["off", "second_opinion", "low_conf_only", "all"] as const;
export type KnnCorrection = (typeof KNN_CORRECTIONS)[number];

/** Weight of a neighbour's vote: 1, or 1/(distance + 1e-6). */
export const KNN_VOTE_MODES = ["majority", "distance_weighted"] as const;
export type KnnVoteMode = (typeof KNN_VOTE_MODES)[number];

/** Who votes: every reference cell, or one centroid per label. */
export const KNN_REFERENCE_MODES = ["full", "prototypes"] as const;
export type KnnReferenceMode = (typeof KNN_REFERENCE_MODES)[number];

/** How neighbours are found. */
export const KNN_INDEX_MODES = ["exact", "approximate"] as const;
export type KnnIndexMode = (typeof KNN_INDEX_MODES)[number];

/** The Python original's name for the approximate search. */
export const KNN_INDEX_ALIASES = { pynndescent: "approximate" } as const;

/** The open-set distance of a cell: to its nearest reference cell, or to its nearest centroid. */
export const OPENSET_METHODS = ["nn_distance", "prototype"] as const;
export type OpensetMethod = (typeof OPENSET_METHODS)[number];

/**
 * What makes a cell Unknown besides low confidence: its distance to the classes of the reference, or nothing; `off`:
 * nothing at all.
 */
export const UNKNOWN_MODES = ["distance", "confidence", "off"] as const;
export type UnknownMode = (typeof UNKNOWN_MODES)[number];

/** What probabilities are smoothed by. */
export const CONSENSUS_MODES = ["neighbours"] as const;
export type ConsensusMode = (typeof CONSENSUS_MODES)[number];

/**
 * Which labels a model of CellTypist gives: the one with the largest score, or all that are more probable than a threshold.
 */
export const MATCH_MODES = ["best_match", "prob_match"] as const;
export type MatchMode = (typeof MATCH_MODES)[number];

/** Where the network runs; `auto` chooses the fastest available. */
export const DEVICES = ["auto", "cpu"] as const;
export type Device = (typeof DEVICES)[number];

const LABEL_LIST = { kind: "name", inline: "list", placeholder: "FILE|LABEL,LABEL" } as const;
const FILES = "Files:";
const GENES = "Genes:";
const ADAPTATION = "Adaptation:";
const LABELS = "Labels:";
const CELLTYPIST = "Models of CellTypist:";
const CONFIDENCE = "Confidence and Unknown:";
const KNN = "KNN correction:";
const HIERARCHY = "Hierarchy:";
const GROUPS = "Neighbours and groups within the query:";
const RESULT = "Result:";
const MACHINE = "Machine:";

const SHARE = { min: 0, max: 1 } as const;
const COUNT = { min: 1 } as const;
/** The coverages of prediction sets, and the accuracies, for which models store thresholds. */
export const SET_COVERAGE = { min: 0.5, max: 0.99 } as const;

/** In the order of `atlasmtl predict --help`. */
export const PREDICT_OPTIONS = {
  layer: name("X"),
  inputTransform: choice(INPUT_TRANSFORMS, null, flag(FILES, "override the transform of the model")),
  normalize: choice(
    NORMALIZATIONS,
    null,
    flag(FILES, "override what the model does to counts; none: it is done already"),
  ),
  forceInput: toggle(
    false,
    flag(FILES, "go on with values that cannot be what the model needs, with a warning"),
  ),

  autoGenes: toggle(false, flag(GENES, "map the query's genes to the model's, whatever they are called by")),
  orthologues: toggle(
    false,
    flag(
      GENES,
      "carry genes of a mouse query over to a human model, or the other way, by one-to-one orthologues",
    ),
  ),
  varNamesType: choice(VAR_NAMES_TYPES, null, GENE_FLAGS.varNamesType),
  species: choice(SPECIES, null, GENE_FLAGS.species),
  geneIdTable: other(GENE_FLAGS.geneIdTable),
  ensemblSourceColumn: name(null, GENE_FLAGS.ensemblSourceColumn),
  unmappedPolicy: choice(UNMAPPED_POLICIES, null, GENE_FLAGS.unmappedPolicy),
  duplicatePolicy: choice(DUPLICATE_POLICIES, null, GENE_FLAGS.duplicatePolicy),

  adapt: toggle(
    false,
    flag(
      ADAPTATION,
      "learn from the query's surest cells before labelling them, whatever the query is like (a model with linear views)",
    ),
  ),
  autoAdapt: toggle(
    true,
    flag(
      ADAPTATION,
      "do not learn from the query's surest cells where the query is unlike the reference: a cell's label then hardly depends on the others",
      { name: "noAutoAdapt" },
    ),
  ),
  onlyLabels: names(
    null,
    flag(
      LABELS,
      "labels that may be given, with all under them; COLUMN:LABEL for one column; a file has a label a line",
      LABEL_LIST,
    ),
  ),
  excludeLabels: names(null, flag(LABELS, "labels that may not be given, with all under them", LABEL_LIST)),

  confidenceHigh: number(0.7, SHARE, flag(CONFIDENCE, "below this, confidence is low")),
  confidenceLow: number(0.4, SHARE, flag(CONFIDENCE, "below this, a cell is Unknown")),
  targetAccuracy: number(
    null,
    SET_COVERAGE,
    flag(
      CONFIDENCE,
      "cells are Unknown below the confidence from which labels are right this often, such as 0.9 (a model with linear views)",
    ),
  ),
  marginThreshold: number(0.2, SHARE, flag(CONFIDENCE, "below this margin, confidence is low")),
  applyCalibration: toggle(
    true,
    flag(CONFIDENCE, "use the network's confidences as they are", { name: "noCalibration" }),
  ),
  predictionSets: number(
    null,
    SET_COVERAGE,
    flag(
      CONFIDENCE,
      "also write sets of labels that hold the true one with this probability, such as 0.95 (a calibrated model)",
    ),
  ),
  unknown: choice(
    UNKNOWN_MODES,
    null,
    flag(
      CONFIDENCE,
      "what makes cells Unknown: distance adds that to the reference (default where the model has it); off: nothing",
    ),
  ),
  knownLoss: number(
    0.05,
    { above: 0, below: 1 },
    flag(CONFIDENCE, "share of cells of known types that may become Unknown by distance"),
  ),
  opensetMethod: choice(OPENSET_METHODS, null, flag(CONFIDENCE, "distance that tells unseen types")),
  opensetThreshold: number(null, { min: 0 }, flag(CONFIDENCE, "distance above which a cell is Unknown")),
  opensetLabelColumn: name(
    null,
    flag(CONFIDENCE, "column whose centroids prototype uses", { placeholder: "COLUMN" }),
  ),

  matchMode: choice(
    MATCH_MODES,
    "best_match",
    flag(CELLTYPIST, "the label of the largest score, or also all that are probable enough", {
      name: "mode",
    }),
  ),
  pThres: number(0.5, SHARE, flag(CELLTYPIST, "probability above which prob_match gives a label")),

  knnCorrection: choice(
    KNN_CORRECTIONS,
    "off",
    flag(
      KNN,
      "cells whose neighbours vote on the label (default with a reference: second_opinion, or low_conf_only for a network alone)",
    ),
  ),
  knnK: integer(15, COUNT, flag(KNN, "neighbours that vote")),
  knnConfLow: number(0.6, SHARE, flag(KNN, "below this share of the vote, KNN is unsure")),
  knnVoteMode: choice(KNN_VOTE_MODES, "majority", flag(KNN, "how neighbours vote")),
  knnReferenceMode: choice(
    KNN_REFERENCE_MODES,
    "full",
    flag(KNN, "all reference cells, or one centroid per label"),
  ),
  knnIndexMode: choice(KNN_INDEX_MODES, "exact", flag(KNN, "exact, or faster in very large references"), {
    aliases: KNN_INDEX_ALIASES,
  }),
  knnQueryObsmKey: name(null, flag(KNN, "the query's array of the KNN space", { placeholder: "OBSM_KEY" })),
  knnSpace: name(null, flag(KNN, "KNN space, such as latent_internal", { placeholder: "NAME" })),

  transfer: names(
    null,
    flag(
      KNN,
      "obs columns of the reference to carry over by neighbours: mean and spread of numbers, vote on categories (train --keep-columns)",
      { placeholder: "COLUMN" },
    ),
  ),

  hierarchyRules: other(
    flag(HIERARCHY, "child to parent rules, JSON or YAML, or from the reference", {
      kind: "name",
      inline: "mapping",
      placeholder: "FILE|derive",
    }),
  ),
  enforceHierarchy: toggle(false, flag(HIERARCHY, "a child that contradicts its parent becomes Unknown")),
  coherentProbabilities: toggle(
    false,
    flag(
      HIERARCHY,
      "a parent's confidence is the sum of its children's, and labels agree from level to level",
    ),
  ),
  deepestLabel: toggle(false, flag(HIERARCHY, "also write each cell's finest label that is not Unknown")),
  refinementConfig: other(
    flag(HIERARCHY, "refine children: reranker .pkl, its _plan.json, or settings that name one", {
      name: "refinement",
      kind: "path",
      inline: "mapping",
    }),
  ),

  consensus: choice(
    CONSENSUS_MODES,
    null,
    flag(GROUPS, "smooth the probabilities of each cell with those of its nearest cells of the query"),
  ),
  consensusK: integer(15, COUNT, flag(GROUPS, "nearest cells that smooth")),
  consensusWeight: number(0.5, SHARE, flag(GROUPS, "share that they have in the probabilities")),
  consensusBy: name(
    null,
    flag(GROUPS, "obs column of the query, such as leiden: a label for each of its groups, at every level", {
      placeholder: "COLUMN",
    }),
  ),
  minProp: number(
    0,
    SHARE,
    flag(GROUPS, "a group is Heterogeneous if a smaller share of its cells has its label"),
  ),

  probabilities: name(
    null,
    flag(RESULT, "also write the probability of every label, or of the K most probable labels of each cell", {
      placeholder: "all|top=K",
    }),
  ),
  keepCoords: toggle(
    true,
    flag(RESULT, "also write predicted coordinates: to obsm, or as columns of a table", {
      name: "includeCoords",
    }),
  ),

  batchSize: integer(2048, COUNT, flag(MACHINE, "cells at a time")),
  numThreads: threads(flag(MACHINE, "threads; results are the same with any number")),
  device: choice(DEVICES, "auto", flag(MACHINE, "where to compute"), { absent: ABSENT_DEVICES }),
  engine: choice(ENGINES, "auto", flag(MACHINE, ENGINE_HELP)),
} as const satisfies OptionTable;
