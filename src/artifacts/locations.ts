/**
 * The locations of a bundle's files: names that are derived on saving, candidates that are tried on loading.
 * @module
 */
import type { FileStore } from "../core/bytes.ts";
import { baseName, folderName, isAbsolutePath, joinPath, leavesFolder, relativePath } from "../core/paths.ts";
import { AtlasmtlError, isAtlasmtlError } from "../errors.ts";
import type { Warning } from "../model/types.ts";
import { FILE_SUFFIXES, MODEL_SUFFIX } from "../schema/bundle.ts";

/** The candidate paths of a file of a bundle, in the order in which they are tried. */
export interface Location {
  readonly candidates: readonly string[];
}

/** `DIR/NAME` with another suffix; `path` ends in `.pth`. */
export function siblingPath(path: string, kind: keyof typeof FILE_SUFFIXES): string {
  return path.slice(0, -MODEL_SUFFIX.length) + FILE_SUFFIXES[kind];
}

/** @throws USAGE if `path` does not end in `.pth` (docs/specification/1-artifacts.md#bundle-files). */
export function checkModelPath(path: string): void {
  if (path.endsWith(MODEL_SUFFIX) && baseName(path) !== MODEL_SUFFIX) return;
  throw new AtlasmtlError(
    "USAGE",
    `got ${JSON.stringify(path)}, expected a name that ends in ${MODEL_SUFFIX}`,
    {
      where: path,
      hint: `use ${asModelPath(path)}`,
    },
  );
}

/** The endings that other programs give to models, and those of what lies beside one here. */
const OTHER_SUFFIX = /\.(pth|pt|pkl|pickle|bin|ckpt|h5|h5ad|zarr|json|model|safetensors|zip)(\.gz)?$/i;

/** The path of a model that is most likely meant by another: `m.pkl` → `m.pth`, `models/` → `models/model.pth`. */
export function asModelPath(path: string): string {
  if (/[/\\]$/.test(path)) return `${path}model${MODEL_SUFFIX}`;
  return joinPath(folderName(path), `${baseName(path).replace(OTHER_SUFFIX, "") || "model"}${MODEL_SUFFIX}`);
}

/**
 * The path of a file in a manifest: relative to the manifest's folder if the file is inside it, else an
 * absolute path as given. A relative path to another folder is converted to one relative to the manifest's
 * folder, as readers expect.
 */
export function storedPath(manifestPath: string, path: string): string {
  const folder = folderName(manifestPath);
  if (isAbsolutePath(path) && leavesFolder(folder, path)) return path;
  return relativePath(folder, path) ?? path;
}

/**
 * The candidates for a file in a manifest: relative to the manifest's folder, also with a path that was written on
 * Windows, else the same file name beside the manifest (docs/specification/1-artifacts.md#loading); the same beside `target`, where the manifest is a link to it; else
 * relative to the working folder.
 */
export function manifestLocation(manifestPath: string, stored: string, target: string | null): Location {
  const beside = (path: string) => [
    joinPath(folderName(path), stored),
    joinPath(folderName(path), stored.replaceAll("\\", "/")),
    joinPath(folderName(path), baseName(stored)),
  ];
  return unique([...beside(manifestPath), ...(target === null ? [] : beside(target)), stored]);
}

/** Where the symbolic link `path` leads; null if it is none, or is not there. */
export async function linkTarget(store: FileStore, path: string): Promise<string | null> {
  if (store.realPath === undefined) return null;
  try {
    const [real, folder] = [await store.realPath(path), await store.realPath(folderName(path) || ".")];
    return real === joinPath(folder, baseName(path)) ? null : real;
  } catch (error) {
    // Reading the file says what is wrong.
    if (isAtlasmtlError(error, "NOT_FOUND", "IO")) return null;
    throw error;
  }
}

/**
 * The candidates for the reference of a bundle without a manifest: the path in the metadata, else its default
 * name.
 */
export function legacyReferenceLocation(modelPath: string, stored: string | null): Location {
  const fallback = siblingPath(modelPath, "reference");
  if (stored === null) return { candidates: [fallback] };
  const folder = folderName(modelPath);
  return unique([joinPath(folder, stored), stored, joinPath(folder, baseName(stored)), fallback]);
}

const unique = (paths: readonly string[]): Location => ({ candidates: [...new Set(paths)] });

/** The first candidate that exists; null if none does. */
export async function findFile(store: FileStore, location: Location): Promise<string | null> {
  for (const path of location.candidates) if (await store.exists(path)) return path;
  return null;
}

/** A file of a bundle. */
export interface FoundFile {
  /** The key that names it. */
  readonly key: string;
  /** Its path in the manifest or the metadata. */
  readonly stored: string;
  /** Its real path; null if it is missing. */
  readonly path: string | null;
}

/**
 * Warnings about files outside the folder of `owner`, the file that names them: `owner` may be untrusted, and
 * the files that it names are read.
 */
export async function pathWarnings(
  store: FileStore,
  owner: string,
  files: readonly FoundFile[],
): Promise<readonly Warning[]> {
  const folder = folderName(owner);
  const target = await linkTarget(store, owner);
  const warnings: Warning[] = [];
  for (const { key, stored, path } of files) {
    const how = leavesFolder(folder, stored)
      ? `${isAbsolutePath(stored) ? "is an absolute path" : "leads out of the manifest's folder"}: ${stored}`
      : path === null || (target !== null && folderName(path) === folderName(target))
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

/** The reason why a file with a path inside the folder is outside it: a symbolic link. */
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
