/**
 * The scores of one method as `metrics.json` holds them (docs/specification/5-benchmark.md#metrics and
 * docs/specification/5-benchmark.md#runner).
 * @module
 */
import { type ConfigMap, type ConfigValue, Float } from "../core/config.ts";
import { scoreBehaviour } from "../evaluate/behaviour.ts";
import type { CoordinateMetrics } from "../evaluate/coordinates.ts";
import { pathConsistencyRate, scoreEdge, scoreFullPath } from "../evaluate/hierarchy-metrics.ts";
import { scoreLabels } from "../evaluate/metrics.ts";
import { scoreSets } from "../evaluate/set-metrics.ts";
import { scoreSeen } from "../evaluate/vocabulary.ts";
import type { HierarchyRules } from "../predict/hierarchy-rules.ts";
import type { FieldOf, LabelPrediction, PredictedLabels } from "../predict/types.ts";
import { type ColumnKind, LABEL_COLUMN_ENTRIES } from "../schema/columns.ts";
import { snakeName } from "../schema/keys.ts";
import { EDGE_SCORES, PATH_SCORES } from "../schema/scores.ts";

/** The truth that a prediction is compared with. */
export interface Truth {
  /** True labels by column. */
  readonly labels: ReadonlyMap<string, PredictedLabels>;
  /** Which child belongs to which parent. */
  readonly rules: HierarchyRules;
  /** Groups of cells for which all scores are repeated; null for none. */
  readonly domains: PredictedLabels | null;
  /** By column the labels that a prediction can give; without them cells of unseen types are not kept apart. */
  readonly vocabularies?: ReadonlyMap<string, Iterable<string>>;
}

/** All scores of one method. */
export interface Scores {
  readonly metrics: ConfigMap;
  readonly metricsByDomain: ConfigMap;
  readonly behaviour: ConfigMap;
  readonly behaviourByDomain: ConfigMap;
  readonly hierarchy: ConfigMap;
}

/** Scores all columns, over all cells and in each domain. @throws MISMATCH when lengths differ. */
export function scoreMethod(labels: readonly LabelPrediction[], truth: Truth): Scores {
  const known = labels.filter(({ column }) => truth.labels.has(column));
  const pairs = known.map((label) => ({ label, truth: truth.labels.get(label.column)! }));
  const byDomain = (score: (rows: Uint32Array) => ConfigValue): ConfigMap => {
    if (truth.domains === null) return new Map();
    const { codes, categories } = truth.domains;
    const rowsOf = rowsByCode(codes, categories.length);
    return new Map(
      categories
        .map((name, code): [string, Uint32Array] => [name, rowsOf[code]])
        .filter(([, rows]) => rows.length > 0)
        .map(([name, rows]) => [name, score(rows)]),
    );
  };
  const metrics = (rows: Uint32Array | null): ConfigMap =>
    new Map(
      pairs.map((pair) => {
        const { label, truth: labels } = take(pair, rows);
        const hasConfidence = label.conf.some((value) => !Number.isNaN(value));
        const scores = snake(scoreLabels(labels, label.final, hasConfidence ? label.conf : null));
        const known = truth.vocabularies?.get(label.column);
        const ofSeen = known === undefined ? [] : snake(scoreSeen(labels, label.final, new Set(known)));
        const ofSets = label.sets === undefined ? [] : snake(scoreSets(labels, label.sets));
        return [label.column, new Map([...scores, ...ofSeen, ...ofSets])];
      }),
    );
  const behaviour = (rows: Uint32Array | null): ConfigMap =>
    new Map(
      pairs.map((pair) => {
        const { label, truth: labels } = take(pair, rows);
        return [label.column, snake(scoreBehaviour(labels, label))];
      }),
    );
  return {
    metrics: metrics(null),
    metricsByDomain: byDomain(metrics),
    behaviour: behaviour(null),
    behaviourByDomain: byDomain(behaviour),
    hierarchy: scoreHierarchy(pairs, truth.rules),
  };
}

