/**
 * Tables of genes: symbol to Ensembl id and back (docs/specification/4-preprocessing.md#gene-identifiers).
 * @module
 */

import type { FileInput } from "../core/bytes.ts";
import { readInput } from "../core/read-input.ts";
import { AtlasmtlError } from "../errors.ts";
import { plainBytes } from "../formats/compression/gzip.ts";
import type { Species } from "../schema/preprocess-options.ts";
import { SPECIES_ENSEMBL_COLUMN, SPECIES_SYMBOL_COLUMN } from "../schema/preprocessing.ts";

/** The genes of one species. */
export interface GeneTable {
  readonly species: Species;
  /** Such as `GENCODE 48`, or the name of a custom table. */
  readonly name: string;
  /** One id per symbol. */
  readonly idOf: ReadonlyMap<string, string>;
  readonly symbolOf: ReadonlyMap<string, string>;
}

/** What stands before the number of an Ensembl gene id. */
export const ID_PREFIXES: Readonly<Record<Species, string>> = {
  human: "ENSG",
  mouse: "ENSMUSG",
  rat: "ENSRNOG",
};

const ID_DIGITS = 11;

/** Text of a custom table at most: ten times that of every gene of three species. */
const MAX_TABLE_BYTES = 1 << 28;

const PACKAGED = {
  human: () => import("./gene-tables/human.ts"),
  mouse: () => import("./gene-tables/mouse.ts"),
  rat: () => import("./gene-tables/rat.ts"),
} as const;

const loaded = new Map<Species, Promise<GeneTable>>();

/**
 * The packaged table of a species, read on first use: every gene of GENCODE (human, mouse) or Ensembl (rat)
 * that has a symbol. Of several genes with one symbol, the symbol means the one that codes for a protein, then
 * the one with the lowest id.
 */
export function packagedTable(species: Species): Promise<GeneTable> {
  const known = loaded.get(species);
  if (known !== undefined) return known;
  const table = unpack(species);
  loaded.set(species, table);
  table.catch(() => loaded.delete(species));
  return table;
}

async function unpack(species: Species): Promise<GeneTable> {
  const { PACKED, RELEASE } = await PACKAGED[species]();
  const bytes = Uint8Array.from(atob(PACKED), (character) => character.charCodeAt(0));
  const [steps, symbols] = new TextDecoder().decode(plainBytes(bytes)).split("\n\n") as [string, string];
  const names = symbols.split("\n");
  const idOf = new Map<string, string>();
  const symbolOf = new Map<string, string>();
  let number = 0;
  for (const [i, step] of steps.split("\n").entries()) {
    number += Number(step);
    const id = geneId(species, number);
    const name = names[i];
    const isOther = name.startsWith("!");
    symbolOf.set(id, isOther ? name.slice(1) : name);
    if (!isOther) idOf.set(name, id);
  }
  return { species, name: RELEASE, idOf, symbolOf };
}

/** The Ensembl id of a gene. */
export function geneId(species: Species, number: number): string {
  return ID_PREFIXES[species] + String(number).padStart(ID_DIGITS, "0");
}

/**
 * Reads a custom table: tab-separated, gzip allowed, with the columns `<species>_ensembl_gene_id` and
 * `<species>_gene_symbol`. The first row wins for a symbol, or an id, that stands in several.
 * @throws NOT_FOUND without the file, BAD_FORMAT without the columns or without a row, LIMIT when it is too large.
 */
export async function readGeneTable(input: FileInput, species: Species): Promise<GeneTable> {
  const { bytes, name } = await readInput(input, MAX_TABLE_BYTES);
  const text = new TextDecoder().decode(plainBytes(bytes, MAX_TABLE_BYTES));
  return parseGeneTable(text, species, name);
}

/** As {@link readGeneTable}, of the table's text; `name` is for messages and reports. */
export function parseGeneTable(text: string, species: Species, name: string): GeneTable {
  const lines = text.split(/\r?\n/);
  const header = (lines[0] ?? "")
    .replace(/^\uFEFF/, "")
    .split("\t")
    .map((cell) => cell.trim());
  const [idColumn, symbolColumn] = [SPECIES_ENSEMBL_COLUMN, SPECIES_SYMBOL_COLUMN].map((suffix) => {
    const at = header.indexOf(species + suffix);
    if (at >= 0) return at;
    throw new AtlasmtlError(
      "BAD_FORMAT",
      `the gene table has no column ${species}${suffix}; it has ${header.slice(0, 8).join(", ")}`,
      {
        where: `${name} › line 1`,
        hint: `separate columns by tabs and name them ${species}${SPECIES_ENSEMBL_COLUMN} and ${species}${SPECIES_SYMBOL_COLUMN}`,
      },
    );
  }) as [number, number];
  const idOf = new Map<string, string>();
  const symbolOf = new Map<string, string>();
  for (let i = 1; i < lines.length; i++) {
    const cells = lines[i].split("\t");
    const id = stripVersion((cells[idColumn] ?? "").trim());
    const symbol = (cells[symbolColumn] ?? "").trim();
    if (id === "" || symbol === "") continue;
    if (!idOf.has(symbol)) idOf.set(symbol, id);
    if (!symbolOf.has(id)) symbolOf.set(id, symbol);
  }
  if (idOf.size === 0)
    throw new AtlasmtlError(
      "BAD_FORMAT",
      `the gene table has no row with an id and a symbol for ${species}`,
      {
        where: name,
        hint: "check the species, and that columns are separated by tabs",
      },
    );
  return { species, name, idOf, symbolOf };
}

/** An Ensembl id without its version; other names as they are. */
export function stripVersion(name: string): string {
  return /^ENS[A-Z]{0,4}G\d{6,}\.\d+(_PAR_Y)?$/.test(name) ? name.slice(0, name.indexOf(".")) : name;
}
