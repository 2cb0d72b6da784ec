/**
 * Options of child correction, and their application to the given labels
 * (docs/specification/2-training.md#child-correction).
 * @module
 */

import { type ConfigMap, keyed } from "../core/config.ts";
import { didYouMean } from "../core/nearest.ts";
import { checkEntries, checkOptions, usageError } from "../core/option-checks.ts";
import { storedOptions } from "../core/option-config.ts";
import { shown } from "../core/shown.ts";
import { AtlasmtlError, option, phrase } from "../errors.ts";
import { childFeatureCount } from "../kernels/reference/child-features.ts";
import type { ChildModule, ChildTrainingOptions, Linear } from "../kernels/types.ts";
import { defaultsOf, type HaveSameKeys } from "../schema/option.ts";
import { CHILD_CORRECTION } from "../schema/training.ts";
import {
  type CHILD_CORRECTION_MODES,
  CHILD_OPTIONS,
  type ChildFeatureMode,
} from "../schema/training-options.ts";
import type { ChildCorrection, LabelHead, Warning } from "./types.ts";

/** Options of child correction; `undefined` and `null` mean not given. */
export interface ChildCorrectionOptions {
  /** The label column of the parents … */
  readonly parentLevel: string;
  /** … and the next one, of their children. */
  readonly targetLevel: string;
  /** Parents whose children are hard to tell apart; each gets a module. */
  readonly hotspotParents: readonly string[];
  /** `joint` trains the network as well, `frozen_base` the modules only. */
  readonly mode?: (typeof CHILD_CORRECTION_MODES)[number] | null | undefined;
  /** Factor on the network's learning rate when `joint`. */
  readonly baseLrScale?: number | null | undefined;
  readonly lossWeight?: number | null | undefined;
  readonly hiddenDim?: number | null | undefined;
  readonly residualScale?: number | null | undefined;
  readonly featureMode?: ChildFeatureMode | null | undefined;
  readonly rankLossWeight?: number | null | undefined;
  readonly rankMargin?: number | null | undefined;
}

/** The options with every default filled in. */
export type ResolvedChildOptions = {
  readonly [K in keyof ChildCorrectionOptions]-?: NonNullable<ChildCorrectionOptions[K]>;
};

export const DEFAULT_CHILD_OPTIONS: Omit<
  ResolvedChildOptions,
  "parentLevel" | "targetLevel" | "hotspotParents"
> = defaultsOf(CHILD_OPTIONS);

true satisfies HaveSameKeys<typeof CHILD_OPTIONS, ChildCorrectionOptions>;

const NAMES: readonly string[] = Object.keys(CHILD_OPTIONS);

const inside = (name: string): string => `childCorrection.${name}`;

/** @throws USAGE for an unknown name, a value out of its range, or levels that are not adjacent label columns. */
export function resolveChildOptions(value: unknown, labelColumns: readonly string[]): ResolvedChildOptions {
  const given = new Map(checkEntries("childCorrection", value));
  for (const name of given.keys())
    if (!NAMES.includes(name))
      throw usageError(
        phrase`${option("childCorrection")} has no option ${shown(name)}${didYouMean(name, NAMES)}`,
      );
  const asked = {
    ...DEFAULT_CHILD_OPTIONS,
    ...Object.fromEntries([...given].filter(([, item]) => item !== undefined && item !== null)),
  };
  const values = checkOptions(CHILD_OPTIONS, asked, "childCorrection");
  requireAdjacent(values.parentLevel, values.targetLevel, labelColumns);
  if (values.hotspotParents.length === 0)
    throw usageError(phrase`${option(inside("hotspotParents"))} is empty, expected at least one parent`);
  return { ...values, hotspotParents: [...new Set(values.hotspotParents)] };
}

function requireAdjacent(parent: string, target: string, columns: readonly string[]): void {
  for (const level of [parent, target])
    if (!columns.includes(level))
      throw usageError(
        phrase`${option("childCorrection")} names the level ${shown(level)}, expected one of the label columns ${columns.join(", ")}${didYouMean(level, columns)}`,
      );
  if (columns.indexOf(target) === columns.indexOf(parent) + 1) return;
  throw usageError(
    phrase`${option("childCorrection")} goes from ${shown(parent)} to ${shown(target)}, expected two label columns next to each other, the parent first`,
    `name two neighbours among ${columns.join(", ")}`,
  );
}

/** Child correction for the given labels, before its modules have weights. */
export interface ChildPlan {
  readonly options: ResolvedChildOptions;
  readonly parentHead: number;
  readonly childHead: number;
  readonly parents: readonly {
    readonly index: number;
    readonly children: readonly number[];
    readonly nFeatures: number;
  }[];
  /** As `model.pth` stores it. */
  readonly config: ConfigMap;
  readonly warnings: readonly Warning[];
}

