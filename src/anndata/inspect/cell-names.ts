/** Finds cells that share a name. @module */
import type { Notice } from "../types.ts";

/** A notice on cell names that occur more than once; null if each is unique. */
export function repeatedCellNames(names: readonly string[], where?: string): Notice | null {
  const seen = new Set(names);
  if (seen.size === names.length) return null;
  const once = new Set<string>();
  const repeated = new Set<string>();
  for (const name of names) (once.has(name) ? repeated : once).add(name);
  const [example] = repeated;
  return {
    message:
      repeated.size === 1
        ? `one cell name occurs more than once: "${example}"`
        : `${repeated.size} cell names occur more than once, such as "${example}"`,
    ...(where === undefined ? {} : { where }),
    hint: "every cell keeps its row here, but tables cannot be joined by name: make the names unique, such as by adata.obs_names_make_unique()",
  };
}
