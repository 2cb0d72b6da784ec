/** Checks that what is stored can be carried into another container. @module */
import { AtlasmtlError } from "../../errors.ts";
import type { ArrayStore, StoredArray } from "../../formats/array-store.ts";
import type { AnnData } from "../types.ts";
import { takesAdditions } from "./append.ts";
import { MAX_DEPTH } from "./copy-elements.ts";

/**
 * Every element whose values cannot be carried into another container.
 * @throws LIMIT for groups nested too deeply.
 */
async function unreadableElements(store: ArrayStore, path = "", depth = 0): Promise<string[]> {
  if (depth > MAX_DEPTH)
    throw new AtlasmtlError("LIMIT", `groups are nested more than ${MAX_DEPTH} deep`, { where: path });
  const element = await store.open(path);
  if (element === null) return [];
  if (element.kind === "array") return (await isReadable(element)) ? [] : [`${path} (${element.dtype})`];
  const found: string[] = [];
  for (const key of element.keys)
    found.push(...(await unreadableElements(store, path === "" ? key : `${path}/${key}`, depth + 1)));
  return found;
}

/** Reads one row: filters show only then whether they can be undone. */
async function isReadable(array: StoredArray): Promise<boolean> {
  const rows = Math.min(array.shape?.[0] ?? 1, 1);
  try {
    if (array.element === "other") return false;
    if (array.shape === null) return true;
    if (array.element === "string") await array.readStrings(0, rows);
    else if (array.element !== "compound") await array.readNumbers(0, rows);
    else for (const name of array.fields) await array.readField(name);
    return true;
  } catch (error) {
    if (error instanceof AtlasmtlError && error.code === "UNSUPPORTED") return false;
    throw error;
  }
}

/**
 * Checks that every stored value can be carried into another container.
 * @throws UNSUPPORTED naming those that cannot.
 */
export async function checkCarried({ source, stored }: AnnData): Promise<void> {
  const store = stored?.store ?? null;
  const lost = store === null ? [] : await unreadableElements(store);
  if (lost.length === 0) return;
  const isCopied = store !== null && (await takesAdditions(store));
  throw new AtlasmtlError(
    "UNSUPPORTED",
    `these elements cannot be carried over: ${lost.slice(0, 5).join(", ")}`,
    {
      where: source,
      hint: isCopied
        ? `write to the container that the input has (.${stored?.format ?? "h5ad"}), or take them out`
        : "take them out of the file",
    },
  );
}
