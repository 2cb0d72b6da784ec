// Stands for src/node/filter-folder.ts in the single file. The HDF5 library loads filters from files, so they are written to a folder of
// their own when data first need one, and removed when the process ends.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { FILTERS } from "hdf5-filters";
// As seen from the module in whose place this one is.
import { asFileError } from "../core/file-errors.js";

let folder = null;

export function filterFolder() {
  folder ??= unpack();
  return folder;
}

function unpack() {
  try {
    const made = mkdtempSync(join(tmpdir(), "atlasmtl-filters-"));
    process.on("exit", () => rmSync(made, { recursive: true, force: true }));
    for (const [name, text] of Object.entries(FILTERS))
      writeFileSync(join(made, name), brotliDecompressSync(Buffer.from(text, "base64")));
    return made;
  } catch (error) {
    throw asFileError(error, tmpdir(), "write");
  }
}
