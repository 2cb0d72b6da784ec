/** Writes groups, arrays, attributes and booleans to HDF5 files. @module */
import { AtlasmtlError } from "../../errors.ts";
import { type ElementWriter, type PlainWriter, typedAttribute } from "../element-writer.ts";
import type { NumberArray } from "../number-arrays.ts";
import { patchBooleans, STAND_IN } from "./booleans.ts";
import { createGrowing, type GrowingArray, type GrowingType } from "./growing-array.ts";
import {
  address,
  type EditableFile,
  editFile,
  inspectFile,
  LAYOUT_MESSAGE,
  readHeader,
  SYMBOL_TABLE_MESSAGE,
} from "./layout.ts";
import { callHdf5, type H5Module, hdf5Library, headerAddress, withMemory } from "./library.ts";
import { makeNull } from "./null.ts";
import { objectType, openFile } from "./open.ts";
import { writeRecords } from "./records.ts";
import { pointMember } from "./remove-members.ts";
import { eraseTimes } from "./times.ts";
import { type LaidOutTree, layOutTree } from "./tree.ts";

type WriteMetadata = Parameters<H5Module["create_dataset"]>[3];

/**
 * An HDF5 file open for writing; do not read it before {@link finish} has returned. An empty list of strings
 * as an attribute is written as an empty float array, as in anndata.
 */
export interface Hdf5Writer extends ElementWriter {
  has(path: string): boolean;
  /** A growing array; see {@link createGrowing}. */
  grow(path: string, dtype: GrowingType, rowShape?: readonly number[]): GrowingArray;
  /**
   * Writes the group `path` with all that `build` makes in it, which is small, at once; nothing can be added to it until the file
   * is closed.
   */
  writeTree(path: string, build: (file: PlainWriter) => void): void;
  /** Creates a hard link to an existing object. */
  link(existing: string, path: string): void;
  /** The address of an object's header, for {@link editFile}. */
  headerOf(path: string): number;
  /**
   * Closes the file, converts its placeholders to booleans and nulls, and takes the times out of what was written, so that the
   * same content gives the same bytes.
   */
  finish(): void;
  /** Closes an abandoned file. */
  abandon(): void;
}

/** Creates the file that the library knows as `path`, or opens it for additions. @throws IO, BAD_FORMAT. */
export function openWriter(path: string, mode: "create" | "update"): Hdf5Writer {
  const h5 = hdf5Library();
  const fileId = openFile(path, mode);
  const booleanHeaders = new Set<number>();
  const nullHeaders = new Set<number>();
  /** Objects that were made or changed, and their groups: the library notes when. */
  const changed = new Set<string>();
  const note = (at: string): void => {
    for (let path = at; !changed.has(path); path = path.slice(0, Math.max(path.lastIndexOf("/"), 0)) || "/")
      changed.add(path);
  };
  /** The attributes of objects that were made here. */
  const made = new Map<string, Set<string>>();
  const begin = (at: string): void => {
    note(at);
    made.set(at, new Set());
  };
  const write = <T>(what: string, work: () => T): T => callHdf5(`"${what}" cannot be written`, work, "IO");

  const headerOf = (at: string): number => write(at, () => headerAddress(fileId, at));

  const writeBytes = (at: string, bytes: Uint8Array, metadata: WriteMetadata): void =>
    write(at, () =>
      withMemory(bytes.length, (address) => {
        h5.HEAPU8.set(bytes, address);
        h5.create_dataset(fileId, at, BigInt(address), metadata);
      }),
    );

  const writeAttribute = (at: string, name: string, bytes: Uint8Array, metadata: WriteMetadata): void =>
    write(`${at}@${name}`, () =>
      withMemory(bytes.length, (address) => {
        h5.HEAPU8.set(bytes, address);
        h5.create_attribute(fileId, at, name, BigInt(address), metadata);
      }),
    );

  /** Trees that wait for their place, which is the data of an array of their length. */
  const trees: { readonly at: string; readonly tree: LaidOutTree }[] = [];
  /** True for a group whose links can be edited, also after one more was made. */
  const hasSymbolTable = (group: string): boolean =>
    made.has(group) ||
    inspectFile(path, (file) =>
      readHeader(file, headerOf(group)).some(({ type }) => type === SYMBOL_TABLE_MESSAGE),
    );

  const writer: Hdf5Writer = {
    headerOf,
    has: (at) => objectType(fileId, at) >= 0,
    createGroup(at) {
      begin(at);
      write(at, () => h5.create_group(fileId, at, false));
    },
    grow(at, dtype, rowShape) {
      begin(at);
      return createGrowing(fileId, at, dtype, rowShape);
    },
    takesRecords: (fields) => fields.every(({ dtype }) => dtype !== "bool"),
    writeRecords(at, fields, shape) {
      begin(at);
      writeRecords(fileId, at, fields, shape);
    },
    writeComplex(at, parts, shape) {
      begin(at);
      const dtype = parts instanceof Float32Array ? "float32" : "float64";
      const fields = ["r", "i"].map((name, part) => ({
        name,
        dtype,
        values: parts.filter((_, i) => i % 2 === part),
      }));
      writeRecords(fileId, at, fields, shape);
    },
    writeNull(at) {
      begin(at);
      writeBytes(at, bytesOf(Float32Array.of(0)), numberMetadata(Float32Array.of(0), []));
      nullHeaders.add(headerOf(at));
    },
    writeTree(at, build) {
      if (!hasSymbolTable(parentOf(at))) {
        build(writer);
        return;
      }
      begin(at);
      const tree = layOutTree(at, build);
      const room = new Uint8Array(tree.length + ALIGNMENT);
      writeBytes(at, room, numberMetadata(room, [room.length]));
      trees.push({ at, tree });
    },
    link(existing, at) {
      note(existing);
      note(at);
      made.delete(existing);
      write(at, () => {
        if (h5.create_hard_link(fileId, existing, at) < 0) throw new Error("the link was refused");
      });
    },
    writeNumbers(at, values, shape) {
      begin(at);
      writeBytes(at, bytesOf(values), numberMetadata(values, shape));
    },
    writeBooleans(at, values, shape) {
      begin(at);
      writeBytes(at, values, booleanMetadata(shape));
      booleanHeaders.add(headerOf(at));
    },
    writeStrings(at, values, shape) {
      begin(at);
      write(at, () => h5.create_vlen_str_dataset(fileId, at, values, stringMetadata(shape)));
    },
    setAttribute(at, name, value) {
      note(at);
      // What this writer made has the attributes that it was given, so that the library need not list them.
      const given = made.get(at);
      if (given === undefined || given.has(name))
        write(`${at}@${name}`, () => {
          if (h5.get_attribute_names(fileId, at).includes(name)) h5.delete_attribute(fileId, at, name);
        });
      given?.add(name);
      const { values, isBoolean, shape } = typedAttribute(value);
      if (ArrayBuffer.isView(values)) {
        const metadata = isBoolean ? booleanMetadata(shape) : numberMetadata(values as NumberArray, shape);
        writeAttribute(at, name, bytesOf(values as NumberArray), metadata);
        if (isBoolean) booleanHeaders.add(headerOf(at));
      } else if (values.length === 0) {
        writeAttribute(at, name, new Uint8Array(0), numberMetadata(new Float64Array(0), shape));
      } else {
        const texts = values as readonly string[];
        write(`${at}@${name}`, () =>
          h5.create_vlen_str_attribute(fileId, at, name, texts, stringMetadata(shape)),
        );
      }
    },
    finish() {
      const headers = new Set([...changed].map((at) => headerOf(at)));
      const placed = trees.map(({ at, tree }) => ({
        tree,
        room: headerOf(at),
        group: headerOf(parentOf(at)),
        name: at.slice(at.lastIndexOf("/") + 1),
      }));
      write(path, () => {
        if (h5.flush(fileId) < 0 || h5.close_file(fileId) < 0) throw new Error("the file was not flushed");
      });
      editFile(path, (file) => {
        for (const header of booleanHeaders) patchBooleans(file, header);
        for (const header of nullHeaders) makeNull(file, header);
        for (const header of headers) eraseTimes(file, header);
        for (const { tree, room, group, name } of placed)
          pointMember(file, group, name, placeTree(file, tree, room));
      });
    },
    abandon() {
      try {
        write(path, () => h5.close_file(fileId));
      } catch {
        // An error here must not hide the caller's original error.
      }
    },
  };
  return writer;
}

