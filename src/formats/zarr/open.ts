/**
 * Opens Zarr hierarchies of format 2 and 3 for reading, as an {@link ArrayStore}.
 *
 * Members of a group come from a listing of its files, or from the consolidated metadata if files cannot be
 * listed (on the web).
 * @module
 */
import { AtlasmtlError, locate } from "../../errors.ts";
import type { ArrayStore, AttributeValue, StoredArray, StoredGroup } from "../array-store.ts";
import { type Attributes, zarrArray } from "./array.ts";
import { isSafeKey, type KeyStore } from "./key-store.ts";
import {
  attributeValue,
  type Json,
  type NodeMetadata,
  object,
  parseJsonObject,
  parseV2,
  parseV3,
  typedAttribute,
} from "./metadata.ts";
import { isZarrRoot, V3_NAME } from "./root.ts";

/** Names of the files that describe a node. */
const V2_NAMES = [".zarray", ".zgroup", ".zattrs"] as const;

/** Maximum size of such a file; the consolidated metadata of a whole atlas have a few megabytes. */
const MAX_METADATA_BYTES = 1 << 26;

/** An open hierarchy. */
export interface ZarrStore extends ArrayStore {
  readonly format: 2 | 3;
  /** Its files. */
  readonly keys: KeyStore;
}

/** The metadata of nodes by path. */
interface Nodes {
  readonly format: 2 | 3;
  node(path: string): Promise<NodeMetadata | null>;
  members(path: string): Promise<readonly string[]>;
}

/**
 * Opens the hierarchy in `keys`; closing it closes `keys`.
 * @throws BAD_FORMAT if it has no root group; UNSUPPORTED if its members cannot be listed and there are no
 * consolidated metadata.
 */
export async function openZarr(keys: KeyStore): Promise<ZarrStore> {
  let isOpen = true;
  const checkOpen = (): void => {
    if (!isOpen) throw new AtlasmtlError("USAGE", "the store is closed", { where: keys.name });
  };
  try {
    const nodes = await nodesOf(keys);
    const known = new Map<string, Promise<StoredGroup | StoredArray | null>>();
    return {
      name: keys.name,
      format: nodes.format,
      keys,
      async open(path) {
        checkOpen();
        const full = path.replace(/^\/+/, "");
        if (full !== "" && !isSafeKey(full)) return null;
        const found = known.get(full) ?? element(keys, nodes, full, checkOpen);
        known.set(full, found);
        return found;
      },
      async close() {
        if (!isOpen) return;
        isOpen = false;
        await keys.close();
      },
    };
  } catch (error) {
    throw locate(error, keys.name);
  }
}

async function element(
  keys: KeyStore,
  nodes: Nodes,
  path: string,
  checkOpen: () => void,
): Promise<StoredGroup | StoredArray | null> {
  const node = await located(path, nodes.node(path));
  if (node === null) return null;
  const attributes: Attributes = {
    path,
    attributeNames: [...node.attributes.keys()],
    attribute: (name) => attributeOf(node, name, path),
    typedAttribute: (name) => typedAttribute(node.attributes.get(name)),
  };
  if (node.array !== null) return zarrArray(keys, attributes, node.array, checkOpen);
  return { kind: "group", ...attributes, keys: await nodes.members(path) };
}

async function located<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw locate(error, path === "" ? "/" : path);
  }
}

/** anndata 0.7 stores codes with the path of their categories, which is relative to the group. */
function attributeOf(node: NodeMetadata, name: string, path: string): AttributeValue | undefined {
  const value = attributeValue(node.attributes.get(name));
  if (name !== "categories" || node.array === null || typeof value !== "string") return value;
  const parent = path.slice(0, path.lastIndexOf("/") + 1);
  return { reference: `${parent}${value}` };
}

