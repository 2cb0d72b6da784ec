/** Scores of a file of predictions; `evaluate.ts` loads this module on first use. @module */

import { withoutMissing } from "../anndata/read/missing-values.ts";
import { fromConfig, toConfig } from "../artifacts/config-values.ts";
import { scoreMethod } from "../benchmark/score.ts";
import type { ConfigMap, ConfigValue } from "../core/config.ts";
import { emitJson } from "../core/json.ts";
import { baseName } from "../core/paths.ts";
import { VERSION } from "../core/version.ts";
import { type Notice, notice, option, phrase } from "../errors.ts";
import { requireCommonLabels, type UnseenLabel, unseenLabels } from "../evaluate/vocabulary.ts";
import { matchTruth, openCellTable, readPredictions } from "../output/read-predictions.ts";
import { whole } from "../output/report/numbers.ts";
import { renderReport } from "../output/report/page.ts";
import { readMethod } from "../output/report/types.ts";
import { deriveHierarchyRules } from "../predict/hierarchy-rules.ts";
import type { LabelPrediction, PredictedLabels } from "../predict/types.ts";
import { UNKNOWN } from "../predict/unknown.ts";
import { METHOD_ENTRY } from "../schema/benchmark.ts";
import type { ReportFiles } from "./prediction-result.ts";
import type { TrainedModel } from "./trained-model.ts";

export interface EvaluateOptions {
  /** A table or a dataset with the columns of a prediction. */
  readonly predictions: string;
  /** A dataset or table with the true labels; cells are matched by name. */
  readonly truth: string;
  /** Coarse to fine. */
  readonly labelColumns: readonly string[];
  /** A column of the truth, such as the donor; all scores are also computed for each of its values. */
  readonly domainKey?: string | undefined;
  /** True labels that mean "none", such as `nan`; their cells are not scored. */
  readonly missingValues?: readonly string[] | undefined;
  /**
   * The model that predicted. Its classes tell which true labels it cannot know; without it those are the ones that no cell
   * is predicted as.
   */
  readonly model?: TrainedModel | undefined;
}

/** True labels of one column that the model cannot know, most cells first. */
export interface UnseenLabels {
  readonly column: string;
  readonly nCells: number;
  readonly labels: readonly UnseenLabel[];
}

/** As `evaluatePredictions` of the entry. */
export async function evaluatePredictions(options: EvaluateOptions): Promise<Evaluation> {
  const { labelColumns, domainKey, missingValues = [], model } = options;
  const predicted = await openCellTable(options.predictions);
  const labels = await readPredictions(predicted, labelColumns);
  const truth = await openCellTable(options.truth);
  const wanted = [...labelColumns, ...(domainKey === undefined ? [] : [domainKey])];
  const matched = await matchTruth(truth, predicted.obsNames, wanted);
  const truths = new Map(
    labelColumns.map((column) => [column, withoutMissing(matched.labels.get(column)!, missingValues)]),
  );
  const vocabularies = new Map(labels.map((label) => [label.column, vocabularyOf(label, model)]));
  for (const column of labelColumns)
    requireCommonLabels(
      column,
      truths.get(column)!,
      vocabularies.get(column)!,
      model === undefined ? "the predictions" : "the model",
      `${options.truth} › ${column}`,
    );
  const domains = domainKey === undefined ? null : matched.labels.get(domainKey)!;
  const { rules } = deriveHierarchyRules(truths, labelColumns);
  const { metrics, metricsByDomain, behaviour, behaviourByDomain, hierarchy } = scoreMethod(labels, {
    labels: truths,
    rules,
    domains,
    vocabularies,
  });
  const unseen = labelColumns.flatMap((column): UnseenLabels[] => {
    const found = unseenLabels(truths.get(column)!, vocabularies.get(column)!);
    const nCells = found.reduce((sum, label) => sum + label.nCells, 0);
    return nCells === 0 ? [] : [{ column, nCells, labels: found }];
  });
  const scores = new Map<string, ConfigValue>([
    [METHOD_ENTRY.metrics, metrics],
    [METHOD_ENTRY.metricsByDomain, metricsByDomain],
    [METHOD_ENTRY.behaviorMetrics, behaviour],
    [METHOD_ENTRY.behaviorMetricsByDomain, behaviourByDomain],
    [METHOD_ENTRY.hierarchyMetrics, hierarchy],
  ]);
  return new Evaluation(options, predicted.obsNames.length, matched.nMatched, unseen, metrics, scores, {
    labels,
    truths,
    domains,
  });
}

