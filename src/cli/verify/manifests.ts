/** Finds the manifests at a path. @module */
import { type Dirent, readdirSync } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AtlasmtlError, asFileError } from "../../api/errors.ts";
import { FILE_SUFFIXES, MODEL_SUFFIX, RESULT_ENDINGS, RUN_MANIFEST_FILES } from "../../api/formats.ts";
import { compareCodePoints } from "../../api/names.ts";

/** The largest depth of folders below the named one. */
const MAX_DEPTH = 8;
const MAX_MANIFESTS = 10_000;

export interface Found {
  readonly isFolder: boolean;
  /** The path itself, or every manifest in the folder and those below it; links are not followed. */
  readonly manifests: readonly string[];
  /** Models in the folder without a manifest, so without recorded checksums. */
  readonly bare: readonly string[];
  /** Files and folders that are named like results, beside a run manifest. */
  readonly results: readonly string[];
}

/** @throws NOT_FOUND when a folder holds no manifest, LIMIT when it holds too many, IO. */
export async function findManifests(path: string): Promise<Found> {
  try {
    if (!(await stat(path)).isDirectory())
      return { isFolder: false, manifests: [path], bare: [], results: [] };
    const files = filesIn(path, 0);
    const manifests = files.filter((file) => /(^|[/\\_])manifest\.json$/.test(file));
    if (manifests.length > MAX_MANIFESTS)
      throw new AtlasmtlError(
        "LIMIT",
        `${manifests.length} manifests; at most ${MAX_MANIFESTS} are checked at once`,
        {
          where: path,
          hint: "name a folder further down",
        },
      );
    const all = new Set(manifests);
    const bare = files.filter(
      (file) =>
        file.endsWith(MODEL_SUFFIX) && !all.has(file.slice(0, -MODEL_SUFFIX.length) + FILE_SUFFIXES.manifest),
    );
    const runs = new Set(manifests.filter(isRunManifest).map((file) => dirname(file)));
    const results = files.filter((file) => runs.has(dirname(file)) && isResult(file));
    if (manifests.length > 0) return { isFolder: true, manifests, bare, results };
  } catch (error) {
    throw asFileError(error, path, "read");
  }
  throw new AtlasmtlError("NOT_FOUND", "the folder holds no manifest", {
    where: path,
    hint: "name a bundle (.pth or manifest), a run manifest, or a folder with one",
  });
}

const isResult = (path: string): boolean => RESULT_ENDINGS.some((ending) => path.endsWith(ending));

const isRunManifest = (path: string): boolean =>
  Object.values(RUN_MANIFEST_FILES).some((name) => basename(path) === name || path.endsWith(`.${name}`));

/** Results that are folders are entries, and nothing in them is. */
function filesIn(folder: string, depth: number): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) =>
    compareCodePoints(a.name, b.name),
  );
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isFile() || (entry.isDirectory() && isResult(path))) return [path];
    return isWorthEntering(entry) && depth < MAX_DEPTH ? filesIn(path, depth + 1) : [];
  });
}

const isWorthEntering = (entry: Dirent): boolean =>
  entry.isDirectory() && !entry.name.startsWith(".") && entry.name !== "node_modules";
