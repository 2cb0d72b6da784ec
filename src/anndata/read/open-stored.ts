/** Opens the AnnData in an open store of any container. @module */
import type { FileInput } from "../../core/bytes.ts";
import { didYouMean } from "../../core/nearest.ts";
import { AtlasmtlError, locate } from "../../errors.ts";
import type { ArrayStore, StoredArray, StoredGroup } from "../../formats/array-store.ts";
import { H5SEURAT_ROOT } from "../../schema/r-objects.ts";
import type { OpenOptions } from "../containers/probe.ts";
import type { AnnData, DataFrame, ElementSummary, MatrixName } from "../types.ts";
import { mendedNotices } from "./category-codes.ts";
import { listed, namesOf, openDataFrame } from "./dataframe.ts";
import { encodingName, encodingOf, integers, type StoredElement } from "./element-encodings.ts";
import { openMatrix } from "./matrix.ts";
import { readObsm } from "./obsm.ts";
import { readUns } from "./uns.ts";

/**
 * The AnnData in an open store; closing it closes the store. `format` is the container, such as `h5ad`.
 * @throws BAD_FORMAT without obs and var; UNSUPPORTED for an .h5Seurat file.
 */
export async function annDataOf(
  store: ArrayStore,
  input: FileInput | null = null,
  format = "h5ad",
  { lazyCellNames }: Pick<OpenOptions, "lazyCellNames"> = {},
): Promise<AnnData> {
  const root = await store.open("");
  const rootKeys = root?.kind === "group" ? root.keys : [];
  if (!rootKeys.includes("obs") || !rootKeys.includes("var")) {
    if (H5SEURAT_ROOT.every((key) => rootKeys.includes(key)))
      throw new AtlasmtlError("UNSUPPORTED", "this is an .h5Seurat file of SeuratDisk, which is not read", {
        hint: 'in R, saveRDS(SeuratDisk::LoadH5Seurat(file), "object.rds"), and give the .rds',
      });
    throw new AtlasmtlError("BAD_FORMAT", `this is no AnnData: it holds ${listed(rootKeys) || "nothing"}`, {
      hint: "an AnnData has obs and var",
    });
  }
  const obs = await openDataFrame(store, "obs", { lazyIndex: lazyCellNames });
  const vars = await openDataFrame(store, "var");
  const layerKeys = await keysOf(store, "layers");
  const obsmKeys = await keysOf(store, "obsm");
  const unsKeys = await keysOf(store, "uns");
  const x = await store.open("X");
  const hasX = x !== null && encodingOf(x) !== "null@0.1.0";
  // anndata before 0.7 has raw.X and raw.var at the root.
  const rawPrefix = rootKeys.includes("raw") ? "raw/" : "raw.";
  const hasRaw = rootKeys.includes("raw.X") || (await keysOf(store, "raw")).includes("X");

  let rawVar: Promise<DataFrame> | null = null;
  const openRawVar = (): Promise<DataFrame> => {
    rawVar ??= openDataFrame(store, `${rawPrefix}var`).catch((error: unknown) => {
      throw locate(error, store.name);
    });
    return rawVar;
  };
  const matrixNames = (): MatrixName[] => [
    ...(hasX ? (["X"] as const) : []),
    ...layerKeys.map((key) => `layers/${key}` as const),
    ...(hasRaw ? (["raw/X"] as const) : []),
  ];
  const checkName = (name: MatrixName): void => {
    const names = matrixNames();
    if (names.includes(name)) return;
    throw new AtlasmtlError("NOT_FOUND", `there is no matrix "${name}"${didYouMean(name, names)}`, {
      where: store.name,
      hint: names.length === 0 ? "the file has no matrix at all" : `matrices: ${listed(names)}`,
    });
  };
  const checkKey = (kind: string, key: string, keys: readonly string[]): void => {
    if (keys.includes(key)) return;
    throw new AtlasmtlError("NOT_FOUND", `there is no "${key}" in ${kind}${didYouMean(key, keys)}`, {
      where: store.name,
      hint: keys.length === 0 ? `${kind} is empty` : `${kind} has: ${listed(keys)}`,
    });
  };

  return {
    source: store.name,
    input,
    stored: { format, store },
    notices: await mendedNotices(store, { obs, var: vars }),
    nObs: obs.length,
    nVars: vars.length,
    obs,
    var: vars,
    obsmKeys,
    layerKeys,
    unsKeys,
    hasX,
    hasRaw,
    async matrix(name = "X") {
      checkName(name);
      const columns = name === "raw/X" ? await openRawVar() : vars;
      const path = name === "raw/X" ? `${rawPrefix}X` : name;
      return openMatrix(store, path, name, {
        nRows: obs.length,
        nCols: columns.length,
        rowNames: () => namesOf(obs),
        columnNames: async () => columns.index,
      });
    },
    async varNames(name = "X") {
      if (name !== "raw/X") return vars.index;
      checkName(name);
      return (await openRawVar()).index;
    },
    rawVar: async () => (hasRaw ? openRawVar() : null),
    async obsm(key) {
      checkKey("obsm", key, obsmKeys);
      try {
        return await readObsm(store, key, obs.length);
      } catch (error) {
        throw locate(error, `${store.name} › obsm/${key}`);
      }
    },
    async uns(key) {
      checkKey("uns", key, unsKeys);
      try {
        return await readUns(store, `uns/${key}`);
      } catch (error) {
        throw locate(error, store.name);
      }
    },
    elements: () => summarise(store, rootKeys),
    close: () => store.close(),
  };
}

/** Keys of a group, or of the compound table that is used before anndata 0.7. */
async function keysOf(store: ArrayStore, path: string): Promise<readonly string[]> {
  const element = await store.open(path);
  if (element?.kind === "group") return element.keys;
  return element?.fields ?? [];
}

/** Root elements whose members are listed one by one. */
const CONTAINERS = ["layers", "obsm", "varm", "obsp", "varp", "uns", "raw"];

async function summarise(store: ArrayStore, rootKeys: readonly string[]): Promise<ElementSummary[]> {
  const found: ElementSummary[] = [];
  for (const key of rootKeys) {
    if (key === "obs" || key === "var") continue;
    const element = await openQuietly(store, key);
    if (element?.kind !== "group" || !CONTAINERS.includes(key)) found.push(summary(key, element));
    else
      for (const inner of element.keys)
        found.push(
          await tableShape(store, summary(`${key}/${inner}`, await openQuietly(store, `${key}/${inner}`))),
        );
  }
  return found;
}

/**
 * Adds rows and columns to the summary of a table, which its group does not have; other elements are
 * unchanged.
 */
async function tableShape(store: ArrayStore, element: ElementSummary): Promise<ElementSummary> {
  if (element.encoding !== "dataframe") return element;
  try {
    const { length, columns } = await openDataFrame(store, element.path);
    return { ...element, shape: [length, columns.length] };
  } catch {
    return element;
  }
}

async function openQuietly(store: ArrayStore, path: string): Promise<StoredElement | null> {
  try {
    return await store.open(path);
  } catch {
    return null;
  }
}

function summary(path: string, element: StoredGroup | StoredArray | null): ElementSummary {
  if (element === null) return { path, encoding: "unreadable", dtype: null, shape: null };
  const encoding = encodingName(element);
  if (element.kind === "array") return { path, encoding, dtype: element.dtype, shape: element.shape };
  return { path, encoding, dtype: null, shape: integers(element.attribute("shape")) ?? null };
}
