/** What the page knows of files, models and results: plain data, and arrays that cross as transferables. */

/** A file that a user gave, with its path where it is of a folder. */
export interface GivenFile {
  readonly path: string;
  readonly file: File;
}

export type Role = "reference" | "query";

/** What a user should know before anything runs. */
export interface Note {
  readonly message: string;
  /** False for what is as it should be. */
  readonly isWarning: boolean;
  readonly where: string | null;
  readonly hint: string | null;
}

export interface ColumnSeen {
  readonly name: string;
  readonly nClasses: number;
  readonly nMissing: number;
  /** The largest classes. */
  readonly examples: readonly string[];
}

export interface MatrixSeen {
  readonly name: string;
  /** Such as `counts`; null if the values cannot be judged. */
  readonly verdict: string | null;
  readonly evidence: string;
  readonly problem: string | null;
}

export interface DatasetSeen {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly container: string;
  readonly nCells: number;
  readonly nGenes: number;
  readonly species: string | null;
  readonly geneNames: string;
  readonly matrices: readonly MatrixSeen[];
  /** Columns that can be learned. */
  readonly labels: readonly ColumnSeen[];
  /** Those to tick at first, coarse to fine. */
  readonly suggested: readonly string[];
  readonly groups: readonly ColumnSeen[];
  readonly embeddings: readonly string[];
  readonly notes: readonly Note[];
  /** Genes that the model knows; null without a model. */
  readonly nSharedGenes: number | null;
  /** True for the query that a result of an earlier visit is of. */
  readonly isOfResult: boolean;
}

export interface ModelSeen {
  readonly name: string;
  readonly labels: readonly { readonly column: string; readonly classes: readonly string[] }[];
  readonly nGenes: number;
  readonly trainedOn: string | null;
  readonly hasReference: boolean;
  /** Genes of the query that the model knows; null without a query. */
  readonly nSharedGenes: number | null;
  readonly notes: readonly Note[];
}

/** What is told of the work that the browser keeps. */
export interface KeptWork {
  /** Milliseconds since 1970. */
  readonly savedAt: number;
  readonly model: string;
  /** The file that the model was trained on; null for one that was opened. */
  readonly reference: string | null;
  readonly labels: readonly string[];
  /** What the model gave; null for a model alone. */
  readonly result: { readonly query: string; readonly nCells: number } | null;
}

/** The work of an earlier visit. */
export interface OpenedWork {
  readonly model: ModelSeen;
  readonly isTrained: boolean;
  readonly result: ResultView | null;
  /** The query where it is open as well: the example is made again. */
  readonly query: DatasetSeen | null;
}

export type Effort = "quick" | "standard" | "best";

export interface TrainSettings {
  readonly labelColumns: readonly string[];
  readonly layer: string;
  readonly effort: Effort;
  readonly missingLabels: "error" | "ignore";
  /** Whether the model learns a map, on which the query lands. */
  readonly learnsMap: boolean;
}

export interface AnnotateSettings {
  readonly layer: string;
  readonly neighbours: boolean;
  readonly confidenceLow: number;
  readonly knownLoss: number;
}

/** One label column of a result; arrays have an entry for each cell. */
export interface LevelView {
  readonly column: string;
  /** The classes, then `Unknown`. */
  readonly categories: readonly string[];
  readonly unknownCode: number;
  /** Final labels, as indices into `categories`. */
  readonly final: Uint16Array;
  /** The most likely class, also of Unknown cells. */
  readonly likely: Uint16Array;
  readonly conf: Float32Array;
  readonly margin: Float32Array;
  /** Index into {@link ResultView.reasons}; -1 where a cell has a label. */
  readonly reason: Int8Array;
  readonly second: Uint16Array | null;
  readonly secondConf: Float32Array | null;
  readonly distance: Float32Array | null;
  /** 1 where model and nearest cells are both unsure. */
  readonly isDisputed: Uint8Array;
}

export interface GroupView {
  readonly column: string;
  readonly categories: readonly string[];
  /** 65535 for a cell of no group. */
  readonly codes: Uint16Array;
}

export interface ResultView {
  /** The file of the query. */
  readonly query: string;
  readonly nCells: number;
  readonly names: readonly string[];
  readonly levels: readonly LevelView[];
  /** Why cells are Unknown. */
  readonly reasons: readonly string[];
  readonly groups: readonly GroupView[];
  /** Two numbers for each cell. */
  readonly points: Float32Array;
  /** Where the points come from, in words. */
  readonly pointsName: string;
  readonly notes: readonly Note[];
  readonly settings: AnnotateSettings;
}

/** What the library knows of one cell and the page does not. */
export interface CellDetails {
  readonly levels: readonly {
    readonly column: string;
    readonly vote: string | null;
    readonly voteShare: number | null;
    readonly nearest: string | null;
  }[];
}

/** How strongly a gene is expressed. */
export interface GeneView {
  readonly gene: string;
  /** For each cell, 0 to 1 of the highest. */
  readonly values: Float32Array;
  /** The highest value, as it is stored. */
  readonly highest: number;
}

/** Genes that drive a label, the best first, with the shares of cells that express them. */
export interface LabelGenesView {
  readonly column: string;
  readonly labels: readonly {
    readonly label: string;
    readonly genes: readonly {
      readonly gene: string;
      readonly inReference: number | null;
      readonly inQuery: number | null;
    }[];
  }[];
}

export type SaveKind = "h5ad" | "csv" | "parquet" | "report" | "model" | "methods" | "commands";

/** A file to save. */
export interface SavedFile {
  readonly name: string;
  readonly blob: Blob;
}
