/** Labels given as text with commas, or as a file with one a line. @module */
import { readFile, stat } from "node:fs/promises";
import { inlineList } from "./inline.ts";

const isFile = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => null))?.isFile() === true;

/** The labels of the file of this name, blank lines left out; if there is none, those that the text lists. */
export async function readLabelList(list: string): Promise<readonly string[]> {
  const inline = await inlineList(list, "the list of labels");
  if (inline !== null) return inline;
  const items = (await isFile(list)) ? (await readFile(list, "utf8")).split(/\r?\n/) : list.split(",");
  return items.map((item) => item.trim()).filter((item) => item !== "");
}

/** The files among the lists of a call. */
export async function labelFiles(lists: {
  readonly onlyLabels?: string | undefined;
  readonly excludeLabels?: string | undefined;
}): Promise<string[]> {
  const given = [lists.onlyLabels, lists.excludeLabels].filter((list) => list !== undefined);
  const found = await Promise.all(given.map(async (list) => ((await isFile(list)) ? [list] : [])));
  return found.flat();
}
