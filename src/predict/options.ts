/** The options of prediction, their defaults and their checks (docs/specification/3-prediction.md). @module */

import type { FileInput } from "../core/bytes.ts";
import { didYouMean } from "../core/nearest.ts";
import { checkChoice, checkName, checkNumber, usageError } from "../core/option-checks.ts";
import { shown } from "../core/shown.ts";
import { option, phrase } from "../errors.ts";
import { SET_COVERAGES } from "../model/conformal.ts";
import type { Model } from "../model/types.ts";
import {
  DUPLICATE_POLICIES,
  type DuplicatePolicy,
  SPECIES,
  type Species,
  VAR_NAMES_TYPES,
  type VarNamesType,
} from "../preprocess/options.ts";
import {
  INPUT_TRANSFORMS,
  type InputTransform,
  NORMALIZATIONS,
  type Normalization,
} from "../schema/training-options.ts";
import type { HierarchyRules } from "./hierarchy-rules.ts";
import { checkRefinementConfig, type RefinementConfig } from "./rerank-children.ts";

/** Which cells take the label of their nearest reference cells. */
export const KNN_CORRECTIONS = ["off", "low_conf_only", "all"] as const;
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

/** The open-set distance of a cell: to its nearest reference cell, or to its nearest centroid. */
export const OPENSET_METHODS = ["nn_distance", "prototype"] as const;
export type OpensetMethod = (typeof OPENSET_METHODS)[number];

/** Where the network runs; `auto` chooses the fastest available. */
export const DEVICES = ["auto", "cpu"] as const;
export type Device = (typeof DEVICES)[number];

/** The options of {@link predict} with every default filled in. */
export interface PredictSettings {
  /** The matrix of the query: `X`, `raw/X`, `layers/counts` or a bare layer name. */
  readonly layer: string;
  /** Null uses the transform that the model was trained with. */
  readonly inputTransform: InputTransform | null;
  /** Null normalises as the model does; use `none` for a query that is already normalised. */
  readonly normalize: Normalization | null;
  /** Cells per batch of the network; results do not depend on it. */
  readonly batchSize: number;
  readonly device: Device;
  /** Threads of the engine that the call creates; an engine that is passed in has its own. */
  readonly numThreads: number | "max";
  /** Divide logits by the model's temperatures, if it is calibrated. */
  readonly applyCalibration: boolean;
  /**
   * Also returns, for every cell, a set of labels that contains the true one with this probability, 0.5 to
   * 0.99; null for none. Needs a model that was trained with `calibrationMethod`.
   */
  readonly predictionSets: number | null;
  /** A cell has low confidence below this probability, 0 to 1 … */
  readonly confidenceHigh: number;
  /** … or below this margin to the second label, 0 to 1. */
  readonly marginThreshold: number;
  /** Unknown below this probability, 0 to 1. */
  readonly confidenceLow: number;
  readonly knnCorrection: KnnCorrection;
  /** Neighbours that vote, at most the number of reference points. */
  readonly knnK: number;
  /** A vote has low confidence below this share, 0 to 1. */
  readonly knnConfLow: number;
  readonly knnVoteMode: KnnVoteMode;
  readonly knnReferenceMode: KnnReferenceMode;
  /**
   * `approximate` may miss neighbours and is faster for very large references; centroids are always searched
   * exactly.
   */
  readonly knnIndexMode: KnnIndexMode;
  /** Reads the query's points from this obsm array instead of computing them with the network. */
  readonly knnQueryObsmKey: string | null;
  /**
   * The KNN space; null takes the first of `latent_internal`, `latent`, `umap` that reference and query have.
   */
  readonly knnSpace: string | null;
  readonly opensetMethod: OpensetMethod | null;
  /** Distance above which a cell is Unknown; required with `opensetMethod`. */
  readonly opensetThreshold: number | null;
  /** The column whose centroids `prototype` uses; null takes the first. */
  readonly opensetLabelColumn: string | null;
  /** Rules by child column, or `derive` to build them from the reference's labels. */
  readonly hierarchyRules: HierarchyRules | "derive" | null;
  readonly enforceHierarchy: boolean;
  /**
   * Makes the probability of a parent the sum of its children's, and chooses a label among the children of
   * its parent's label, by `hierarchyRules` or derived rules.
   */
  readonly coherentProbabilities: boolean;
  /**
   * Also returns each cell's finest label that is known and agrees with the coarser ones, by the same rules.
   */
  readonly deepestLabel: boolean;
  /** A fitted refinement, given by its artifact or its plan; null for none. */
  readonly refinementConfig: RefinementConfig | null;
  /** Maps the query's genes to the model's by tables of genes, whatever names they have. */
  readonly autoGenes: boolean;
  /** The kind of the query's gene names; this or one of the next three options turns mapping on. */
  readonly varNamesType: VarNamesType | null;
  readonly species: Species | null;
  /** A table of genes instead of the packaged one; see `preprocess/gene-table.ts`. */
  readonly geneIdTable: FileInput | null;
  /** The var column that holds Ensembl ids. */
  readonly ensemblSourceColumn: string | null;
  /** How genes with the same id after mapping are merged; null takes `sum`. */
  readonly duplicatePolicy: DuplicatePolicy | null;
  /** Keeps predicted coordinates and the latent space in the result (4 bytes per cell and dimension). */
  readonly keepCoords: boolean;
}

