/** The options of prediction, their defaults and their checks (docs/specification/3-prediction.md). @module */

import type { FileInput } from "../core/bytes.ts";
import { checkChoice, checkOptions, refuseUnknownOptions, usageError } from "../core/option-checks.ts";
import { shown } from "../core/shown.ts";
import { option, phrase } from "../errors.ts";
import type { Model } from "../model/types.ts";
import { TRANSFER_DISTANCE, transferNames } from "../schema/columns.ts";
import type { EngineChoice } from "../schema/engines.ts";
import { defaultsOf, type HaveSameKeys } from "../schema/option.ts";
import {
  type ConsensusMode,
  type Device,
  type KnnCorrection,
  type KnnIndexMode,
  type KnnReferenceMode,
  type KnnVoteMode,
  type MatchMode,
  OPENSET_METHODS,
  type OpensetMethod,
  PREDICT_OPTIONS,
  type UnknownMode,
} from "../schema/prediction-options.ts";
import type { DuplicatePolicy, Species, UnmappedPolicy, VarNamesType } from "../schema/preprocess-options.ts";
import type { InputTransform, Normalization } from "../schema/training-options.ts";
import type { HierarchyRules } from "./hierarchy-rules.ts";
import { checkLabelNames } from "./only-labels.ts";
import { labelsWanted } from "./probability-tables.ts";
import { checkRefinementConfig, type RefinementConfig } from "./refinement-config.ts";

