/** The result of prediction, and how it is written to files. @module */
import { platform } from "#platform";
import { columnLabels } from "../anndata/read/column-values.ts";
import type { AnnData, DataFrame, Notice } from "../anndata/types.ts";
import { writtenPart } from "../anndata/write/without-matrices.ts";
import { writeDataset } from "../anndata/write/write-annotated.ts";
import type { AlsoWrite } from "../core/bytes.ts";
import { refuseOverwriting } from "../core/overwriting.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { FileTarget } from "../core/sync-file.ts";
import { AtlasmtlError } from "../errors.ts";
import type { SampleSummary } from "../evaluate/sample-summary.ts";
import type { CsvOptions } from "../output/columns.ts";
import { formulaNotice } from "../output/formulas.ts";
import type { PredictionReportOptions } from "../output/report/from-prediction.ts";
import { TABLE_FORMATS, writtenTable } from "../output/table-formats.ts";
import { type ToAnnDataOptions, toAnnDataAdditions } from "../output/to-anndata.ts";
import { gzipPieces, toCsv } from "../output/to-csv.ts";
import { toDataFrame } from "../output/to-table.ts";
import { type PredictOptions, resolvePredictOptions } from "../predict/options.ts";
import type { Predictions, Warning } from "../predict/types.ts";
import type { WriteMode } from "../schema/columns.ts";
import { type PredictionSummary, summarise } from "./prediction-summary.ts";
import type { TrainedModel } from "./trained-model.ts";

/** The files that a report lists, each with its role in the run, such as `input`. */
export type ReportFiles = NonNullable<PredictionReportOptions["files"]>;

/**
 * Labels, confidences and coordinates of every query cell (docs/specification/3-prediction.md#result).
 *
 * ```ts
 * const result = await predict(model, query, { knnCorrection: "second_opinion" });
 * await result.toAnnData(query, "annotated.h5ad");
 * await result.toCsv("predictions.csv.gz", "full");
 * ```
 */
export class PredictionResult {
  constructor(
    /** Every value as plain columns. */
    readonly data: Predictions,
    /** Paths that were read (Node), which no table replaces. */
    private readonly inputs: readonly string[] = [],
    /** How the query was read. */
    private readonly options: PredictOptions = {},
    /** The engine that computed it; null where it is not known. */
    readonly engine: string | null = null,
  ) {}

  /** Problems that did not stop prediction, such as poor gene overlap. */
  get warnings(): readonly Warning[] {
    return this.data.warnings;
  }

  /** Information that needs no action, such as how genes were mapped. */
  get notes(): readonly Notice[] {
    return this.data.notes ?? [];
  }

  /**
   * Counts and means by label column.
   *
   * ```ts
   * for (const { column, unknown } of result.summary().labels) console.log(column, unknown);
   * ```
   */
  summary(): PredictionSummary {
    return summarise(this.data);
  }

  /**
   * One HTML file with the labels, their confidence, the model and the options; it needs no network. With `truths`
   * it also shows the accuracy. Where the model tells the genes of its labels ({@link explainModel}), the query is read once
   * more for the share of its cells that express them.
   *
   * ```ts
   * const html = await result.toReport(query, model, { groupBy: "donor" });
   * ```
   * @throws NOT_FOUND for a `groupBy` that the query does not have; ABORTED by the signal.
   */
  async toReport(
    adata: AnnData,
    model: TrainedModel,
    options: PredictionReportOptions = {},
    work: WorkOptions = {},
  ): Promise<string> {
    return (await this.prepareReport(adata, model, options, work))(options.files ?? []);
  }

  /** As {@link toReport}, for a report that lists files written with it: pass them to the returned function. */
  async prepareReport(
    adata: AnnData,
    model: TrainedModel,
    options: PredictionReportOptions = {},
    work: WorkOptions = {},
  ): Promise<(files: ReportFiles) => string> {
    const { predictionReport } = await import("../output/report/from-prediction.ts");
    const { renderReport } = await import("../output/report/page.ts");
    const settings = resolvePredictOptions(this.options, model.data);
    const report = await predictionReport(this.data, adata, model.data, options, settings, work);
    return (files) => renderReport({ ...report, files });
  }

