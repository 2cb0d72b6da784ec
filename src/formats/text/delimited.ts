/** Reads tables of numbers as text, with names in the first line and the first column. @module */
import type { ByteSource } from "../../core/bytes.ts";
import { AtlasmtlError } from "../../errors.ts";
import { textBlocks } from "./blocks.ts";
import { parseNumber } from "./number.ts";

const NEWLINE = 10;
const RETURN = 13;
const QUOTE = 34;
const SPACE = 32;

/** Names in a header. */
const MAX_COLUMNS = 1 << 21;

/** One line of the table below its header. */
export interface DelimitedRow {
  /** Its number in the file, from 1. */
  readonly line: number;
  readonly name: string;
  /** One value per column; valid until the next row. */
  readonly values: Float32Array;
}

export interface Delimited {
  readonly delimiter: string;
  /** Names of the columns, without the column of names. */
  readonly columns: readonly string[];
  rows(signal?: AbortSignal): AsyncGenerator<DelimitedRow>;
}

/**
 * Opens a table; `open` is called for every pass over it.
 *
 * The delimiter is the first tab, comma or semicolon of the header. The header may lack a name for the column
 * of names, as in files of R. Fields may be quoted, with doubled quotes inside.
 * @throws BAD_FORMAT with the line, for a missing header, a row of another length, or a value that is not a
 * number; LIMIT for too many columns.
 */
export async function openDelimited(open: () => Promise<ByteSource>): Promise<Delimited> {
  const { delimiter, header, width } = await withSource(open, readHead);
  const columns = header.slice(header.length - (width - 1));
  return {
    delimiter,
    columns,
    async *rows(signal) {
      const source = await open();
      try {
        yield* readRows(source, columns, delimiter.charCodeAt(0), signal);
      } finally {
        await source.close();
      }
    },
  };
}

async function withSource<T>(
  open: () => Promise<ByteSource>,
  work: (source: ByteSource) => Promise<T>,
): Promise<T> {
  const source = await open();
  try {
    return await work(source);
  } finally {
    await source.close();
  }
}

async function readHead(source: ByteSource): Promise<{ delimiter: string; header: string[]; width: number }> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const { bytes } of textBlocks(source)) {
    text += decoder.decode(bytes);
    if (text.split("\n").length > 2) break;
  }
  const [first = "", second = ""] = text.split("\n").map((line) => line.replace(/\r$/, ""));
  if (first === "") throw bad(1, "the header with the names of the columns is missing");
  const delimiter = /[\t,;]/.exec(first.replace(/"[^"]*"/g, ""))?.[0];
  if (delimiter === undefined)
    throw bad(1, `${JSON.stringify(first.slice(0, 60))} has no tab, comma or semicolon between names`);
  let delimiters = 0;
  for (let at = first.indexOf(delimiter); at >= 0; at = first.indexOf(delimiter, at + 1)) delimiters++;
  if (delimiters > MAX_COLUMNS)
    throw new AtlasmtlError("LIMIT", `the header has more than ${MAX_COLUMNS} columns`, { where: "line 1" });
  const header = splitFields(first, delimiter);
  const width = second === "" ? header.length : splitFields(second, delimiter).length;
  if (width !== header.length && width !== header.length + 1)
    throw bad(2, `it has ${width} fields where the header has ${header.length}`);
  return { delimiter, header, width };
}

/** The fields of one line. */
function splitFields(line: string, delimiter: string): string[] {
  const fields: string[] = [];
  for (let at = 0; at <= line.length; ) {
    const isQuoted = line[at] === '"';
    let end = isQuoted ? closingQuote(line, at + 1) + 1 : line.indexOf(delimiter, at);
    if (end < 0 || (isQuoted && end === 0)) end = line.length;
    const field = line.slice(at, end);
    fields.push(isQuoted ? field.slice(1, -1).replaceAll('""', '"') : field);
    at = end + 1;
  }
  return fields;
}

/** The end of the quoted text that begins at `from`; -1 if it is not closed. */
function closingQuote(line: string, from: number): number {
  for (let at = line.indexOf('"', from); at >= 0; at = line.indexOf('"', at + 2))
    if (line[at + 1] !== '"') return at;
  return -1;
}

async function* readRows(
  source: ByteSource,
  columns: readonly string[],
  delimiter: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<DelimitedRow> {
  const values = new Float32Array(columns.length);
  const decoder = new TextDecoder();
  for await (const { bytes, firstLine } of textBlocks(source, signal)) {
    let line = firstLine;
    for (let at = 0; at < bytes.length; line++) {
      const newline = bytes.indexOf(NEWLINE, at);
      const next = newline < 0 ? bytes.length : newline + 1;
      let end = newline < 0 ? bytes.length : newline;
      if (bytes[end - 1] === RETURN) end--;
      const start = at;
      at = next;
      if (line === 1 || end <= start) continue;
      const nameEnd = fieldEnd(bytes, start, end, delimiter);
      const name = decoder.decode(bytes.subarray(start, nameEnd));
      const found = parseValues(bytes, nameEnd + 1, end, delimiter, values, (column, text) => {
        throw bad(
          line,
          `the value of ${JSON.stringify(columns[column])} is ${JSON.stringify(text)}; a finite number is expected`,
        );
      });
      if (found !== columns.length)
        throw bad(line, `it has ${found + 1} fields; the header asks for ${columns.length + 1}`);
      yield { line, name: name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name, values };
    }
  }
}

function fieldEnd(bytes: Uint8Array, start: number, end: number, delimiter: number): number {
  let at = start;
  if (bytes[at] === QUOTE) {
    for (at++; at < end; at++)
      if (bytes[at] === QUOTE) {
        if (bytes[at + 1] !== QUOTE) break;
        at++;
      }
  }
  const found = bytes.indexOf(delimiter, at);
  return found < 0 || found > end ? end : found;
}

/** Fills `values` from the fields between `start` and `end`; returns the number of fields. */
function parseValues(
  bytes: Uint8Array,
  start: number,
  end: number,
  delimiter: number,
  values: Float32Array,
  refuse: (column: number, text: string) => never,
): number {
  let column = 0;
  for (let at = start; at <= end; column++) {
    const stop = fieldEnd(bytes, at, end, delimiter);
    if (column < values.length) {
      let [from, to] = [at, stop];
      while (from < to && (bytes[from] <= SPACE || bytes[from] === QUOTE)) from++;
      while (to > from && (bytes[to - 1] <= SPACE || bytes[to - 1] === QUOTE)) to--;
      const value = parseNumber(bytes, from, to);
      if (Number.isNaN(value))
        refuse(column, new TextDecoder().decode(bytes.subarray(at, Math.min(stop, at + 40))));
      values[column] = value;
    }
    at = stop + 1;
  }
  return column;
}

const bad = (line: number, message: string): AtlasmtlError =>
  new AtlasmtlError("BAD_FORMAT", message, {
    where: `line ${line}`,
    hint: "a table has the names of its columns in the first line, a name and then numbers in every other",
  });
