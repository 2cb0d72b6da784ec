/** Loom files; what reads them is loaded on first use. @module */
import { LOOM } from "../../schema/containers.ts";
import type { Container } from "./container.ts";

export const loom: Container = {
  format: "loom",
  title: "Loom (.loom)",
  short: ".loom",
  endings: [".loom"],
  preload: async () => (await import("../../formats/hdf5/library.ts")).loadHdf5(),
  async recognises(probed) {
    if (!probed.isHdf5) return false;
    const root = await (await probed.hdf5()).open("");
    return (
      root?.kind === "group" &&
      ["matrix", ...Object.values(LOOM.groups)].every((key) => root.keys.includes(key))
    );
  },
  open: async (...given) => (await import("./open-loom.ts")).openLoom(...given, loom.format),
};