export type PredictOptions = Partial<PredictSettings>;

/**
 * Defaults of the library; the command line's default of `knnCorrection` differs
 * (docs/specification/3-prediction.md#knn-correction).
 */
export const PREDICT_DEFAULTS: PredictSettings = {
  layer: "X",
  inputTransform: null,
  normalize: null,
  batchSize: 2048,
  device: "auto",
  numThreads: "max",
  applyCalibration: true,
  predictionSets: null,
  confidenceHigh: 0.7,
  marginThreshold: 0.2,
  confidenceLow: 0.4,
  knnCorrection: "off",
  knnK: 15,
  knnConfLow: 0.6,
  knnVoteMode: "majority",
  knnReferenceMode: "full",
  knnIndexMode: "exact",
  knnQueryObsmKey: null,
  knnSpace: null,
  opensetMethod: null,
  opensetThreshold: null,
  opensetLabelColumn: null,
  hierarchyRules: null,
  enforceHierarchy: false,
  coherentProbabilities: false,
  deepestLabel: false,
  refinementConfig: null,
  autoGenes: false,
  varNamesType: null,
  species: null,
  geneIdTable: null,
  ensemblSourceColumn: null,
  duplicatePolicy: null,
  keepCoords: true,
};

const SHARE = { min: 0, max: 1 } as const;
/** The coverages for which models store thresholds. */
const SET_COVERAGE = { min: SET_COVERAGES[0], max: SET_COVERAGES.at(-1)! } as const;
const COUNT = { integer: true, min: 1 } as const;
const TOGGLES = [
  "applyCalibration",
  "enforceHierarchy",
  "coherentProbabilities",
  "deepestLabel",
  "autoGenes",
  "keepCoords",
] as const;

/**
 * Fills in the defaults and checks every value.
 * @throws USAGE for an unknown option or a value outside its range; it names the most similar valid one.
 */