/**
 * Finds the observed children of each hotspot parent.
 * @throws BAD_DATA for a parent that does not occur or has no child with a label.
 */
export function planChildCorrection(
  options: ResolvedChildOptions,
  labels: readonly (LabelHead & { readonly codes: Int32Array })[],
  latentSize: number,
): ChildPlan {
  const parentHead = labels.findIndex(({ column }) => column === options.parentLevel);
  const childHead = parentHead + 1;
  const [parents, children] = [labels[parentHead], labels[childHead]];
  const where = `obs › ${options.parentLevel}`;
  const warnings: Warning[] = [];
  const chosen = options.hotspotParents.map((name) => {
    const index = parents.classes.indexOf(name);
    if (index < 0)
      throw new AtlasmtlError(
        "BAD_DATA",
        `the hotspot parent "${name}" is no class of "${options.parentLevel}"${didYouMean(name, parents.classes)}`,
        { where, hint: `choose among ${parents.classes.slice(0, 10).join(", ")}` },
      );
    const seen = new Set<number>();
    parents.codes.forEach((code, row) => {
      if (code === index && children.codes[row] >= 0) seen.add(children.codes[row]);
    });
    if (seen.size === 0)
      throw new AtlasmtlError(
        "BAD_DATA",
        `no cell of the hotspot parent "${name}" has a label in "${options.targetLevel}"`,
        { where, hint: phrase`leave it out of ${option(inside("hotspotParents"))}` },
      );
    if (seen.size === 1)
      warnings.push({
        message: `the hotspot parent "${name}" has one child only: there is nothing to correct`,
        where,
      });
    const own = [...seen].sort((a, b) => a - b);
    return { name, index, children: own };
  });
  chosen.sort((a, b) => a.index - b.index);
  const nParents = parents.classes.length;
  return {
    options,
    parentHead,
    childHead,
    parents: chosen.map(({ index, children: own }) => ({
      index,
      children: own,
      nFeatures: childFeatureCount(options.featureMode, latentSize, nParents, own.length),
    })),
    config: storedConfig(options, parentHead, childHead, chosen, children.classes),
    warnings,
  };
}

function storedConfig(
  options: ResolvedChildOptions,
  parentHead: number,
  childHead: number,
  chosen: readonly { readonly name: string; readonly index: number; readonly children: readonly number[] }[],
  childNames: readonly string[],
): ConfigMap {
  return keyed(CHILD_CORRECTION, {
    enabled: true,
    ...storedOptions(CHILD_OPTIONS, options),
    parentHeadIndex: parentHead,
    childHeadIndex: childHead,
    hotspotParents: chosen.map(({ name }) => name),
    hotspotParentIndices: chosen.map(({ index }) => index),
    hotspotChildIndices: new Map(chosen.map(({ index, children }) => [String(index), children])),
    legalChildNames: new Map(chosen.map(({ name, children }) => [name, children.map((c) => childNames[c])])),
  });
}

/** The initial weights of the modules: `make` returns a hidden layer, and the output layer starts at zero. */
export function startingModules(
  plan: ChildPlan,
  make: (name: string, sizes: readonly [nIn: number, nOut: number]) => Linear,
): readonly ChildModule[] {
  const { hiddenDim } = plan.options;
  return plan.parents.map(({ index, children, nFeatures }) => ({
    parentIndex: index,
    childIndices: children,
    hidden: make(`child_correction_modules.${index}.0`, [nFeatures, hiddenDim]),
    output: {
      nIn: hiddenDim,
      nOut: children.length,
      weight: new Float32Array(children.length * hiddenDim),
      bias: new Float32Array(children.length),
    },
  }));
}

/** Input of the engine. */
export function childTraining(plan: ChildPlan, modules: readonly ChildModule[]): ChildTrainingOptions {
  const { parentHead, childHead, options } = plan;
  const { featureMode, residualScale, lossWeight, rankLossWeight, rankMargin } = options;
  const baseLrScale = options.mode === "joint" ? options.baseLrScale : null;
  return {
    ...{ parentHead, childHead, featureMode, residualScale, modules },
    ...{ lossWeight, rankLossWeight, rankMargin, baseLrScale },
  };
}

/** Content of the model. */
export function trainedCorrection(plan: ChildPlan, modules: readonly ChildModule[]): ChildCorrection {
  const { parentHead, childHead, config, options } = plan;
  const { residualScale, featureMode } = options;
  return { parentHead, childHead, residualScale, featureMode, modules, config };
}
