/** The label columns of several references on the command line. @module */
import { option, phrase } from "../../api/errors.ts";
import { usageError } from "../terminal/show-error.ts";

/**
 * The label columns of each file, of words such as `cell_type`, for all, or `a:cell_type`, for the file `a`; `names` are what
 * the files are called, `paths` how they were given, which does as well.
 * @throws USAGE where some words name a file and some do not, or a file has no column.
 */
export function labelsOfReferences(
  words: readonly string[],
  names: readonly string[],
  paths: readonly string[],
): readonly (readonly string[])[] {
  const found = words.map((word) => {
    // A column may have a colon in its name, too.
    const at = names.findIndex((name, i) => word.startsWith(`${name}:`) || word.startsWith(`${paths[i]}:`));
    if (at < 0) return { at, column: word };
    const prefix = word.startsWith(`${names[at]}:`) ? names[at] : paths[at];
    return { at, column: word.slice(prefix.length + 1) };
  });
  if (found.every(({ at }) => at < 0)) return names.map(() => words);
  const bare = found.find(({ at }) => at < 0);
  if (bare !== undefined)
    throw usageError(
      phrase`${option("labels")} names ${JSON.stringify(bare.column)} of no file, and other columns of one`,
      option("labels"),
      `write FILE:COLUMN for each; the files are ${names.join(", ")}`,
    );
  return names.map((name, i) => {
    const columns = found.filter(({ at }) => at === i).map(({ column }) => column);
    if (columns.length > 0) return columns;
    throw usageError(
      phrase`${option("labels")} names no column of ${name}`,
      option("labels"),
      `add ${name}:COLUMN for each level`,
    );
  });
}
