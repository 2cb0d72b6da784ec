/**
 * Lays out a group with small arrays as it stands in a file. The library takes some 30 µs for each of the three calls that an element
 * of anndata needs, which for the settings of a result is more than all else that is written of a small sample.
 *
 * Object headers are of version 1 and attributes of version 1, as the library writes them for the oldest readers; links are
 * messages in the header of their group, as it writes them since version 1.8.
 *
 * Source: The HDF Group, "HDF5 File Format Specification" 3.0, sections III.E (global heap), IV.A.1.a (header prefix), IV.A.2.b to
 * IV.A.2.m (messages).
 * @module
 */
import { AtlasmtlError } from "../../errors.ts";
import type { TypedAttribute } from "../array-store.ts";
import { type PlainWriter, typedAttribute } from "../element-writer.ts";
import type { NumberArray } from "../number-arrays.ts";
import { booleanMessage } from "./booleans.ts";
import {
  ATTRIBUTE_MESSAGE,
  DATASPACE_MESSAGE,
  DATATYPE_MESSAGE,
  LAYOUT_MESSAGE,
  LINK_INFO_MESSAGE,
  LINK_MESSAGE,
} from "./layout.ts";

const FILL_MESSAGE = 0x05;
const GROUP_INFO_MESSAGE = 0x0a;

/** The value of an array or of an attribute. */
type Value = TypedAttribute;

interface TreeNode {
  readonly attributes: Map<string, Value>;
  /** Null for an array. */
  readonly members: Map<string, TreeNode> | null;
  readonly value: Value | null;
}

/** The bytes of a group and all that is in it, for any place of a file. */
export interface LaidOutTree {
  readonly length: number;
  /** Where the header of the group begins. */
  readonly header: number;
  /** The bytes for a place that begins at an address, which is a multiple of 8. */
  bytesAt(address: number): Uint8Array;
}

/** Lays out the group at `root`, which `build` makes with all that is in it. @throws BUG for a path outside of it. */
export function layOutTree(root: string, build: (file: PlainWriter) => void): LaidOutTree {
  let top: TreeNode | null = null;
  const at = (path: string): TreeNode => {
    let node = top;
    for (const name of path.slice(root.length + 1).split("/"))
      node = name === "" ? node : (node?.members?.get(name) ?? null);
    if (node === null || !path.startsWith(root)) throw new AtlasmtlError("BUG", `no element at ${path}`);
    return node;
  };
  const add = (path: string, members: TreeNode["members"], value: Value | null): void => {
    const node = { attributes: new Map(), members, value };
    if (path === root) {
      top = node;
      return;
    }
    const cut = path.lastIndexOf("/");
    at(path.slice(0, cut)).members?.set(path.slice(cut + 1), node);
  };
  build({
    createGroup: (path) => add(path, new Map(), null),
    writeNumbers: (path, values, shape) => add(path, null, { values, isBoolean: false, shape }),
    writeBooleans: (path, values, shape) => add(path, null, { values, isBoolean: true, shape }),
    writeStrings: (path, values, shape) => add(path, null, { values, isBoolean: false, shape }),
    setAttribute: (path, name, value) => void at(path).attributes.set(name, typedAttribute(value)),
  });
  const image = createImage();
  const header = writeNode(image, at(root));
  return image.finish(header);
}

/** Writes what is in a node, then its header; where that is. */
function writeNode(image: Image, { attributes, members, value }: TreeNode): number {
  const messages: Message[] = [];
  if (members !== null) {
    messages.push(
      { type: LINK_INFO_MESSAGE, bytes: NO_DENSE_LINKS },
      { type: GROUP_INFO_MESSAGE, bytes: NO_GROUP_INFO },
    );
    for (const [name, member] of members) messages.push(linkMessage(name, writeNode(image, member)));
  }
  if (value !== null) {
    const data = dataOf(value);
    const at = data.bytes.length === 0 ? null : image.append(data.bytes, data.texts);
    messages.push(
      { type: DATASPACE_MESSAGE, bytes: spaceMessage(value.shape) },
      { type: DATATYPE_MESSAGE, bytes: typeMessage(value), isConstant: true },
      { type: FILL_MESSAGE, bytes: DEFAULT_FILL, isConstant: true },
      layoutMessage(at, data.bytes.length),
    );
  }
  for (const [name, attribute] of attributes) messages.push(attributeMessage(name, attribute));
  return writeHeader(image, messages);
}

/** A message of an object header. */
interface Message {
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly isConstant?: boolean;
  /** Where in `bytes` an address in the tree stands; it becomes one in the file. */
  readonly address?: number | undefined;
  /** Where in `bytes` texts are referred to. */
  readonly texts?: readonly TextAt[];
}

