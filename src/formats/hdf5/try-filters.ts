/** Tries what the HDF5 library can do on this host. @module */
import { platform } from "#platform";
import { filterName, WRITTEN_FILTERS } from "./filters.ts";
import { loadHdf5 } from "./library.ts";
import { openHdf5 } from "./open.ts";

/** Numbers that repeat, so that every filter has something to do. */
const NUMBERS = Float32Array.from({ length: 4000 }, (_, i) => (i % 7) / 2);

/**
 * The compression filters by which numbers come back as they were, by name; each is tried in a file at `path(name)`. zfp is not tried: the
 * library cannot write by it.
 * @throws IO when the library cannot start or a file cannot be written.
 */
export async function workingFilters(path: (name: string) => string): Promise<readonly string[]> {
  const h5 = await loadHdf5();
  const { File } = await import("#h5wasm");
  const plugins = platform.hdf5Plugins();
  if (plugins !== null) h5.insert_plugin_search_path(plugins, 0);
  const working: string[] = [];
  for (const [id, settings] of WRITTEN_FILTERS) {
    const name = filterName({ id, name: String(id) });
    if (plugins === null && id !== 1) continue;
    const at = path(name);
    const file = new File(at, "w");
    file.create_dataset({
      name: "numbers",
      data: NUMBERS,
      shape: [NUMBERS.length],
      dtype: "<f4",
      chunks: [1000],
      compression: id,
      compression_opts: [...settings],
    });
    file.close();
    if (await comesBack(at)) working.push(name);
  }
  return working;
}

async function comesBack(path: string): Promise<boolean> {
  const file = await openHdf5(path);
  try {
    const array = await file.open("numbers");
    if (array?.kind !== "array") return false;
    const read = await array.readNumbers();
    return read.length === NUMBERS.length && NUMBERS.every((value, i) => read[i] === value);
  } finally {
    await file.close();
  }
}
