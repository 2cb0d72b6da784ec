/** Resolves the options of training: defaults, preset, explicit options, and all checks. @module */

import { didYouMean } from "../core/nearest.ts";
import {
  checkChoice,
  checkEntries,
  checkOption,
  checkOptions,
  refuseUnknownOptions,
  usageError,
} from "../core/option-checks.ts";
import { shown } from "../core/shown.ts";
import { notice, option, phrase } from "../errors.ts";
import { LATENT_INTERNAL, MAP_HEAD } from "../schema/bundle.ts";
import { DEEPEST_COLUMNS, LABEL_COLUMN_ENTRIES, nameOf } from "../schema/columns.ts";
import {
  CALIBRATION_METHODS,
  CLASS_WEIGHTING_MODES,
  PRESETS,
  TRAIN_OPTIONS,
} from "../schema/training-options.ts";
import { resolveChildOptions } from "./child-options.ts";
import type { ResolvedClassBalance } from "./class-balance.ts";
import { ensembleSizeOf, normalizationOf } from "./normalization.ts";
import { DEFAULT_TRAIN_OPTIONS, type ResolvedTrainOptions, type TrainOptions } from "./options.ts";
import type { Model, Warning } from "./types.ts";

/**
 * Fills in defaults and preset, an explicit option winning over both, and checks everything that can be
 * checked without data. Warnings name options that have no effect.
 * @throws USAGE naming the option.
 */
export function resolveTrainOptions(options: TrainOptions): {
  readonly options: ResolvedTrainOptions;
  readonly warnings: readonly Warning[];
} {
  refuseUnknownOptions(TRAIN_OPTIONS, options, "training");
  const given: { [name: string]: unknown } = {};
  for (const [name, value] of Object.entries(options))
    if (value !== undefined && value !== null) given[name] = value;

  const preset = checkOption("preset", TRAIN_OPTIONS.preset, given.preset ?? null);
  const preferred = {
    ...DEFAULT_TRAIN_OPTIONS,
    ...settingsOf(options.initModel ?? null),
    ...(preset === null ? {} : PRESETS[preset]),
  };
  const normalize = checkOption("normalize", TRAIN_OPTIONS.normalize, given.normalize ?? preferred.normalize);
  const labelColumns = checkLabelColumns(given.labelColumns);
  // A preset that normalises counts takes values that are not normalised as they are, never as zeros and ones.
  const takesValues = preferred.normalize !== "none" || normalize !== "none";
  const ofCounts = {
    ...(normalize === "none" ? { countThinning: null } : {}),
    ...(takesValues ? { inputTransform: "float" } : {}),
  };
  const asked = {
    taskWeights: labelColumns.map(() => 1),
    ...preferred,
    ...ofCounts,
    ...(Array.isArray(given.missingValues) && given.missingValues.length > 0
      ? { missingLabels: "ignore" }
      : {}),
    ...given,
    ...heldOutOptions(given, preferred),
  };
  const values = checkOptions(TRAIN_OPTIONS, {
    ...asked,
    calibrationMethod: asked.calibrationMethod ?? DEFAULT_TRAIN_OPTIONS.calibrationMethod,
  });
  const orNull = <T>(value: unknown, check: (value: unknown) => T): T | null =>
    value === null ? null : check(value);
  const balance = (name: "classWeighting" | "classBalancedSampling") =>
    orNull(asked[name], (value) => checkClassBalance(name, value, labelColumns));
  const resolved: ResolvedTrainOptions = {
    ...values,
    labelColumns,
    calibrationMethod: asked.calibrationMethod === null ? null : values.calibrationMethod,
    coordTargets: checkCoordTargets(values.coordTargets),
    genes: checkGenes(values.genes),
    hiddenSizes: checkHiddenSizes(values.hiddenSizes),
    // A share of 1 is no thinning, even if a preset says otherwise.
    countThinning: values.countThinning === 1 ? null : values.countThinning,
    taskWeights: checkTaskWeights(values.taskWeights, labelColumns),
    classWeighting: balance("classWeighting"),
    classBalancedSampling: balance("classBalancedSampling"),
    childCorrection: orNull(asked.childCorrection, (value) => resolveChildOptions(value, labelColumns)),
    initModel: options.initModel ?? null,
    preprocess: options.preprocess ?? null,
  };
  requireTogether(resolved);
  return { options: resolved, warnings: findIdleOptions(resolved, given) };
}