async function nodesOf(keys: KeyStore): Promise<Nodes> {
  const v3 = await keys.get(V3_NAME);
  if (v3 !== undefined) {
    const root = parseJsonObject(v3, V3_NAME);
    return !keys.isListable ? consolidatedV3(root) : listedNodes(keys, 3, readV3);
  }
  if (keys.isListable) {
    if ((await keys.get(".zgroup")) !== undefined) return listedNodes(keys, 2, readV2);
  } else {
    const all = await keys.get(".zmetadata");
    if (all !== undefined) return consolidatedV2(parseJsonObject(all, ".zmetadata"));
    if ((await keys.get(".zgroup")) !== undefined) throw notConsolidated();
  }
  throw new AtlasmtlError("BAD_FORMAT", "this is no Zarr group: it has neither zarr.json nor .zgroup", {
    hint: keys.isListable
      ? "pass the folder that anndata wrote, which holds obs, var and X"
      : "pass the address of the .zarr itself, below which zarr.json or .zmetadata lies",
  });
}

function notConsolidated(): AtlasmtlError {
  return new AtlasmtlError(
    "UNSUPPORTED",
    "the store has no consolidated metadata, and a web server lists no folders",
    {
      hint: "consolidate it, in Python: zarr.consolidate_metadata(path), or download it",
    },
  );
}

async function readV3(keys: KeyStore, prefix: string): Promise<NodeMetadata | null> {
  const bytes = await keys.get(`${prefix}${V3_NAME}`, MAX_METADATA_BYTES);
  return bytes === undefined ? null : parseV3(parseJsonObject(bytes, V3_NAME));
}

async function readV2(keys: KeyStore, prefix: string): Promise<NodeMetadata | null> {
  const [array, group, attributes] = await Promise.all(
    V2_NAMES.map(async (name) => {
      const bytes = await keys.get(`${prefix}${name}`, MAX_METADATA_BYTES);
      return bytes === undefined ? null : parseJsonObject(bytes, name);
    }),
  );
  return array === null && group === null ? null : parseV2(array!, attributes!);
}

function listedNodes(keys: KeyStore, format: 2 | 3, read: typeof readV3): Nodes {
  return {
    format,
    node: (path) => read(keys, path === "" ? "" : `${path}/`),
    async members(path) {
      const names = (await keys.list(path)).filter((name) => !name.startsWith(".") && name !== V3_NAME);
      const isNode = await Promise.all(
        names.map(async (name) => {
          const inside = await keys.list(path === "" ? name : `${path}/${name}`);
          return isZarrRoot(inside) || inside.includes(".zarray");
        }),
      );
      return names.filter((_, i) => isNode[i]);
    },
  };
}

function consolidatedV3(root: { readonly [key: string]: Json }): Nodes {
  const all = object(object(root.consolidated_metadata)?.metadata);
  if (all === null) throw notConsolidated();
  const nodes = new Map<string, () => NodeMetadata>([["", () => parseV3(root)]]);
  for (const [path, value] of Object.entries(all)) {
    const node = object(value);
    if (node !== null) nodes.set(path, () => parseV3(node));
  }
  return knownNodes(nodes, 3);
}

function consolidatedV2(document: { readonly [key: string]: Json }): Nodes {
  const all = object(document.metadata);
  if (all === null) throw new AtlasmtlError("BAD_FORMAT", ".zmetadata holds no metadata");
  const nodes = new Map<string, () => NodeMetadata>();
  for (const key of Object.keys(all)) {
    const slash = key.lastIndexOf("/");
    const name = key.slice(slash + 1);
    if (name !== ".zarray" && name !== ".zgroup") continue;
    const path = key.slice(0, Math.max(slash, 0));
    const prefix = key.slice(0, slash + 1);
    const at = (file: string) => (Object.hasOwn(all, prefix + file) ? object(all[prefix + file]) : null);
    nodes.set(path, () => parseV2(at(".zarray"), at(".zattrs")));
  }
  return knownNodes(nodes, 2);
}

function knownNodes(nodes: ReadonlyMap<string, () => NodeMetadata>, format: 2 | 3): Nodes {
  const members = new Map<string, string[]>();
  for (const path of nodes.keys()) {
    if (path === "") continue;
    const slash = path.lastIndexOf("/");
    const parent = path.slice(0, Math.max(slash, 0));
    const names = members.get(parent) ?? [];
    members.set(parent, names);
    names.push(path.slice(slash + 1));
  }
  return {
    format,
    node: async (path) => nodes.get(path)?.() ?? null,
    members: async (path) => members.get(path) ?? [],
  };
}
