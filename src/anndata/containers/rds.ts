/** Objects of R that hold cells, in files of `saveRDS`: of Seurat, of Bioconductor, or a matrix by itself. @module */
import { Gunzip } from "fflate";
import { isGzip } from "../../formats/compression/gzip.ts";
import type { Container } from "./container.ts";

export const rds: Container = {
  format: "rds",
  title: "Seurat, SingleCellExperiment or a matrix of R (.rds)",
  short: ".rds",
  endings: [".rds"],
  recognises: ({ kind, head, name, isHdf5 }) =>
    kind === "file" && !isHdf5 && (isR(start(head)) || name.toLowerCase().endsWith(".rds")),
  open: async (probed, options) => (await import("./r/open-rds.ts")).openRds(probed, options, rds.format),
  preload: () => import("./r/open-rds.ts"),
};

/** The form, and the version's first bytes in either order. */
const isR = ([form, line, ...version]: Uint8Array): boolean =>
  (form === 0x58 || form === 0x42) &&
  line === 0x0a &&
  (version[0] === 0 || version[3] === 0) &&
  version[1] === 0 &&
  version[2] === 0;

/** The first bytes of the content. */
function start(head: Uint8Array): Uint8Array {
  if (!isGzip(head)) return head.subarray(0, 6);
  let found = new Uint8Array(0);
  const decoder = new Gunzip((piece) => {
    if (found.length === 0) found = piece.slice(0, 6);
  });
  try {
    decoder.push(head.slice());
  } catch {
    // What is no gzip is no R data.
  }
  return found;
}