/** What a network that starts from `model` needs to have in common with it. */
function settingsOf(
  model: Model | null,
): Partial<Pick<ResolvedTrainOptions, "hiddenSizes" | "inputTransform" | "normalize">> {
  if (model === null) return {};
  const { shape, inputTransform } = model;
  const size = ensembleSizeOf(model);
  return {
    hiddenSizes: shape.hiddenSizes.map((width) => width / size),
    inputTransform,
    normalize: normalizationOf(model),
  };
}

/**
 * What the held-out cells are for. Without any there are no views and no calibration, unless they are asked for; the views
 * always hold some out and are always calibrated.
 */
function heldOutOptions(
  given: { readonly [name: string]: unknown },
  preferred: Pick<ResolvedTrainOptions, "valFraction" | "linearViews" | "calibrationMethod">,
): { readonly valFraction: unknown; readonly linearViews: unknown; readonly calibrationMethod: unknown } {
  const usual = preferred.valFraction === 0 && given.linearViews === true ? DEFAULT_TRAIN_OPTIONS : preferred;
  const valFraction = given.valFraction ?? usual.valFraction;
  const linearViews = given.linearViews ?? (preferred.linearViews && valFraction !== 0);
  const calibrationMethod =
    given.calibrationMethod ??
    (valFraction === 0 ? null : linearViews ? CALIBRATION_METHODS[0] : preferred.calibrationMethod);
  return { valFraction, linearViews, calibrationMethod };
}

/**
 * The name of the stored KNN space: `knn_space`, or derived from the obsm key
 * (docs/specification/2-training.md#inputs).
 */
export function knnSpaceName(obsmKey: string, knnSpace: string | null): string {
  return knnSpace ?? obsmKey.replace(/^X_/, "").toLowerCase().replace(/[-\s]/g, "_");
}

function checkLabelColumns(value: unknown): readonly string[] {
  const columns = checkOption("labelColumns", TRAIN_OPTIONS.labelColumns, value);
  if (columns.length === 0)
    throw usageError(phrase`${option("labelColumns")} is empty, expected at least one obs column`);
  const twice = columns.find((column, i) => columns.indexOf(column) < i);
  if (twice !== undefined)
    throw usageError(phrase`${option("labelColumns")} names ${shown(twice)} twice`, "name each column once");
  for (const column of columns)
    if (UNWRITABLE.test(column))
      throw usageError(
        phrase`${option("labelColumns")} names ${shown(column)}, which cannot be part of a name in an .h5ad file`,
        `rename the column, such as to ${shown(column.replace(UNWRITABLE_ALL, "_"))}`,
      );
  requireDistinctResults(columns);
  return columns;
}

function checkGenes(genes: readonly string[] | null): readonly string[] | null {
  if (genes?.length !== 0) return genes;
  throw usageError(phrase`${option("genes")} is empty, expected names of genes`);
}

/** In HDF5 a slash separates groups, and NUL ends a name. */
const UNWRITABLE = /[/\0]/;
const UNWRITABLE_ALL = /[/\0]/g;

/** @throws USAGE if the predictions of two label columns would have one name. */
function requireDistinctResults(columns: readonly string[]): void {
  const owners = new Map<string, string>(Object.values(DEEPEST_COLUMNS).map((name) => [name, ""]));
  for (const column of columns)
    for (const [, entry] of LABEL_COLUMN_ENTRIES) {
      const name = nameOf(entry, column);
      const owner = owners.get(name);
      if (owner !== undefined)
        throw usageError(
          phrase`${option("labelColumns")} names ${shown(column)}, whose predictions would be written as ${shown(name)}, as ${
            owner === "" ? "the deepest label is" : `those of ${shown(owner)}`
          }`,
          "rename one of the columns",
        );
      owners.set(name, column);
    }
}

function checkHiddenSizes(sizes: readonly number[]): readonly number[] {
  if (sizes.length > 0) return sizes;
  throw usageError(phrase`${option("hiddenSizes")} is empty, expected at least one width`);
}

function checkCoordTargets(targets: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  // The name of a head is part of a tensor's name, and `X_ref_latent_internal` is reserved for the encoder.
  for (const name of targets.keys())
    if (name === "" || UNWRITABLE.test(name) || name.includes(".") || name === LATENT_INTERNAL)
      throw usageError(
        phrase`${option("coordTargets")} has a head named ${shown(name)}, expected a name without a dot or a slash, other than "latent_internal"`,
      );
  return targets;
}

function checkTaskWeights(weights: readonly number[], labelColumns: readonly string[]): readonly number[] {
  if (weights.length !== labelColumns.length)
    throw usageError(
      phrase`${option("taskWeights")} has ${weights.length} values for ${labelColumns.length} label columns (${labelColumns.join(", ")})`,
      "give one weight per label column, in the same order",
    );
  return weights;
}

