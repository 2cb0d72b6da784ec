/** The scores of an earlier run that a policy uses (docs/specification/5-benchmark.md#policies). @module */
import { sha256 } from "../core/checksums.ts";
import { type ConfigMap, type ConfigValue, Float } from "../core/config.ts";
import { parseJsonObject } from "../core/json.ts";
import { MAX_JSON_BYTES } from "../core/limits.ts";
import { joinPath } from "../core/paths.ts";
import { readInput } from "../core/read-input.ts";
import { AtlasmtlError, locate } from "../errors.ts";
import type { PolicyFeatures } from "../evaluate/advice.ts";
import { DEFAULT_HOTSPOT_OPTIONS, discoverHotspots } from "../evaluate/hotspots.ts";
import { BENCHMARK_METRICS, METHOD_ENTRY } from "../schema/benchmark.ts";
import { EDGE_SCORES, LABEL_SCORES, PATH_SCORES } from "../schema/scores.ts";

/** The scores of the `atlasmtl` method in an earlier run. */
export interface SourceRun {
  readonly path: string;
  /** SHA-256 of its `metrics.json`. */
  readonly sha256: string;
  readonly features: PolicyFeatures;
}

/** The file of scores in the folder of a run. */
export const sourceRunFile = (folder: string): string => joinPath(folder, "metrics.json");

/**
 * Reads the scores of `atlasmtl` on the query of the run in `folder`.
 * @throws NOT_FOUND without the file; BAD_FORMAT for one that is no `metrics.json` of a benchmark; MISMATCH for a
 * run without `atlasmtl` or of other label columns.
 */
export async function readSourceRun(folder: string, columns: readonly string[]): Promise<SourceRun> {
  const path = sourceRunFile(folder);
  const { bytes } = await readInput(path, MAX_JSON_BYTES);
  try {
    return { path, sha256: sha256([bytes]), features: featuresIn(parseJsonObject(bytes), columns) };
  } catch (error) {
    throw locate(error, path);
  }
}

function featuresIn(metrics: ConfigMap, columns: readonly string[]): PolicyFeatures {
  const results = metrics.get(BENCHMARK_METRICS.results);
  const ours = Array.isArray(results)
    ? (results as readonly ConfigValue[])
        .map(asMap)
        .find((entry) => entry.get(METHOD_ENTRY.method) === "atlasmtl")
    : undefined;
  if (ours === undefined)
    throw new AtlasmtlError("MISMATCH", "the run has no results of atlasmtl", {
      hint: "name the folder of a benchmark that ran atlasmtl",
    });
  const scores = asMap(ours.get(METHOD_ENTRY.metrics));
  if (scores.size !== columns.length || columns.some((column) => !scores.has(column)))
    throw new AtlasmtlError(
      "MISMATCH",
      `the run has the label columns ${[...scores.keys()].join(", ")}, the manifest ${columns.join(", ")}`,
      { hint: "name a run of the same label columns" },
    );
  const [coarsest, finest, parent] = [columns[0], columns.at(-1)!, columns.at(-2)!];
  const hierarchy = asMap(ours.get(METHOD_ENTRY.hierarchyMetrics));
  const edge = asMap(asMap(hierarchy.get(PATH_SCORES.edges)).get(`${parent}->${finest}`));
  const perParent = [...asMap(edge.get(EDGE_SCORES.perParent))].map(([name, rates]) => ({
    parent: name,
    nCells: number(asMap(rates), EDGE_SCORES.nCells),
    parentCorrectChildWrongRate: number(asMap(rates), EDGE_SCORES.parentCorrectChildWrongRate),
  }));
  return {
    nLevels: columns.length,
    coarsestMacroF1: number(asMap(scores.get(coarsest)), LABEL_SCORES.macroF1),
    finestMacroF1: number(asMap(scores.get(finest)), LABEL_SCORES.macroF1),
    finestBalancedAccuracy: number(asMap(scores.get(finest)), LABEL_SCORES.balancedAccuracy),
    parentCorrectChildWrongRate: number(edge, EDGE_SCORES.parentCorrectChildWrongRate),
    fullPathAccuracy: number(hierarchy, PATH_SCORES.fullPathAccuracy),
    hierarchyGap: null,
    hotspotConcentration: discoverHotspots(perParent, DEFAULT_HOTSPOT_OPTIONS).concentration,
  };
}

const asMap = (value: ConfigValue | undefined): ConfigMap => (value instanceof Map ? value : new Map());

function number(scores: ConfigMap, key: string): number {
  const value = scores.get(key);
  if (typeof value === "number") return value;
  if (value instanceof Float) return value.value;
  throw new AtlasmtlError("BAD_FORMAT", `the run has no ${key}`, {
    hint: "name the folder of a finished benchmark",
  });
}
