/**
 * The table of formats for tables of cells, in which results are written and which `evaluate` and `report`
 * read, all but Arrow. A new format is one more entry.
 * @module
 */
import { hasEnding } from "../anndata/containers/container.ts";
import { WRITTEN_CONTAINERS, WRITTEN_ENDINGS } from "../anndata/containers/containers.ts";
import { AtlasmtlError, option, phrase } from "../errors.ts";
import type { Predictions } from "../predict/types.ts";
import type { CellColumns } from "./cell-columns.ts";
import type { CsvOptions } from "./columns.ts";

export interface TableFormat {
  /** Endings of names that are written and read. */
  readonly endings: readonly string[];
  /** Endings that are read only. */
  readonly alsoRead: readonly string[];
  /** True if the file contains the run's metadata. */
  readonly holdsMetadata: boolean;
  /** True for text, which spreadsheets open. */
  readonly isText: boolean;
  /** The bytes of a file named `path`. */
  emit(predictions: Predictions, path: string, options: CsvOptions): Promise<Iterable<Uint8Array>>;
  /** Null for a format that is only written. @throws BAD_FORMAT, UNSUPPORTED, LIMIT. */
  readonly read: ((bytes: Uint8Array, path: string) => Promise<CellColumns>) | null;
}

const csv: TableFormat = {
  endings: [".csv", ".csv.gz"],
  alsoRead: [".tsv", ".tsv.gz"],
  holdsMetadata: false,
  isText: true,
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
  isText: false,
  // Loaded on first use: it is a fifth of the library, and most pages do not need it.
  emit: async (predictions, _path, options) =>
    (await import("./to-parquet.ts")).parquetPieces(predictions, options),
  read: async (bytes, path) => {
    const { decompress } = await import("../formats/zarr/codecs.ts");
    return (await import("./read-parquet.ts")).readParquetCells(bytes, path, decompress);
  },
};

const arrow: TableFormat = {
  endings: [".arrow"],
  alsoRead: [],
  holdsMetadata: true,
  isText: false,
  emit: async (predictions, _path, options) =>
    (await import("./to-arrow.ts")).arrowPieces(predictions, options),
  // The library that writes Arrow trusts the counts and offsets of what it reads (docs/decisions/0006-dependencies.md).
  read: null,
};

export const TABLE_FORMATS: readonly TableFormat[] = [csv, parquet, arrow];

/** Endings of Arrow tables, the second of which other programs write. */
const ARROW_ENDINGS = [...arrow.endings, ".feather"];

/**
 * How a table is read, by the ending of its name; null for names of no table.
 * @throws UNSUPPORTED for an Arrow table.
 */
export function tableReader(path: string): TableFormat["read"] {
  const name = path.toLowerCase();
  if (ARROW_ENDINGS.some((ending) => name.endsWith(ending)))
    throw new AtlasmtlError("UNSUPPORTED", "Arrow tables are written and not read", {
      where: path,
      hint: phrase`end ${option("out")} of predict in .parquet or .csv, or convert the table to one of them`,
    });
  const has = ({ endings, alsoRead }: TableFormat): boolean =>
    [...endings, ...alsoRead].some((ending) => name.endsWith(ending));
  return TABLE_FORMATS.find(has)?.read ?? null;
}

/** The format of a table to write, by the ending of its name; null for other names. */
export function writtenTable(path: string): TableFormat | null {
  return TABLE_FORMATS.find(({ endings }) => endings.some((ending) => path.endsWith(ending))) ?? null;
}

/** The endings of results: datasets, then tables. */
export const RESULT_ENDINGS: readonly string[] = [
  ...WRITTEN_ENDINGS,
  ...TABLE_FORMATS.flatMap(({ endings }) => endings),
];

/** True if a result of this name contains the run's metadata. */
export function holdsMetadata(path: string): boolean {
  return (
    WRITTEN_CONTAINERS.some(({ endings }) => hasEnding(path, endings)) ||
    writtenTable(path)?.holdsMetadata === true
  );
}
