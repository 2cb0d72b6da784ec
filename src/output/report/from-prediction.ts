/** Builds the report of one prediction, with or without true labels. @module */
import { columnLabels } from "../../anndata/read/column-values.ts";
import type { AnnData } from "../../anndata/types.ts";
import type { ConfigMap } from "../../core/config.ts";
import { baseName, folderName } from "../../core/paths.ts";
import type { WorkOptions } from "../../core/progress.ts";
import { VERSION } from "../../core/version.ts";
import { countUnknownReasons } from "../../evaluate/unknown-reasons.ts";
import type { Model } from "../../model/types.ts";
import type { PredictSettings } from "../../predict/options.ts";
import type { PredictedLabels, Predictions } from "../../predict/types.ts";
import { PREDICTION_METADATA } from "../../schema/prediction.ts";
import { RUNTIME_SUMMARY } from "../../schema/training.ts";
import { writtenMetadata } from "../columns.ts";
import { chooseEmbedding } from "./embedding-points.ts";
import { genesOfLabels } from "./label-genes.ts";
import { decimalOf, numberOf } from "./metadata-values.ts";
import { type MethodsNames, methodsParagraph, methodsSentences } from "./methods-text.ts";
import { bytes, seconds, whole } from "./numbers.ts";
import type { Fact, ReportInput, ReportMethod } from "./types.ts";

/** Content of a report besides the prediction. */
export interface PredictionReportOptions {
  /** By default the names of query and model. */
  readonly title?: string;
  /** True labels by column. */
  readonly truths?: ReadonlyMap<string, PredictedLabels>;
  /** The obs column by which the share of Unknown is shown, such as a donor. */
  readonly groupBy?: string;
  readonly modelName?: string;
  /** What the model was trained on, where that is known. */
  readonly referenceName?: string;
  readonly files?: ReportInput["files"];
  readonly command?: readonly string[];
  readonly provenance?: readonly Fact[];
}

/**
 * Collects the input of {@link renderReport} for a prediction for `adata`, which `settings` say how to read. Where the model
 * tells the genes of its labels, the query is read once more.
 * @throws NOT_FOUND for a `groupBy` column that the query does not have.
 */
export async function predictionReport(
  predictions: Predictions,
  adata: AnnData,
  model: Model,
  options: PredictionReportOptions,
  settings: PredictSettings,
  work: WorkOptions,
): Promise<ReportInput> {
  const { truths = new Map<string, PredictedLabels>(), groupBy, modelName } = options;
  const groups =
    groupBy === undefined ? null : { name: groupBy, labels: columnLabels(await adata.obs.column(groupBy)) };
  const source = baseName(adata.source);
  const { genes, warnings } = await genesOfLabels(predictions, adata, model, settings, work);
  return {
    title: options.title ?? `Cell types of ${source}`,
    summary: `${whole(adata.nObs)} cells of ${source} annotated${modelName === undefined ? "" : ` with the model ${baseName(modelName)}`}.`,
    facts: inputFacts(predictions, adata, model, modelName),
    warnings: [...predictions.warnings, ...warnings],
    truths,
    groups,
    embedding: await chooseEmbedding(adata, predictions.coords),
    obsNames: predictions.obsNames,
    methodsText: methodsSentences(predictions, model, methodsNames(adata, options)),
    groupLabels: predictions.groups,
    transferred: predictions.transferred,
    genes,
    methods: [atlasmtlMethod(predictions)],
    files: options.files ?? [],
    provenance: [{ name: "Software", value: `atlasmtl ${VERSION}` }, ...(options.provenance ?? [])],
    command: options.command ?? [],
  };
}

/** A paragraph for the methods section of a paper, which the report has as well. */
export function methodsText(
  predictions: Predictions,
  adata: AnnData,
  model: Model,
  options: Pick<PredictionReportOptions, "modelName" | "referenceName" | "files">,
): string {
  const sentences = methodsSentences(predictions, model, methodsNames(adata, options));
  return methodsParagraph(sentences, options.files ?? []);
}

function methodsNames(
  { source, nVars }: AnnData,
  { modelName, referenceName }: Pick<PredictionReportOptions, "modelName" | "referenceName">,
): MethodsNames {
  return {
    query: baseName(source),
    reference: referenceName ?? null,
    model: modelName === undefined ? null : lastParts(modelName),
    nGenes: nVars,
  };
}

/** The prediction as one method of a report. */
function atlasmtlMethod(predictions: Predictions): ReportMethod {
  return {
    name: "atlasmtl",
    description:
      "A neural network learns all levels at once. Where it is unsure, the nearest reference cells are asked; where both are unsure, the cell stays Unknown.",
    labels: predictions.labels,
    reasons: countUnknownReasons(predictions.labels),
    coordinates: new Map(),
    costs: [],
    settings: writtenMetadata(predictions.metadata),
  };
}

