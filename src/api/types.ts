/** The types that occur in exported signatures. @module */

export type { WriteDatasetOptions } from "../anndata/containers/container.ts";
export type { AnnDataInput, ColumnInput, FrameInput } from "../anndata/containers/in-memory.ts";
export type { OpenOptions } from "../anndata/containers/probe.ts";
export type {
  AnnDataSummary,
  ClassCount,
  ColumnSummary,
  MatrixSummary,
  UnreadableSummary,
} from "../anndata/inspect/describe.ts";
export type {
  DatasetInspection,
  InspectedGenes,
  InspectedMatrix,
} from "../anndata/inspect/inspect-dataset.ts";
export type { GeneSummary } from "../anndata/inspect/inspect-genes.ts";
export type { ColumnRole } from "../anndata/inspect/inspect-labels.ts";
export type {
  LogScale,
  LogStatistics,
  MatrixJudgement,
  MatrixStatistics,
  MatrixVerdict,
} from "../anndata/judgement/types.ts";
export type {
  AnnData,
  Column,
  DataFrame,
  ElementSummary,
  Matrix,
  MatrixName,
  RowsOptions,
} from "../anndata/types.ts";
export type { AddedTable, Additions } from "../anndata/write/additions.ts";
export type { FrameData } from "../anndata/write/write-frame.ts";
export type { AnnDataParts } from "../anndata/write/write-h5ad.ts";
export type { CellTypistOptions } from "../artifacts/celltypist.ts";
export type { RefinementRecord } from "../artifacts/refinement.ts";
export type { FileRecord } from "../artifacts/run-manifest.ts";
export type { BenchmarkManifest, Subset as BenchmarkSubset } from "../benchmark/dataset-manifest.ts";
export type { MethodResult } from "../benchmark/method-result.ts";
export type { Policies as BenchmarkPolicies, TaskWeightPolicy } from "../benchmark/policy-keys.ts";
export type { BenchmarkOptions, BenchmarkResult } from "../benchmark/run-all.ts";
export type { AlsoWrite, FileInput, FileToWrite, WrittenFile } from "../core/bytes.ts";
export type { ConfigMap, ConfigValue, PlainValue } from "../core/config.ts";
export type { Csr, RowBlock } from "../core/csr.ts";
export type { DenseMatrix } from "../core/dense.ts";
export type { FileSetInput } from "../core/file-set.ts";
export type { Progress, WorkOptions } from "../core/progress.ts";
export type { FileTarget, SyncFile } from "../core/sync-file.ts";
export type {
  ErrorCode,
  ErrorDetails,
  ErrorSubject,
  Notice,
  OptionValue,
  Phrase,
  Said,
  Wording,
} from "../errors.ts";
export type {
  Advice as PolicyAdvice,
  PolicyFeatures,
  RefinementAdvice,
  TaskWeightAdvice,
  TaskWeightCandidate,
} from "../evaluate/advice.ts";
export type { BehaviourColumns, BehaviourMetrics } from "../evaluate/behaviour.ts";
export type { CalibrationBin, RiskPoint } from "../evaluate/calibration-error.ts";
export type { ClassMetrics, Confusion } from "../evaluate/confusion.ts";
export type { CoordinateMetrics, CoordinateOptions } from "../evaluate/coordinates.ts";
export type {
  EdgeBreakdown,
  EdgeRates,
  FullPathMetrics,
  ParentEdgeRates,
  ScoredLevel,
} from "../evaluate/hierarchy-metrics.ts";
export type { Hotspot, HotspotOptions, Hotspots } from "../evaluate/hotspots.ts";
export type { LabelMetrics } from "../evaluate/metrics.ts";
export type { OpensetThreshold } from "../evaluate/openset-threshold.ts";
export type { SetMetrics } from "../evaluate/set-metrics.ts";
export type { ReasonCounts } from "../evaluate/unknown-reasons.ts";

