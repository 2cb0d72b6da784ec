/** A view of a dataset without its matrices, to write what was found without what it was found in. @module */
import { AtlasmtlError, option, phrase } from "../../errors.ts";
import type { ArrayStore } from "../../formats/array-store.ts";
import type { AnnData } from "../types.ts";
import { filesOf } from "./write-annotated.ts";

/** Members of the root that are left out; those with a dot are of anndata before 0.7. */
const MATRICES: readonly string[] = [
  "X",
  "layers",
  "raw",
  "raw.X",
  "raw.var",
  "raw.varm",
  "obsp",
  "varm",
  "varp",
];

/**
 * What of `adata` is written with a result: all, or with `skipMatrices` obs, var, obsm and uns alone.
 * @throws USAGE for `skipMatrices` with `inPlace`.
 */
export function writtenPart(
  adata: AnnData,
  {
    skipMatrices = false,
    inPlace = false,
  }: { skipMatrices?: boolean | undefined; inPlace?: boolean | undefined },
): AnnData {
  if (skipMatrices && inPlace)
    throw new AtlasmtlError(
      "USAGE",
      "a result without matrices cannot replace the query, whose matrices would be lost",
      {
        where: phrase`${option("skipMatrices")}`,
        hint: phrase`write to another file, or without ${option("skipMatrices")}`,
      },
    );
  return skipMatrices ? withoutMatrices(adata) : adata;
}

/** It is no longer its file, which is why none is copied. */
function withoutMatrices(adata: AnnData): AnnData {
  const { knownGenes, stored, ...rest } =
    adata.reshaped === undefined ? (adata.knownGenes?.whole ?? adata) : adata;
  return {
    ...rest,
    input: null,
    ...(stored && {
      stored: {
        ...stored,
        store: stored.store && withoutMembers(stored.store),
        files: filesOf(adata),
      },
    }),
    hasX: false,
    hasRaw: false,
    layerKeys: [],
  };
}

function withoutMembers(store: ArrayStore): ArrayStore {
  return {
    name: store.name,
    async open(path) {
      const [member] = path.replace(/^\/+/, "").split("/");
      if (MATRICES.includes(member)) return null;
      const element = await store.open(path);
      if (member !== "" || element?.kind !== "group") return element;
      return { ...element, keys: element.keys.filter((key) => !MATRICES.includes(key)) };
    },
    close: () => store.close(),
  };
}