/** The options of {@link predict} with every default filled in. */
export interface PredictSettings {
  /** The matrix of the query: `X`, `raw/X`, `layers/counts` or a bare layer name. */
  readonly layer: string;
  /** Null uses the transform that the model was trained with. */
  readonly inputTransform: InputTransform | null;
  /** Null normalises as the model does; use `none` for a query that is already normalised. */
  readonly normalize: Normalization | null;
  /** Goes on with values that cannot be what the model needs, with a warning in place of the error. */
  readonly forceInput: boolean;
  /**
   * Lets the linear views learn from the cells of the query that the model is surest of, before it labels them. Needs a
   * model with linear views.
   */
  readonly adapt: boolean;
  /** Does the same without being asked where the query is unlike the reference and network and views are not at odds. */
  readonly autoAdapt: boolean;
  /** Cells per batch of the network; results do not depend on it. */
  readonly batchSize: number;
  readonly device: Device;
  /** Threads of the engine that the call creates; an engine that is passed in has its own. */
  readonly numThreads: number | "max";
  /** What computes, where the call creates the engine. Only `reference`, which is slow, gives other bits. */
  readonly engine: EngineChoice;
  /** Divide logits by the model's temperatures, if it is calibrated. */
  readonly applyCalibration: boolean;
  /**
   * Also returns, for every cell, a set of labels that contains the true one with this probability, 0.5 to
   * 0.99; null for none. Needs a model that was trained with `calibrationMethod`.
   */
  readonly predictionSets: number | null;
  /**
   * Also returns the probabilities: `all` of every class (4 bytes per cell and class), or `top=K` of the K most probable labels
   * of each cell; null for none.
   */
  readonly probabilities: string | null;
  /**
   * The labels that may be given, each `label` or `column:label`, with all labels under them and their parents; probabilities
   * add up to 1 over them. Null for all.
   */
  readonly onlyLabels: readonly string[] | null;
  /** Labels that may not be given, with all labels under them; null for none. */
  readonly excludeLabels: readonly string[] | null;
  /** `neighbours` smooths the probabilities of each cell with those of its nearest cells of the query; null for none. */
  readonly consensus: ConsensusMode | null;
  /** The nearest cells that smooth; at most all others. */
  readonly consensusK: number;
  /** The share that they have in the probabilities, 0 to 1; the cell itself has the rest. */
  readonly consensusWeight: number;
  /** The obs column of the query whose groups get a label each; null for none. */
  readonly consensusBy: string | null;
  /** A group is `Heterogeneous` if a smaller share of its cells has its label, 0 to 1. */
  readonly minProp: number;
  /** A cell has low confidence below this probability, 0 to 1 … */
  readonly confidenceHigh: number;
  /** … or below this margin to the second label, 0 to 1. */
  readonly marginThreshold: number;
  /** Unknown below this probability, 0 to 1. */
  readonly confidenceLow: number;
  /**
   * Takes, instead of `confidenceLow`, the lowest confidence from which labels of held-out cells as unlike the reference as the
   * query were right this often, 0.5 to 0.99; null for none. Needs a model with linear views.
   */
  readonly targetAccuracy: number | null;
  /**
   * For models of CellTypist: `prob_match` also returns all labels with a probability above `pThres`, and a cell without one is
   * Unknown; with `best_match` no cell is, unless `unknown` says so.
   */
  readonly matchMode: MatchMode;
  /** The probability above which `prob_match` gives a label, 0 to 1. */
  readonly pThres: number;
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
  /**
   * obs columns of the reference cells whose values each cell gets from its `knnK` nearest ones: mean and spread of numbers, the
   * vote on categories. Label columns, and those that training kept by `keepColumns`; null for none.
   */
  readonly transfer: readonly string[] | null;
  /** Null takes `distance` where the model and the query's matrix allow it, else `confidence`. */
  readonly unknown: UnknownMode | null;
  /** The share of cells of known types that may become Unknown by their distance, above 0 and below 1. */
  readonly knownLoss: number;
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
  /** Carries the genes of a query of human or mouse over to the other, which the model is of. */
  readonly orthologues: boolean;
  /** The kind of the query's gene names; this or one of the next three options turns mapping on. */
  readonly varNamesType: VarNamesType | null;
  readonly species: Species | null;
  /** A table of genes instead of the packaged one; see `preprocess/gene-table.ts`. */
  readonly geneIdTable: FileInput | null;
  /** The var column that holds Ensembl ids. */
  readonly ensemblSourceColumn: string | null;
  /**
   * What becomes of genes of the query that no table has an id for: null and `keep_original` match them by their names, `drop`
   * leaves them out, `error` refuses them.
   */
  readonly unmappedPolicy: UnmappedPolicy | null;
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
export const PREDICT_DEFAULTS: PredictSettings = defaultsOf(PREDICT_OPTIONS);

true satisfies HaveSameKeys<typeof PREDICT_OPTIONS, PredictSettings>;

/**
 * Fills in the defaults and checks every value.
 * @throws USAGE for an unknown option or a value outside its range; it names the most similar valid one.
 */
export function resolvePredictOptions(
  options: PredictOptions,
  model: Pick<Model, "labelHeads" | "oneVsRest">,
): PredictSettings {
  refuseUnknownOptions(PREDICT_OPTIONS, options, "prediction");
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings: PredictSettings = {
    ...checkOptions(PREDICT_OPTIONS, { ...PREDICT_DEFAULTS, ...given }),
    hierarchyRules: options.hierarchyRules ?? null,
    refinementConfig: options.refinementConfig ?? null,
    geneIdTable: options.geneIdTable ?? null,
  };
  checkMatching(given, model);
  checkOpenset(settings, model);
  if (settings.transfer !== null) checkTransferNames(settings.transfer);
  if (settings.probabilities !== null) labelsWanted(settings.probabilities);
  checkLabelNames(model.labelHeads, settings);
  if (settings.refinementConfig !== null) checkRefinementConfig(settings.refinementConfig);
  if (settings.predictionSets !== null && !settings.applyCalibration)
    throw usageError(
      phrase`${option("predictionSets")} needs calibrated probabilities, which ${option("applyCalibration", false)} leaves out`,
      "leave one of the two out",
    );
  if (settings.targetAccuracy !== null && given.confidenceLow !== undefined)
    throw usageError(
      phrase`${option("targetAccuracy")} sets the confidence that ${option("confidenceLow")} is`,
      "leave one of the two out",
    );
  if (settings.targetAccuracy !== null && !settings.applyCalibration)
    throw usageError(
      phrase`${option("targetAccuracy")} needs calibrated probabilities, which ${option("applyCalibration", false)} leaves out`,
      "leave one of the two out",
    );
  if (settings.enforceHierarchy && settings.hierarchyRules === null)
    throw usageError(
      phrase`${option("enforceHierarchy")} is on but there are no ${option("hierarchyRules")}`,
      phrase`give rules, or ${option("hierarchyRules", "derive")} to build them from the reference`,
    );
  return model.oneVsRest ? { ...settings, ...matching(settings, given) } : settings;
}

/** @throws USAGE for options of CellTypist's models with a network, and for a transform that those have not. */
function checkMatching(given: PredictOptions, { oneVsRest }: Pick<Model, "oneVsRest">): void {
  const name = (["matchMode", "pThres"] as const).find((key) => given[key] !== undefined);
  if (!oneVsRest && name !== undefined)
    throw usageError(
      phrase`${option(name)} is for models of CellTypist, in which each label has a probability of its own; those of this model add up to 1`,
      phrase`set ${option("confidenceLow")} for labels that are less sure than that to be Unknown`,
    );
  if (oneVsRest && given.inputTransform === "binary")
    throw usageError(
      phrase`${option("inputTransform", "binary")} is for networks, and the model of CellTypist takes log1p of 10,000 counts per cell`,
      "leave it out",
    );
}

/** Which cells of a model of CellTypist are Unknown, unless the caller says it. */
function matching(
  { matchMode, pThres, unknown, confidenceLow }: PredictSettings,
  given: PredictOptions,
): Pick<PredictSettings, "unknown" | "confidenceLow"> {
  return matchMode === "best_match"
    ? { unknown: unknown ?? "off", confidenceLow }
    : { unknown: unknown ?? "confidence", confidenceLow: given.confidenceLow ?? pThres };
}

/** Every column is named once, and no two would write a column of one name. */
function checkTransferNames(columns: readonly string[]): void {
  const owner = new Map<string, string>([[TRANSFER_DISTANCE.name, "the distance"]]);
  for (const column of columns)
    for (const name of transferNames(column)) {
      const other = owner.get(name);
      if (other !== undefined)
        throw usageError(
          other === shown(column)
            ? phrase`${option("transfer")} names ${shown(column)} twice`
            : phrase`${option("transfer")} names ${shown(column)}, whose result ${shown(name)} is also that of ${other}`,
          other === shown(column) ? "name each column once" : "rename the column in the reference",
        );
      owner.set(name, shown(column));
    }
}

function checkOpenset(settings: PredictSettings, model: Pick<Model, "labelHeads">): void {
  const { opensetMethod, opensetThreshold, opensetLabelColumn } = settings;
  if (opensetMethod === null) {
    if (opensetThreshold !== null)
      throw usageError(
        phrase`${option("opensetThreshold")} is ${shown(opensetThreshold)} but ${option("opensetMethod")} is not set`,
        phrase`choose ${option("opensetMethod")} among ${OPENSET_METHODS.join(", ")}`,
      );
  } else if (opensetThreshold === null)
    throw usageError(
      phrase`${option("opensetMethod", opensetMethod)} needs ${option("opensetThreshold")}, a distance in the KNN space`,
      "choose it from the distances of held-out cells, as fitOpenset (atlasmtl openset) does",
    );
  const columns = model.labelHeads.map((head) => head.column);
  if (opensetLabelColumn !== null) checkChoice("opensetLabelColumn", opensetLabelColumn, columns);
}
