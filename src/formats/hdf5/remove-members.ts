/**
 * Removes members from HDF5 groups, and points names at other objects, in place. The objects stay in the file but are unreachable; `h5repack`
 * frees their space.
 * @module
 */
import { AtlasmtlError } from "../../errors.ts";
import {
  address,
  damaged,
  type EditableFile,
  type HeaderMessage,
  hasText,
  LINK_INFO_MESSAGE,
  LINK_MESSAGE,
  type ReadableFile,
  readHeader,
  SYMBOL_TABLE_MESSAGE,
  writeChunk,
} from "./layout.ts";

const UNDEFINED_ADDRESS = 2 ** 64; // 64 one-bits, as rounded by `address`

const ENTRY_BYTES = 40;

/**
 * Removes `names` from the group whose object header is at `header`; missing names are ignored.
 *
 * It can edit groups as anndata and h5py write them (symbol tables), and small groups of the newer layout.
 * @throws UNSUPPORTED for a large group of the newer layout, BAD_FORMAT for a damaged one.
 */
export function unlinkMembers(file: EditableFile, header: number, names: ReadonlySet<string>): void {
  const messages = readHeader(file, header);
  const table = messages.find(({ type }) => type === SYMBOL_TABLE_MESSAGE);
  if (table !== undefined) {
    const root = address(table.data, 0);
    const nameOf = openHeap(file, address(table.data, 8));
    const last = pruneNode(file, root, null, (offset) => names.has(nameOf(offset)), 0);
    if (last === null) file.write(root + 5, Uint8Array.of(0)); // an empty tree has level 0
    return;
  }
  if (isDense(messages)) throw denseGroup();
  for (const message of messages)
    if (message.type === LINK_MESSAGE && names.has(linkOf(message).name)) {
      message.chunk.bytes[message.typeAt] = 0; // a NIL message
      writeChunk(file, message.chunk);
    }
}

/** True if the group at `header` stores its links in a separate heap, where they cannot be edited. */
export function isDenseGroup(file: ReadableFile, header: number): boolean {
  return isDense(readHeader(file, header));
}

function isDense(messages: readonly HeaderMessage[]): boolean {
  const info = messages.find(({ type }) => type === LINK_INFO_MESSAGE);
  if (info === undefined) return false;
  return address(info.data, 2 + (info.data[1] & 1 ? 8 : 0)) !== UNDEFINED_ADDRESS;
}

/** The error for a group whose members cannot be replaced. */
export function denseGroup(): AtlasmtlError {
  return new AtlasmtlError("UNSUPPORTED", "members of an HDF5 group of this layout cannot be replaced", {
    hint: "write the file once more with anndata's defaults, or write the predictions to another kind of file",
  });
}

/**
 * Swaps the names of two members of the group at `header`; both must be hard links.
 * @throws like {@link unlinkMembers}; BUG if one is missing.
 */
export function swapMembers(file: EditableFile, header: number, a: string, b: string): void {
  const targets = findTargets(file, header, new Set([a, b]));
  const [first, second] = [a, b].map((name) => required(targets, name));
  const kept = first.bytes.slice();
  first.bytes.set(second.bytes);
  second.bytes.set(kept);
  first.write();
  second.write();
}

/**
 * Makes `name` of the group at `header`, a hard link to an array, one to the object whose header is at `object`.
 * @throws like {@link swapMembers}.
 */
export function pointMember(file: EditableFile, header: number, name: string, object: number): void {
  const target = required(findTargets(file, header, new Set([name])), name);
  new DataView(target.bytes.buffer, target.bytes.byteOffset).setBigUint64(0, BigInt(object), true);
  target.write();
}

/** Where a name leads to: the address of an object's header, in a symbol table with what the library caches of the object. */
interface Target {
  readonly bytes: Uint8Array;
  write(): void;
}

function required(targets: ReadonlyMap<string, Target>, name: string): Target {
  const target = targets.get(name);
  if (target === undefined) throw new AtlasmtlError("BUG", `there is no "${name}" to edit`);
  return target;
}

function findTargets(file: EditableFile, header: number, names: ReadonlySet<string>): Map<string, Target> {
  const messages = readHeader(file, header);
  const table = messages.find(({ type }) => type === SYMBOL_TABLE_MESSAGE);
  const targets = new Map<string, Target>();
  if (table !== undefined) {
    const nameOf = openHeap(file, address(table.data, 8));
    visitEntries(file, address(table.data, 0), (entry, at) => {
      const name = nameOf(address(entry, 0));
      const bytes = entry.subarray(8);
      if (names.has(name)) targets.set(name, { bytes, write: () => file.write(at + 8, bytes) });
    });
  } else if (isDense(messages)) throw denseGroup();
  for (const message of messages) {
    if (message.type !== LINK_MESSAGE) continue;
    const { name, end } = linkOf(message);
    const bytes = message.data.subarray(end, end + 8);
    if (names.has(name)) targets.set(name, { bytes, write: () => writeChunk(file, message.chunk) });
  }
  return targets;
}

