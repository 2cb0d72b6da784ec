/** The files that a flag names: paths, globs and lists of files. @module */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { asFileError } from "../../api/errors.ts";
import { compareCodePoints, webAddress } from "../../api/names.ts";
import { asSubject, usageError } from "../terminal/show-error.ts";

/**
 * The files of `words`, each once, in the order given: a path, an address, a glob (`*`, `?`, `[ab]`, `**` for folders), or
 * `@LIST` for a file with one of them on each line (blank lines and those that begin with `#` are left out).
 * @throws USAGE for a glob that nothing matches and for a list that cannot be read.
 */
export async function inputFiles(words: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const word of words) found.push(...(await filesOfWord(word)));
  const seen = new Set<string>();
  return found.filter((path) => {
    const place = webAddress(path) === null ? resolve(path) : path;
    return seen.size < seen.add(place).size;
  });
}

async function filesOfWord(word: string): Promise<readonly string[]> {
  if (!word.startsWith("@")) return matching(word);
  const list = word.slice(1);
  const text = await asSubject("usage", async () => {
    try {
      return await readFile(list, "utf8");
    } catch (error) {
      throw asFileError(error, list, "read");
    }
  });
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (lines.length === 0)
    throw usageError("the list names no file", list, "write the path of one file on each line");
  return (await Promise.all(lines.map(matching))).flat();
}

async function matching(word: string): Promise<readonly string[]> {
  if (!isPattern(word) || webAddress(word) !== null || existsSync(word)) return [word];
  const parts = word.split("/");
  const isAbsolute = parts[0] === "" && parts.length > 1;
  const found = await walk(
    isAbsolute ? "/" : "",
    (isAbsolute ? parts.slice(1) : parts).filter((part) => part !== ""),
  );
  if (found.length > 0) return [...new Set(found)];
  throw usageError(
    `no file matches ${JSON.stringify(word)}`,
    word,
    "check the path, and the folder you are in",
  );
}

const isPattern = (text: string): boolean => /[*?[]/.test(text);

/** The paths below `folder` that the parts of a glob match, in the order of their names. */
async function walk(folder: string, [part, ...rest]: readonly string[]): Promise<readonly string[]> {
  if (part === undefined) return [folder];
  if (!isPattern(part)) {
    const path = join(folder, part);
    return existsSync(path) ? walk(path, rest) : [];
  }
  const entries = await readdir(folder === "" ? "." : folder, { withFileTypes: true }).catch(() => []);
  entries.sort((a, b) => compareCodePoints(a.name, b.name));
  const found: string[] = part === "**" ? [...(await walk(folder, rest))] : [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith(".") && !part.startsWith(".")) continue;
    if (part === "**") {
      if (entry.isDirectory()) found.push(...(await walk(path, [part, ...rest])));
    } else if (patternOf(part).test(entry.name)) found.push(...(await walk(path, rest)));
  }
  return found;
}

function patternOf(part: string): RegExp {
  const source = part.replace(/\[([!^]?)([^\]]+)\]|\*+|\?|[.+^${}()|[\]\\]/g, (found, not, chars) => {
    if (found.startsWith("*")) return ".*";
    if (found === "?") return ".";
    return chars === undefined
      ? `\\${found}`
      : `[${not === "" ? "" : "^"}${String(chars).replace(/[\\\]^]/g, "\\$&")}]`;
  });
  return new RegExp(`^${source}$`, "su");
}
