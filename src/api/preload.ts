/** Loading ahead what the library otherwise loads on first use. @module */
import { loadHdf5 } from "../formats/hdf5/library.ts";

/**
 * Loads every part that otherwise comes with its first use: HDF5 (about 1 MB compressed), Zarr and its decoders
 * (half of that) and Parquet. A page that awaits this needs no network from then on; one that does not starts
 * faster.
 *
 * ```ts
 * await preload();
 * ```
 * Workers load their own: call it there as well.
 */
export async function preload(): Promise<void> {
  const loadZarr = async () => {
    const [{ loadDecoders }] = await Promise.all([
      import("../formats/zarr/codecs.ts"),
      import("../formats/zarr/open.ts"),
      import("../anndata/write/write-zarr.ts"),
    ]);
    await loadDecoders();
  };
  await Promise.all([loadHdf5(), loadZarr(), import("../output/to-parquet.ts")]);
}
