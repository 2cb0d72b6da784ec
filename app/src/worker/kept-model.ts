/** The model that was trained last stays in the browser's own storage, so that a closed tab loses no training. */
import { AtlasmtlError } from "atlasmtl";
import { removeFrom, writeFile } from "./browser-storage.ts";
import type { OpenModel } from "./desk.ts";
import type { KeptModel, Note } from "./views.ts";

const FOLDER = "last-model";
/** Written last: a folder without it is not whole. */
const RECORD = "record.json";
/** One tab at a time reads or writes. */
const LOCK = "atlasmtl-last-model";

const alone = <T>(work: (root: FileSystemDirectoryHandle) => Promise<T>): Promise<T> =>
  navigator.locks.request(LOCK, async () => work(await navigator.storage.getDirectory())) as Promise<T>;

/** Keeps the model in place of the one before. Where there is no storage, or it is full, nothing is kept, and a note says so. */
export async function keepModel(opened: OpenModel): Promise<Note | null> {
  try {
    await store(opened);
    return null;
  } catch (error) {
    await forgetKept();
    const reason = error instanceof Error ? error.message : String(error);
    return {
      message: `this browser cannot keep the model after the tab is closed (${reason})`,
      isWarning: false,
      where: null,
      hint: "save the model in the last step",
    };
  }
}

async function store({ name, model, trained }: OpenModel): Promise<void> {
  const files = await model.toFiles(`${name}.pth`);
  const record: KeptModel = {
    savedAt: Date.now(),
    reference: trained?.reference ?? "",
    labels: model.data.labelHeads.map(({ column }) => column),
  };
  await alone(async (root) => {
    await remove(root);
    const folder = await root.getDirectoryHandle(FOLDER, { create: true });
    for (const [file, bytes] of files) await write(folder, file, bytes);
    await write(folder, RECORD, new TextEncoder().encode(JSON.stringify(record)));
  });
}

/** What is kept; null for nothing. */
export async function keptModel(): Promise<KeptModel | null> {
  return alone(async (root) => {
    const folder = await root.getDirectoryHandle(FOLDER);
    const file = await (await folder.getFileHandle(RECORD)).getFile();
    return JSON.parse(await file.text()) as KeptModel;
  }).catch(() => null);
}

/** Its files, in memory: another tab may replace them. */
export async function keptFiles(): Promise<File[]> {
  const files = await alone(async (root) => {
    const found: File[] = [];
    const folder = await root.getDirectoryHandle(FOLDER);
    for await (const handle of folder.values()) {
      if (handle.kind !== "file" || handle.name === RECORD) continue;
      const file = await (handle as FileSystemFileHandle).getFile();
      found.push(new File([await file.arrayBuffer()], handle.name));
    }
    return found;
  }).catch(() => []);
  if (files.length > 0) return files;
  throw new AtlasmtlError("NOT_FOUND", "there is no model in this browser any more", {
    hint: "train one, or give its files",
  });
}

export async function forgetKept(): Promise<null> {
  await alone(remove).catch(() => null);
  return null;
}

const remove = (root: FileSystemDirectoryHandle): Promise<void> => removeFrom(root, FOLDER);

/** @throws what the storage throws, or Error where it takes a part only. */
async function write(folder: FileSystemDirectoryHandle, name: string, bytes: Uint8Array): Promise<void> {
  await writeFile(folder, name, (file) => {
    const written = file.write(bytes, { at: 0 });
    if (written < bytes.length) throw new Error(`${name}: ${written} of ${bytes.length} bytes were stored`);
    file.flush();
  });
}
