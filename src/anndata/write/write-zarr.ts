/**
 * Writes a dataset with results as a Zarr folder (Node): a Zarr input is copied file by file, in its own
 * format; anything else becomes Zarr format 3 as anndata 0.12 writes it.
 * @module
 */
import { platform } from "#platform";
import type { FolderWriter } from "../../core/platform.ts";
import { throwIfAborted, type WorkOptions } from "../../core/progress.ts";
import { AtlasmtlError, locateOnce } from "../../errors.ts";
import type { StoredArray } from "../../formats/array-store.ts";
import { consolidate } from "../../formats/zarr/consolidate.ts";
import { folderKeys, type KeyStore } from "../../formats/zarr/key-store.ts";
import { type Json, object, parseJsonObject } from "../../formats/zarr/metadata.ts";
import type { ZarrStore } from "../../formats/zarr/open.ts";
import { isZarrRoot } from "../../formats/zarr/root.ts";
import { emitJson, type ZarrType, type ZarrWriter, zarrWriter } from "../../formats/zarr/write.ts";
import type { WriteDatasetOptions } from "../containers/container.ts";
import type { AnnData, Column, Notice } from "../types.ts";
import type { Additions } from "./additions.ts";
import { allRemovals, examine, takesAdditions, writeMended } from "./append.ts";
import { checkAdditions } from "./check-additions.ts";
import { checkCarried } from "./check-carried.ts";
import { convertDataset } from "./convert-dataset.ts";
import { groupsOf } from "./copy-annotation.ts";
import { type ElementSink, pieces, writeAdditions } from "./copy-elements.ts";
import { writeDict } from "./write-elements.ts";
import { writeColumns } from "./write-frame.ts";

/**
 * Writes `path` (Node), a folder, from `adata` and `additions`; an existing folder is replaced atomically.
 * Returns what had to be left out.
 * @throws UNSUPPORTED for values that cannot be copied, MISMATCH for results with another number of rows, IO
 * if it cannot be written, ABORTED by the signal.
 */
export async function writeAnnotatedZarr(
  adata: AnnData,
  path: string,
  additions: Additions,
  { also, ...work }: WriteDatasetOptions = {},
): Promise<readonly Notice[]> {
  const { signal } = work;
  let notices: readonly Notice[] = [];
  const copied = await copiedStore(adata);
  if (copied === null) await checkCarried(adata);
  try {
    await platform.files.replaceFolder(
      path,
      isZarrRoot,
      async (folder) => {
        throwIfAborted(signal);
        if (copied !== null) await copyAndAdd(copied, folder, additions, signal);
        else notices = await convert(adata, folder, additions, work);
        throwIfAborted(signal);
      },
      also,
    );
  } catch (error) {
    throw error instanceof AtlasmtlError && error.where?.startsWith(path)
      ? error
      : locateOnce(error, adata.source);
  }
  return notices;
}

/**
 * Checks before long work that {@link writeAnnotatedZarr} can succeed.
 * @throws like it.
 */
export async function checkZarrOutput(adata: AnnData, path: string): Promise<void> {
  if ((await copiedStore(adata)) === null) await checkCarried(adata);
  await platform.files.checkWritable(path, 0, isZarrRoot);
}

/** The store whose files can be copied: it can be listed, and results can be added to its layout. */
async function copiedStore({ stored, reshaped, selected }: AnnData): Promise<ZarrStore | null> {
  if (reshaped !== undefined || selected !== undefined) return null;
  const store = stored?.store ?? null;
  if (store === null || !("keys" in store)) return null;
  const zarr = store as ZarrStore;
  if (!zarr.keys.isListable) return null;
  return (await takesAdditions(zarr)) ? zarr : null;
}

