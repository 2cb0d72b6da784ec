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
export type { AnnData, Column, DataFrame, Matrix, MatrixName } from "../anndata/types.ts";
export { viewRows } from "../anndata/views/row-view.ts";
export { cellsWhere, selectObs } from "../anndata/views/select-cells.ts";
export { writeDataset } from "../anndata/write/write-annotated.ts";
export { emitH5ad, writeH5ad } from "../anndata/write/write-h5ad.ts";
export { type BenchmarkManifest, parseBenchmarkManifest } from "../benchmark/dataset-manifest.ts";
export type { BenchmarkOptions, BenchmarkResult } from "../benchmark/run-all.ts";
export type { AlsoWrite, FileToWrite, WrittenFile } from "../core/bytes.ts";
export type { ConfigMap, ConfigValue } from "../core/config.ts";
export { Float, toPlain } from "../core/config.ts";
export type { Csr, RowBlock } from "../core/csr.ts";
export type { DenseMatrix } from "../core/dense.ts";
export type { FileSetInput } from "../core/file-set.ts";
export type { Progress, WorkOptions } from "../core/progress.ts";
export { VERSION } from "../core/version.ts";
export type { ErrorCode, ErrorSubject, Notice, OptionValue, Wording } from "../errors.ts";
export { AtlasmtlError, ERROR_CODES, inWords, isAtlasmtlError, OptionMention, optionsOf } from "../errors.ts";
export type { PolicyFeatures, RefinementAdvice, TaskWeightAdvice } from "../evaluate/advice.ts";
export { suggestParentConditionedRefinement, suggestTaskWeightSchedule } from "../evaluate/advice.ts";
export { type BehaviourMetrics, scoreBehaviour } from "../evaluate/behaviour.ts";
export { type ClassMetrics, type Confusion, classMetrics, confusionOf } from "../evaluate/confusion.ts";
export { type CoordinateMetrics, scoreCoordinates } from "../evaluate/coordinates.ts";
export {
  type FullPathMetrics,
  pathConsistencyRate,
  scoreEdge,
  scoreFullPath,
} from "../evaluate/hierarchy-metrics.ts";
export type { Hotspot, HotspotOptions, Hotspots } from "../evaluate/hotspots.ts";
export { discoverHotspots } from "../evaluate/hotspots.ts";
export { type LabelMetrics, reliability, riskCurve, scoreLabels } from "../evaluate/metrics.ts";
export type { OpensetThreshold } from "../evaluate/openset-threshold.ts";
export { type SetMetrics, scoreSets } from "../evaluate/set-metrics.ts";
export type { TrainOptions } from "../model/options.ts";
export type { Model, Reference, Warning } from "../model/types.ts";
export type { PredictionReportOptions } from "../output/report/from-prediction.ts";
export type { ToAnnDataOptions } from "../output/to-anndata.ts";
export {
  deriveHierarchyRules,
  type HierarchyRules,
  parseHierarchyRules,
} from "../predict/hierarchy-rules.ts";
export type { PredictOptions } from "../predict/options.ts";
export type { RefinementConfig } from "../predict/rerank-children.ts";
export type {
  DeepestLabels,
  LabelPrediction,
  PredictedLabels,
  PredictedSets,
  Predictions,
} from "../predict/types.ts";
export type { GroupSplitPlan, SplitPart, SplitSide } from "../preprocess/group-split.ts";
export type { PreprocessOptions } from "../preprocess/options.ts";
export type { FeaturePanel } from "../preprocess/panel.ts";
export type { PreprocessResult } from "../preprocess/pipeline.ts";
export { splitRows } from "../preprocess/split-rows.ts";
export type { WriteMode } from "../schema/columns.ts";
export { runBenchmark } from "./benchmark.ts";
export { buildModel } from "./build-model.ts";
export { featurePanelOf, readFeaturePanel, writeFeaturePanel } from "./feature-panel.ts";
export {
  type FitOpensetOptions,
  type FittedOpenset,
  fitOpensetThreshold,
  type OpensetSettings,
} from "./fit-openset.ts";
export { emitGroupSplit, readGroupSplit } from "./group-split.ts";
export { predict } from "./predict.ts";
export { PredictionResult } from "./prediction-result.ts";
export type { LabelSummary, PredictionSummary } from "./prediction-summary.ts";
export { preload } from "./preload.ts";
export {
  makeGroupSplitPlan,
  materializeGroupSplit,
  preprocessQuery,
  preprocessReference,
  variableGenes,
} from "./preprocess.ts";
export {
  type FittedRefinement,
  fitRefinement,
  type RefinementOptions,
  saveRefinement,
} from "./refinement.ts";
export { type LoadFilesOptions, type LoadOptions, type SaveOptions, TrainedModel } from "./trained-model.ts";
