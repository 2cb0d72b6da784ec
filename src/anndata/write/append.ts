/**
 * Adds results to a copy of an `.h5ad` file; everything else stays byte for byte.
 *
 * Results of an earlier run with the same names are first removed from their group. HDF5 does not free the
 * space of removed elements; see `formats/hdf5/remove-members.ts`.
 * @module
 */
import { platform } from "#platform";
import type { AlsoWrite } from "../../core/bytes.ts";
import { createPauser, type Pause, throwIfAborted, type WorkOptions } from "../../core/progress.ts";
import { AtlasmtlError, locateOnce } from "../../errors.ts";
import type { ArrayStore } from "../../formats/array-store.ts";
import type { ElementWriter } from "../../formats/element-writer.ts";
import { fileSystem, loadHdf5 } from "../../formats/hdf5/library.ts";
import { isHdf5File } from "../../formats/hdf5/open.ts";
import { type Hdf5Writer, openWriter } from "../../formats/hdf5/write.ts";
import { mendedColumns } from "../read/category-codes.ts";
import { openDataFrame } from "../read/dataframe.ts";
import { text } from "../read/element-encodings.ts";
import type { AnnData, Column } from "../types.ts";
import type { AdditionNames, Additions } from "./additions.ts";
import { checkAdditions, checkNames } from "./check-additions.ts";
import { checkRemoveMembers, readOnce, removeMembers } from "./remove-members.ts";
import { writeCodes, writeColumn, writeDense, writeDict, writeSettings } from "./write-elements.ts";
import { parentsOf, writeColumns, writeTable } from "./write-frame.ts";

/**
 * Writes `outPath` as a copy of `inputPath` with `additions` (Node). Both may be one file; `outPath` is
 * replaced whole or stays as it is, with the files that `also` makes of it.
 * @throws UNSUPPORTED if results cannot be added to the layout, MISMATCH if a result has another number of
 * rows, IO if the file cannot be written, ABORTED by the signal.
 */
export async function writeAnnotated(
  inputPath: string,
  outPath: string,
  additions: Additions,
  { signal, also }: Pick<WorkOptions, "signal"> & { readonly also?: AlsoWrite | undefined } = {},
): Promise<void> {
  await loadHdf5();
  const make = async (temporary: string): Promise<void> => {
    throwIfAborted(signal);
    await platform.files.copy(inputPath, temporary);
    throwIfAborted(signal);
    await annotateInPlace(temporary, additions, inputPath, signal);
    throwIfAborted(signal);
  };
  await platform.files.replace(outPath, make, also);
}

/** Like {@link writeAnnotated}, from bytes to bytes, on any host. */
export async function annotateBytes(
  bytes: Uint8Array,
  additions: Additions,
  name = "memory",
): Promise<Uint8Array> {
  const fs = fileSystem(await loadHdf5());
  const mounted = await platform.mountForHdf5(bytes, fs);
  try {
    await annotateInPlace(mounted.path, additions, name);
    return fs.readFile(mounted.path);
  } finally {
    await mounted.unmount();
  }
}

/**
 * Checks before long work that {@link writeAnnotated} can write to `outPath`.
 * @throws USAGE for another suffix, IO if the folder is not writable or the disk too full.
 */
export async function checkAnnotatedOutput(inputPath: string, outPath: string): Promise<void> {
  if (!outPath.toLowerCase().endsWith(".h5ad"))
    throw new AtlasmtlError("USAGE", "an annotated copy is an .h5ad file", {
      where: outPath,
      hint: "end the output path in .h5ad",
    });
  const source = await platform.files.open(inputPath);
  await source.close();
  await platform.files.checkWritable(outPath, source.byteLength);
}

/** The properties of a dataset that matter for adding results. */
export interface Existing {
  readonly indexKey: string;
  readonly nObs: number;
  readonly columns: readonly string[];
  /** Group path → members to remove. */
  readonly removals: ReadonlyMap<string, ReadonlySet<string>>;
  /** Columns whose codes are removed and written anew, because anndata would refuse them. */
  readonly mended: readonly MendedColumn[];
}

interface MendedColumn {
  readonly path: string;
  readonly column: Extract<Column, { kind: "categorical" }>;
  /** False if the column is the array of its codes, as in anndata 0.7, and becomes a group. */
  readonly isGroup: boolean;
}

/** The members that make room for additions and for mended columns. */
export function allRemovals({ removals, mended }: Existing): Existing["removals"] {
  const all = new Map([...removals].map(([group, names]) => [group, new Set(names)]));
  for (const { path, isGroup } of mended) {
    const gone = isGroup ? `${path}/codes` : path;
    const at = gone.lastIndexOf("/");
    const group = gone.slice(0, at);
    all.set(group, (all.get(group) ?? new Set()).add(gone.slice(at + 1)));
  }
  return all;
}

/** Writes what {@link Existing.mended} says. */
export function writeMended(file: ElementWriter, { path, column, isGroup }: MendedColumn): void {
  if (isGroup) writeCodes(file, `/${path}`, column.codes, column.categories.length);
  else writeColumn(file, `/${path}`, column);
}

/**
 * Checks before long work that results of these names can be added to a dataset stored as `.h5ad`.
 * @throws UNSUPPORTED if results cannot be added to the layout or existing ones cannot be replaced, USAGE for
 * a name that is not allowed in the file.
 */
export async function checkAnnotatable(adata: AnnData, additions: AdditionNames): Promise<void> {
  const store = adata.stored?.store;
  if (store === null || store === undefined || !isHdf5File(store)) return;
  try {
    if (!(await takesAdditions(store))) return checkNames(additions, "_index");
    const existing = await examine(store, additions);
    checkNames(additions, existing.indexKey);
    await checkRemoveMembers(store, allRemovals(existing));
  } catch (error) {
    throw locateOnce(error, adata.source);
  }
}

