/** Where the files of a bundle are: names derived on saving, candidates tried on loading. @module */
import type { FileStore } from "../core/bytes.ts";
import { baseName, folderName, isAbsolutePath, joinPath, leavesFolder, relativePath } from "../core/paths.ts";
import { AtlasmtlError } from "../errors.ts";
import type { Warning } from "../model/types.ts";
import { FILE_SUFFIXES, MODEL_SUFFIX } from "./schema.ts";

/** A file of a bundle: the places it may be, in the order they are tried. */
export interface Location {
  readonly candidates: readonly string[];
}

/** `DIR/NAME` with another suffix; `path` ends in `.pth`. */
export function siblingPath(path: string, kind: keyof typeof FILE_SUFFIXES): string {
  return path.slice(0, -MODEL_SUFFIX.length) + FILE_SUFFIXES[kind];
}

/** @throws USAGE when `path` does not end in `.pth` (docs/specification/1-artifacts.md#bundle-files). */
export function checkModelPath(path: string): void {
  if (path.endsWith(MODEL_SUFFIX) && baseName(path) !== MODEL_SUFFIX) return;
  throw new AtlasmtlError(
    "USAGE",
    `a model is saved to NAME${MODEL_SUFFIX}; this path ends in another suffix`,
    {
      where: path,
      hint: `use ${joinPath(folderName(path), `${baseName(path).replace(/\.[^.]*$/, "") || "model"}${MODEL_SUFFIX}`)}`,
    },
  );
}

/**
 * How a manifest names a file: relative to its folder where the file lies inside it, else an absolute path
 * as given; a relative path elsewhere is told from the manifest's folder, where readers look from.
 */
export function storedPath(manifestPath: string, path: string): string {
  const folder = folderName(manifestPath);
  if (isAbsolutePath(path) && leavesFolder(folder, path)) return path;
  return relativePath(folder, path) ?? path;
}

/**
 * A file named by a manifest: resolved against the manifest's folder, else the same file name beside the
 * manifest (docs/specification/1-artifacts.md#loading), else as given, seen from the working folder.
 */
export function manifestLocation(manifestPath: string, stored: string): Location {
  const folder = folderName(manifestPath);
  return unique([joinPath(folder, stored), joinPath(folder, baseName(stored)), stored]);
}

/** The reference of a bundle without a manifest: as the metadata says, else its default name. */
export function legacyReferenceLocation(modelPath: string, stored: string | null): Location {
  const fallback = siblingPath(modelPath, "reference");
  if (stored === null) return { candidates: [fallback] };
  const folder = folderName(modelPath);
  return unique([joinPath(folder, stored), stored, joinPath(folder, baseName(stored)), fallback]);
}

const unique = (paths: readonly string[]): Location => ({ candidates: [...new Set(paths)] });

/** The first place where the file is; null when it is nowhere. */
export async function findFile(store: FileStore, location: Location): Promise<string | null> {
  for (const path of location.candidates) if (await store.exists(path)) return path;
  return null;
}

/** A file of a bundle that was found. */
export interface FoundFile {
  /** The key that names it. */
  readonly key: string;
  /** As the manifest or the metadata has it. */
  readonly stored: string;
  /** Where it is; null when it is nowhere. */
  readonly path: string | null;
}

/**
 * What a caller should know of files outside the folder of `owner`, the file that names them: it may have been
 * written by anybody, and what it names is read.
 */
export async function pathWarnings(
  store: FileStore,
  owner: string,
  files: readonly FoundFile[],
): Promise<readonly Warning[]> {
  const folder = folderName(owner);
  const warnings: Warning[] = [];
  for (const { key, stored, path } of files) {
    const how = leavesFolder(folder, stored)
      ? `${isAbsolutePath(stored) ? "is an absolute path" : "leads out of the manifest's folder"}: ${stored}`
      : path === null
        ? null
        : await strayText(store, folder, path);
    if (how !== null)
      warnings.push({
        message: `${key} ${how}`,
        where: owner,
        hint: "the bundle cannot be moved as one folder; save it again to keep its files together",
      });
  }
  return warnings;
}

/** How a file of an inner name comes to lie outside after all. */
async function strayText(store: FileStore, folder: string, path: string): Promise<string | null> {
  if (leavesFolder(folder, isAbsolutePath(path) ? path : (relativePath(folder, path) ?? "..")))
    return `was not found beside the manifest and is read from the working folder: ${path}`;
  if (store.realPath === undefined) return null;
  const [realFolder, realFile] = [
    await store.realPath(folder === "" ? "." : folder),
    await store.realPath(path),
  ];
  return leavesFolder(realFolder, realFile) ? `is a link that leads out of the folder: ${realFile}` : null;
}
