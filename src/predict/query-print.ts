/** Tells one query from another without reading all of it (docs/specification/6-cli.md#shards). @module */
import { platform } from "#platform";
import { sampleBlocks } from "../anndata/judgement/judge-matrix.ts";
import { namesOf } from "../anndata/read/dataframe.ts";
import type { AnnData, Matrix } from "../anndata/types.ts";
import type { RowRange } from "../core/csr.ts";
import type { Sha256 } from "../core/platform.ts";

const utf8 = new TextEncoder();
/** Names that are hashed at once. */
const NAMES = 4096;

/**
 * SHA-256 of the names of the genes, and of the names and values of a sample of cells from all over the matrix: the sample
 * that the matrix is judged by.
 */
export async function queryPrint(
  adata: AnnData,
  matrix: Matrix,
  genes: readonly string[],
  signal?: AbortSignal,
): Promise<string> {
  const hash = platform.createSha256();
  addNames(hash, genes);
  hash.update(utf8.encode(JSON.stringify([matrix.name, matrix.nRows, matrix.nCols])));
  for (const [start, end] of sampleBlocks(matrix) ?? []) {
    addNames(hash, await namesOf(adata.obs, start, end));
    for await (const { csr } of matrix.rows({ start, end, signal })) {
      hash.update(bytesOf(csr.indptr));
      hash.update(bytesOf(Uint32Array.from(csr.indices)));
      if (csr.data !== null) hash.update(bytesOf(csr.data));
    }
  }
  return hash.hex();
}

/** SHA-256 of the names of the cells of `range`. */
export async function cellsPrint({ obs }: AnnData, { start, end }: RowRange): Promise<string> {
  const hash = platform.createSha256();
  addNames(hash, await namesOf(obs, start, end));
  return hash.hex();
}

function addNames(hash: Sha256, names: readonly string[]): void {
  for (let at = 0; at < names.length; at += NAMES)
    hash.update(utf8.encode(JSON.stringify(names.slice(at, at + NAMES))));
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint32Array | Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
