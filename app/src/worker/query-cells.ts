/** Whether a file is the query that a result is of, by the names of its cells and genes. */
import { AtlasmtlError, type MatrixName } from "atlasmtl";
import type { OpenDataset } from "./desk.ts";

export interface QueryCells {
  readonly nCells: number;
  readonly nGenes: number;
  /** SHA-256 of the cells' names and the genes of the matrix. */
  readonly sha256: string;
}

export async function cellsOf({ adata }: OpenDataset, layer: string): Promise<QueryCells> {
  const genes = await adata.varNames(layer as MatrixName);
  const cells = adata.obs.index;
  // JSON, so that names of any letters stay apart.
  const bytes = new TextEncoder().encode(JSON.stringify([cells, genes]));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { nCells: cells.length, nGenes: genes.length, sha256 };
}

/** @throws MISMATCH for other cells or genes, and NOT_FOUND where it lacks the matrix. */
export async function checkCells(
  given: OpenDataset,
  wanted: QueryCells,
  name: string,
  layer: string,
): Promise<void> {
  const found = await cellsOf(given, layer);
  if (found.sha256 === wanted.sha256) return;
  const size = ({ nCells, nGenes }: QueryCells): string => `${nCells} cells and ${nGenes} genes`;
  const isAsLarge = size(found) === size(wanted);
  throw new AtlasmtlError(
    "MISMATCH",
    isAsLarge
      ? `this file has other cells or genes than ${name}, whose result is shown`
      : `this file has ${size(found)}; the result that is shown is of ${name}, with ${size(wanted)}`,
    {
      where: given.name,
      hint: "give the file that was annotated, or give this one as the query on the Data screen and annotate it",
    },
  );
}
