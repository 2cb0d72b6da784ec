/** Removes members from a file, so that results with the same names can be written. @module */
import { AtlasmtlError } from "../../errors.ts";
import type { ArrayStore, TypedAttribute } from "../../formats/array-store.ts";
import { editFile, inspectFile } from "../../formats/hdf5/layout.ts";
import { headerAddress } from "../../formats/hdf5/library.ts";
import { type Hdf5File, openFile, readableFile } from "../../formats/hdf5/open.ts";
import { denseGroup, isDenseGroup, swapMembers, unlinkMembers } from "../../formats/hdf5/remove-members.ts";
import { openWriter } from "../../formats/hdf5/write.ts";
import { openExisting } from "../read/element-encodings.ts";

/**
 * Removes the named members from each group of the file that the HDF5 library knows as `path`.
 *
 * A group is edited in place. If its layout does not allow that (h5py writes such groups for names beyond
 * ASCII), it is rebuilt from hard links to the remaining members. `name` is for messages.
 * @throws UNSUPPORTED if neither is possible.
 */
export async function removeMembers(
  path: string,
  removals: ReadonlyMap<string, ReadonlySet<string>>,
  name: string,
): Promise<void> {
  for (const [group, names] of removals) {
    const header = headerAt(path, `/${group}`);
    if (editFile(path, (file) => isDenseGroup(file, header))) await regroup(path, group, names, name);
    else editFile(path, (file) => unlinkMembers(file, header, names));
  }
}

/** Checks in an open file that {@link removeMembers} can succeed. @throws like it. */
export async function checkRemoveMembers(
  file: Hdf5File,
  removals: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<void> {
  const isDense = (group: string): boolean =>
    inspectFile(file.path, (bytes) => isDenseGroup(bytes, headerAddress(file.fileId, `/${group}`)));
  for (const group of removals.keys()) {
    if (!isDense(group)) continue;
    if (group === "" || isDense(parentOf(group))) throw denseGroup();
    const element = await openExisting(file, group);
    for (const key of element.attributeNames) keptAttribute(element.typedAttribute(key), key, group);
  }
}

const parentOf = (group: string): string => group.slice(0, Math.max(0, group.lastIndexOf("/")));

function headerAt(path: string, group: string): number {
  const file = openWriter(path, "update");
  const header = file.headerOf(group);
  file.finish();
  return header;
}

/** Replaces a group in its parent by a new one with the remaining members and attributes. */
async function regroup(
  path: string,
  group: string,
  leaving: ReadonlySet<string>,
  name: string,
): Promise<void> {
  const stored = await readOnce(path, name, async (file) => {
    const element = await openExisting(file, group);
    const keys = element.kind === "group" ? element.keys : [];
    return {
      keys,
      attributes: element.attributeNames.map((key) => [key, element.typedAttribute(key)] as const),
    };
  });
  if (group === "") throw denseGroup();
  const parent = `/${parentOf(group)}`;
  const old = group.slice(group.lastIndexOf("/") + 1);
  const fresh = "atlasmtl-regrouped";
  const at = `${parent === "/" ? "" : parent}/${fresh}`;
  const file = openWriter(path, "update");
  file.createGroup(at);
  for (const [key, value] of stored.attributes) {
    file.setAttribute(at, key, keptAttribute(value, key, group));
  }
  for (const key of stored.keys) if (!leaving.has(key)) file.link(`/${group}/${key}`, `${at}/${key}`);
  file.finish();
  const header = headerAt(path, parent);
  editFile(path, (editable) => {
    swapMembers(editable, header, old, fresh);
    unlinkMembers(editable, header, new Set([fresh]));
  });
}

/** @throws UNSUPPORTED for an attribute that cannot be written. */
function keptAttribute(value: TypedAttribute | undefined, key: string, group: string): TypedAttribute {
  if (value !== undefined) return value;
  throw new AtlasmtlError("UNSUPPORTED", `attribute "${key}" cannot be kept when "${group}" is rewritten`);
}

/** Opens the file that the HDF5 library knows as `path` for the time of `work`. */
export async function readOnce<T>(
  path: string,
  name: string,
  work: (file: ArrayStore) => Promise<T>,
): Promise<T> {
  const file = readableFile(openFile(path, "r"), { path, unmount: async () => undefined }, name);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}
