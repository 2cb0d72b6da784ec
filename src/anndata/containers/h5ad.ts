/** AnnData in one HDF5 file, by itself or as one of several modalities. @module */
import { subStore } from "../../formats/sub-store.ts";
import { annDataOf } from "../read/open-stored.ts";
import type { Container } from "./container.ts";
import { choosePart } from "./parts.ts";

const preload = async () => (await import("../../formats/hdf5/library.ts")).loadHdf5();

export const h5ad: Container = {
  format: "h5ad",
  title: "AnnData in HDF5 (.h5ad)",
  short: ".h5ad",
  endings: [".h5ad"],
  recognises: (probed) => probed.isHdf5,
  async open(probed, options) {
    const file = await probed.hdf5();
    await choosePart(file, options);
    return annDataOf(file, probed.input, "h5ad", options);
  },
  preload,
  writer: {
    write: async (...given) => (await import("../write/annotate-h5ad.ts")).annotateH5ad(...given),
    check: async (...given) => (await import("../write/annotate-h5ad.ts")).checkH5adOutput(...given),
  },
};

export const h5mu: Container = {
  format: "h5mu",
  title: "one modality of MuData (.h5mu)",
  short: ".h5mu",
  endings: [".h5mu"],
  async recognises(probed) {
    if (!probed.isHdf5) return false;
    const root = await (await probed.hdf5()).open("");
    return root?.kind === "group" && root.keys.includes("mod") && !root.keys.includes("X");
  },
  async open(probed, options) {
    const file = await probed.hdf5();
    const { path, notes } = (await choosePart(file, options))!;
    const adata = await annDataOf(subStore(file, path), probed.input, h5mu.format, options);
    return { ...adata, stored: { ...adata.stored!, part: path }, notes };
  },
  preload,
};
