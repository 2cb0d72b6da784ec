/** A group of a store as a store of its own. @module */
import type { ArrayStore, StoredArray, StoredGroup } from "./array-store.ts";

/** The elements of `store` below `root`, by their paths in it; closing it closes `store`. */
export function subStore(store: ArrayStore, root: string): ArrayStore {
  const inner = (path: string): string => path.slice(root.length).replace(/^\//, "");
  return {
    name: `${store.name} › ${root}`,
    async open(path): Promise<StoredGroup | StoredArray | null> {
      const relative = path.replace(/^\/+/, "");
      const element = await store.open(relative === "" ? root : `${root}/${relative}`);
      if (element === null) return null;
      return {
        ...element,
        path: inner(element.path),
        attribute(name) {
          const value = element.attribute(name);
          if (typeof value !== "object" || !("reference" in value)) return value;
          return { reference: inner(value.reference.replace(/^\//, "")) };
        },
      };
    },
    close: () => store.close(),
  };
}
