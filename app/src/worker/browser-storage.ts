/** Files of the browser's own storage (OPFS). */
import type { SyncFile } from "atlasmtl";

/** What workers have, and the types of pages leave out. */
interface SyncAccess {
  createSyncAccessHandle(): Promise<SyncFile & { close(): void }>;
}

/**
 * Handles that wait for an answer. Chromium forgets the answer to one that nothing else refers to, and the wait never ends: seen where
 * memory was collected meanwhile.
 */
const inUse = new Set<unknown>();

/** Makes an empty file and lets `write` fill it; no other tab can open it meanwhile. */
export async function writeFile<T>(
  folder: FileSystemDirectoryHandle,
  name: string,
  write: (file: SyncFile) => T,
): Promise<Awaited<T>> {
  const handle: unknown = await folder.getFileHandle(name, { create: true });
  inUse.add(handle);
  try {
    const file = await (handle as SyncAccess).createSyncAccessHandle();
    try {
      file.truncate(0);
      return await write(file);
    } finally {
      file.close();
    }
  } finally {
    inUse.delete(handle);
  }
}

/** Removes a file or folder, if it is there. */
export const removeFrom = (folder: FileSystemDirectoryHandle, name: string): Promise<void> =>
  folder.removeEntry(name, { recursive: true }).catch(() => undefined);
