/** Finds the dataset that a path means: inside the output folder of a tool, or by a prefix of names. @module */
import { platform } from "#platform";
import type { FileInput } from "../../core/bytes.ts";
import type { FileTree } from "../../core/file-tree.ts";
import { webAddress } from "../../core/web-address.ts";
import { AtlasmtlError, type Notice, notice } from "../../errors.ts";
import { OUTPUT_FOLDERS } from "../../schema/containers.ts";
import { isDatasetFolder } from "./containers.ts";
import { hostFiles } from "./probe.ts";

/** Matrices of all barcodes, most of them empty. */
const UNFILTERED = /^(sample_)?raw_(feature_bc_matrix|gene_bc_matrices)|^raw$/;

/** The layers of velocyto in a folder of STARsolo. */
const SPLICED = /^spliced\.mtx(\.gz)?$/;

/** What may follow a prefix of the files of one 10x matrix. */
const AFTER_PREFIX = /^[._-]?matrix\.mtx(\.gz)?$/;

const MAX_DEPTH = 3;

export interface FoundInput {
  readonly input: FileInput;
  /** Says what is read, if the path was of something else. */
  readonly notes: readonly Notice[];
}

/**
 * The file or folder that is read for `input`; the input itself where it is no path or nothing else is meant.
 * @throws USAGE for a folder of which one file has to be chosen.
 */
export async function findInput(input: FileInput): Promise<FoundInput> {
  if (typeof input !== "string" || webAddress(input) !== null) return { input, notes: [] };
  const found = (await insideFolder(input, hostFiles)) ?? (await byPrefix(input));
  if (found === null || found === input) return { input, notes: [] };
  return { input: found, notes: [notice(`reads ${found}`)] };
}

/** The dataset in the folder at `path`; the folder itself if it is one; null for no folder or one without. */
export async function insideFolder(path: string, files: FileTree, depth = 0): Promise<string | null> {
  const entries = await files.list(path);
  if (entries === null) return null;
  if (isDatasetFolder(entries)) return path;
  const root = path.replace(/(?<=.)[/\\]+$/, "");
  for (const name of depth < MAX_DEPTH ? OUTPUT_FOLDERS : []) {
    if (!entries.includes(name)) continue;
    const found = name.endsWith(".h5")
      ? `${root}/${name}`
      : await insideFolder(`${root}/${name}`, files, depth + 1);
    if (found !== null) return found;
  }
  const spliced = entries.find((name) => SPLICED.test(name));
  if (spliced !== undefined)
    throw new AtlasmtlError("USAGE", "this folder holds the layers of velocyto, each a matrix of its own", {
      where: path,
      hint: `pass one of them, such as ${root}/${spliced}, or the counts of all reads beside them, which usual references have`,
    });
  const raw = entries.find((name) => UNFILTERED.test(name));
  if (raw !== undefined)
    throw new AtlasmtlError(
      "USAGE",
      `this folder holds only the unfiltered matrix ${raw}, most of whose barcodes are no cells`,
      {
        where: path,
        hint: `filter it first, or pass ${root}/${raw} itself`,
      },
    );
  // A single genome in a folder of Cell Ranger before 3.
  const folders: string[] = [];
  if (depth > 0)
    for (const name of entries.slice(0, 100))
      if (isDatasetFolder((await files.list(`${root}/${name}`)) ?? [])) folders.push(`${root}/${name}`);
  if (folders.length > 1)
    throw new AtlasmtlError("USAGE", `this folder holds ${folders.length} datasets`, {
      where: path,
      hint: `pass one of them: ${folders.slice(0, 5).join(", ")}`,
    });
  return folders[0] ?? null;
}

/** The matrix whose name begins with the last part of a path at which nothing is. */
async function byPrefix(path: string): Promise<string | null> {
  const cut = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1;
  const [folder, prefix] = [path.slice(0, cut), path.slice(cut)];
  if (prefix === "" || (await platform.files.exists(path))) return null;
  const entries = (await platform.files.list(folder === "" ? "." : folder)) ?? [];
  const found = entries.find(
    (name) => name.startsWith(prefix) && AFTER_PREFIX.test(name.slice(prefix.length)),
  );
  return found === undefined ? null : folder + found;
}