/** A copy of the input's files with the results added. */
async function copyAndAdd(
  store: ZarrStore,
  folder: FolderWriter,
  additions: Additions,
  signal: AbortSignal | undefined,
): Promise<void> {
  const existing = await examine(store, additions);
  checkAdditions(additions, existing.nObs, existing.indexKey);
  const without = new Set<string>();
  for (const [group, names] of allRemovals(existing))
    for (const name of names) without.add(`${group}/${name}`);
  await copyKeys(store.keys, "", folder, without, signal);

  const writer = zarrWriter(folder.write, store.format);
  const sink = sinkOf(writer, signal);
  const added = additions.obs ?? new Map<string, Column>();
  writeColumns(sink, "/obs", added, await groupsOf(store, "obs", added.keys()));
  for (const column of existing.mended) writeMended(sink, column);
  for (const [group, members] of [
    ["obsm", additions.obsm],
    ["uns", additions.uns],
  ] as const)
    if ((members?.size ?? 0) > 0 && (await store.open(group)) === null) writeDict(sink, `/${group}`);
  await writeAdditions(sink, additions);
  await writer.finish();

  const keys = folderKeys(folder.path);
  await setColumnOrder(keys, folder, store.format, [...existing.columns, ...(additions.obs?.keys() ?? [])]);
  await consolidate(keys, store.format, folder.write);
}

/** Files below `at`, except subtrees in `without` and consolidated metadata. */
async function copyKeys(
  keys: KeyStore,
  at: string,
  folder: FolderWriter,
  without: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const name of await keys.list(at)) {
    const key = at === "" ? name : `${at}/${name}`;
    if (without.has(key) || key === ".zmetadata") continue;
    throwIfAborted(signal);
    const bytes = await keys.get(key);
    if (bytes === undefined) await copyKeys(keys, key, folder, without, signal);
    else await folder.write(key, bytes);
  }
}

async function setColumnOrder(
  keys: KeyStore,
  folder: FolderWriter,
  format: 2 | 3,
  order: readonly string[],
): Promise<void> {
  const key = format === 3 ? "obs/zarr.json" : "obs/.zattrs";
  const bytes = await keys.get(key);
  const document: { readonly [key: string]: Json } = bytes === undefined ? {} : parseJsonObject(bytes, key);
  const changed =
    format === 3
      ? { ...document, attributes: { ...object(document.attributes), "column-order": order } }
      : { ...document, "column-order": order };
  await folder.write(key, emitJson(changed));
}

/** Writes everything element by element, in format 3. */
async function convert(
  adata: AnnData,
  folder: FolderWriter,
  additions: Additions,
  work: WorkOptions,
): Promise<readonly Notice[]> {
  const writer = zarrWriter(folder.write, 3);
  const sink = sinkOf(writer, work.signal);
  const notices = await convertDataset(adata, additions, sink, work);
  await writer.finish();
  await consolidate(folderKeys(folder.path), 3, folder.write);
  return notices;
}

function sinkOf(writer: ZarrWriter, signal: AbortSignal | undefined): ElementSink {
  return {
    ...writer,
    remarks: [],
    grow: (path, dtype, rowShape) => writer.grow(path, dtype, rowShape),
    async copyArray(array, path) {
      if (array.shape?.length === 0) return copyScalar(array, writer, path);
      const grown = writer.grow(path, typeOf(array), array.shape?.slice(1));
      for await (const values of pieces(array, signal)) await grown.append(values);
      await grown.finish();
    },
  };
}

async function copyScalar(array: StoredArray, writer: ZarrWriter, path: string): Promise<void> {
  if (array.element === "string") writer.writeStrings(path, await array.readStrings(), []);
  else if (array.element === "boolean")
    writer.writeBooleans(path, (await array.readNumbers()) as Uint8Array, []);
  else writer.writeNumbers(path, await array.readNumbers(), []);
}

/** float16 is read as float32. */
function typeOf({ element, dtype }: StoredArray): ZarrType {
  if (element === "string") return "str";
  if (element === "boolean") return "bool";
  return dtype === "float16" ? "float32" : (dtype as ZarrType);
}
