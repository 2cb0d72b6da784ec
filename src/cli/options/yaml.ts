/** YAML and JSON files as plain data. @module */
import type { Stats } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { AtlasmtlError, asFileError } from "../../api/errors.ts";

/** Far above the size of any list of settings. */
const MAX_BYTES = 1 << 20;

/**
 * The largest depth of brackets and of nested entries in one line. The parser recurses for each level, so deep input
 * would overflow its stack.
 */
const MAX_DEPTH = 500;

/**
 * Parses a YAML (or JSON) file into plain data; mappings become Maps, so that every key is safe.
 * @throws NOT_FOUND or IO when the file cannot be read, LIMIT when it is too large, BAD_FORMAT with the line.
 */
export async function readYaml(path: string): Promise<unknown> {
  let text: string;
  try {
    const { size } = await statFile(path);
    if (size > MAX_BYTES)
      throw new AtlasmtlError("LIMIT", `the file has ${size} bytes; at most ${MAX_BYTES} are read`, {
        where: path,
        hint: "check that this is the file you meant",
      });
    text = await readFile(path, "utf8");
  } catch (error) {
    throw asFileError(error, path, "read");
  }
  return parseYaml(text, path);
}

/** As {@link readYaml}: `text` is the content of the file `path`. */
export async function parseYaml(text: string, path: string): Promise<unknown> {
  checkDepth(text, path);
  const { LineCounter, parseDocument } = await import("yaml");
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const problem = document.errors[0];
  if (problem) {
    const { line } = lineCounter.linePos(problem.pos[0]);
    throw new AtlasmtlError("BAD_FORMAT", `not valid YAML: ${problem.message}`, {
      where: `${path} › line ${line}`,
      hint: "correct the file",
      cause: problem,
    });
  }
  try {
    const value: unknown = document.toJS({ mapAsMap: true, maxAliasCount: 100 });
    refuseCircles(value, []);
    return value;
  } catch (error) {
    throw new AtlasmtlError("BAD_FORMAT", `not usable YAML: ${(error as Error).message}`, {
      where: path,
      hint: "write the file without aliases",
      cause: error,
    });
  }
}

/** @throws Error for a value that contains itself by an alias. */
function refuseCircles(value: unknown, around: readonly unknown[]): void {
  if (!(value instanceof Map) && !Array.isArray(value)) return;
  if (around.includes(value)) throw new Error("an alias stands inside what it stands for");
  const within = [...around, value];
  for (const item of value.values()) refuseCircles(item, within);
}

/** Reading a pipe or a device might never end. @throws NOT_FOUND for anything but a plain file. */
async function statFile(path: string): Promise<Stats> {
  const stats = await stat(path);
  if (!stats.isFile())
    throw new AtlasmtlError("NOT_FOUND", "there is no plain file", { where: path, hint: "check the path" });
  return stats;
}

/** Brackets inside strings count too; a file of settings has far fewer. */
function checkDepth(text: string, path: string): void {
  let brackets = 0;
  let line = 1;
  let entries = 0;
  for (const character of text) {
    if (character === "\n") {
      line++;
      entries = 0;
    } else if (character === "[" || character === "{") brackets++;
    else if (character === "]" || character === "}") brackets = Math.max(0, brackets - 1);
    else if (character === "-" || character === "?" || character === ":") entries++;
    else if (character !== " " && character !== "\t") entries = 0;
    if (brackets > MAX_DEPTH || entries > MAX_DEPTH)
      throw new AtlasmtlError("LIMIT", `the file is nested more than ${MAX_DEPTH} deep`, {
        where: `${path} › line ${line}`,
        hint: "check that this is the file you meant",
      });
  }
}