  /**
   * A paragraph for the methods section of a paper: what was done, with which settings and version, and the SHA-256 of `files`.
   * Each sentence is true to this prediction; the report has the same.
   *
   * ```ts
   * const text = await result.toMethodsText(query, model, { modelName: "blood", referenceName: "blood.h5ad" });
   * ```
   */
  async toMethodsText(
    adata: AnnData,
    model: TrainedModel,
    options: Pick<PredictionReportOptions, "modelName" | "referenceName" | "files"> = {},
  ): Promise<string> {
    return (await import("../output/report/from-prediction.ts")).methodsText(
      this.data,
      adata,
      model.data,
      options,
    );
  }

  /**
   * What a report on many samples shows of this one: its labels, Unknown, confidence and likeness to the reference, and
   * with `batchColumn` the batches that its cells come from.
   *
   * ```ts
   * const { nCells, labels } = await result.summariseSample(query, "donor");
   * ```
   * @throws NOT_FOUND for a column that the query does not have.
   */
  async summariseSample(adata: AnnData, batchColumn?: string): Promise<SampleSummary> {
    const batches = batchColumn === undefined ? null : columnLabels(await adata.obs.column(batchColumn));
    return (await import("../evaluate/sample-summary.ts")).summariseSample(this.data, batches);
  }

  /** The columns of `mode` over the query's cells. */
  toDataFrame(mode?: WriteMode): DataFrame {
    return toDataFrame(this.data, exportOptions(mode));
  }

  /**
   * Writes the source of `adata` with the result added to `path` (Node), an `.h5ad` or a `.zarr` folder.
   *
   * Where both are of one kind, everything else stays byte for byte as it was; else it is carried over, element
   * by element. Columns of an earlier prediction are replaced. The files that `also` makes of it are written
   * with it, all or none; with a folder, once it is in place. What a view of chosen cells or genes cannot carry over
   * comes back by name.
   * @throws MISMATCH when `adata` has other cells, USAGE when `path` ends in something else or is `adata` itself (see
   * `inPlace`), UNSUPPORTED for
   * stored values that cannot be carried over, IO when it cannot be written.
   */
  async toAnnData(
    adata: AnnData,
    path: string,
    options: ToAnnDataOptions = {},
    also?: AlsoWrite,
  ): Promise<readonly Notice[]> {
    const { inPlace } = options;
    const additions = toAnnDataAdditions(this.data, adata, options);
    return writeDataset(writtenPart(adata, options), path, additions, { also, inPlace });
  }

  /**
   * As {@link toAnnData}, on any host: the annotated `.h5ad` as bytes.
   * @throws USAGE when `adata` was not opened from an `.h5ad`.
   */
  async toAnnDataBytes(adata: AnnData, options: ToAnnDataOptions = {}): Promise<Uint8Array> {
    if (adata.input === null && adata.stored === undefined)
      throw new AtlasmtlError("USAGE", "the query has no file to annotate, it was made in memory", {
        hint: "write it as a table: toCsvPieces, toParquetBytes or toArrowBytes",
      });
    const format = adata.stored?.format ?? "h5ad";
    if (format !== "h5ad")
      throw new AtlasmtlError(
        "USAGE",
        `the query is stored as ${format}; only an .h5ad is annotated in memory`,
        {
          where: adata.source,
          hint: "take the result as a table: toCsvPieces, toParquetBytes or toArrowBytes",
        },
      );
    const { emitAnnotatedH5ad } = await import("../anndata/write/annotate-h5ad.ts");
    return emitAnnotatedH5ad(writtenPart(adata, options), toAnnDataAdditions(this.data, adata, options));
  }

  /**
   * As {@link toAnnData}, on any host, into an empty file that the caller has opened: the query is copied in slices and the
   * result is added in place, so that a query of any size needs a few megabytes of memory. The caller closes the file.
   *
   * In Node that is `await open("annotated.h5ad", "w+")` of `node:fs/promises`; in a worker of a page, the handle of a file of its
   * private file system (docs/browser.md). When it fails, the file is emptied: it never holds a part of the result. Progress
   * counts bytes in a phase named `copy`.
   * @param target a `FileSystemSyncAccessHandle`, a `FileHandle` of Node opened with `w+`, or any {@link SyncFile}.
   * @throws USAGE when `target` is not empty, MISMATCH when `adata` has other cells, UNSUPPORTED for stored values that cannot be
   * carried over, IO when it cannot be written, ABORTED by the signal.
   */
  async toAnnDataFile(
    adata: AnnData,
    target: FileTarget,
    options: ToAnnDataOptions = {},
    work: WorkOptions = {},
  ): Promise<readonly Notice[]> {
    const additions = toAnnDataAdditions(this.data, adata, options);
    const { annotateToFile } = await import("../anndata/write/annotate-h5ad.ts");
    return annotateToFile(writtenPart(adata, options), target, additions, work);
  }