const parentOf = (at: string): string => at.slice(0, at.lastIndexOf("/")) || "/";

/** Object headers begin at multiples of it. */
const ALIGNMENT = 8;

/** Writes a tree into the data of the array whose header is at `room`; where the header of the tree then is. */
function placeTree(file: EditableFile, tree: LaidOutTree, room: number): number {
  const layout = readHeader(file, room).find(({ type }) => type === LAYOUT_MESSAGE);
  // Version 3, contiguous, then the address.
  if (layout?.data[0] !== 3 || layout.data[1] !== 1)
    throw new AtlasmtlError("BUG", `no array to hold a tree stands at header ${room}`);
  const start = Math.ceil(address(layout.data, 2) / ALIGNMENT) * ALIGNMENT;
  file.write(start, tree.bytesAt(start));
  return start + tree.header;
}

const bytesOf = (values: NumberArray): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

function metadataOf(shape: readonly number[], rest: Partial<WriteMetadata>): WriteMetadata {
  const size = shape.map(BigInt);
  return {
    type: 0,
    size: 1,
    signed: false,
    vlen: false,
    littleEndian: true,
    total_size: shape.reduce((product, n) => product * n, 1),
    shape: size,
    maxshape: size,
    ...rest,
  };
}

function numberMetadata(values: NumberArray, shape: readonly number[]): WriteMetadata {
  const isFloat = values instanceof Float32Array || values instanceof Float64Array;
  const signed = values.constructor.name.startsWith("Int") || values instanceof BigInt64Array;
  return metadataOf(shape, { type: isFloat ? 1 : 0, size: values.BYTES_PER_ELEMENT, signed });
}

function stringMetadata(shape: readonly number[]): WriteMetadata {
  return metadataOf(shape, { type: 3, size: 4, vlen: true, cset: 1 });
}

function booleanMetadata(shape: readonly number[]): WriteMetadata {
  const member = {
    ...{ name: STAND_IN, offset: 0, type: 0, size: 1, signed: true, vlen: false, littleEndian: true },
    ...{ shape: [], maxshape: [], chunks: null, total_size: 1 },
  };
  return metadataOf(shape, { type: 6, size: 1, compound_type: { members: [member], nmembers: 1 } });
}
