/** Opens HDF5 files for reading, as an {@link ArrayStore}. @module */
import type { Metadata } from "#h5wasm";
import { platform } from "#platform";
import type { FileInput } from "../../core/bytes.ts";
import type { MountedFile } from "../../core/platform.ts";
import { AtlasmtlError, locate } from "../../errors.ts";
import type { ArrayStore, StoredArray, StoredGroup } from "../array-store.ts";
import { type Attributes, openArray } from "./array.ts";
import { noteFileSize, permitting } from "./guard.ts";
import { callHdf5, fileSystem, hdf5Library, loadHdf5, withMemory } from "./library.ts";
import { checkHdf5Signature } from "./signature.ts";
import { decodeAttribute, decodeTypedAttribute, holdsPointers } from "./values.ts";

/** Maximum size of an attribute; HDF5's limit for compact ones is 64 KiB. */
const MAX_ATTRIBUTE_BYTES = 1 << 26;

/** An open HDF5 file. */
export interface Hdf5File extends ArrayStore {
  readonly fileId: bigint;
  /** The path by which the library knows the file. */
  readonly path: string;
}

export const isHdf5File = (store: ArrayStore): store is Hdf5File => "fileId" in store;

/**
 * Opens an HDF5 file for reading: a path in Node, a `File` in browsers, bytes anywhere.
 * @throws NOT_FOUND if the file is missing, BAD_FORMAT that says what the file looks like instead.
 */
export async function openHdf5(input: FileInput): Promise<Hdf5File> {
  const source = await platform.openFile(input);
  try {
    await checkHdf5Signature(source);
  } catch (error) {
    throw locate(error, source.name);
  } finally {
    await source.close();
  }
  noteFileSize(source.byteLength);
  const h5 = await loadHdf5();
  const mounted = await platform.mountForHdf5(input, fileSystem(h5));
  try {
    const fileId = openFile(mounted.path, "r");
    return readableFile(fileId, mounted, source.name);
  } catch (error) {
    await mounted.unmount();
    throw locate(error, source.name);
  }
}

/** Opens a file by the library's path. @throws BAD_FORMAT if the library refuses it. */
export function openFile(path: string, mode: "r" | "update" | "create"): bigint {
  const h5 = hdf5Library();
  const flags = { r: h5.H5F_ACC_RDONLY, update: h5.H5F_ACC_RDWR, create: h5.H5F_ACC_TRUNC }[mode];
  // Writes the oldest possible layout, as h5py does; `booleans.ts` needs it.
  const [low, high] = mode === "r" ? [-1, -1] : [h5.H5F_LIBVER_EARLIEST, h5.H5F_LIBVER_V110];
  return callHdf5(
    mode === "create" ? "the HDF5 file cannot be created" : "the HDF5 file cannot be opened",
    () => {
      const id = permitting(path, () => h5.open(path, flags, false, low, high));
      if (id < 0n) throw new Error("the library returned no file");
      return id;
    },
    mode === "create" ? "IO" : "BAD_FORMAT",
  );
}

/** The reading side of a file that {@link openFile} opened. */
export function readableFile(fileId: bigint, mounted: MountedFile, name: string): Hdf5File {
  let isOpen = true;
  const checkOpen = (): void => {
    if (!isOpen) throw new AtlasmtlError("USAGE", "the file is closed", { where: name });
  };
  const open = async (path: string): Promise<StoredGroup | StoredArray | null> => {
    checkOpen();
    const h5 = hdf5Library();
    const full = `/${path.replace(/^\/+/, "")}`;
    const type = full === "/" ? h5.H5G_GROUP : objectType(fileId, full);
    if (type === h5.H5G_GROUP) return group(fileId, full);
    return type === h5.H5G_DATASET
      ? openArray(fileId, mounted.path, full, attributes(fileId, full), checkOpen)
      : null;
  };
  return {
    fileId,
    path: mounted.path,
    name,
    open,
    async close() {
      if (!isOpen) return;
      isOpen = false;
      try {
        callHdf5("the HDF5 file cannot be closed", () => hdf5Library().close_file(fileId));
      } finally {
        await mounted.unmount();
      }
    },
  };
}

/** The library's type number of the object at an absolute path; -1 if none, also below an array. */
export function objectType(fileId: bigint, path: string): number {
  const h5 = hdf5Library();
  // For a path through an array, the library fails instead of returning none.
  for (let at = path.indexOf("/", 1); at > 0; at = path.indexOf("/", at + 1))
    if (typeAt(fileId, path.slice(0, at)) !== h5.H5G_GROUP) return -1;
  return typeAt(fileId, path);
}

function typeAt(fileId: bigint, path: string): number {
  return callHdf5(`"${path}" cannot be looked up`, () => hdf5Library().get_type(fileId, path));
}

function attributes(fileId: bigint, path: string): Attributes {
  const names = callHdf5(`the attributes of "${path}" cannot be listed`, () =>
    hdf5Library().get_attribute_names(fileId, path),
  );
  return {
    path: path.slice(1),
    attributeNames: names,
    attribute: (name) =>
      names.includes(name) ? readAttribute(fileId, path, name, decodeAttribute) : undefined,
    typedAttribute: (name) =>
      names.includes(name) ? readAttribute(fileId, path, name, decodeTypedAttribute) : undefined,
  };
}

function readAttribute<T>(
  fileId: bigint,
  path: string,
  name: string,
  decode: (bytes: Uint8Array<ArrayBuffer>, type: Metadata, fileId: bigint) => T | undefined,
): T | undefined {
  const h5 = hdf5Library();
  return callHdf5(`attribute "${name}" of "${path}" cannot be read`, () => {
    const type = h5.get_attribute_metadata(fileId, path, name);
    const size = type.size * type.total_size;
    if (type.shape === null || !(size <= MAX_ATTRIBUTE_BYTES)) return undefined;
    return withMemory(size, (address) => {
      h5.get_attribute_data(fileId, path, name, BigInt(address));
      const value = decode(h5.HEAPU8.slice(address, address + size), type, fileId);
      if (holdsPointers(type)) h5.reclaim_vlen_memory(fileId, path, name, BigInt(address));
      return value;
    });
  });
}

function group(fileId: bigint, path: string): StoredGroup {
  const keys = callHdf5(`group "${path}" cannot be listed`, () =>
    hdf5Library().get_names(fileId, path, false),
  );
  return { kind: "group", ...attributes(fileId, path), keys };
}
