/** Loading ahead what the library otherwise loads on first use. @module */
import { loadHdf5 } from "./formats/hdf5-library.ts";
import { loadDecoders } from "./formats/zarr-codecs.ts";

/**
 * Loads every part that otherwise comes with its first use: HDF5 (about 1 MB compressed), the decoders of Zarr
 * (half of that) and Parquet. A page that awaits this needs no network from then on; one that does not starts
 * faster.
 *
 * ```ts
 * await preload();
 * ```
 * Workers load their own: call it there as well.
 */
export async function preload(): Promise<void> {
  await Promise.all([loadHdf5(), loadDecoders(), import("./output/to-parquet.ts")]);
}
