/** Recognises Zarr by the names in a folder, without loading the reader. @module */

/** The file that describes a node of Zarr format 3. */
export const V3_NAME = "zarr.json";

/** True if the names in a folder show that it is the root of a Zarr group. */
export function isZarrRoot(names: readonly string[]): boolean {
  return names.includes(V3_NAME) || names.includes(".zgroup");
}