/** Adds results to the file that the HDF5 library knows as `path`; `name` is for messages. @throws ABORTED by the signal. */
export async function annotateInPlace(
  path: string,
  additions: Additions,
  name: string,
  signal?: AbortSignal,
): Promise<void> {
  try {
    const existing = await readOnce(path, name, (file) => examine(file, additions));
    checkAdditions(additions, existing.nObs, existing.indexKey);
    await removeMembers(path, allRemovals(existing), name);
    const file = openWriter(path, "update");
    try {
      await append(file, additions, existing, createPauser(signal));
    } catch (error) {
      file.abandon();
      throw error;
    }
    file.finish();
  } catch (error) {
    throw locateOnce(error, name);
  }
}

/**
 * False for a layout that takes results only when all of it is written anew: one with arrays of records where groups
 * are now, as anndata before 0.7 wrote.
 */
export async function takesAdditions(store: ArrayStore): Promise<boolean> {
  for (const path of ["obs", "obsm", "uns"]) if ((await store.open(path))?.kind === "array") return false;
  return true;
}

/** What is there, and what of it gives way. @throws UNSUPPORTED when obs is no group. */
export async function examine(file: ArrayStore, additions: AdditionNames): Promise<Existing> {
  const group = await file.open("obs");
  if (group?.kind === "array")
    throw new AtlasmtlError("UNSUPPORTED", "columns cannot be added to an array of records", {
      where: "obs",
      hint: "write the file with anndata 0.7 or later first",
    });
  // Names of cells and genes are not needed, and reading them takes longer than all else here.
  const obs = await openDataFrame(file, "obs", { lazyIndex: true });
  const removals = new Map<string, Set<string>>();
  const remove = (folder: string, key: string): void => {
    const at = folder === "" ? -1 : key.lastIndexOf("/");
    const parent = at < 0 ? folder : `${folder}/${key.slice(0, at)}`;
    const names = removals.get(parent) ?? new Set();
    removals.set(parent, names.add(key.slice(at + 1)));
  };
  const replaced = (column: string): boolean =>
    (additions.obs?.has(column) ?? false) || (additions.removeObs?.(column) ?? false);
  const members = group?.kind === "group" ? [...group.keys, ...obs.columns] : [];
  const candidates = new Set([...members, ...(members.length > 0 ? (additions.obs?.keys() ?? []) : [])]);
  const indexKey = text(group?.attribute("_index")) ?? "_index";
  candidates.delete(indexKey);
  candidates.delete("__categories");
  for (const column of candidates) {
    if (!replaced(column) || (await file.open(`obs/${column}`)) === null) continue;
    remove("obs", column);
    if ((await file.open(`obs/__categories/${column}`)) !== null) remove("obs/__categories", column);
  }
  const mended: MendedColumn[] = [];
  for (const at of ["obs", "var", "raw/var"]) {
    if ((await file.open(at))?.kind !== "group") continue;
    const frame = at === "obs" ? obs : await openDataFrame(file, at, { lazyIndex: true });
    for (const [name, { isGroup }] of await mendedColumns(file, at, frame)) {
      const column = await frame.column(name);
      if ((at === "obs" && replaced(name)) || column.kind !== "categorical") continue;
      mended.push({ path: `${at}/${name}`, column, isGroup });
    }
  }
  for (const [folder, added, others] of [
    ["obsm", additions.obsm, additions.removeObsm],
    ["uns", additions.uns, additions.removeUns],
  ] as const) {
    const stored = await file.open(folder);
    const keys = stored?.kind === "array" ? stored.fields : (stored?.keys ?? []);
    const isTable = (key: string): boolean => folder === "obsm" && additions.obsmTables?.has(key) === true;
    for (const key of keys) if (added?.has(key) || others?.(key) || isTable(key)) remove(folder, key);
  }
  return {
    indexKey,
    nObs: obs.length,
    columns: obs.columns.filter((column) => !replaced(column)),
    removals,
    mended,
  };
}

async function append(
  file: Hdf5Writer,
  additions: Additions,
  existing: Existing,
  pause: Pause,
): Promise<void> {
  const { obs = new Map<string, Column>(), obsm, obsmTables, uns } = additions;
  const groups = [...obs.keys()].flatMap(parentsOf).filter((parent) => file.has(`/obs/${parent}`));
  const made = new Set(groups);
  for (const column of obs) {
    writeColumns(file, "/obs", new Map([column]), made);
    await pause();
  }
  for (const column of existing.mended) writeMended(file, column);
  file.setAttribute("/obs", "column-order", [...existing.columns, ...obs.keys()]);
  if (obsm !== undefined && obsm.size > 0) {
    if (!file.has("/obsm")) writeDict(file, "/obsm");
    for (const [key, matrix] of obsm) {
      writeDense(file, `/obsm/${key}`, matrix);
      await pause();
    }
  }
  if (obsmTables !== undefined && obsmTables.size > 0) {
    if (!file.has("/obsm")) writeDict(file, "/obsm");
    for (const [key, table] of obsmTables) writeTable(file, `/obsm/${key}`, table);
  }
  if (uns !== undefined && uns.size > 0) {
    if (!file.has("/uns")) writeDict(file, "/uns");
    for (const [key, settings] of uns)
      file.writeTree(`/uns/${key}`, (tree) => writeSettings(tree, `/uns/${key}`, settings));
  }
}
