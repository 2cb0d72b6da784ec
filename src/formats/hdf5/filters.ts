/** Compression filters of HDF5 arrays: built in, by a plugin, or refused. @module */
import { platform } from "#platform";
import { AtlasmtlError } from "../../errors.ts";
import { hdf5Library } from "./library.ts";

/** A filter of an array, as the library describes it. */
export interface Filter {
  readonly id: number;
  readonly name: string;
}

/** Filters that are built into the library: deflate, shuffle, fletcher32, szip, nbit, scale-offset. */
const BUILT_IN: readonly number[] = [1, 2, 3, 4, 5, 6];

/** Filters with a shipped plugin; `scripts/bundle.mjs` copies the plugins. */
const BY_PLUGIN: readonly number[] = [307, 32000, 32001, 32004, 32008, 32013, 32015, 32026];

/** Filters by which the library can also write, with settings that it takes. */
export const WRITTEN_FILTERS: readonly (readonly [id: number, settings: readonly number[]])[] = [
  [1, [1]],
  [307, [9]],
  [32000, []],
  [32001, [2, 2, 4, 4000, 5, 1, 0]],
  [32004, [0]],
  [32008, [0, 2]],
  [32015, [3]],
  [32026, [1, 0, 4, 0, 5, 1, 0]],
];

/** Names of registered filters (HDF5's filter registry). */
const NAMES: ReadonlyMap<number, string> = new Map([
  [1, "gzip"],
  [2, "shuffle"],
  [3, "fletcher32"],
  [4, "szip"],
  [5, "nbit"],
  [6, "scaleoffset"],
  [307, "bzip2"],
  [32000, "lzf"],
  [32001, "blosc"],
  [32004, "lz4"],
  [32008, "bitshuffle"],
  [32013, "zfp"],
  [32015, "zstd"],
  [32026, "blosc2"],
]);

/** The common name of a filter. */
export const filterName = ({ id, name }: Filter): string => NAMES.get(id) ?? name;

/** The plugin folder that was set in the library. */
let folder: string | null = null;

/**
 * Makes the plugins of an array's filters available.
 * @throws UNSUPPORTED for a filter that is not supported.
 */
export function prepareFilters(filters: readonly Filter[], where: string): void {
  const needed = filters.filter(({ id }) => !BUILT_IN.includes(id));
  if (needed.length === 0) return;
  const unknown = needed.find(({ id }) => !BY_PLUGIN.includes(id));
  if (unknown !== undefined) throw refusedFilter(unknown, "which is not read", where);
  const plugins = platform.hdf5Plugins();
  if (plugins === null) throw refusedFilter(needed[0], "which is not read on this host", where);
  if (folder === plugins) return;
  hdf5Library().insert_plugin_search_path(plugins, 0);
  folder = plugins;
}

/** The error for data with an unsupported compression. */
export function refusedFilter(filter: Filter, why: string, where: string): AtlasmtlError {
  return new AtlasmtlError("UNSUPPORTED", `the data are compressed with ${filterName(filter)}, ${why}`, {
    where,
    hint: `rewrite the file with gzip, in Python: anndata.read_h5ad(path).write_h5ad(new_path, compression="gzip")`,
  });
}
