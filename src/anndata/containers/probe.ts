/** A first look at an input, by which its container is told. @module */
import { platform } from "#platform";
import type { ByteSource, FileInput } from "../../core/bytes.ts";
import { webAddress } from "../../core/web-address.ts";
import { AtlasmtlError } from "../../errors.ts";
import { type Hdf5File, openHdf5 } from "../../formats/hdf5/open.ts";
import { isHdf5 } from "../../formats/hdf5/signature.ts";

/** The two names of a gene in 10x data. */
export const VAR_NAMES = ["gene_symbols", "gene_ids"] as const;

/** Which way a table of numbers lies. */
export const GENES_IN = ["columns", "rows"] as const;

/** What some containers need to be told. */
export interface OpenOptions {
  /** Of a 10x file with several genomes: the one to read. */
  readonly genome?: string | undefined;
  /** Of 10x data: what genes are called by; `gene_symbols` by default, which may repeat. */
  readonly varNames?: (typeof VAR_NAMES)[number] | undefined;
  /** Of a table of numbers: where the genes are; `columns` by default. */
  readonly genesIn?: (typeof GENES_IN)[number] | undefined;
}

/** What an input is, before it is known what it holds. */
export interface Probe {
  readonly input: FileInput;
  /** For messages. */
  readonly name: string;
  readonly kind: "file" | "folder" | "address";
  /** The first 512 bytes of a file (fewer of a short one); empty for anything else. */
  readonly head: Uint8Array;
  /** Names in a folder; empty for anything else. */
  readonly entries: readonly string[];
  /** True for a file with the HDF5 signature. */
  readonly isHdf5: boolean;
  /** The bytes of a file; closed once the dataset is open. */
  source(): ByteSource;
  /** As `source`, for who goes on reading from it and closes it. */
  takeSource(): ByteSource;
  /** The HDF5 file, opened once for all who ask; who opens an AnnData of it closes it with that. */
  hdf5(): Promise<Hdf5File>;
  closeSource(): Promise<void>;
  closeHdf5(): Promise<void>;
}

/** @throws NOT_FOUND when there is nothing, IO when it cannot be read. */
export async function probe(input: FileInput): Promise<Probe> {
  const address = webAddress(input);
  const entries = address === null && typeof input === "string" ? await platform.files.list(input) : null;
  const source = address === null && entries === null ? await platform.openFile(input) : null;
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
      head: (await source?.read(0, 512)) ?? new Uint8Array(0),
      entries: entries ?? [],
      isHdf5: source !== null && (await isHdf5(source)),
      source: give,
      takeSource() {
        isTaken = true;
        return give();
      },
      hdf5() {
        file ??= openHdf5(input);
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