  /**
   * Writes a table to `path` (Node) in the format of its ending: `.csv`, `.csv.gz`, `.parquet` or `.arrow`,
   * with the files of `also`. What comes back names texts of a `.csv` that a spreadsheet takes for formulas.
   * @throws USAGE for another ending or a file that was read, IO.
   */
  async toTable(path: string, mode?: WriteMode | CsvOptions, also?: AlsoWrite): Promise<readonly Notice[]> {
    const format = writtenTable(path);
    if (format === null)
      throw new AtlasmtlError("USAGE", `got ${JSON.stringify(path)}; expected the name of a table`, {
        where: path,
        hint: `end it in ${TABLE_FORMATS.flatMap(({ endings }) => endings).join(", ")}`,
      });
    await this.writeTable(path, await format.emit(this.data, path, exportOptions(mode)), also);
    return format.isText ? this.formulas(path, exportOptions(mode)) : [];
  }

  /**
   * Writes a table to `path` (Node), gzipped when it ends in `.gz`, with the files of `also`. What comes back names
   * texts that a spreadsheet takes for formulas. @throws IO; USAGE for a file that was read.
   */
  async toCsv(path: string, mode?: WriteMode | CsvOptions, also?: AlsoWrite): Promise<readonly Notice[]> {
    const pieces = toCsv(this.data, exportOptions(mode));
    await this.writeTable(path, path.endsWith(".gz") ? gzipPieces(pieces) : pieces, also);
    return this.formulas(path, exportOptions(mode));
  }

  /** The table of {@link toCsv} as UTF-8 pieces, on any host. */
  toCsvPieces(mode?: WriteMode | CsvOptions): Iterable<Uint8Array> {
    return toCsv(this.data, exportOptions(mode));
  }

  /** Writes a Parquet table to `path` (Node), with the metadata inside and the files of `also`. @throws IO. */
  async toParquet(path: string, mode?: WriteMode, also?: AlsoWrite): Promise<void> {
    await this.writeTable(path, [await this.toParquetBytes(mode)], also);
  }

  /** The table of {@link toParquet} as bytes, on any host. @throws ABORTED by the signal. */
  async toParquetBytes(mode?: WriteMode, work: Pick<WorkOptions, "signal"> = {}): Promise<Uint8Array> {
    // Loaded on first use, as it is a fifth of the library and most pages never need it.
    const { toParquet } = await import("../output/to-parquet.ts");
    return toParquet(this.data, exportOptions(mode), work);
  }

  /** Writes an Arrow IPC file to `path` (Node), with the metadata inside and the files of `also`. @throws IO. */
  async toArrow(path: string, mode?: WriteMode, also?: AlsoWrite): Promise<void> {
    await this.writeTable(path, [await this.toArrowBytes(mode)], also);
  }

  /** The table of {@link toArrow} as bytes, on any host. */
  async toArrowBytes(mode?: WriteMode): Promise<Uint8Array> {
    const { toArrow } = await import("../output/to-arrow.ts");
    return toArrow(this.data, exportOptions(mode));
  }

  private formulas(path: string, options: CsvOptions): readonly Notice[] {
    const found = formulaNotice(this.data, path, options);
    return found === null ? [] : [found];
  }

  private async writeTable(path: string, bytes: Iterable<Uint8Array>, also?: AlsoWrite): Promise<void> {
    await refuseOverwriting([path], this.inputs);
    await platform.files.writeAll([{ path, bytes }], also);
  }
}

const exportOptions = (mode: WriteMode | CsvOptions | undefined): CsvOptions =>
  typeof mode === "string" ? { mode } : (mode ?? {});
