/** Finds the bundle in a set of files, such as a folder of a file picker. @module */
import { platform } from "#platform";
import { compareCodePoints } from "../core/order.ts";
import { baseName, folderName, joinPath } from "../core/paths.ts";
import { AtlasmtlError } from "../errors.ts";
import { FILE_SUFFIXES, MODEL_SUFFIX, RUN_MANIFEST_FILES } from "../schema/bundle.ts";
import { siblingPath } from "./locations.ts";

/** True for the name of a pickle that is no part of a bundle: a model that CellTypist trained. */
export const isForeignModel = (path: string): boolean =>
  path.endsWith(".pkl") && !path.endsWith(FILE_SUFFIXES.metadata) && !path.endsWith(FILE_SUFFIXES.reference);

/** How many bundles an error lists. */
const MAX_LISTED = 10;

/**
 * The path by which the model at `path` is loaded (Node): itself, or that of the one bundle in a folder.
 * @throws NOT_FOUND for a folder without a bundle, USAGE listing them for one with several.
 */
export async function bundleAt(path: string): Promise<string> {
  if (path.endsWith(MODEL_SUFFIX) || path.endsWith(".json")) return path;
  const names = await platform.files.list(path);
  if (names === null) return path;
  const bundles = bundlesIn(names);
  if (bundles.length === 1) return joinPath(path, bundles[0]);
  if (bundles.length === 0)
    throw new AtlasmtlError("NOT_FOUND", "the folder holds no model", {
      where: path,
      hint: `give the folder of a model, or the path of its NAME${MODEL_SUFFIX}`,
      subject: "artifact",
    });
  throw new AtlasmtlError("USAGE", `the folder holds ${bundles.length} models, expected one`, {
    where: path,
    hint: `give the path of one of them, such as ${joinPath(path, bundles[0])}`,
  });
}

/**
 * The path that loads the only bundle among `paths` (docs/specification/1-artifacts.md#loading): its
 * manifest, or its `.pth` if it has none.
 *
 * @throws NOT_FOUND if there is no bundle, USAGE that lists them if there are several.
 */
export function chooseBundle(paths: readonly string[]): string {
  const bundles = bundlesIn(paths);
  if (bundles.length === 1) return bundles[0];
  const listed = (found: readonly string[]): string =>
    found.slice(0, MAX_LISTED).join(", ") + (found.length > MAX_LISTED ? ", …" : "");
  if (bundles.length === 0)
    throw new AtlasmtlError("NOT_FOUND", `there is no model among the ${paths.length} files`, {
      ...(paths.length === 0 ? {} : { where: listed(paths) }),
      hint: `pass all files of a bundle: NAME${FILE_SUFFIXES.manifest}, NAME${MODEL_SUFFIX} and what lies beside them`,
      subject: "artifact",
    });
  throw new AtlasmtlError("USAGE", `the files hold ${bundles.length} models, expected one`, {
    where: listed(bundles),
    hint: "name the one to load with the option path, or pass the files of one bundle only",
  });
}

/** Also where several runs of one command share a folder: `NAME.predict_run_manifest.json`. */
const isRunManifestName = (name: string): boolean =>
  Object.values(RUN_MANIFEST_FILES).some((run) => name === run || name.endsWith(`.${run}`));

function bundlesIn(paths: readonly string[]): readonly string[] {
  const all = new Set(paths);
  const manifests = paths.filter(
    (path) => path.endsWith(FILE_SUFFIXES.manifest) && !isRunManifestName(baseName(path)),
  );
  const modelOf = (manifest: string): string =>
    manifest.slice(0, -FILE_SUFFIXES.manifest.length) + MODEL_SUFFIX;
  // A manifest without a .pth of the same name refers to another .pth, so the .pth files beside it are not
  // bundles.
  const owners = new Set(manifests.filter((path) => !all.has(modelOf(path))).map(folderName));
  const models = paths.filter(
    (path) =>
      path.endsWith(MODEL_SUFFIX) && !all.has(siblingPath(path, "manifest")) && !owners.has(folderName(path)),
  );
  const bundles = [...manifests, ...models].sort(compareCodePoints);
  // A bundle may have a reference or a reranker of any name beside it.
  return bundles.length > 0 ? bundles : paths.filter(isForeignModel).sort(compareCodePoints);
}
