/**
 * The last work stays in the browser's own storage, so that a closed tab loses nothing: the model that was used last, and what it
 * gave a query. The files that a user opened are not kept.
 */
import { AtlasmtlError, type PredictionResult, VERSION } from "atlasmtl";
import { removeFrom, writeFile } from "./browser-storage.ts";
import type { Annotation, OpenModel } from "./desk.ts";
import { modelFiles } from "./model-checksums.ts";
import { type Packed, pack, unpack } from "./packed.ts";
import type { KeptWork } from "./views.ts";

const FOLDER = "last-work";
/** Written last: what it does not name is not whole. */
const RECORD = "record.json";
const RESULT = "result.bin";
/** One tab at a time reads or writes. */
const LOCK = "atlasmtl-last-work";
/** Of what {@link RESULT} holds; another version of the page does not read it. */
const FORMAT = `1 of ${VERSION}`;

interface KeptRecord {
  /** Of the model. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
  readonly model: Pick<OpenModel, "name" | "trained"> & { readonly labels: readonly string[] };
  readonly result: {
    readonly format: string;
    readonly packed: Packed;
    readonly query: string;
    readonly nCells: number;
  } | null;
}

/** What is kept of an annotation. */
export type KeptAnnotation = Omit<Annotation, "model" | "query" | "result" | "hasQueryFile"> & {
  readonly query: { readonly name: string; readonly nGenes: number; readonly isDemo: boolean };
  readonly data: PredictionResult["data"];
};

const alone = <T>(work: (root: FileSystemDirectoryHandle) => Promise<T>): Promise<T> =>
  navigator.locks.request(LOCK, async () => work(await navigator.storage.getDirectory())) as Promise<T>;

/**
 * Keeps the model, and what it gave, in place of what was kept before. Another tab that keeps its own work meanwhile does so before
 * or after, never between. @throws what the storage throws where there is none, or it is full; what did not fit is not there then.
 */
export async function keepWork(model: OpenModel, annotation: Annotation | null): Promise<void> {
  await alone(async (root) => {
    let folder = await root.getDirectoryHandle(FOLDER, { create: true });
    let record = await readRecord(folder).catch(() => null);
    if (record?.id !== model.id) {
      await removeFrom(root, FOLDER);
      folder = await root.getDirectoryHandle(FOLDER, { create: true });
      record = await keepModel(folder, model).catch(async (error: unknown) => {
        await removeFrom(root, FOLDER);
        throw error;
      });
    }
    if (annotation === null) return;
    if (record.result !== null) await writeRecord(folder, { ...record, result: null });
    const packed = await writeFile(folder, RESULT, (file) => pack(keptAnnotation(annotation), file)).catch(
      async (error: unknown) => {
        await removeFrom(folder, RESULT);
        throw error;
      },
    );
    const { name } = annotation.query;
    const nCells = annotation.result.data.obsNames.length;
    await writeRecord(folder, {
      ...record,
      savedAt: Date.now(),
      result: { format: FORMAT, packed, query: name, nCells },
    });
  });
}

async function keepModel(folder: FileSystemDirectoryHandle, opened: OpenModel): Promise<KeptRecord> {
  const { id, name, model, trained } = opened;
  for (const [file, bytes] of await modelFiles(opened)) await write(folder, file, bytes);
  const labels = model.data.labelHeads.map(({ column }) => column);
  const record: KeptRecord = { id, savedAt: Date.now(), model: { name, trained, labels }, result: null };
  await writeRecord(folder, record);
  return record;
}

function keptAnnotation({ result, settings, query, drawn, cells }: Annotation): KeptAnnotation {
  const { name, adata, isDemo } = query;
  return { settings, query: { name, nGenes: adata.nVars, isDemo }, drawn, cells, data: result.data };
}

/** What is kept; null for nothing. */
export async function keptWork(): Promise<KeptWork | null> {
  return alone(async (root) => {
    const { savedAt, model, result } = await readRecord(await root.getDirectoryHandle(FOLDER));
    return {
      savedAt,
      model: model.name,
      reference: model.trained?.reference ?? null,
      labels: model.labels,
      result: result?.format === FORMAT ? { query: result.query, nCells: result.nCells } : null,
    };
  }).catch(() => null);
}

export interface ReadWork {
  readonly id: string;
  /** In memory: another tab may replace them. */
  readonly files: readonly File[];
  readonly trained: OpenModel["trained"];
  /** Null where no result is kept, or none was asked for. */
  readonly annotation: KeptAnnotation | null;
}

/** Reads what is kept. @throws NOT_FOUND if another tab made it forget that, BAD_FORMAT for a result that is not whole. */
export async function readWork(withResult: boolean, signal?: AbortSignal): Promise<ReadWork> {
  return alone(async (root) => {
    const folder = await root.getDirectoryHandle(FOLDER).catch(() => gone());
    const { id, model, result } = await readRecord(folder).catch(() => gone());
    const files: File[] = [];
    for await (const handle of folder.values()) {
      if (handle.kind !== "file" || handle.name === RECORD || handle.name === RESULT) continue;
      const file = await (handle as FileSystemFileHandle).getFile();
      files.push(new File([await file.arrayBuffer()], handle.name));
      signal?.throwIfAborted();
    }
    const hasResult = withResult && result?.format === FORMAT;
    return {
      id,
      files,
      trained: model.trained,
      annotation: hasResult ? await readResult(folder, result.packed, signal) : null,
    };
  });
}

async function readResult(
  folder: FileSystemDirectoryHandle,
  packed: Packed,
  signal?: AbortSignal,
): Promise<KeptAnnotation> {
  try {
    const file = await (await folder.getFileHandle(RESULT)).getFile();
    return (await unpack(file, packed, signal)) as KeptAnnotation;
  } catch (error) {
    signal?.throwIfAborted();
    throw new AtlasmtlError("BAD_FORMAT", "the kept result cannot be read", {
      where: error instanceof Error ? error.message : String(error),
      hint: "open the model that is kept, and annotate the query again",
    });
  }
}

function gone(): never {
  throw new AtlasmtlError("NOT_FOUND", "nothing is kept in this browser any more", {
    hint: "another tab may have removed it; start anew, or give the files of a model",
  });
}

export async function forgetKept(): Promise<null> {
  await alone((root) => removeFrom(root, FOLDER)).catch(() => null);
  return null;
}

async function readRecord(folder: FileSystemDirectoryHandle): Promise<KeptRecord> {
  const file = await (await folder.getFileHandle(RECORD)).getFile();
  return JSON.parse(await file.text()) as KeptRecord;
}

const writeRecord = (folder: FileSystemDirectoryHandle, record: KeptRecord): Promise<void> =>
  write(folder, RECORD, new TextEncoder().encode(JSON.stringify(record)));

/** @throws what the storage throws, or where it takes a part only. */
async function write(folder: FileSystemDirectoryHandle, name: string, bytes: Uint8Array): Promise<void> {
  await writeFile(folder, name, (file) => {
    const written = file.write(bytes, { at: 0 });
    if (written < bytes.length) throw new DOMException("the file takes no more", "QuotaExceededError");
    file.flush();
  });
}
