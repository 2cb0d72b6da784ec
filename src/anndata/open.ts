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
import type { FileSetInput } from "../core/file-set.ts";
import { AtlasmtlError, locateOnce } from "../errors.ts";
import { checkHdf5Signature } from "../formats/hdf5/signature.ts";
import { CONTAINERS, containerByName } from "./containers/containers.ts";
import { type OpenOptions, probe } from "./containers/probe.ts";
import type { ProbedInput } from "./containers/probe-given.ts";
import type { AnnData, Notice } from "./types.ts";
import { viewKnownGenes } from "./views/known-genes.ts";

/**
 * Opens a dataset: a path in Node, a `File` in browsers, bytes or an http(s) address anywhere. The content,
 * not the name, decides the format (see `containers.ts`). Several files, as of a folder picker or a drop, are the folder of a tool or of a
 * Zarr store; their paths are those in the folder.
 *
 * ```ts
 * const adata = await openAnnData(folderPicker.files); // <input type="file" webkitdirectory>
 * ```
 * @throws USAGE for no files, NOT_FOUND if the file is missing, BAD_FORMAT if it is not a dataset, UNSUPPORTED for an unsupported
 * layout.
 */
export async function openAnnData(
  input: FileInput | FileSetInput,
  options: OpenOptions = {},
): Promise<AnnData> {
  const { probed, notes } = await probeInput(input);
  try {
    if (probed.kind === "address") refuseFile(new URL(probed.name).pathname);
    for (const container of CONTAINERS)
      if (await container.recognises(probed))
        return withNotes(await knownGenes(await container.open(probed, options), options), notes);
    if (probed.kind === "folder" && probed.input === null)
      throw new AtlasmtlError("BAD_FORMAT", "these files are no dataset together", {
        hint: "pass one file, all files of a 10x or Zarr folder, or a zip archive of Zarr",
      });
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

/** What finds folders and files in them is loaded on first use: most pages give one file. */
async function probeInput(input: FileInput | FileSetInput): Promise<ProbedInput> {
  if (input instanceof Blob || input instanceof Uint8Array || input instanceof URL)
    return { probed: await probe(input), notes: [] };
  if (typeof input !== "string") return (await import("./containers/probe-given.ts")).probeGiven(input);
  const { input: found, notes } = await (await import("./containers/find-input.ts")).findInput(input);
  return { probed: await probe(found), notes };
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
