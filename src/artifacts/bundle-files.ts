/** The files of a bundle that a caller holds, or of one archive of them. @module */
import { platform } from "#platform";
import { createFileSet, type FileSet, type FileSetInput } from "../core/file-set.ts";
import { baseName } from "../core/paths.ts";
import { ARCHIVE_SUFFIX, MODEL_SUFFIX } from "../schema/bundle.ts";

/** True for the name of a bundle in one archive. */
export const isArchiveName = (name: string): boolean => name.toLowerCase().endsWith(ARCHIVE_SUFFIX);

/** The name of the model in an archive, which is called as the archive is. */
export const modelInArchive = (archive: string): string =>
  baseName(archive).slice(0, -ARCHIVE_SUFFIX.length) + MODEL_SUFFIX;

/**
 * The given files, or those in the archive where one archive is given: as a `File` or `Blob`, as bytes, or as the only file.
 * @throws USAGE for a value that is no file; as `openZippedBundle`.
 */
export async function openBundleFiles(from: Blob | Uint8Array | FileSetInput): Promise<FileSet> {
  const isUnnamed = from instanceof Uint8Array || (from instanceof Blob && !("name" in from));
  const files = isUnnamed
    ? new Map([[`model${ARCHIVE_SUFFIX}`, from]])
    : from instanceof Blob
      ? [from as File]
      : from;
  const store = createFileSet(files);
  const [only, ...others] = store.paths;
  if (only === undefined || others.length > 0 || !isArchiveName(only)) return store;
  return (await import("./zipped-bundle.ts")).openZippedBundle(() => store.open(only));
}

/** The files in the archive at `path` (Node). @throws as `openZippedBundle`. */
export async function openArchiveAt(path: string): Promise<FileSet> {
  const { files } = platform;
  const open = () => (files.committedView?.() ?? files).open(path);
  return (await import("./zipped-bundle.ts")).openZippedBundle(open);
}
