/** Which files make up a bundle, for the record of a run. @module */
import { platform } from "#platform";
import { readWhole } from "../artifacts/checksums.ts";
import type { LoadedModel } from "../artifacts/load.ts";
import { findFile, manifestLocation, siblingPath } from "../artifacts/locations.ts";
import { parseManifest } from "../artifacts/manifest.ts";

/** The files a loaded bundle was or will be read from; a reference that is not there is left out. */
export function filesOf({ paths }: LoadedModel): string[] {
  const all = [paths.model, paths.metadata, paths.reference, paths.featurePanel, paths.manifest];
  return all.filter((path) => path !== null);
}

/** The files of the bundle saved to `path`, a `.pth`, as its manifest names them. */
export async function savedFiles(path: string): Promise<string[]> {
  const manifestPath = siblingPath(path, "manifest");
  const manifest = parseManifest(await readWhole(platform.files, manifestPath, null));
  const found = await Promise.all(
    [...manifest.paths.values()].map((stored) =>
      findFile(platform.files, manifestLocation(manifestPath, stored)),
    ),
  );
  return [...found.filter((file) => file !== null), manifestPath];
}
