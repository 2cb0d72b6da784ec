/**
 * The containers that a dataset comes in, once. The first that recognises an input opens it; what an input is
 * decides, its name only where nothing else can (plain text). Writing, `inspect`, help and messages read this table
 * too. A new container is one more entry.
 * @module
 */
import { type Container, type ContainerWriter, hasEnding } from "./container.ts";
import { h5ad } from "./h5ad.ts";
import { tenxH5 } from "./tenx-h5.ts";
import { tenxMtx } from "./tenx-mtx.ts";
import { textTable } from "./text-table.ts";
import { zarrAddress, zarrFolder, zarrZip } from "./zarr.ts";

/** In the order in which they are asked; HDF5 files of another kind come before `h5ad`, which takes the rest. */
export const CONTAINERS: readonly Container[] = [
  zarrFolder,
  zarrZip,
  zarrAddress,
  tenxH5,
  h5ad,
  tenxMtx,
  textTable,
];

type WrittenContainer = Container & { readonly writer: ContainerWriter };

/** Those that are written, `.h5ad` first. */
export const WRITTEN_CONTAINERS: readonly WrittenContainer[] = CONTAINERS.filter(
  (container): container is WrittenContainer => container.writer !== undefined,
).toSorted((a, b) => (a.format < b.format ? -1 : 1));

/** What the names of datasets that are written end in. */
export const WRITTEN_ENDINGS: readonly string[] = WRITTEN_CONTAINERS.flatMap(({ endings }) => endings);

/** What is read, in few words each: `.h5ad`, `.zarr`, `10x .h5`, … */
export const READ_NAMES: readonly string[] = [...new Set([...WRITTEN_CONTAINERS, ...CONTAINERS])]
  .map(({ short }) => short)
  .filter((short) => short !== "");

/** The container that a name says, gzipped or not; null when its ending is none that is known. */
export function containerByName(path: string): Container | null {
  const name = path.replace(/[/\\]+$/, "");
  return CONTAINERS.find(({ endings }) => hasEnding(name, endings)) ?? null;
}

/** The container to write, by the ending of an output; null when it is none that is written. */
export function writtenContainer(path: string): WrittenContainer | null {
  const name = path.toLowerCase();
  return WRITTEN_CONTAINERS.find(({ endings }) => endings.some((ending) => name.endsWith(ending))) ?? null;
}

/** Whether the names in a folder say that it is one dataset. */
export function isDatasetFolder(entries: readonly string[]): boolean {
  return CONTAINERS.some((container) => container.isFolderOf?.(entries) === true);
}
