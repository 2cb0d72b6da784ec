/** Writes and reads prediction sets as text: `CD4 naive | CD4 memory`. @module */
import { AtlasmtlError } from "../errors.ts";
import type { PredictedLabels, PredictedSets } from "../predict/types.ts";

const SEPARATOR = " | ";

/**
 * The set of every cell as one label. A name that contains `|` or begins with `"` is quoted as a JSON string,
 * so that different sets have different texts.
 */
export function setLabels({ codes, members, categories }: PredictedSets): PredictedLabels {
  const names = categories.map((name) => (/^"|\|/.test(name) ? JSON.stringify(name) : name));
  return { codes, categories: members.map((set) => set.map((code) => names[code]).join(SEPARATOR)) };
}

/** Reads the output of {@link setLabels}. @throws BAD_DATA with `where` for other text. */
export function parseSetLabels({ codes, categories }: PredictedLabels, where: string): PredictedSets {
  const codeOf = new Map<string, number>();
  const members = categories.map((text) =>
    namesIn(text, where).map((name) => {
      const code = codeOf.get(name) ?? codeOf.size;
      codeOf.set(name, code);
      return code;
    }),
  );
  return { codes, members, categories: [...codeOf.keys()] };
}

function namesIn(text: string, where: string): string[] {
  const names: string[] = [];
  for (let at = 0; ; at += SEPARATOR.length) {
    const isQuoted = text[at] === '"';
    const end = isQuoted ? quotedEnd(text, at) : plainEnd(text, at);
    const part = text.slice(at, end);
    names.push(isQuoted ? unquoted(part, text, where) : part);
    if (end === text.length) return names;
    if (!text.startsWith(SEPARATOR, end)) throw badSet(text, where);
    at = end;
  }
}

/** The position after the JSON string at `at`; the end of the text if the string is not closed. */
function quotedEnd(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === '"') return i + 1;
  }
  return text.length;
}

function plainEnd(text: string, at: number): number {
  const end = text.indexOf(SEPARATOR, at);
  return end < 0 ? text.length : end;
}

function unquoted(quoted: string, text: string, where: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    throw badSet(text, where);
  }
}

function badSet(text: string, where: string): AtlasmtlError {
  return new AtlasmtlError("BAD_DATA", `${JSON.stringify(text)} is no set of labels`, {
    where,
    hint: 'names are parted by " | "; one that holds "|" or begins with a double quote is a JSON string',
  });
}
