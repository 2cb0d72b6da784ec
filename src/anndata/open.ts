/**
 * Opens stored datasets.
 *
 * ```ts
 * const adata = await openAnnData("query.h5ad");
 * const X = await adata.matrix();
 * for await (const { csr } of X.rows()) console.log(csr.nRows);
 * await adata.close();
 * ```
 * @module
 */
import type { FileInput } from "../core/bytes.ts";
import { AtlasmtlError, locateOnce } from "../errors.ts";
import { checkHdf5Signature } from "../formats/hdf5/signature.ts";
import { CONTAINERS, containerByName } from "./containers/containers.ts";
import { findInput } from "./containers/find-input.ts";
import { type OpenOptions, probe } from "./containers/probe.ts";
import type { AnnData, Notice } from "./types.ts";
import { viewKnownGenes } from "./views/known-genes.ts";

/**
 * Opens a dataset: a path in Node, a `File` in browsers, bytes or an http(s) address anywhere. The content,
 * not the name, decides the format (see `containers.ts`).
 * @throws NOT_FOUND if the file is missing, BAD_FORMAT if it is not a dataset, UNSUPPORTED for an unsupported
 * layout.
 */
export async function openAnnData(input: FileInput, options: OpenOptions = {}): Promise<AnnData> {
  const { input: found, notes } = await findInput(input);
  const probed = await probe(found);
  try {
    if (probed.kind === "address") refuseFile(new URL(probed.name).pathname);
    for (const container of CONTAINERS)
      if (await container.recognises(probed))
        return withNotes(await knownGenes(await container.open(probed, options), options), notes);
    if (probed.kind !== "file")
      throw new AtlasmtlError("BAD_FORMAT", `this ${probed.kind} holds no dataset`, {
        hint: `what can be opened: ${CONTAINERS.map(({ title }) => title).join("; ")}`,
      });
    // The error says what the file looks like instead.
    await checkHdf5Signature(probed.source());
    throw new AtlasmtlError("BUG", "a file of no container is HDF5");
  } catch (error) {
    await probed.closeHdf5();
    // Frames and matrices locate their own errors.
    throw locateOnce(error, probed.name);
  } finally {
    await probed.closeSource();
  }
}

const withNotes = (adata: AnnData, notes: readonly Notice[]): AnnData =>
  notes.length === 0 ? adata : { ...adata, notes: [...notes, ...(adata.notes ?? [])] };

async function knownGenes(adata: AnnData, { geneColumn }: OpenOptions): Promise<AnnData> {
  try {
    return await viewKnownGenes(adata, geneColumn);
  } catch (error) {
    await adata.close();
    throw error;
  }
}

/** @throws UNSUPPORTED for an address whose name is not that of a Zarr store. */
function refuseFile(pathname: string): void {
  const container = containerByName(pathname);
  if (container !== null && container.format !== "zarr")
    throw new AtlasmtlError("UNSUPPORTED", "only Zarr is read over the web", {
      hint: "download the file and pass its path",
    });
}
