/**
 * Reads Reads Matrix Market files of genes by cells, as 10x Genomics and others write them.
 *
 * Source: R. Boisvert, R. Pozo, K. Remington, "The Matrix Market Exchange Formats" (1996).
 * @module
 */
import type { ByteSource } from "../../core/bytes.ts";
import { AtlasmtlError } from "../../errors.ts";
import { countLines, type TextBlock, textBlocks } from "./blocks.ts";
import type { EntryBatch } from "./entries.ts";
import { parseNumber } from "./number.ts";

export interface MatrixMarketHeader {
  readonly nGenes: number;
  readonly nCells: number;
  readonly nEntries: number;
  readonly field: "real" | "integer" | "pattern";
}

const NEWLINE = 10;
const PERCENT = 37;
const SPACE = 32;
const EXAMPLE = "%%MatrixMarket matrix coordinate integer general";

/** Reads the banner and the sizes. @throws BAD_FORMAT, UNSUPPORTED for dense, symmetric or complex ones. */
export async function readMatrixMarketHeader(source: ByteSource): Promise<MatrixMarketHeader> {
  for await (const block of textBlocks(source)) return parseHeader(block).header;
  throw new AtlasmtlError("BAD_FORMAT", "the file is empty", { hint: "copy it again from its source" });
}

/**
 * Streams the entries in the order of the file, gene and cell numbers from 0.
 * @throws BAD_FORMAT with the line, if an entry is malformed or out of range, or if there are too many or too
 * few.
 */
export async function* matrixMarketEntries(
  source: ByteSource,
  signal?: AbortSignal,
): AsyncGenerator<EntryBatch> {
  let header: MatrixMarketHeader | null = null;
  let seen = 0;
  for await (const block of textBlocks(source, signal)) {
    let start = 0;
    if (header === null) {
      const parsed = parseHeader(block);
      header = parsed.header;
      start = parsed.end;
    }
    const batch = parseEntries(block, start, header, seen);
    seen += batch.length;
    if (batch.length > 0) yield batch;
  }
  if (header !== null && seen !== header.nEntries)
    throw new AtlasmtlError("BAD_FORMAT", `the file ends after ${seen} of ${header.nEntries} entries`, {
      hint: "the copy or download is incomplete; fetch the file again",
    });
}

/** The banner, comments and sizes, which are in the first block; the entries begin at `end`. */
function parseHeader({ bytes }: TextBlock): { header: MatrixMarketHeader; end: number } {
  const decoder = new TextDecoder();
  const lineAt = (at: number): { text: string; next: number } => {
    const newline = bytes.indexOf(NEWLINE, at);
    const next = newline < 0 ? bytes.length : newline + 1;
    return { text: decoder.decode(bytes.subarray(at, Math.min(next, at + 4096))).trim(), next };
  };
  const banner = lineAt(0);
  const [mark, object, format, field, symmetry] = banner.text.toLowerCase().split(/\s+/);
  if (mark !== "%%matrixmarket" || object !== "matrix")
    throw bad(1, `got ${JSON.stringify(banner.text.slice(0, 60))}, expected ${JSON.stringify(EXAMPLE)}`);
  const isRead = field === "real" || field === "integer" || field === "pattern";
  if (format !== "coordinate" || !isRead || symmetry !== "general")
    throw new AtlasmtlError(
      "UNSUPPORTED",
      `a ${[format, field, symmetry].join(" ")} matrix is not read; coordinate real, integer or pattern general are`,
      { where: "line 1", hint: "write it in Python: scipy.io.mmwrite(path, scipy.sparse.coo_matrix(X))" },
    );
  let at = banner.next;
  let line = 2;
  while (at < bytes.length) {
    const { text, next } = lineAt(at);
    if (text !== "" && !text.startsWith("%")) {
      const sizes = text.split(/\s+/).map(Number);
      if (sizes.length !== 3 || !sizes.every((n) => Number.isSafeInteger(n) && n >= 0))
        throw bad(
          line,
          `got ${JSON.stringify(text.slice(0, 60))}, expected the numbers of genes, cells and entries`,
        );
      const [nGenes, nCells, nEntries] = sizes as [number, number, number];
      return { header: { nGenes, nCells, nEntries, field }, end: next };
    }
    at = next;
    line++;
  }
  throw bad(line, "the line with the numbers of genes, cells and entries is missing");
}

function parseEntries(
  block: TextBlock,
  start: number,
  { nGenes, nCells, nEntries, field }: MatrixMarketHeader,
  seen: number,
): EntryBatch {
  const { bytes } = block;
  // A line has at least four bytes: `1 1` and the line end.
  const most = Math.ceil((bytes.length - start + 1) / 4);
  const cells = new Int32Array(most);
  const genes = new Int32Array(most);
  const values = new Float32Array(most);
  const end = bytes.length;
  const ends = Float64Array.of(0);
  let length = 0;
  let at = start;

  const problem = (message: string): AtlasmtlError => bad(block.firstLine + countLines(bytes, at), message);
  /** The end of the word at `from`, after leading blanks; `ends` receives the start of the word. */
  const word = (from: number): number => {
    let begin = from;
    while (begin < end && bytes[begin] <= SPACE && bytes[begin] !== NEWLINE) begin++;
    ends[0] = begin;
    let stop = begin;
    while (stop < end && bytes[stop] > SPACE) stop++;
    return stop;
  };
  const quoted = (from: number, to: number): string =>
    JSON.stringify(new TextDecoder().decode(bytes.subarray(from, Math.min(to, from + 40))));
  const index = (what: string, from: number, to: number, most: number): number => {
    let value = from === to ? Number.NaN : 0;
    for (let i = from; i < to; i++) {
      const digit = bytes[i] - 48;
      value = digit >= 0 && digit <= 9 ? value * 10 + digit : Number.NaN;
    }
    if (!(value >= 1 && value <= most))
      throw problem(`the ${what} number is ${quoted(from, to)}, expected 1 to ${most}`);
    return value - 1;
  };

  while (at < end) {
    const first = word(at);
    const begin = ends[0];
    if (first === begin || bytes[begin] === PERCENT) {
      const newline = bytes.indexOf(NEWLINE, begin);
      at = newline < 0 ? end : newline + 1;
      continue;
    }
    if (seen + length === nEntries) throw problem(`there are more than the ${nEntries} entries declared`);
    const gene = index("gene", begin, first, nGenes);
    const second = word(first);
    const cell = index("cell", ends[0], second, nCells);
    let value = 1;
    let stop = second;
    if (field !== "pattern") {
      stop = word(second);
      value = parseNumber(bytes, ends[0], stop);
      if (Number.isNaN(value))
        throw problem(`the value is ${quoted(ends[0], stop)}, expected a finite number`);
    }
    const rest = word(stop);
    if (rest !== ends[0]) throw problem(`${quoted(ends[0], rest)} follows the value`);
    cells[length] = cell;
    genes[length] = gene;
    values[length] = value;
    length++;
    at = rest + 1;
  }
  return { length, cells, genes, values };
}

const bad = (line: number, message: string): AtlasmtlError =>
  new AtlasmtlError("BAD_FORMAT", message, {
    where: `line ${line}`,
    hint: "the file is damaged or was edited; write it again from its source",
  });
