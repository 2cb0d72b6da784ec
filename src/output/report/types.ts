/** The content of a report. @module */
import type { FileRecord } from "../../artifacts/run-manifest.ts";
import type { ConfigMap } from "../../core/config.ts";
import type { DenseMatrix } from "../../core/dense.ts";
import type { CoordinateMetrics } from "../../evaluate/coordinates.ts";
import type { ReasonCounts } from "../../evaluate/unknown-reasons.ts";
import type { LabelGene } from "../../model/genes/types.ts";
import type {
  LabelPrediction,
  LabelsOfGroups,
  PredictedLabels,
  Transferred,
  Warning,
} from "../../predict/types.ts";

/** One line of a table of facts. */
export interface Fact {
  readonly name: string;
  readonly value: string;
  /** Shown in monospace. */
  readonly isCode?: boolean;
}

/** Two coordinates per cell. */
export interface ReportEmbedding {
  /** Description, such as `the query's X_umap`. */
  readonly name: string;
  /** Cells × 2. */
  readonly points: DenseMatrix;
}

/** The labels that one method gave to the cells of the run. */
export interface ReportMethod {
  readonly name: string;
  /** A sentence that explains the method. */
  readonly description: string | null;
  /** Coarse to fine. */
  readonly labels: readonly LabelPrediction[];
  /** One entry per label column, or null if the method has no reasons for Unknown. */
  readonly reasons: readonly ReasonCounts[] | null;
  /** By coordinate head, if true coordinates are known. */
  readonly coordinates: ReadonlyMap<string, CoordinateMetrics>;
  /** Time, memory and size, each as a line. */
  readonly costs: readonly Fact[];
  /** Shown as nested lists. */
  readonly settings: ConfigMap;
}

/** Labels from elsewhere as a method: what they cost, and how they came about, is not known. */
export const readMethod = (name: string, labels: readonly LabelPrediction[]): ReportMethod => ({
  name,
  description: null,
  labels,
  reasons: null,
  coordinates: new Map(),
  costs: [],
  settings: new Map(),
});

/** The best genes of the labels of one column, in the query beside the reference. */
export interface ReportGenes {
  readonly column: string;
  /** How many labels with genes cells got; `labels` may be fewer. */
  readonly nLabels: number;
  readonly labels: readonly ReportLabelGenes[];
}

/** A label that cells got. */
export interface ReportLabelGenes {
  readonly label: string;
  readonly nCells: number;
  /** The best first; the query has all or none of them. */
  readonly genes: readonly LabelGene[];
  /** Share of the query cells with this label that express a gene, its own or of another label; null if the query lacks it. */
  share(gene: string): number | null;
}

/** The role of files that the model was trained on. */
export const REFERENCE_ROLE = "reference";

/** The input of `renderReport`. */
export interface ReportInput {
  readonly title: string;
  /** A sentence on what was done. */
  readonly summary: string;
  readonly facts: readonly Fact[];
  readonly warnings: readonly Warning[];
  /** True labels by column; a column without an entry has none. */
  readonly truths: ReadonlyMap<string, PredictedLabels>;
  /** Groups, such as donors or batches, by which the share of Unknown is shown. */
  readonly groups: { readonly name: string; readonly labels: PredictedLabels } | null;
  readonly embedding: ReportEmbedding | null;
  /** The names of the cells; absent where they have none to show. */
  readonly obsNames?: readonly string[] | undefined;
  /** The labels of groups by the first method; absent without groups. */
  readonly groupLabels?: LabelsOfGroups | undefined;
  /** The columns that were carried over from the reference; absent where there are none. */
  readonly transferred?: Transferred | undefined;
  /** The genes of the labels of the first method, by label column; absent where the model does not tell them. */
  readonly genes?: readonly ReportGenes[] | undefined;
  /** Sentences for the methods section of a paper, true to this run; absent where they are not known. */
  readonly methodsText?: readonly string[] | undefined;
  /** The first method is shown in full, the others are folded. */
  readonly methods: readonly ReportMethod[];
  readonly files: readonly (FileRecord & { readonly role: string })[];
  /** Software, seeds, times. */
  readonly provenance: readonly Fact[];
  /** The command as given. */
  readonly command: readonly string[];
}