export function resolvePredictOptions(
  options: PredictOptions,
  model: Pick<Model, "labelHeads">,
): PredictSettings {
  const settings: { -readonly [K in keyof PredictSettings]: PredictSettings[K] } = { ...PREDICT_DEFAULTS };
  const names = Object.keys(PREDICT_DEFAULTS);
  for (const [name, value] of Object.entries(options)) {
    if (!names.includes(name))
      throw usageError(
        `prediction has no option ${shown(name)}${didYouMean(name, names)}`,
        `use any of ${names.join(", ")}`,
      );
    if (value !== undefined) Object.assign(settings, { [name]: value });
  }
  if (settings.inputTransform !== null)
    checkChoice("inputTransform", settings.inputTransform, INPUT_TRANSFORMS);
  if (settings.normalize !== null) checkChoice("normalize", settings.normalize, NORMALIZATIONS);
  checkName("layer", settings.layer);
  checkNumber("batchSize", settings.batchSize, COUNT);
  checkChoice("device", settings.device, DEVICES);
  if (settings.numThreads !== "max") checkNumber("numThreads", settings.numThreads, COUNT);
  checkNumber("confidenceHigh", settings.confidenceHigh, SHARE);
  checkNumber("marginThreshold", settings.marginThreshold, SHARE);
  checkNumber("confidenceLow", settings.confidenceLow, SHARE);
  checkChoice("knnCorrection", settings.knnCorrection, KNN_CORRECTIONS);
  checkNumber("knnK", settings.knnK, COUNT);
  checkNumber("knnConfLow", settings.knnConfLow, SHARE);
  checkChoice("knnVoteMode", settings.knnVoteMode, KNN_VOTE_MODES);
  checkChoice("knnReferenceMode", settings.knnReferenceMode, KNN_REFERENCE_MODES);
  checkChoice("knnIndexMode", settings.knnIndexMode, KNN_INDEX_MODES);
  if (settings.knnQueryObsmKey !== null) checkName("knnQueryObsmKey", settings.knnQueryObsmKey);
  if (settings.knnSpace !== null) checkName("knnSpace", settings.knnSpace);
  checkOpenset(settings, model);
  if (settings.refinementConfig !== null) checkRefinementConfig(settings.refinementConfig);
  if (settings.varNamesType !== null) checkChoice("varNamesType", settings.varNamesType, VAR_NAMES_TYPES);
  if (settings.species !== null) checkChoice("species", settings.species, SPECIES);
  if (settings.duplicatePolicy !== null)
    checkChoice("duplicatePolicy", settings.duplicatePolicy, DUPLICATE_POLICIES);
  if (settings.ensemblSourceColumn !== null) checkName("ensemblSourceColumn", settings.ensemblSourceColumn);
  for (const name of TOGGLES)
    if (typeof settings[name] !== "boolean")
      throw usageError(phrase`${option(name)} is ${shown(settings[name])}, expected true or false`);
  if (settings.predictionSets !== null) {
    checkNumber("predictionSets", settings.predictionSets, SET_COVERAGE);
    if (!settings.applyCalibration)
      throw usageError(
        phrase`${option("predictionSets")} needs calibrated probabilities, which ${option("applyCalibration", false)} leaves out`,
        "leave one of the two out",
      );
  }
  if (settings.enforceHierarchy && settings.hierarchyRules === null)
    throw usageError(
      phrase`${option("enforceHierarchy")} is on but there are no ${option("hierarchyRules")}`,
      phrase`give rules, or ${option("hierarchyRules", "derive")} to build them from the reference`,
    );
  return settings;
}

function checkOpenset(settings: PredictSettings, model: Pick<Model, "labelHeads">): void {
  const { opensetMethod, opensetThreshold, opensetLabelColumn } = settings;
  if (opensetMethod === null) {
    if (opensetThreshold !== null)
      throw usageError(
        phrase`${option("opensetThreshold")} is ${shown(opensetThreshold)} but ${option("opensetMethod")} is not set`,
        phrase`choose ${option("opensetMethod")} among ${OPENSET_METHODS.join(", ")}`,
      );
  } else {
    checkChoice("opensetMethod", opensetMethod, OPENSET_METHODS);
    if (opensetThreshold === null)
      throw usageError(
        phrase`${option("opensetMethod", opensetMethod)} needs ${option("opensetThreshold")}, a distance in the KNN space`,
        "choose it from the distances of held-out cells, as fitOpenset (atlasmtl openset) does",
      );
    checkNumber("opensetThreshold", opensetThreshold, { min: 0 });
  }
  const columns = model.labelHeads.map((head) => head.column);
  if (opensetLabelColumn !== null) checkChoice("opensetLabelColumn", opensetLabelColumn, columns);
}
