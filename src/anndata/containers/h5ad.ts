/** AnnData in one HDF5 file. @module */
import { annDataOf } from "../read/open-stored.ts";
import type { Container } from "./container.ts";

export const h5ad: Container = {
  format: "h5ad",
  title: "AnnData in HDF5 (.h5ad)",
  short: ".h5ad",
  endings: [".h5ad"],
  recognises: (probed) => probed.isHdf5,
  open: async (probed) => annDataOf(await probed.hdf5(), probed.input, "h5ad"),
  preload: async () => (await import("../../formats/hdf5/library.ts")).loadHdf5(),
  writer: {
    write: async (...given) => (await import("../write/annotate-h5ad.ts")).annotateH5ad(...given),
    check: async (...given) => (await import("../write/annotate-h5ad.ts")).checkH5adOutput(...given),
  },
};