/** For each of `nCodes` the rows that have it, in rising order. */
function rowsByCode(codes: Int32Array, nCodes: number): readonly Uint32Array[] {
  const counts = new Uint32Array(nCodes);
  for (const code of codes) if (code >= 0) counts[code]++;
  const rows = Array.from(counts, (count) => new Uint32Array(count));
  counts.fill(0);
  codes.forEach((code, row) => {
    if (code >= 0) rows[code][counts[code]++] = row;
  });
  return rows;
}

interface Pair {
  readonly label: LabelPrediction;
  readonly truth: PredictedLabels;
}

function scoreHierarchy(pairs: readonly Pair[], rules: HierarchyRules): ConfigMap {
  if (pairs.length < 2) return new Map();
  const path = scoreFullPath(pairs.map(({ label, truth }) => ({ truth, predicted: label.final })));
  const edges = new Map<string, ConfigValue>();
  for (const child of pairs) {
    const rule = rules.get(child.label.column);
    const parent = pairs.find(({ label }) => label.column === rule?.parentColumn);
    if (rule === undefined || parent === undefined) continue;
    const level = ({ label, truth }: Pair) => ({ truth, predicted: label.final });
    const { perParent, ...rates } = scoreEdge(level(parent), level(child), rule.childToParent);
    const consistency = pathConsistencyRate(parent.label.final, child.label.final, rule.childToParent);
    edges.set(
      `${parent.label.column}->${child.label.column}`,
      new Map<string, ConfigValue>([
        [EDGE_SCORES.pathConsistencyRate, float(consistency)],
        ...snake(rates),
        [EDGE_SCORES.perParent, new Map(perParent.map(({ parent: name, ...each }) => [name, snake(each)]))],
      ]),
    );
  }
  return new Map<string, ConfigValue>([...snake(path), [PATH_SCORES.edges, edges]]);
}

/** Coordinate scores of all heads; each key begins with the name of the head. */
export function coordinateMetrics(heads: ReadonlyMap<string, CoordinateMetrics>): ConfigMap {
  return new Map([...heads].map(([name, scores]) => [name, prefixed(name, snake(scores))]));
}

const prefixed = (name: string, scores: ConfigMap): ConfigMap =>
  new Map([...scores].map(([key, value]) => [`${name}_${key}`, value]));

/** Scores by their keys on disk. Counts are integers, shares are floats, and a score that was not measured is null. */
function snake(scores: object): Map<string, ConfigValue> {
  return new Map(
    Object.entries(scores).map(([key, value]: [string, number]) => [
      snakeName(key),
      /^n[A-Z]/.test(key) ? value : float(value),
    ]),
  );
}

const float = (value: number): ConfigValue => (Number.isFinite(value) ? new Float(value) : null);

const takeLabels = ({ codes, categories }: PredictedLabels, rows: Uint32Array): PredictedLabels => ({
  codes: Int32Array.from(rows, (row) => codes[row]),
  categories,
});

/** The cells `rows` of a field of a prediction, by the kind of its column. */
const TAKEN: { readonly [K in ColumnKind]: (field: FieldOf<K>, rows: Uint32Array) => FieldOf<K> } = {
  label: (labels, rows) => (labels === undefined ? undefined : takeLabels(labels, rows)),
  score: (values, rows) => (values === undefined ? undefined : Float32Array.from(rows, (row) => values[row])),
  flag: (values, rows) => Uint8Array.from(rows, (row) => values[row]),
  reason: (codes, rows) => Int32Array.from(rows, (row) => codes[row]),
  set: (sets, rows) => (sets === undefined ? undefined : { ...sets, codes: takeLabels(sets, rows).codes }),
};

/** The cells `rows` of a column; all cells if null. */
function take({ label, truth }: Pair, rows: Uint32Array | null): Pair {
  if (rows === null) return { label, truth };
  const fields = LABEL_COLUMN_ENTRIES.map(([key, { kind }]) => {
    const taken = TAKEN[kind] as (field: unknown, rows: Uint32Array) => unknown;
    return [key, taken(label[key], rows)];
  });
  return { truth: takeLabels(truth, rows), label: { ...label, ...Object.fromEntries(fields) } };
}
