/**
 * Single-cell reference mapping: train on a labelled reference, annotate a query.
 *
 * ```ts
 * import { buildModel, openAnnData, predict, TrainedModel } from "atlasmtl";
 *
 * const reference = await openAnnData("reference.h5ad");
 * const model = await buildModel(reference, { labelColumns: ["cell_type_l1", "cell_type_l2"] });
 * await model.save("model/model.pth");
 *
 * const query = await openAnnData("query.h5ad");
 * const result = await predict(await TrainedModel.load("model/model.pth"), query);
 * await result.toAnnData(query, "annotated.h5ad");
 * ```
 * In browsers pass `File` objects for paths and take results as bytes; see docs/browser.md.
 * @module
 */
export { createAnnData } from "../anndata/containers/in-memory.ts";
export { openAnnData } from "../anndata/open.ts";
export { viewRows } from "../anndata/views/row-view.ts";
export { cellsWhere, selectObs } from "../anndata/views/select-cells.ts";
export { writeDataset } from "../anndata/write/write-annotated.ts";
export { parseBenchmarkManifest } from "../benchmark/dataset-manifest.ts";
export { Float, toPlain } from "../core/config.ts";
export { VERSION } from "../core/version.ts";
export { AtlasmtlError, ERROR_CODES, inWords, isAtlasmtlError, OptionMention, optionsOf } from "../errors.ts";
export { suggestParentConditionedRefinement, suggestTaskWeightSchedule } from "../evaluate/advice.ts";
export { scoreBehaviour } from "../evaluate/behaviour.ts";
export { classMetrics, confusionOf } from "../evaluate/confusion.ts";
export { scoreCoordinates } from "../evaluate/coordinates.ts";
export { pathConsistencyRate, scoreEdge, scoreFullPath } from "../evaluate/hierarchy-metrics.ts";
export { discoverHotspots } from "../evaluate/hotspots.ts";
export { reliability, riskCurve, scoreLabels } from "../evaluate/metrics.ts";
export { scoreSets } from "../evaluate/set-metrics.ts";
export type { UnseenLabel } from "../evaluate/vocabulary.ts";
export { chooseEmbedding } from "../output/report/embedding-points.ts";
export { deriveHierarchyRules, parseHierarchyRules } from "../predict/hierarchy-rules.ts";
export { splitRows } from "../preprocess/split-rows.ts";
export { parseLabelMap } from "../references/label-map.ts";
export { labelMapText } from "../references/label-map-text.ts";
export { adaptModel } from "./adapt-model.ts";
export { runBenchmark } from "./benchmark.ts";
export { buildModel } from "./build-model.ts";
export {
  type AnnotationOptions,
  checkAnnotation,
  checkDataset,
  checkOutput,
  checkPredictOptions,
  checkPreprocessOptions,
  checkTraining,
  checkTrainOptions,
  checkTransfer,
} from "./checks.ts";
export { evaluatePredictions } from "./evaluate.ts";
export type { EvaluateOptions, Evaluation, UnseenLabels } from "./evaluation.ts";
export { type ExplainOptions, explainModel, explainQuery, labelGenesCsv } from "./explain.ts";
export { featurePanelOf, readFeaturePanel, writeFeaturePanel } from "./feature-panel.ts";
export {
  type FitOpensetOptions,
  type FittedOpenset,
  fitOpensetThreshold,
  type OpensetSettings,
} from "./fit-openset.ts";
export { emitGroupSplit, type ReadSplit, readGroupSplit } from "./group-split.ts";
export { emitH5ad, writeH5ad } from "./h5ad.ts";
export {
  type HarmonisedLabels,
  type HarmoniseOptions,
  harmoniseLabels,
  type LabelMatch,
  type LabelProposal,
} from "./harmonise.ts";
export {
  inspectDataset,
  inspectModel,
  type ModelInspection,
} from "./inspect.ts";
export {
  type JoinedReferences,
  type JoinOptions,
  joinReferences,
  type LabelMapRow,
  type ReferenceSource,
} from "./join-references.ts";
export * as options from "./options.ts";
export { createPredictEngine, type PredictEngine, type PredictWork, predict } from "./predict.ts";
export { PredictionResult, type ReportFiles } from "./prediction-result.ts";
export type {
  LabelSummary,
  PredictionSummary,
  TransferSummary,
  UnknownShares,
} from "./prediction-summary.ts";
export { preload } from "./preload.ts";
export {
  makeCellSplit,
  makeGroupSplitPlan,
  materializeGroupSplit,
  preprocessQuery,
  preprocessReference,
  savePreprocessed,
  variableGenes,
} from "./preprocess.ts";
export {
  type FittedRefinement,
  fitRefinement,
  type RefinementOptions,
  saveRefinement,
} from "./refinement.ts";
export type { SavePreprocessedOptions } from "./save-preprocessed.ts";
export {
  mergeShards,
  predictShard,
  type ShardWork,
  type WrittenShard,
} from "./shards.ts";
export { type SimulationOptions, simulateH5ad } from "./simulate.ts";
export {
  type Outlier,
  type OutlierMeasure,
  type SampleBatch,
  type SampleLabels,
  type SampleSummary,
  type StudyReportOptions,
  type StudySample,
  samplesThatStandOut,
  studyReport,
} from "./study.ts";
export {
  type BundleOptions,
  type LoadFilesOptions,
  type LoadOptions,
  type SaveOptions,
  TrainedModel,
} from "./trained-model.ts";
export type * from "./types.ts";
export {
  type FileContent,
  type Verified,
  type VerifiedFile,
  type VerifyOptions,
  type VerifyStatus,
  verify,
} from "./verify.ts";
