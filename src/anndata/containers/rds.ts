/** Objects of R that hold cells, in files of `saveRDS`: of Seurat, of Bioconductor, or a matrix by itself. @module */
import type { Container } from "./container.ts";

const recognise = () => import("./r/recognise.ts");
const reader = () => import("./r/open-rds.ts");

export const rds: Container = {
  format: "rds",
  title: "Seurat, SingleCellExperiment or a matrix of R (.rds)",
  short: ".rds",
  endings: [".rds"],
  recognises: async ({ kind, head, name, isHdf5 }) =>
    kind === "file" && !isHdf5 && (await recognise()).isOfR(head, name),
  open: async (probed, options) => (await reader()).openRds(probed, options, rds.format),
  preload: () => Promise.all([recognise(), reader()]),
};
