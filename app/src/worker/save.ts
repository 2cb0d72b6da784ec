/** Makes the files that a user takes away. */
import { TrainedModel, type WorkOptions } from "atlasmtl";
import { commandLines } from "./commands.ts";
import { desk } from "./desk.ts";
import { inTurns } from "./in-turns.ts";
import { methodsText } from "./methods.ts";
import { storedFile } from "./stored-file.ts";
import type { SavedFile, SaveKind } from "./views.ts";

type Maker = (work: WorkOptions) => Promise<SavedFile>;

const MAKERS: Readonly<Record<SaveKind, Maker>> = {
  async h5ad(work) {
    const { result, query } = desk.needQueryFile();
    const name = `${stem(query.name)}.annotated.h5ad`;
    const blob = await storedFile((file) => result.toAnnDataFile(query.adata, file, {}, work));
    return blob === null ? saved(name, [await result.toAnnDataBytes(query.adata)]) : { name, blob };
  },
  async csv({ signal }) {
    const { result, query } = desk.needAnnotation();
    return saved(`${stem(query.name)}.labels.csv`, await inTurns(result.toCsvPieces(), signal), "text/csv");
  },
  async parquet(work) {
    const { result, query } = desk.needAnnotation();
    return saved(`${stem(query.name)}.labels.parquet`, [await result.toParquetBytes(undefined, work)]);
  },
  async report(work) {
    const { result, query, model, hasQueryFile } = desk.needAnnotation();
    // The genes of the labels are counted in the query's file.
    const shown = hasQueryFile ? model.model : new TrainedModel({ ...model.model.data, labelGenes: [] });
    const html = await result.toReport(query.adata, shown, { modelName: model.name }, work);
    return saved(`${stem(query.name)}.report.html`, [html], "text/html");
  },
  async model(work) {
    const { model, name } = desk.needModel();
    return saved(`${name}.zip`, [await model.toZip(`${name}.pth`, work)], "application/zip");
  },
  async methods(work) {
    return saved("methods.txt", [await methodsText(work)], "text/plain");
  },
  async commands() {
    return saved("commands.sh", [commandLines()], "text/plain");
  },
};

/** @throws what the library throws; ABORTED by the signal. */
export async function save(kind: SaveKind, work: WorkOptions): Promise<readonly SavedFile[]> {
  return [await MAKERS[kind](work)];
}

const stem = (name: string): string =>
  name.replace(/^.*\//, "").replace(/\.(h5ad|h5mu|h5|loom|zarr|zarr\.zip|zip|mtx|csv|tsv|txt)(\.gz)?$/i, "");

function saved(
  name: string,
  parts: readonly (Uint8Array | string)[],
  type = "application/octet-stream",
): SavedFile {
  return { name, blob: new Blob(parts as BlobPart[], { type }) };
}
