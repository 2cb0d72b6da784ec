/** Which files make up a bundle, for the record of a run. @module */
import type { LoadedModel } from "../artifacts/load.ts";

/** The files a loaded bundle was or will be read from; a reference that is not there is left out. */
export function filesOf({ paths }: LoadedModel): string[] {
  const all = [paths.model, paths.metadata, paths.reference, paths.featurePanel, paths.manifest];
  return all.filter((path) => path !== null);
}
