/**
 * Makes a file for download in the browser's own storage instead of in memory, so that it can be of any size. It stays there
 * for the download until this tab makes another or another tab finds that this one is gone.
 */
import type { SyncFile } from "atlasmtl";
import { removeFrom, writeFile } from "./browser-storage.ts";

const FOLDER = "downloads";
/** Of each tab, which holds the lock of its own name. */
const own = `atlasmtl-download-${crypto.randomUUID()}`;
let isHeld = false;

/** The file that `write` fills; null where the browser has no storage to write to. */
export async function storedFile(write: (file: SyncFile) => Promise<unknown>): Promise<File | null> {
  const folder = await openFolder().catch(() => null);
  if (folder === null) return null;
  await removeFrom(folder, own);
  await writeFile(folder, own, write).catch(async (error: unknown) => {
    await removeFrom(folder, own);
    throw error;
  });
  return (await folder.getFileHandle(own)).getFile();
}

/** The folder of downloads, without those of tabs that are closed. */
async function openFolder(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(FOLDER, { create: true });
  // Before its first file, so that no other tab takes it for one that is closed.
  await holdLock();
  // A probe: some browsers have folders, and no files that can be written at once.
  await writeFile(folder, own, () => undefined);
  const names: string[] = [];
  for await (const name of folder.keys()) names.push(name);
  const { held = [] } = await navigator.locks.query();
  const open = new Set(held.map(({ name }) => name));
  for (const name of names) if (!open.has(name)) await removeFrom(folder, name);
  return folder;
}

/** Holds the lock of this tab for as long as it is open. */
async function holdLock(): Promise<void> {
  if (isHeld) return;
  isHeld = true;
  await new Promise<void>((resolve) => {
    void navigator.locks.request(own, () => {
      resolve();
      return new Promise(() => undefined);
    });
  });
}
