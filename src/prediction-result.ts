/** What prediction gives back, and the files it can become. @module */
import { platform } from "#platform";
import { annotateBytes, writeAnnotated } from "./anndata/append.ts";
import type { AnnData, DataFrame } from "./anndata/types.ts";
import type { FileInput } from "./core/bytes.ts";
import { AtlasmtlError } from "./errors.ts";
import type { ExportOptions, WriteMode } from "./output/columns.ts";
import { type ToAnnDataOptions, toAnnDataAdditions } from "./output/to-anndata.ts";
import { gzipPieces, toCsv } from "./output/to-csv.ts";
import { toParquet } from "./output/to-parquet.ts";
import { toDataFrame } from "./output/to-table.ts";
import type { Predictions, Warning } from "./predict/types.ts";

/**
 * Labels, confidences and coordinates of every query cell (contract 3 §8).
 *
 * ```ts
 * const result = await predict(model, query, { knnCorrection: "low_conf_only" });
 * await result.toAnnData(query, "annotated.h5ad");
 * await result.toCsv("predictions.csv.gz", "full");
 * ```
 */
export class PredictionResult {
  constructor(
    /** Every value as plain columns. */
    readonly data: Predictions,
  ) {}

  /** Non-fatal findings, such as poor gene overlap. */
  get warnings(): readonly Warning[] {
    return this.data.warnings;
  }

  /** The columns of `mode` over the query's cells. */
  toDataFrame(mode?: WriteMode): DataFrame {
    return toDataFrame(this.data, exportOptions(mode));
  }

  /**
   * Writes `path` (Node): a copy of the file `adata` was opened from, with the result added.
   *
   * Everything else of the file stays byte for byte as it was; columns of an earlier prediction are replaced.
   * @throws MISMATCH when `adata` has other cells, USAGE when it has no file or `path` does not end in
   * `.h5ad`, IO when the file cannot be written.
   */
  async toAnnData(adata: AnnData, path: string, options: ToAnnDataOptions = {}): Promise<void> {
    requireSuffix(path, ".h5ad");
    if (typeof adata.input !== "string")
      throw new AtlasmtlError("USAGE", "the query was not opened from a path", {
        where: adata.source,
        hint: "use toAnnDataBytes, which gives the annotated file as bytes",
      });
    await writeAnnotated(adata.input, path, toAnnDataAdditions(this.data, adata, options));
  }

  /** As {@link toAnnData}, on any host: the annotated file as bytes. */
  async toAnnDataBytes(adata: AnnData, options: ToAnnDataOptions = {}): Promise<Uint8Array> {
    if (adata.input === null)
      throw new AtlasmtlError("USAGE", "the query has no file to annotate; it was made in memory");
    const bytes = await readWhole(adata.input);
    return annotateBytes(bytes, toAnnDataAdditions(this.data, adata, options), adata.source);
  }

  /** Writes a table to `path` (Node), gzipped when it ends in `.gz`. @throws IO. */
  async toCsv(path: string, mode?: WriteMode): Promise<void> {
    const pieces = toCsv(this.data, exportOptions(mode));
    await platform.files.writeAll([{ path, bytes: path.endsWith(".gz") ? gzipPieces(pieces) : pieces }]);
  }

  /** The table of {@link toCsv} as UTF-8 pieces, on any host. */
  toCsvPieces(mode?: WriteMode): Iterable<Uint8Array> {
    return toCsv(this.data, exportOptions(mode));
  }

  /** Writes a Parquet table to `path` (Node), with the metadata inside. @throws IO. */
  async toParquet(path: string, mode?: WriteMode): Promise<void> {
    await platform.files.writeAll([{ path, bytes: [this.toParquetBytes(mode)] }]);
  }

  /** The table of {@link toParquet} as bytes, on any host. */
  toParquetBytes(mode?: WriteMode): Uint8Array {
    return toParquet(this.data, exportOptions(mode));
  }
}

const exportOptions = (mode: WriteMode | undefined): ExportOptions => (mode === undefined ? {} : { mode });

function requireSuffix(path: string, suffix: string): void {
  if (!path.toLowerCase().endsWith(suffix))
    throw new AtlasmtlError("USAGE", `got ${JSON.stringify(path)}; expected a name that ends in ${suffix}`, {
      where: path,
    });
}

async function readWhole(input: FileInput): Promise<Uint8Array> {
  const source = await platform.openFile(input);
  try {
    return await source.read(0, source.byteLength);
  } finally {
    await source.close();
  }
}