function checkClassBalance(
  name: string,
  value: unknown,
  labelColumns: readonly string[],
): ResolvedClassBalance | null {
  const given = new Map(checkEntries(name, value));
  for (const key of given.keys())
    if (key !== "labelColumn" && key !== "mode")
      throw usageError(
        phrase`${option(name)} has no setting ${shown(key)}${didYouMean(key, ["labelColumn", "mode"])}`,
      );
  const labelColumn = checkChoice(
    `${name}.labelColumn`,
    given.get("labelColumn") ?? labelColumns.at(-1),
    labelColumns,
  );
  const mode = checkChoice(
    `${name}.mode`,
    given.get("mode") ?? CLASS_WEIGHTING_MODES[0],
    CLASS_WEIGHTING_MODES,
  );
  return mode === "none" ? null : { labelColumn, mode };
}

function requireTogether(options: ResolvedTrainOptions): void {
  if (options.normalize !== "none" && options.inputTransform === "binary")
    throw usageError(
      phrase`${option("inputTransform", "binary")} leaves nothing of what ${option("normalize", options.normalize)} does`,
      phrase`leave one of the two out, or set ${option("normalize", "none")}`,
    );
  if (options.normalize === "none" && options.countThinning !== null)
    throw usageError(
      phrase`${option("countThinning")} is ${options.countThinning}, and needs ${option("normalize", "log1p_cp10k")}`,
      phrase`give counts and have them normalised, or leave ${option("countThinning")} out`,
    );
  const { schedulerName, calibrationMethod, valFraction, coordTargets } = options;
  const needsValidation = (name: string, value: string | boolean) =>
    usageError(
      phrase`${option(name, value)} needs validation cells, and ${option("valFraction")} is 0`,
      phrase`hold some out, such as by ${option("valFraction", 0.1)}`,
    );
  if (valFraction === 0 && options.linearViews) throw needsValidation("linearViews", true);
  if (valFraction === 0 && schedulerName !== null) throw needsValidation("schedulerName", schedulerName);
  if (valFraction === 0 && calibrationMethod !== null)
    throw needsValidation("calibrationMethod", calibrationMethod);
  if (options.ensembleSize > 1)
    for (const [name, value] of [
      ["childCorrection", options.childCorrection],
      ["initModel", options.initModel],
    ] as const)
      if (value !== null)
        throw usageError(
          phrase`${option("ensembleSize")} is ${options.ensembleSize}, and ${option(name)} works on a single network`,
          phrase`set ${option("ensembleSize", 1)}, or leave ${option(name)} out`,
        );
  if (options.domainLossWeight > 0 && options.domainKey === null)
    throw usageError(
      phrase`${option("domainLossWeight")} is ${options.domainLossWeight}, but ${option("domainKey")} is not given`,
      phrase`name the obs column of the batches or donors by ${option("domainKey")}`,
    );
  const heads = headsOf(options);
  if (options.embed === "new_umap" && coordTargets.has(MAP_HEAD))
    throw usageError(
      phrase`${option("embed", options.embed)} lays out the coordinates "umap", which ${option("coordTargets")} takes from ${shown(coordTargets.get(MAP_HEAD))}`,
      "leave one of the two out",
    );
  if (options.topologyLossWeight > 0 && !heads.includes(options.topologyCoord))
    throw usageError(
      phrase`${option("topologyCoord")} is "${options.topologyCoord}", which is no coordinate head; there ${
        heads.length === 0 ? "are none" : `are ${heads.join(", ")}`
      }${didYouMean(options.topologyCoord, heads)}`,
      phrase`add the head by ${option("coordTargets")}, or set ${option("topologyLossWeight", 0)}`,
    );
  requireKnnSpace(options);
  if (options.initModelPath !== null && options.initModel === null)
    throw usageError(
      phrase`${option("initModelPath")} is "${options.initModelPath}", but ${option("initModel")} is not given`,
      phrase`load the bundle and pass the model as ${option("initModel")}`,
    );
}

/** Names of the coordinate heads, that of the map among them. */
function headsOf({ coordTargets, embed }: ResolvedTrainOptions): string[] {
  return [...new Set([...coordTargets.keys(), ...(embed === null ? [] : [MAP_HEAD])])];
}