/** A text that the reference at `at`, 16 bytes, leads to. */
interface TextAt {
  readonly at: number;
  readonly text: Uint8Array;
}

function writeHeader(image: Image, messages: readonly Message[]): number {
  const size = messages.reduce((sum, { bytes }) => sum + 8 + padded(bytes.length), 0);
  const header = new Uint8Array(16 + size);
  const view = new DataView(header.buffer);
  header[0] = 1;
  view.setUint16(2, messages.length, true);
  view.setUint32(4, 1, true); // links to the object
  view.setUint32(8, size, true);
  const texts: TextAt[] = [];
  const addresses: number[] = [];
  let at = 16;
  for (const { type, bytes, isConstant = false, address, texts: own = [] } of messages) {
    view.setUint16(at, type, true);
    view.setUint16(at + 2, padded(bytes.length), true);
    header[at + 4] = isConstant ? 1 : 0;
    at += 8;
    header.set(bytes, at);
    for (const { at: inside, text } of own) texts.push({ at: at + inside, text });
    if (address !== undefined) addresses.push(at + address);
    at += padded(bytes.length);
  }
  return image.append(header, texts, addresses);
}

const padded = (length: number): number => Math.ceil(length / 8) * 8;

const UNDEFINED = 0xffff_ffff_ffff_ffffn;

/** Version 0, no flags, neither a heap nor an index of links. */
const NO_DENSE_LINKS = Uint8Array.of(0, 0, ...new Uint8Array(16).fill(0xff));
const NO_GROUP_INFO = Uint8Array.of(0, 0);
/** Version 2, allocated late, written if it is set, defined, of no bytes: what the library writes. */
const DEFAULT_FILL = Uint8Array.of(2, 2, 2, 1, 0, 0, 0, 0);

/** Version 1; the flags say that the name is UTF-8 and its length has two bytes. */
function linkMessage(name: string, to: number): Message {
  const text = utf8(name);
  const bytes = new Uint8Array(13 + text.length);
  const view = new DataView(bytes.buffer);
  bytes.set([1, 0x11, 1]);
  view.setUint16(3, text.length, true);
  bytes.set(text, 5);
  view.setBigUint64(5 + text.length, BigInt(to), true);
  return { type: LINK_MESSAGE, bytes, address: 5 + text.length };
}

/** Version 1, without largest sizes. */
function spaceMessage(shape: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(8 + 8 * shape.length);
  const view = new DataView(bytes.buffer);
  bytes.set([1, shape.length]);
  shape.forEach((size, i) => void view.setBigUint64(8 + 8 * i, BigInt(size), true));
  return bytes;
}

/** Version 3, contiguous. */
function layoutMessage(at: number | null, length: number): Message {
  const bytes = new Uint8Array(18);
  const view = new DataView(bytes.buffer);
  bytes.set([3, 1]);
  view.setBigUint64(2, at === null ? UNDEFINED : BigInt(at), true);
  view.setBigUint64(10, BigInt(length), true);
  return { type: LAYOUT_MESSAGE, bytes, address: at === null ? undefined : 2 };
}

/** Version 1: name, type and shape are padded to 8 bytes each. */
function attributeMessage(name: string, value: Value): Message {
  const [text, type, space] = [utf8(`${name}\0`), typeMessage(value), spaceMessage(value.shape)];
  const { bytes: data, texts } = dataOf(value);
  const starts = [8, 8 + padded(text.length), 8 + padded(text.length) + padded(type.length)];
  const from = starts[2] + padded(space.length);
  const bytes = new Uint8Array(from + data.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = 1;
  [text, type, space].forEach((part, i) => {
    view.setUint16(2 + 2 * i, part.length, true);
    bytes.set(part, starts[i]);
  });
  bytes.set(data, from);
  return {
    type: ATTRIBUTE_MESSAGE,
    bytes,
    texts: texts.map(({ at, text: own }) => ({ at: from + at, text: own })),
  };
}

/** Numbers as they are in memory, which is little-endian; of texts references of 16 bytes, which begin with the length. */
function dataOf({ values }: Value): { readonly bytes: Uint8Array; readonly texts: readonly TextAt[] } {
  if (ArrayBuffer.isView(values)) {
    const numbers = values as NumberArray;
    return { bytes: new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength), texts: [] };
  }
  const texts = (values as readonly string[]).map((value, i) => ({ at: 16 * i, text: utf8(value) }));
  return { bytes: new Uint8Array(16 * texts.length), texts };
}

