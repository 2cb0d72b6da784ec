/**
 * 10x Genomics folders: a Matrix Market file of genes × cells with lists of both, each gzipped or not.
 *
 * Source: 10x Genomics, "Feature-Barcode Matrices (MEX)".
 * @module
 */
import { AtlasmtlError } from "../../errors.ts";
import { isMatrixMarket } from "../../formats/text/matrix-market-signature.ts";
import { type Container, hasEnding } from "./container.ts";
import type { MtxLayout, Table } from "./open-mtx.ts";
import type { Features } from "./tenx-features.ts";

const TENX: MtxLayout = {
  tool: "10x",
  matrix: /^(.*)matrix\.mtx(\.gz)?$/,
  cells: ["barcodes.tsv"],
  genes: ["features.tsv", "genes.tsv"],
  genesIn: "rows",
  readCells: ({ lines }) => lines.map(([name]) => name),
  readGenes: featuresOf,
};

export const tenxMtx: Container = {
  format: "10x-mtx",
  title: "10x Genomics folder (matrix.mtx, barcodes.tsv, features.tsv or genes.tsv, .gz or not)",
  short: "10x folder or .mtx",
  endings: [".mtx"],
  isFolderOf: (entries) => entries.some((name) => TENX.matrix.test(name)),
  recognises: (probed) =>
    probed.kind === "folder"
      ? probed.entries.some((name) => TENX.matrix.test(name))
      : probed.kind === "file" && (isMatrixMarket(probed.head) || hasEnding(probed.name, tenxMtx.endings)),
  open: async (...given) => (await import("./open-mtx.ts")).openMtx(...given, TENX, tenxMtx.format),
};

/** Id and symbol, since Cell Ranger 3 also the type; these files do not distinguish genomes. */
function featuresOf({ path: where, lines: table }: Table): Features {
  const short = table.findIndex((fields) => fields.length < 2);
  if (short >= 0)
    throw new AtlasmtlError(
      "BAD_FORMAT",
      `it has ${table[short].length} field; an id and a symbol are expected`,
      {
        where: `${where} › line ${short + 1}`,
        hint: "separate id and symbol by a tab",
      },
    );
  const hasTypes = table.length > 0 && table.every((fields) => fields.length >= 3);
  return {
    ids: table.map(([id]) => id),
    symbols: table.map(([, symbol]) => symbol),
    types: hasTypes ? table.map((fields) => fields[2]) : null,
    genomes: null,
  };
}
