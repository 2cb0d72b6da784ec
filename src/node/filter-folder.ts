/**
 * Where the filters of HDF5 lie. In the single file, `scripts/single-file/filter-folder.mjs` takes the place of this module.
 * @module
 */
import { fileURLToPath } from "node:url";

/** The folder that the package ships. */
export function filterFolder(): string | null {
  return fileURLToPath(new URL("../../dist/hdf5-filters", import.meta.url));
}