/** A text of any length in UTF-8, as h5py describes it. */
const TEXT_TYPE = Uint8Array.of(0x19, 1, 1, 0, 16, 0, 0, 0, 0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0);
/** After class and size: bits, places and widths of exponent and mantissa, bias of the exponent. */
const FLOATS = new Map([
  [4, { sign: 31, rest: [0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0] }],
  [8, { sign: 63, rest: [0, 0, 64, 0, 52, 11, 0, 52, 255, 3, 0, 0] }],
]);

function typeMessage({ values, isBoolean }: Value): Uint8Array {
  if (isBoolean) return booleanMessage();
  if (!ArrayBuffer.isView(values))
    // An empty list of texts is one of floats, as in anndata.
    return values.length === 0
      ? typeMessage({ values: new Float64Array(0), isBoolean, shape: [0] })
      : TEXT_TYPE;
  const numbers = values as NumberArray;
  const size = numbers.BYTES_PER_ELEMENT;
  if (numbers instanceof Float32Array || numbers instanceof Float64Array) {
    const { sign, rest } = FLOATS.get(size)!;
    return Uint8Array.of(0x11, 0x20, sign, 0, size, 0, 0, 0, ...rest);
  }
  const isSigned = numbers.constructor.name.startsWith("Int") || numbers instanceof BigInt64Array;
  return Uint8Array.of(0x10, isSigned ? 8 : 0, 0, 0, size, 0, 0, 0, 0, 0, 8 * size, 0);
}

/** Bytes that grow, with what in them depends on where they come to lie. */
interface Image {
  /** Appends bytes with the texts and the addresses in them; where they begin. */
  append(bytes: Uint8Array, texts?: readonly TextAt[], addresses?: readonly number[]): number;
  finish(header: number): LaidOutTree;
}

/** Objects of a heap are counted in two bytes; 0 stands for what is free. */
const MAX_TEXTS = 0xffff;
const LEAST_HEAP = 4096;

function createImage(): Image {
  const pieces: Uint8Array[] = [];
  const addresses: number[] = [];
  const texts: TextAt[] = [];
  let length = 0;
  const push = (bytes: Uint8Array): number => {
    const at = length;
    pieces.push(bytes);
    length += padded(bytes.length);
    return at;
  };
  return {
    append(bytes, own = [], inside = []) {
      const start = push(bytes);
      for (const { at, text } of own) texts.push({ at: start + at, text });
      for (const at of inside) addresses.push(start + at);
      return start;
    },
    finish(header) {
      /** Where each reference stands, the heap that it leads into, and its number there. */
      const references: { at: number; heap: number; index: number; bytes: number }[] = [];
      for (let first = 0; first < texts.length; first += MAX_TEXTS) {
        const own = texts.slice(first, first + MAX_TEXTS);
        const heap = push(heapOf(own.map(({ text }) => text)));
        own.forEach(
          ({ at, text }, i) => void references.push({ at, heap, index: i + 1, bytes: text.length }),
        );
      }
      const bytes = new Uint8Array(length);
      const view = new DataView(bytes.buffer);
      let at = 0;
      for (const piece of pieces) {
        bytes.set(piece, at);
        at += padded(piece.length);
      }
      for (const reference of references) {
        view.setUint32(reference.at, reference.bytes, true);
        view.setBigUint64(reference.at + 4, BigInt(reference.heap), true);
        view.setUint32(reference.at + 12, reference.index, true);
        addresses.push(reference.at + 4);
      }
      return {
        length,
        header,
        bytesAt(address) {
          const placed = bytes.slice();
          const fields = new DataView(placed.buffer);
          for (const field of addresses)
            fields.setBigUint64(field, fields.getBigUint64(field, true) + BigInt(address), true);
          return placed;
        },
      };
    },
  };
}

/** A collection of the global heap that holds `texts`. */
function heapOf(texts: readonly Uint8Array[]): Uint8Array {
  const used = texts.reduce((sum, text) => sum + 16 + padded(text.length), 16);
  // What is left free has a header of its own.
  const size = Math.max(used + 16, LEAST_HEAP);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes.set(utf8("GCOL"));
  bytes[4] = 1;
  view.setBigUint64(8, BigInt(size), true);
  let at = 16;
  texts.forEach((text, i) => {
    view.setUint16(at, i + 1, true);
    view.setBigUint64(at + 8, BigInt(text.length), true);
    bytes.set(text, at + 16);
    at += 16 + padded(text.length);
  });
  view.setBigUint64(at + 8, BigInt(size - at), true);
  return bytes;
}

const ENCODER = new TextEncoder();
const utf8 = (text: string): Uint8Array => ENCODER.encode(text);