function inputFacts(
  { metadata, labels }: Predictions,
  adata: AnnData,
  model: Model,
  modelName: string | undefined,
): Fact[] {
  const matched = numberOf(metadata.get(PREDICTION_METADATA.nGenesMatched)) ?? 0;
  const text = (key: string): string => String(metadata.get(key) ?? "");
  const facts: Fact[] = [
    { name: "Query", value: adata.source, isCode: true },
    {
      name: "Cells and genes",
      value: `${whole(adata.nObs)} cells, ${whole(adata.nVars)} genes; matrix ${text(PREDICTION_METADATA.layer)}`,
    },
    {
      name: "Genes of the model found",
      value: `${whole(matched)} of ${whole(model.trainGenes.length)}`,
    },
    {
      name: "Labels the model knows",
      value: model.labelHeads.map(({ column, classes }) => `${column}: ${whole(classes.length)}`).join(" · "),
    },
    ...allowedFact(metadata, model),
    {
      name: "Confidence",
      value: `low below ${decimalOf(metadata, PREDICTION_METADATA.confidenceHigh)}, Unknown ${unknownBelow(metadata)}${metadata.get(PREDICTION_METADATA.calibrationApplied) === true ? "; calibrated by temperature" : ""}`,
    },
    {
      name: "Neighbours",
      value:
        text(PREDICTION_METADATA.knnCorrection) === "off"
          ? "not asked"
          : `${text(PREDICTION_METADATA.knnK)} nearest reference cells in ${text(PREDICTION_METADATA.knnSpaceUsed)}, ${text(PREDICTION_METADATA.knnCorrection) === "all" ? "for all cells" : "for cells of low confidence"}${text(PREDICTION_METADATA.knnCorrection) === "second_opinion" ? ", as a second opinion" : ""}`,
    },
  ];
  if (modelName !== undefined) facts.unshift({ name: "Model", value: modelName, isCode: true });
  if (metadata.get(PREDICTION_METADATA.predictionSetsCoverage) !== undefined)
    facts.push({
      name: "Prediction sets",
      value: `labels that hold the true one with a probability of ${decimalOf(metadata, PREDICTION_METADATA.predictionSetsCoverage)}`,
    });
  if (metadata.get(PREDICTION_METADATA.consensus) !== undefined)
    facts.push({
      name: "Smoothed",
      value: `a share of ${decimalOf(metadata, PREDICTION_METADATA.consensusWeight)} of the probabilities is that of the ${text(PREDICTION_METADATA.consensusK)} nearest cells of the query`,
    });
  if (metadata.get(PREDICTION_METADATA.opensetMethod) !== undefined)
    facts.push({
      name: "Unseen types",
      value: `Unknown beyond a distance of ${decimalOf(metadata, PREDICTION_METADATA.opensetThreshold)} (${text(PREDICTION_METADATA.opensetMethod)})`,
    });
  const score = numberOf(metadata.get(PREDICTION_METADATA.shiftScore));
  if (score !== null) {
    const depth = numberOf(metadata.get(PREDICTION_METADATA.depthRatio));
    facts.push({
      name: "Likeness to the reference",
      value: `cells lie ${score.toFixed(2)} times as far from their types as held-out reference cells${depth === null ? "" : `, with ${depth.toPrecision(2)} times the counts per cell`}`,
    });
  }
  if (labels.length > 1) {
    const enforced =
      metadata.get(PREDICTION_METADATA.hierarchyEnforced) === true ? "enforced" : "not enforced";
    const coherent =
      metadata.get(PREDICTION_METADATA.coherentProbabilities) === true ? "coherent probabilities, " : "";
    facts.push({ name: "Hierarchy", value: `${coherent}${enforced}` });
  }
  return facts;
}

/** How many labels the caller allowed. */
function allowedFact(metadata: ConfigMap, { labelHeads }: Model): Fact[] {
  const allowed = metadata.get(PREDICTION_METADATA.allowedLabels);
  if (!(allowed instanceof Map)) return [];
  const counts = labelHeads.map(({ column, classes }) => {
    const own: unknown = allowed.get(column);
    return `${column}: ${whole(Array.isArray(own) ? own.length : classes.length)}`;
  });
  return [{ name: "Labels that may be given", value: counts.join(" · ") }];
}

/** The lines of a runtime summary (docs/specification/1-artifacts.md#runtime-summary) that a report shows. */
export function runtimeFacts(runtime: unknown): Fact[] {
  if (!(runtime instanceof Map)) return [];
  const read = (key: string): number | null => numberOf((runtime as ConfigMap).get(key));
  const lines: [string, string | null][] = [
    ["Time", shown(read(RUNTIME_SUMMARY.elapsedSeconds), seconds)],
    ["Cells per second", shown(read(RUNTIME_SUMMARY.itemsPerSecond), (value) => whole(Math.round(value)))],
    ["Memory at most", shown(read(RUNTIME_SUMMARY.processPeakRssGb), (value) => bytes(value * 1024 ** 3))],
    ["Threads", shown(read(RUNTIME_SUMMARY.numThreadsUsed), whole)],
    ["Processor cores in use", shown(read(RUNTIME_SUMMARY.cpuCoreEquivAvg), (value) => value.toFixed(1))],
  ];
  return lines.flatMap(([name, value]) => (value === null ? [] : [{ name, value }]));
}

const shown = (value: number | null, show: (value: number) => string): string | null =>
  value === null ? null : show(value);

/** The name of a file and of its folder: many models are called `model.pth`. */
function lastParts(path: string): string {
  const folder = baseName(folderName(path));
  return folder === "" ? baseName(path) : `${folder}/${baseName(path)}`;
}

/** The confidence below which cells are Unknown, in words. */
function unknownBelow(metadata: ConfigMap): string {
  return metadata.get(PREDICTION_METADATA.targetAccuracy) === undefined
    ? `below ${decimalOf(metadata, PREDICTION_METADATA.confidenceLow)}`
    : `where labels are right less often than ${decimalOf(metadata, PREDICTION_METADATA.targetAccuracy)}`;
}
