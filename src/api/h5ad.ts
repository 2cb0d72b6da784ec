/** Small whole datasets as `.h5ad`: panels, demonstrations, fixtures; loaded on first use, as HDF5 is. @module */
import type { AnnDataParts } from "../anndata/write/write-h5ad.ts";

/** Writes `parts` to `path` (Node), whole or not at all. @throws IO, USAGE for names that HDF5 cannot hold. */
export async function writeH5ad(path: string, parts: AnnDataParts): Promise<void> {
  await (await import("../anndata/write/write-h5ad.ts")).writeH5ad(path, parts);
}

/** `parts` as the bytes of an `.h5ad` file, on any host. @throws USAGE for names that HDF5 cannot hold. */
export async function emitH5ad(parts: AnnDataParts): Promise<Uint8Array> {
  return (await import("../anndata/write/write-h5ad.ts")).emitH5ad(parts);
}
