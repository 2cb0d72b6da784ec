/** Writes consolidated metadata to the root of a hierarchy, which readers over the web need. @module */
import { isSafeKey, type KeyStore } from "./key-store.ts";
import { type Json, object, parseJsonObject } from "./metadata.ts";
import { emitJson, type WriteKey } from "./write.ts";

/** Reads the metadata of every node in `keys` and writes them together; existing ones are replaced. */
export async function consolidate(keys: KeyStore, format: 2 | 3, write: WriteKey): Promise<void> {
  const found = new Map<string, Json>();
  await gather(keys, "", format === 3 ? ["zarr.json"] : [".zgroup", ".zarray", ".zattrs"], found);
  if (format === 2) {
    await write(".zmetadata", emitJson({ metadata: Object.fromEntries(found), zarr_consolidated_format: 1 }));
    return;
  }
  const root = object(found.get("zarr.json")) ?? {};
  found.delete("zarr.json");
  const nodes = [...found].map(([key, document]): [string, Json] => {
    const node = object(document) ?? {};
    const empty = { consolidated_metadata: inline({}) };
    return [key.slice(0, -"/zarr.json".length), node.node_type === "group" ? { ...node, ...empty } : node];
  });
  await write("zarr.json", emitJson({ ...root, consolidated_metadata: inline(Object.fromEntries(nodes)) }));
}

const inline = (metadata: { readonly [key: string]: Json }) => ({
  kind: "inline",
  must_understand: false,
  metadata,
});

async function gather(
  keys: KeyStore,
  folder: string,
  names: readonly string[],
  found: Map<string, Json>,
): Promise<void> {
  const inside = await keys.list(folder);
  if (!names.some((name) => inside.includes(name))) return;
  const prefix = folder === "" ? "" : `${folder}/`;
  for (const name of names) {
    const bytes = inside.includes(name) ? await keys.get(prefix + name) : undefined;
    if (bytes !== undefined) found.set(prefix + name, parseJsonObject(bytes, prefix + name));
  }
  // Below an array there are only chunks.
  if (inside.includes(".zarray") || object(found.get(`${prefix}zarr.json`))?.node_type === "array") return;
  for (const name of inside)
    if (!name.startsWith(".") && name !== "zarr.json" && isSafeKey(name))
      await gather(keys, prefix + name, names, found);
}
