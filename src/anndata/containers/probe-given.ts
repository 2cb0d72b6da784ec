/** Opens files that were given together, as a page has them: the folder of a tool or of a Zarr store. @module */
import type { FileSetInput } from "../../core/file-set.ts";
import { type GivenFiles, givenFiles } from "../../core/file-tree.ts";
import { AtlasmtlError, type Notice, notice } from "../../errors.ts";
import { insideFolder } from "./find-input.ts";
import { type Probe, probe } from "./probe.ts";

export interface ProbedInput {
  readonly probed: Probe;
  /** Says what is read, if it is a part of the input. */
  readonly notes: readonly Notice[];
}

/**
 * The only file, the folder that holds all, or the output folder of a tool among them.
 * @throws USAGE for no files, for what is no file, and for files of which one has to be chosen.
 */
export async function probeGiven(input: FileSetInput): Promise<ProbedInput> {
  const files = givenFiles(input);
  if (files.only !== null) return { probed: await probe(files.only), notes: [] };
  const found = (await insideFolder(files.root, files)) ?? files.root;
  const notes = found === files.root ? [] : [notice(`reads ${found}`)];
  const file = files.file(found);
  return { probed: file === null ? await probeFolder(files, found) : await probe(file), notes };
}

async function probeFolder(files: GivenFiles, folder: string): Promise<Probe> {
  const noFile = (): never => {
    throw new AtlasmtlError("BUG", "there is no file to read");
  };
  return {
    input: null,
    name: folder === "." ? files.name : folder,
    kind: "folder",
    folder,
    files,
    head: new Uint8Array(0),
    entries: (await files.list(folder)) ?? [],
    isHdf5: false,
    source: noFile,
    takeSource: noFile,
    hdf5: async () => noFile(),
    closeSource: async () => undefined,
    closeHdf5: async () => undefined,
  };
}
