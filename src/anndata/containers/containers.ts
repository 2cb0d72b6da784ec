/**
 * The containers that a dataset comes in. The first that recognises an input opens it; what an input is
 * decides, its name only where nothing else can (plain text). A new container is one more entry.
 * @module
 */

import { annDataOf } from "../read/open-stored.ts";
import type { Container } from "./container.ts";
import { tenxH5 } from "./tenx-h5.ts";
import { tenxMtx } from "./tenx-mtx.ts";
import { textTable } from "./text-table.ts";
import { zarrAddress, zarrFolder, zarrZip } from "./zarr.ts";

const h5ad: Container = {
  format: "h5ad",
  title: "AnnData in HDF5 (.h5ad)",
  recognises: (probed) => probed.isHdf5,
  open: async (probed) => annDataOf(await probed.hdf5(), probed.input, "h5ad"),
};

/** In the order in which they are asked; HDF5 files of another kind come before `h5ad`, which takes the rest. */
export const CONTAINERS: readonly Container[] = [
  zarrFolder,
  zarrZip,
  zarrAddress,
  tenxH5,
  h5ad,
  tenxMtx,
  textTable,
];