export type { ChildModule, Linear, NetworkShape, NetworkWeights } from "../kernels/types.ts";
export type { ChildCorrectionOptions, ResolvedChildOptions } from "../model/child-options.ts";
export type { ClassBalanceOptions, ResolvedClassBalance } from "../model/class-balance.ts";
export type {
  ClassDistances,
  ComponentSpace,
  Components,
  ComponentValues,
  GeneScaling,
} from "../model/components/types.ts";
export type { SetThresholds } from "../model/conformal.ts";
export type { ClassGenes, LabelGene, LabelGenes } from "../model/genes/types.ts";
export type {
  DoubtedCalibration,
  LinearView,
  LinearViews,
  MeanCalibration,
  Rung,
  Stress,
  ViewHead,
  ViewInput,
} from "../model/linear/types.ts";

export type { LogisticRegression } from "../model/logistic-regression.ts";
export type { Named, ResolvedTrainOptions, TrainOptions } from "../model/options.ts";
export type { ParentReranker, Reranker } from "../model/reranker.ts";
export type {
  ChildCorrection,
  ChildCorrectionModule,
  CoordHead,
  LabelHead,
  Model,
  OneVsRest,
  Reference,
  ReferenceColumn,
  ReferenceLabels,
  Warning,
} from "../model/types.ts";
export type { CsvOptions, ExportOptions } from "../output/columns.ts";
export type { PredictionReportOptions } from "../output/report/from-prediction.ts";
export type {
  Fact as ReportFact,
  ReportEmbedding,
  ReportGenes,
  ReportInput,
  ReportLabelGenes,
  ReportMethod,
} from "../output/report/types.ts";
export type { ToAnnDataOptions } from "../output/to-anndata.ts";
export type { QueryClassGenes, QueryGene, QueryLabelGenes } from "../predict/explain-query.ts";
export type { AmbiguousChild, HierarchyRule, HierarchyRules } from "../predict/hierarchy-rules.ts";
export type { PredictOptions, PredictSettings } from "../predict/options.ts";
export type { RefinementConfig } from "../predict/refinement-config.ts";
export type { Shard } from "../predict/shard-rows.ts";
export type {
  DeepestLabels,
  GroupLabels,
  LabelPrediction,
  LabelsOfGroups,
  PredictedLabels,
  PredictedSets,
  Predictions,
  ProbabilityColumn,
  ProbabilityTable,
  Transferred,
  TransferredColumn,
} from "../predict/types.ts";
export type { CellSplitPlan, CellSplitSide } from "../preprocess/cell-split.ts";
export type { GeneIds, Naming as GeneNaming } from "../preprocess/gene-ids.ts";
export type { GroupSplit, GroupSplitPlan, SplitSide } from "../preprocess/group-split.ts";
export type { Batches, VariableGenes } from "../preprocess/hvg.ts";
export type { PreprocessOptions, PreprocessSettings } from "../preprocess/options.ts";
export type { FeaturePanel } from "../preprocess/panel.ts";
export type { PreprocessResult } from "../preprocess/pipeline.ts";
export type { CellSplitOptions, GroupSplitOptions, SplitPart } from "../preprocess/split-options.ts";
export type { WriteMode } from "../schema/columns.ts";
export type { EngineChoice } from "../schema/engines.ts";
export type { UnknownReason } from "../schema/prediction.ts";
export type {
  ConsensusMode,
  Device,
  KnnCorrection,
  KnnIndexMode,
  KnnReferenceMode,
  KnnVoteMode,
  MatchMode,
  OpensetMethod,
  UnknownMode,
} from "../schema/prediction-options.ts";
export type { DuplicatePolicy, Species, UnmappedPolicy, VarNamesType } from "../schema/preprocess-options.ts";
export type { NamingCase } from "../schema/preprocessing.ts";
export type { HotspotSelection } from "../schema/scores.ts";
export type {
  ChildFeatureMode,
  ClassWeightingMode,
  InputTransform,
  Normalization,
  PresetName,
  ReferenceStorage,
} from "../schema/training-options.ts";