function requireKnnSpace({ knnReferenceObsmKey, knnSpace, coordTargets }: ResolvedTrainOptions): void {
  if (knnReferenceObsmKey === null) {
    if (knnSpace !== null)
      throw usageError(
        phrase`${option("knnSpace")} is "${knnSpace}", but ${option("knnReferenceObsmKey")} is not given`,
        phrase`name the obsm array of that space by ${option("knnReferenceObsmKey")}, or leave ${option("knnSpace")} out`,
      );
    return;
  }
  const space = knnSpaceName(knnReferenceObsmKey, knnSpace);
  const target = coordTargets.get(space);
  if (space === LATENT_INTERNAL || (target !== undefined && target !== knnReferenceObsmKey))
    throw usageError(
      phrase`the KNN space "${space}" of ${option("knnReferenceObsmKey", knnReferenceObsmKey)} has the name of ${
        target === undefined ? "the encoder's own latent" : `the coordinate head of "${target}"`
      }`,
      phrase`choose another name with ${option("knnSpace")}`,
    );
}

function findIdleOptions(
  options: ResolvedTrainOptions,
  given: { readonly [name: string]: unknown },
): Warning[] {
  const warnings: Warning[] = [];
  const { coordTargets, coordLossWeights } = options;
  if (options.valFraction === 0 && options.earlyStoppingPatience !== null)
    warnings.push(
      notice(phrase`${option("earlyStoppingPatience")} has no effect without validation cells`, {
        hint: phrase`hold some out, such as by ${option("valFraction", 0.1)}`,
      }),
    );
  if (options.classWeighting !== null && options.classBalancedSampling !== null)
    warnings.push(
      notice(
        phrase`${option("classWeighting")} and ${option("classBalancedSampling")} both favour small classes; together they do so twice`,
      ),
    );
  if (options.initModel !== null) {
    const { inputTransform } = options.initModel;
    const values = (normalize: string, transform: string) => (normalize === "none" ? transform : normalize);
    const [old, own] = [
      values(normalizationOf(options.initModel), inputTransform),
      values(options.normalize, options.inputTransform),
    ];
    if (old !== own)
      warnings.push(
        notice(`the initial model learnt from ${old} values, and the new one sees ${own} values`, {
          hint: phrase`leave out ${option("normalize")} and ${option("inputTransform")}: they are then those of the initial model`,
        }),
      );
  }
  if (options.childCorrection?.mode === "frozen_base" && options.initModel === null)
    warnings.push(
      notice("child correction with a frozen base trains its modules on a network that has learnt nothing", {
        hint: phrase`start from a trained bundle with ${option("initModel")}`,
      }),
    );
  // With the default of 0.1 that costs up to 16 points of accuracy on small references, see docs/accuracy.md.
  if (
    options.childCorrection?.mode === "joint" &&
    options.childCorrection.baseLrScale < 1 &&
    options.initModel === null
  )
    warnings.push(
      notice(
        `the network itself learns at ${options.childCorrection.baseLrScale} of the learning rate, as a trained one should; this one starts untrained and will learn too little`,
        {
          hint: phrase`start from a trained bundle with ${option("initModel")}, or set ${option("childCorrection.baseLrScale", 1)}`,
        },
      ),
    );
  if (options.domainKey !== null && options.domainLossWeight === 0)
    warnings.push(
      notice(phrase`${option("domainKey")} has no effect while ${option("domainLossWeight")} is 0`),
    );
  if (options.embed !== null && coordTargets.has(MAP_HEAD))
    warnings.push(
      notice(
        phrase`${option("embed", options.embed)} has no effect beside the "umap" of ${option("coordTargets")}`,
      ),
    );
  for (const name of ["embedNeighbors", "embedMinDist"] as const)
    if (options.embed === null && given[name] !== undefined)
      warnings.push(notice(phrase`${option(name)} has no effect without ${option("embed")}`));
  if (options.stream === false && options.streamBuffer !== null)
    warnings.push(notice(phrase`${option("streamBuffer")} has no effect beside ${option("stream", false)}`));
  const heads = headsOf(options);
  for (const name of heads)
    if ((coordLossWeights.get(name) ?? 0) === 0)
      warnings.push(
        notice(`coordinate head "${name}" has no weight, so it does not learn`, {
          hint: phrase`give it one in ${option("coordLossWeights")}`,
        }),
      );
  if (given.coordLossWeights !== undefined && heads.length > 0)
    for (const name of coordLossWeights.keys())
      if (!heads.includes(name))
        warnings.push(
          notice(
            phrase`${option("coordLossWeights")} names "${name}", which is no coordinate head${didYouMean(name, heads)}`,
          ),
        );
  return warnings;
}
