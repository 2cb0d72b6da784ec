/**
 * The formats of tables of cells, once: what a result is written as beside datasets, and what `evaluate` and `report`
 * read. A new format is one more entry.
 * @module
 */
import { hasEnding } from "../anndata/containers/container.ts";
import { WRITTEN_CONTAINERS, WRITTEN_ENDINGS } from "../anndata/containers/containers.ts";
import type { Predictions } from "../predict/types.ts";
import type { CellColumns } from "./cell-columns.ts";
import type { ExportOptions } from "./columns.ts";

export interface TableFormat {
  /** What names end in, written and read. */
  readonly endings: readonly string[];
  /** Endings that are read only. */
  readonly alsoRead: readonly string[];
  /** The run's metadata lie in the file, its times among them. */
  readonly holdsMetadata: boolean;
  /** The bytes of a file named `path`. */
  emit(predictions: Predictions, path: string, options: ExportOptions): Promise<Iterable<Uint8Array>>;
  /** @throws BAD_FORMAT, UNSUPPORTED, LIMIT. */
  read(bytes: Uint8Array, path: string): Promise<CellColumns>;
}

const csv: TableFormat = {
  endings: [".csv", ".csv.gz"],
  alsoRead: [".tsv", ".tsv.gz"],
  holdsMetadata: false,
  async emit(predictions, path, options) {
    const { gzipPieces, toCsv } = await import("./to-csv.ts");
    const pieces = toCsv(predictions, options);
    return path.endsWith(".gz") ? gzipPieces(pieces) : pieces;
  },
  read: async (bytes, path) => (await import("./read-csv.ts")).readCsvCells(bytes, path),
};

const parquet: TableFormat = {
  endings: [".parquet"],
  alsoRead: [],
  holdsMetadata: true,
  // Loaded on first use: a fifth of the library, which most pages never need.
  emit: async (predictions, _path, options) => [
    (await import("./to-parquet.ts")).toParquet(predictions, options),
  ],
  read: async (bytes, path) => {
    const { decompress } = await import("../formats/zarr/codecs.ts");
    return (await import("./read-parquet.ts")).readParquetCells(bytes, path, decompress);
  },
};

const arrow: TableFormat = {
  endings: [".arrow"],
  alsoRead: [".feather"],
  holdsMetadata: true,
  emit: async (predictions, _path, options) => [
    (await import("./to-arrow.ts")).toArrow(predictions, options),
  ],
  read: async (bytes, path) => (await import("./read-arrow.ts")).readArrowCells(bytes, path),
};

export const TABLE_FORMATS: readonly TableFormat[] = [csv, parquet, arrow];

/** The format of a table to read, by the ending of its name; null for anything else. */
export function readableTable(path: string): TableFormat | null {
  const name = path.toLowerCase();
  const has = ({ endings, alsoRead }: TableFormat): boolean =>
    [...endings, ...alsoRead].some((ending) => name.endsWith(ending));
  return TABLE_FORMATS.find(has) ?? null;
}

/** The format of a table to write, by the ending of its name; null for anything else. */
export function writtenTable(path: string): TableFormat | null {
  return TABLE_FORMATS.find(({ endings }) => endings.some((ending) => path.endsWith(ending))) ?? null;
}

/** What the name of a result may end in: datasets, then tables. */
export const RESULT_ENDINGS: readonly string[] = [
  ...WRITTEN_ENDINGS,
  ...TABLE_FORMATS.flatMap(({ endings }) => endings),
];

/** Whether a result of this name holds the run's metadata. */
export function holdsMetadata(path: string): boolean {
  return (
    WRITTEN_CONTAINERS.some(({ endings }) => hasEnding(path, endings)) ||
    writtenTable(path)?.holdsMetadata === true
  );
}
