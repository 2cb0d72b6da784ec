/** What the page and its worker say to each other: calls by name, with progress, stopping and plain errors. */
import type { Progress } from "atlasmtl";
import type {
  AnnotateSettings,
  CellDetails,
  DatasetSeen,
  GeneView,
  GivenFile,
  KeptWork,
  LabelGenesView,
  ModelSeen,
  Note,
  OpenedWork,
  ResultView,
  Role,
  SavedFile,
  SaveKind,
  TrainSettings,
} from "./views.ts";

/** Every call: its argument and its answer. */
export interface Calls {
  openDataset: { argument: { role: Role; files: readonly GivenFile[] }; answer: DatasetSeen };
  openDemo: { argument: null; answer: { reference: DatasetSeen; query: DatasetSeen } };
  openModel: { argument: { files: readonly GivenFile[] }; answer: ModelSeen };
  /** Keeps the model and the result; a note where they cannot be kept. */
  keepWork: { argument: null; answer: Note | null };
  keptWork: { argument: null; answer: KeptWork | null };
  openKept: { argument: { withResult: boolean }; answer: OpenedWork };
  forgetKept: { argument: null; answer: null };
  /** The file of the query that a result of an earlier visit is of. */
  openQueryFile: { argument: { files: readonly GivenFile[] }; answer: DatasetSeen };
  close: { argument: { what: Role | "model" }; answer: null };
  train: { argument: TrainSettings; answer: ModelSeen };
  annotate: { argument: AnnotateSettings; answer: ResultView };
  cell: { argument: { cell: number }; answer: CellDetails };
  gene: { argument: { gene: string }; answer: GeneView };
  genes: { argument: null; answer: readonly string[] };
  labelGenes: { argument: null; answer: readonly LabelGenesView[] };
  save: { argument: { kind: SaveKind }; answer: readonly SavedFile[] };
}

export type CallName = keyof Calls;

/** An error as plain data: what happened, where, and what to do. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly where: string | null;
  readonly hint: string | null;
}

export type ToWorker =
  | { readonly id: number; readonly call: CallName; readonly argument: unknown }
  | { readonly id: number; readonly stop: true };

export type FromWorker =
  | { readonly id: number; readonly progress: Progress }
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly failure: Failure };