/** The labels that a prediction can give. */
function vocabularyOf(label: LabelPrediction, model: TrainedModel | undefined): ReadonlySet<string> {
  const head = model?.data.labelHeads.find(({ column }) => column === label.column);
  if (head !== undefined) return new Set(head.classes);
  const found = [label.raw, label.knn, label.final].flatMap(({ categories }) => categories);
  return new Set([...found, ...(label.sets?.categories ?? [])].filter((name) => name !== UNKNOWN));
}

interface Compared {
  readonly labels: readonly LabelPrediction[];
  readonly truths: ReadonlyMap<string, PredictedLabels>;
  readonly domains: PredictedLabels | null;
}

/** The scores of one file of predictions. */
export class Evaluation {
  /** @internal */
  constructor(
    private readonly options: EvaluateOptions,
    readonly nCells: number,
    /** Cells that have a true label. */
    readonly nMatched: number,
    /** By column, where there are some: true labels that the model cannot know. */
    readonly unseen: readonly UnseenLabels[],
    /** Scores by label column, under the keys of the JSON file. */
    readonly metrics: ConfigMap,
    /** All scores, under the keys of the JSON file. */
    readonly scores: ConfigMap,
    private readonly compared: Compared,
  ) {}

  /** What the scores do not say by themselves: true labels that the model cannot know. */
  get warnings(): readonly Notice[] {
    return this.unseen.map((each) => unseenNotice(each, this.options.model !== undefined));
  }

  /** All scores as the bytes of a JSON file. */
  toJson(): Uint8Array {
    return emitJson(toConfig(fromConfig(this.scores)));
  }

  /** The scores as one HTML file, which lists `files` and `command`. */
  toReport({
    files = [],
    command = [],
  }: {
    readonly files?: ReportFiles;
    readonly command?: readonly string[];
  } = {}): string {
    const { predictions, truth, domainKey } = this.options;
    const { labels, truths, domains } = this.compared;
    return renderReport({
      title: `Predictions of ${baseName(predictions)}, scored`,
      summary: `${whole(this.nCells)} cells compared with their true labels.`,
      facts: [
        { name: "Predictions", value: predictions, isCode: true },
        { name: "True labels", value: truth, isCode: true },
        { name: "Cells", value: `${whole(this.nCells)}, of which ${whole(this.nMatched)} are in the truth` },
      ],
      warnings: this.warnings,
      truths,
      groups: domains === null ? null : { name: domainKey!, labels: domains },
      embedding: null,
      methods: [readMethod("predictions", labels)],
      files,
      provenance: [{ name: "Software", value: `atlasmtl ${VERSION}` }],
      command,
    });
  }
}

function unseenNotice({ column, nCells, labels }: UnseenLabels, isKnown: boolean): Notice {
  const shown = labels.slice(0, 5).map(({ name, nCells: n }) => `"${name}" (${n})`);
  const more = labels.length > 5 ? ", …" : "";
  const apart = "they count as wrong; the scores keep the accuracy of the other cells apart";
  return notice(
    `${nCells === 1 ? "a cell has" : `${nCells} cells have`} a true label of "${column}" that ${isKnown ? "the model does not know" : "no cell is predicted as"}: ${shown.join(", ")}${more}`,
    { hint: isKnown ? apart : phrase`${apart}; ${option("model")} tells which labels the model knows` },
  );
}
