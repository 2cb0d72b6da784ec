/** The genes that a model is to learn from: a file of names, or those of a dataset. @module */
import { readFile, stat } from "node:fs/promises";
import { option, phrase } from "../../api/errors.ts";
import { openDataset } from "../open-dataset.ts";
import type { Output } from "../terminal/print.ts";
import { usageError } from "../terminal/show-error.ts";
import { flagName } from "./flag.ts";
import { inlineList } from "./inline.ts";

/** More than any list of genes has. */
const MAX_BYTES = 2 ** 26;

export interface GeneList {
  /** Null if none is asked for. */
  readonly genes: readonly string[] | null;
  /** What was read. */
  readonly files: readonly string[];
}

/** @throws USAGE for both ways at once, or a file that is no list; the errors of opening. */
export async function readGeneList(
  { genes: path, genesOf }: { readonly genes?: string | undefined; readonly genesOf?: string | undefined },
  output: Output,
): Promise<GeneList> {
  if (path !== undefined && genesOf !== undefined)
    throw usageError(
      phrase`the genes are given twice: ${option("genes", path)} and ${option("genesOf", genesOf)}`,
      option("genes"),
      "keep one of the two",
    );
  if (path !== undefined) {
    const inline = await inlineList(path, flagName("genes"));
    return inline === null ? { genes: await readNames(path), files: [path] } : { genes: inline, files: [] };
  }
  if (genesOf === undefined) return { genes: null, files: [] };
  const query = await openDataset(genesOf, {}, output);
  try {
    return { genes: await query.varNames(), files: query.stored?.files ?? [genesOf] };
  } finally {
    await query.close();
  }
}

/** The first column of a text, a name a line. */
export async function readNames(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch(() => null);
  if (found === null || !found.isFile())
    throw usageError(
      `there is no file ${JSON.stringify(path)}`,
      option("genes"),
      "give a text file, a gene a line",
    );
  const text = found.size > MAX_BYTES ? "\0" : (await readFile(path, "utf8")).replace(/^\uFEFF/, "");
  const names = text
    .split(/\r\n|\r|\n/)
    .map((line) => line.split("\t")[0].trim())
    .filter((name) => name !== "");
  if (text.includes("\0") || names.length === 0)
    throw usageError(
      `${JSON.stringify(path)} is ${names.length === 0 ? "empty" : "no list of genes"}, expected a text file with a gene a line`,
      option("genes"),
      phrase`the genes of a dataset are read with ${option("genesOf", path)}`,
    );
  return names;
}
