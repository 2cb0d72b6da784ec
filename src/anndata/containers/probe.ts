/** Reads the beginning of an input, to recognise its container. @module */

import { platform } from "#platform";
import type { ByteSource, FileInput } from "../../core/bytes.ts";
import type { FileTree } from "../../core/file-tree.ts";
import { webAddress } from "../../core/web-address.ts";
import { AtlasmtlError, changed, isAtlasmtlError } from "../../errors.ts";
import type { Hdf5File } from "../../formats/hdf5/open.ts";
import { isHdf5 } from "../../formats/hdf5/signature.ts";
import type { GENES_IN, VAR_NAMES } from "../../schema/open-options.ts";

/** Options that some containers need. */
export interface OpenOptions {
  /** For a 10x file with several genomes: the genome to read. */
  readonly genome?: string | undefined;
  /** For 10x data: the kind of gene names; the default `gene_symbols` may repeat. */
  readonly varNames?: (typeof VAR_NAMES)[number] | undefined;
  /**
   * The column of var that has the names of the genes, symbols or ids; by default the index, or, where that is row
   * numbers, the first such column.
   */
  readonly geneColumn?: string | undefined;
  /**
   * For MuData: the modality to read; by default the one of RNA. For a Seurat object: the assay; by default RNA, else the
   * active one. For a SingleCellExperiment: an alternative experiment; by default the main one.
   */
  readonly modality?: string | undefined;
  /** For SpatialData: the table to read; by default the only one, or the one of that name. */
  readonly table?: string | undefined;
  /** For a table of numbers: where the genes are; `columns` by default. */
  readonly genesIn?: (typeof GENES_IN)[number] | undefined;
  /**
   * Leave the names of cells unread, which of long datasets take long: `obs.someNames` reads some of them, and `obs.index` is an
   * error. For {@link predictShard}; only `.h5ad` and Zarr can be opened so, and of others all names are read.
   */
  readonly lazyCellNames?: boolean | undefined;
}

/** The files of the host. */
export const hostFiles: FileTree = {
  list: (path) => platform.files.list(path),
  open: (path) => platform.openFile(path),
};

/** An input of unknown format. */
export interface Probe {
  /** Null for files that were given together. */
  readonly input: FileInput | null;
  /** The path of a folder; empty for other inputs. */
  readonly folder: string;
  /** The files in a folder. */
  readonly files: FileTree;
  /** For messages. */
  readonly name: string;
  readonly kind: "file" | "folder" | "address";
  /** The first 512 bytes of a file, or the whole of a shorter one; empty for other inputs. */
  readonly head: Uint8Array;
  /** The names in a folder; empty for other inputs. */
  readonly entries: readonly string[];
  /** True for a file with the HDF5 signature. */
  readonly isHdf5: boolean;
  /** The bytes of a file; closed once the dataset is open. */
  source(): ByteSource;
  /** Like `source`, but the caller keeps it open and closes it later. */
  takeSource(): ByteSource;
  /** The HDF5 file, opened once and shared; closing the AnnData that was opened from it closes the file. */
  hdf5(): Promise<Hdf5File>;
  closeSource(): Promise<void>;
  closeHdf5(): Promise<void>;
}

/** @throws NOT_FOUND if it does not exist, IO if it cannot be read. */
export async function probe(input: FileInput): Promise<Probe> {
  const address = webAddress(input);
  const entries = address === null && typeof input === "string" ? await platform.files.list(input) : null;
  const source = address === null && entries === null ? await openFile(input) : null;
  let file: Promise<Hdf5File> | null = null;
  let isTaken = false;
  const give = (): ByteSource => {
    if (source === null) throw new AtlasmtlError("BUG", "there is no file to read");
    return source;
  };
  try {
    return {
      input,
      name: source?.name ?? address ?? String(input),
      kind: address !== null ? "address" : source === null ? "folder" : "file",
      folder: entries === null ? "" : String(input),
      files: hostFiles,
      head: (await source?.read(0, 512)) ?? new Uint8Array(0),
      entries: entries ?? [],
      isHdf5: source !== null && (await isHdf5(source)),
      source: give,
      takeSource() {
        isTaken = true;
        return give();
      },
      hdf5() {
        // What reads HDF5 is loaded with the library itself.
        file ??= import("../../formats/hdf5/open.ts").then(({ openHdf5 }) => openHdf5(input));
        return file;
      },
      async closeSource() {
        if (!isTaken) await source?.close();
      },
      async closeHdf5() {
        await (await file?.catch(() => null))?.close();
      },
    };
  } catch (error) {
    await source?.close();
    throw error;
  }
}

async function openFile(input: FileInput): Promise<ByteSource> {
  try {
    return await platform.openFile(input);
  } catch (error) {
    if (typeof input !== "string" || !isAtlasmtlError(error, "NOT_FOUND")) throw error;
    // Between the two renames that replace a folder, nothing is at its place.
    const place = await platform.files.committedView?.().placeOf?.(input);
    if (place === undefined || place === input) throw error;
    throw changed(error, {
      message: "it is written and not yet in its place: its writer was interrupted, or is at work",
      hint: "run atlasmtl verify --finish on its folder",
    });
  }
}

/** The folder of a file or a folder, and the names in it. */
export async function folderOf(probed: Probe): Promise<{ folder: string; entries: readonly string[] }> {
  const { name } = probed;
  if (probed.kind === "folder")
    return { folder: probed.folder.replace(/(.)[/\\]+$/, "$1"), entries: probed.entries };
  const folder = name.replace(/[^/\\]*$/, "").replace(/(.)[/\\]$/, "$1") || ".";
  const isPath = probed.kind === "file" && typeof probed.input === "string";
  return { folder, entries: isPath ? ((await probed.files.list(folder)) ?? []) : [] };
}
