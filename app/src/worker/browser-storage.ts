/** Files of the browser's own storage (OPFS). */
import type { SyncFile } from "atlasmtl";

/** What workers have, and the types of pages leave out. */
interface SyncAccess {
  createSyncAccessHandle(): Promise<SyncFile & { close(): void }>;
}

/** Makes an empty file and lets `write` fill it; no other tab can open it meanwhile. */
export async function writeFile<T>(
  folder: FileSystemDirectoryHandle,
  name: string,
  write: (file: SyncFile) => T,
): Promise<Awaited<T>> {
  const handle: unknown = await folder.getFileHandle(name, { create: true });
  const file = await (handle as SyncAccess).createSyncAccessHandle();
  try {
    file.truncate(0);
    return await write(file);
  } finally {
    file.close();
  }
}

/** Removes a file or folder, if it is there. */
export const removeFrom = (folder: FileSystemDirectoryHandle, name: string): Promise<void> =>
  folder.removeEntry(name, { recursive: true }).catch(() => undefined);
