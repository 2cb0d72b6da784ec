/** Files that a user chose or dropped, those of folders with their paths. */
import type { GivenFile } from "../worker/views.ts";

/** What systems put into folders beside the data. */
const CLUTTER = /^(\.DS_Store|Thumbs\.db|desktop\.ini|\._.*)$/i;

const isData = ({ path }: GivenFile): boolean => !CLUTTER.test(path.slice(path.lastIndexOf("/") + 1));

/** Those of a picker. */
export const chosenFiles = (files: FileList): GivenFile[] =>
  Array.from(files, (file) => ({ path: file.webkitRelativePath || file.name, file })).filter(isData);

/** Those of a drop, with all files in its folders. Call it while the drop is told: later its items are gone. */
export async function droppedFiles(transfer: DataTransfer): Promise<GivenFile[]> {
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry()).filter(
    (entry) => entry !== null,
  );
  if (entries.length === 0) return chosenFiles(transfer.files);
  const found: GivenFile[] = [];
  for (const entry of entries) await collect(entry, found);
  return found.filter(isData);
}

async function collect(entry: FileSystemEntry, found: GivenFile[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    found.push({ path: entry.fullPath.replace(/^\//, ""), file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // Each call tells a part of a large folder, and none at its end.
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (part.length === 0) return;
    for (const each of part) await collect(each, found);
  }
}
