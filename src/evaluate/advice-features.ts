/**
 * The input of the advice, computed from predictions of labelled cells
 * (docs/specification/3-prediction.md#refinement and docs/specification/3-prediction.md#advice).
 * @module
 */
import { type ConfigMap, type ConfigValue, Float, keyed } from "../core/config.ts";
import { enforceHierarchy, type HierarchyRules } from "../predict/hierarchy-rules.ts";
import type { PredictedLabels } from "../predict/types.ts";
import { withUnknown } from "../predict/unknown.ts";
import { HOTSPOT, HOTSPOT_SELECTION, POLICY_FEATURES } from "../schema/scores.ts";
import type { PolicyFeatures } from "./advice.ts";
import { scoreEdge, scoreFullPath } from "./hierarchy-metrics.ts";
import { discoverHotspots, type HotspotOptions, type Hotspots } from "./hotspots.ts";
import { scoreLabels } from "./metrics.ts";

/** True and predicted labels of the same cells, by column. */
export interface LabelledPredictions {
  readonly truth: ReadonlyMap<string, PredictedLabels>;
  readonly predicted: ReadonlyMap<string, PredictedLabels>;
}

/** The edge that the advice is about. */
export interface PolicyEdge {
  readonly parentLevel: string;
  readonly childLevel: string;
  readonly rules: HierarchyRules;
}

/**
 * Features of a model with `nLevels` label columns, and the hotspot parents of the edge. `truth` has the
 * known columns, coarse to fine, including those of the edge.
 * @throws MISMATCH if lengths differ, USAGE for an option out of its range.
 */
export function measurePolicyFeatures(
  { truth, predicted }: LabelledPredictions,
  { parentLevel, childLevel, rules }: PolicyEdge,
  nLevels: number,
  settings: HotspotOptions,
): { readonly features: PolicyFeatures; readonly hotspots: Hotspots } {
  const edge = scoreEdge(
    { truth: truth.get(parentLevel)!, predicted: predicted.get(parentLevel)! },
    { truth: truth.get(childLevel)!, predicted: predicted.get(childLevel)! },
    rules.get(childLevel)?.childToParent ?? new Map(),
  );
  const hotspots = discoverHotspots(edge.perParent, settings);
  const scored = [...truth].map(([column, labels]) => ({ truth: labels, predicted: predicted.get(column)! }));
  const scores = scored.map((level) => scoreLabels(level.truth, level.predicted, null));
  return {
    features: {
      nLevels,
      coarsestMacroF1: scores[0].macroF1,
      finestMacroF1: scores.at(-1)!.macroF1,
      finestBalancedAccuracy: scores.at(-1)!.balancedAccuracy,
      parentCorrectChildWrongRate: edge.parentCorrectChildWrongRate,
      fullPathAccuracy: scoreFullPath(scored).fullPathAccuracy,
      hierarchyGap: inconsistency(parentLevel, childLevel, predicted, rules),
      hotspotConcentration: hotspots.concentration,
    },
    hotspots,
  };
}

/** Share of cells that enforcing the rule would set to Unknown. */
function inconsistency(
  parentLevel: string,
  childLevel: string,
  predicted: ReadonlyMap<string, PredictedLabels>,
  rules: HierarchyRules,
): number {
  const columns = [parentLevel, childLevel].map((column) => {
    const labels = predicted.get(column)!;
    const isUnknown = new Uint8Array(labels.codes.length);
    return { column, final: withUnknown(labels, isUnknown), isUnknown };
  });
  return enforceHierarchy(columns, rules).get(childLevel) ?? 0;
}

/** How hotspot parents were selected, with its keys on disk. */
export function selectionConfig(
  settings: HotspotOptions,
  { chosen, concentration }: Hotspots,
  isGiven: boolean,
): ConfigMap {
  return keyed(HOTSPOT_SELECTION, {
    mode: isGiven ? "given" : settings.selection,
    topk: settings.topK,
    targetContribution: new Float(settings.targetContribution),
    minCells: settings.minCells,
    maxParents: settings.maxParents,
    concentration: new Float(concentration),
    hotspots: chosen.map((spot) =>
      keyed(HOTSPOT, {
        parent: spot.parent,
        nCells: spot.nCells,
        parentCorrectChildWrongRate: new Float(spot.parentCorrectChildWrongRate),
        score: new Float(spot.score),
        contribution: new Float(spot.contribution),
      }),
    ),
  });
}

/** Features with their keys on disk. */
export function featuresConfig(features: PolicyFeatures): ConfigMap {
  return keyed(POLICY_FEATURES, {
    nLevels: features.nLevels,
    coarsestMacroF1: floatOrNull(features.coarsestMacroF1),
    finestMacroF1: floatOrNull(features.finestMacroF1),
    finestBalancedAccuracy: floatOrNull(features.finestBalancedAccuracy),
    parentCorrectChildWrongRate: floatOrNull(features.parentCorrectChildWrongRate),
    fullPathAccuracy: floatOrNull(features.fullPathAccuracy),
    hierarchyGap: floatOrNull(features.hierarchyGap),
    hotspotConcentration: floatOrNull(features.hotspotConcentration),
  });
}

/** A score on disk; null if it was not measured. */
export const floatOrNull = (value: number | null): ConfigValue =>
  value === null || Number.isNaN(value) ? null : new Float(value);