function visitEntries(file: EditableFile, at: number, visit: (entry: Uint8Array, at: number) => void): void {
  const head = file.read(at, 24);
  const count = head[6] | (head[7] << 8);
  if (hasText(head, 0, "SNOD")) {
    const body = file.read(at + 8, count * ENTRY_BYTES);
    for (let i = 0; i < body.length; i += ENTRY_BYTES) visit(body.subarray(i, i + ENTRY_BYTES), at + 8 + i);
    return;
  }
  if (!hasText(head, 0, "TREE")) throw damaged(`no group tree at ${at}`);
  const body = file.read(at + 24, count * 16 + 8);
  for (let i = 0; i < count; i++) visitEntries(file, address(body, i * 16 + 8), visit);
}

/** The name in a link message, and where it ends (specification, IV.A.2.g). */
function linkOf({ data }: HeaderMessage): { readonly name: string; readonly end: number } {
  const flags = data[1];
  let at = 2 + (flags & 8 ? 1 : 0) + (flags & 4 ? 8 : 0) + (flags & 16 ? 1 : 0);
  const width = 1 << (flags & 3);
  let length = 0;
  for (let i = width - 1; i >= 0; i--) length = length * 256 + data[at + i];
  at += width;
  const end = at + length;
  return { name: new TextDecoder().decode(data.subarray(at, end)), end };
}

/** The names of a group, by their offset in its local heap. */
function openHeap(file: EditableFile, at: number): (offset: number) => string {
  const head = file.read(at, 32);
  if (!hasText(head, 0, "HEAP")) throw damaged(`no local heap at ${at}`);
  const names = file.read(address(head, 24), address(head, 8));
  return (offset) => {
    const end = names.indexOf(0, offset);
    if (offset >= names.length || end < 0) throw damaged(`a name at ${offset} beyond its heap`);
    return new TextDecoder().decode(names.subarray(offset, end));
  };
}

/**
 * Removes entries from a B-tree node and its children. Returns the name of its last entry (a key), or null if
 * it is empty.
 *
 * A node holds key, child, key, … child, key. The key after a child is the name of that child's last entry,
 * and child nodes repeat the keys around them; the library relies on both.
 */
function pruneNode(
  file: EditableFile,
  at: number,
  firstKey: Uint8Array | null,
  goes: (name: number) => boolean,
  depth: number,
): Uint8Array | null {
  const head = file.read(at, 24);
  if (!hasText(head, 0, "TREE") || head[4] !== 0 || depth > 8) throw damaged(`no group tree at ${at}`);
  const level = head[5];
  const count = head[6] | (head[7] << 8);
  const body = file.read(at + 24, count * 16 + 8);
  const kept = body.slice();
  if (firstKey !== null) kept.set(firstKey, 0);
  let left = 0;
  for (let i = 0; i < count; i++) {
    const field = body.subarray(i * 16 + 8, i * 16 + 16);
    const child = address(field, 0);
    const before = kept.slice(left * 16, left * 16 + 8);
    const last = level === 0 ? pruneLeaf(file, child, goes) : pruneNode(file, child, before, goes, depth + 1);
    if (last === null) {
      if (level > 0) bypass(file, child);
      continue;
    }
    kept.set(field, left * 16 + 8);
    left++;
    kept.set(last, left * 16);
  }
  if (kept.some((byte, i) => byte !== body[i])) file.write(at + 24, kept);
  if (left !== count) file.write(at + 6, Uint8Array.of(left & 255, left >> 8));
  return left === 0 ? null : kept.slice(left * 16, left * 16 + 8);
}

/** Links the siblings of a removed B-tree node. */
function bypass(file: EditableFile, at: number): void {
  const head = file.read(at, 24);
  const before = address(head, 8);
  const after = address(head, 16);
  if (before !== UNDEFINED_ADDRESS) file.write(before + 16, head.subarray(16, 24));
  if (after !== UNDEFINED_ADDRESS) file.write(after + 8, head.subarray(8, 16));
}

/** Removes entries from a symbol table node; returns the key of its last entry, or null. */
function pruneLeaf(file: EditableFile, at: number, goes: (name: number) => boolean): Uint8Array | null {
  const head = file.read(at, 8);
  if (!hasText(head, 0, "SNOD")) throw damaged(`no symbol table at ${at}`);
  const count = head[6] | (head[7] << 8);
  const body = file.read(at + 8, count * ENTRY_BYTES);
  const kept = new Uint8Array(body.length);
  let left = 0;
  for (let i = 0; i < count; i++) {
    const entry = body.subarray(i * ENTRY_BYTES, (i + 1) * ENTRY_BYTES);
    if (goes(address(entry, 0))) continue;
    kept.set(entry, left * ENTRY_BYTES);
    left++;
  }
  if (left !== count) {
    file.write(at + 8, kept);
    file.write(at + 6, Uint8Array.of(left & 255, left >> 8));
  }
  return left === 0 ? null : kept.slice((left - 1) * ENTRY_BYTES, (left - 1) * ENTRY_BYTES + 8);
}
