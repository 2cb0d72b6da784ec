/**
 * The table of containers. The first one that recognises an input opens it. The content decides; the name is
 * used only where the content cannot decide (plain text). Writing, `inspect`, help and messages use this
 * table, too. A new container is one more entry.
 * @module
 */
import { type Container, type ContainerWriter, hasEnding } from "./container.ts";
import { h5ad, h5mu } from "./h5ad.ts";
import { loom } from "./loom.ts";
import { rds } from "./rds.ts";
import { tenxH5 } from "./tenx-h5.ts";
import { tenxMtx } from "./tenx-mtx.ts";
import { textTable } from "./text-table.ts";
import { toolMtx } from "./tool-mtx.ts";
import { zarrAddress, zarrFolder, zarrZip } from "./zarr.ts";

/**
 * In the order in which they are tried; other kinds of HDF5 files come before `h5ad`, which takes the rest.
 */
export const CONTAINERS: readonly Container[] = [
  zarrFolder,
  zarrZip,
  zarrAddress,
  tenxH5,
  loom,
  h5mu,
  h5ad,
  rds,
  toolMtx,
  tenxMtx,
  textTable,
];

type WrittenContainer = Container & { readonly writer: ContainerWriter };

/** The containers that are written, `.h5ad` first. */
export const WRITTEN_CONTAINERS: readonly WrittenContainer[] = CONTAINERS.filter(
  (container): container is WrittenContainer => container.writer !== undefined,
).toSorted((a, b) => (a.format < b.format ? -1 : 1));

/** The endings of written datasets. */
export const WRITTEN_ENDINGS: readonly string[] = WRITTEN_CONTAINERS.flatMap(({ endings }) => endings);

/** Short names of the containers that are read: `.h5ad`, `.zarr`, `10x .h5`, … */
export const READ_NAMES: readonly string[] = [...new Set([...WRITTEN_CONTAINERS, ...CONTAINERS])]
  .map(({ short }) => short)
  .filter((short) => short !== "");

/** The container of a name by its ending, gzipped or not; null if the ending is unknown. */
export function containerByName(path: string): Container | null {
  const name = path.replace(/[/\\]+$/, "");
  return CONTAINERS.find(({ endings }) => hasEnding(name, endings)) ?? null;
}

/** The container to write for an output name; null if its ending is not written. */
export function writtenContainer(path: string): WrittenContainer | null {
  const name = path.toLowerCase();
  return WRITTEN_CONTAINERS.find(({ endings }) => endings.some((ending) => name.endsWith(ending))) ?? null;
}

/** True if the names in a folder identify it as a dataset. */
export function isDatasetFolder(entries: readonly string[]): boolean {
  return CONTAINERS.some((container) => container.isFolderOf?.(entries) === true);
}
