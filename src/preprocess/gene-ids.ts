/**
 * From the names of genes to canonical ids: Ensembl, without version
 * (docs/specification/4-preprocessing.md#gene-identifiers).
 * @module
 */

import { type GeneSummary, inspectGenes } from "../anndata/inspect/inspect-genes.ts";
import { columnStrings } from "../anndata/read/column-values.ts";
import type { DataFrame } from "../anndata/types.ts";
import { baseName } from "../core/paths.ts";
import { AtlasmtlError, type Notice, notice, option, phrase } from "../errors.ts";
import { SPECIES, type Species, type VarNamesType } from "../schema/preprocess-options.ts";
import { CASES, ENSEMBL_COLUMNS, type NamingCase, SPECIES_ENSEMBL_COLUMN } from "../schema/preprocessing.ts";
import { formerSymbols, isDate } from "./former-symbols.ts";
import { bareName, idAndSymbol } from "./gene-spelling.ts";
import { type GeneTable, ID_PREFIXES, packagedTable, readGeneTable, stripVersion } from "./gene-table.ts";
import type { PreprocessSettings } from "./options.ts";
import type { FeaturePanel } from "./panel.ts";

/** What is settled about a set of names, and what was a guess. */
export interface Naming {
  readonly namingCase: NamingCase;
  readonly varNamesType: Exclude<VarNamesType, "infer">;
  readonly species: Species;
  /** Which of the two were told from the names. */
  readonly guessed: { readonly varNamesType: boolean; readonly species: boolean };
  /** The column of var that ids were taken from. */
  readonly column: string | null;
  /** Before every name, such as `GRCh38_`; it is left out. */
  readonly prefix: string | null;
  /** Where symbols were looked up. */
  readonly table: string;
}

/** What reports and metadata say of it. */
export function namingFields({ namingCase, species, varNamesType, guessed, column, table }: Naming) {
  return {
    case: namingCase,
    species,
    speciesGuessed: guessed.species,
    varNamesType,
    varNamesTypeGuessed: guessed.varNamesType,
    ensemblColumn: column,
    geneIdTable: table,
  };
}

/**
 * That symbols are mapped by another table than those of a panel were, so that some of its `nMissing` genes may have other ids; null if
 * they are not, or nothing is missing.
 */
export function otherTable(
  panel: Pick<FeaturePanel, "geneIdTable" | "geneIds">,
  { namingCase, table }: Pick<Naming, "namingCase" | "table">,
  nMissing: number,
  where: string,
): Notice | null {
  const own = panel.geneIdTable === null ? null : baseName(panel.geneIdTable.replaceAll("\\", "/"));
  if (own === null || own === table || namingCase !== CASES.table || nMissing === 0) return null;
  return notice(
    `${nMissing} of the panel's ${panel.geneIds.length} genes are missing, and some may have another id here: its symbols were mapped by ${own}, the query's by ${table}`,
    {
      where,
      hint: phrase`map both by one table with ${option("geneIdTable")}, or take the Ensembl ids of a var column with ${option("ensemblSourceColumn")}`,
    },
  );
}

/** Canonical ids of genes, one entry per gene. */
export interface GeneIds {
  readonly naming: Naming;
  /** Null where a gene has none. */
  readonly ids: readonly (string | null)[];
  /** For display: the name itself where it is a symbol, else that of the table; null without any. */
  readonly symbols: readonly (string | null)[];
  readonly nStripped: number;
  /** Genes that were found by a symbol that they had before. */
  readonly nFormer: number;
  readonly unmapped: readonly string[];
  /** What may explain unmapped names, in words. */
  readonly causes: readonly string[];
}

/** The names of a dataset's genes, and its table of genes. */
export interface GeneNames {
  readonly names: readonly string[];
  readonly var: DataFrame | null;
  /** For messages. */
  readonly source: string;
}

/** Symbols that mean certain ids, whatever the table says: those of a panel. */
export interface KnownGenes {
  readonly idOf: ReadonlyMap<string, string>;
}

const NO_GENES: KnownGenes = { idOf: new Map() };

type IdSettings = Pick<
  PreprocessSettings,
  "varNamesType" | "species" | "geneIdTable" | "ensemblSourceColumn" | "preferExistingEnsemblColumn"
>;

/** One species must have at least this share of the names of the other to be more than a few strays. */
const MIXED = 0.05;

/**
 * Finds the canonical id of every gene; symbols in `known` are not looked up.
 * @throws BAD_DATA for names of several species, or of no kind that is known, and when a whole set is unmapped;
 * MISMATCH for ids of another species than was said; UNSUPPORTED for a species without a table; NOT_FOUND for a
 * column that is not there; as `readGeneTable`.
 */
export async function canonicalGenes(
  genes: GeneNames,
  settings: IdSettings,
  known: KnownGenes = NO_GENES,
): Promise<GeneIds> {
  const where = `${genes.source} › var names`;
  const { prefix } = inspectGenes(genes.names);
  const prefixes = prefix === null ? [] : [prefix];
  const both = genes.names.map((name) => idAndSymbol(bareName(name, prefixes)));
  const bare = genes.names.map((name, i) => both[i]?.id ?? bareName(name, prefixes));
  const look = inspectGenes(bare);
  const varNamesType = settings.varNamesType === "infer" ? kindOf(look) : settings.varNamesType;
  const candidate = varNamesType.startsWith("ensembl") ? null : await ensemblColumn(genes, settings, look);
  const evidence = candidate === null ? bare : candidate.values.map((value) => value ?? "");
  const { species, table } = await speciesOf(evidence, look, settings, where);
  const isNamed = settings.ensemblSourceColumn !== null;
  const isContradicted = candidate !== null && !isNamed && contradicts(candidate.values, bare, table);
  const column = isContradicted ? null : candidate;
  const isId = (name: string): boolean => name.startsWith(ID_PREFIXES[species]) && ENSEMBL.test(name);
  let nStripped = 0;
  const canonical = (id: string): string => {
    const stripped = stripVersion(id);
    if (stripped !== id) nStripped++;
    return stripped;
  };
  const ids = bare.map((name, i): string | null => {
    if (column !== null) {
      const value = column.values[i] ?? "";
      return isId(value) ? canonical(value) : null;
    }
    if (isId(name)) return canonical(name);
    return varNamesType.startsWith("ensembl") ? null : (known.idOf.get(name) ?? table.idOf.get(name) ?? null);
  });
  const isKnown = settings.geneIdTable === null && species === "human" && column === null;
  const nFormer = isKnown ? await takeFormer(ids, bare) : 0;
  // A name that is no id is a symbol, and the one by which others of its kind will call the gene.
  const symbols = ids.map((id, i) =>
    ENSEMBL.test(bare[i])
      ? (both[i]?.symbol ?? (id === null ? undefined : table.symbolOf.get(id)) ?? null)
      : bare[i],
  );
  const unmapped = genes.names.filter((_, i) => ids[i] === null);
  return {
    naming: {
      namingCase: caseOf(varNamesType, column !== null),
      varNamesType,
      species,
      guessed: { varNamesType: settings.varNamesType === "infer", species: settings.species === "infer" },
      column: column?.name ?? null,
      prefix,
      table: table.name,
    },
    ids,
    symbols,
    nStripped,
    nFormer,
    unmapped,
    causes: [
      ...(isContradicted
        ? [
            `the ids in the var column ${candidate.name} are of other genes than ${table.name} has for these symbols: the column is not used`,
          ]
        : []),
      ...(await causesOf(unmapped, table)),
    ],
  };
}

/** Gives genes without an id the one of the gene that had their name before, unless another has it; returns how many. */
async function takeFormer(ids: (string | null)[], names: readonly string[]): Promise<number> {
  const isOpen = (gene: number): boolean => ids[gene] === null && !ENSEMBL.test(names[gene]);
  if (!names.some((_, gene) => isOpen(gene))) return 0;
  const former = await formerSymbols();
  const taken = new Set(ids);
  let n = 0;
  for (let gene = 0; gene < ids.length; gene++) {
    const id = isOpen(gene) ? former(names[gene]) : null;
    if (id === null || taken.has(id)) continue;
    ids[gene] = id;
    n++;
  }
  return n;
}

/** Symbols by which a column of ids is compared with a table. */
const ENOUGH_SYMBOLS = 10;

/** True if a column gives most symbols that the table knows another id than the table does. */
function contradicts(
  ids: readonly (string | null)[],
  symbols: readonly string[],
  { idOf }: GeneTable,
): boolean {
  let [n, nSame] = [0, 0];
  ids.forEach((id, gene) => {
    const known = idOf.get(symbols[gene]);
    if (id === null || known === undefined) return;
    n++;
    if (stripVersion(id) === known) nSame++;
  });
  return n >= ENOUGH_SYMBOLS && nSame * 2 < n;
}

const ENSEMBL = /^ENS[A-Z]{0,4}G\d{6,}(\.\d+)?(_PAR_Y)?$/;

function kindOf({ namespace, isVersioned }: GeneSummary): Exclude<VarNamesType, "infer"> {
  if (namespace === "ensembl") return isVersioned ? "ensembl_versioned" : "ensembl";
  return namespace === "mixed" ? "mixed" : "symbol";
}

function caseOf(kind: VarNamesType, hasColumn: boolean): NamingCase {
  if (kind === "ensembl") return CASES.ensembl;
  if (kind === "ensembl_versioned") return CASES.versioned;
  if (!hasColumn) return CASES.table;
  return kind === "mixed" ? CASES.mixed : CASES.column;
}

/** The column of ids that is named, or a known one that holds ids; null without one. */
async function ensemblColumn(
  { var: columns }: GeneNames,
  settings: IdSettings,
  look: GeneSummary,
): Promise<{ name: string; values: readonly (string | null)[] } | null> {
  const { ensemblSourceColumn: named, preferExistingEnsemblColumn } = settings;
  if (columns === null) return null;
  if (named !== null) return { name: named, values: columnStrings(await columns.column(named)) };
  if (!preferExistingEnsemblColumn) return null;
  const species = settings.species === "infer" ? look.species : settings.species;
  const candidates = [...ENSEMBL_COLUMNS, `${species}${SPECIES_ENSEMBL_COLUMN}`];
  for (const name of candidates) {
    if (!columns.columns.includes(name)) continue;
    const values = columnStrings(await columns.column(name));
    const present = values.filter((value) => value !== null && value !== "");
    if (present.length > 0 && present.filter((value) => ENSEMBL.test(value!)).length * 2 > present.length)
      return { name, values };
  }
  return null;
}

/** The species of the names, with its table. */
async function speciesOf(
  names: readonly string[],
  look: GeneSummary,
  settings: IdSettings,
  where: string,
): Promise<{ species: Species; table: GeneTable }> {
  const tableOf = (species: Species): Promise<GeneTable> =>
    settings.geneIdTable === null ? packagedTable(species) : readGeneTable(settings.geneIdTable, species);
  const counts = new Map<string, number>();
  for (const name of names) {
    const letters = ENSEMBL.test(name) ? /^ENS[A-Z]*?G(?=\d)/.exec(name)?.[0] : undefined;
    if (letters !== undefined) counts.set(letters, (counts.get(letters) ?? 0) + 1);
  }
  const found = [...counts].filter(([, n]) => n > MIXED * names.length).sort((a, b) => b[1] - a[1]);
  const named = settings.species;
  if (named !== "infer") {
    const first = found[0];
    if (first !== undefined && !counts.has(ID_PREFIXES[named]))
      throw new AtlasmtlError(
        "MISMATCH",
        `the species is said to be ${named} (${ID_PREFIXES[named]}…), but ${first[1]} of ${names.length} genes begin with ${first[0]}`,
        {
          where,
          hint: phrase`leave the species out, or give the right one: ${option("species", nameOf(first[0]) ?? "…")}`,
        },
      );
    return { species: named, table: await tableOf(named) };
  }
  if (found.length > 1)
    throw mixedSpecies(
      found.map(([letters, n]) => [nameOf(letters) ?? letters, n]),
      names,
      where,
    );
  if (found.length === 1) {
    const species = nameOf(found[0][0]);
    if (species !== null) return { species, table: await tableOf(species) };
    throw new AtlasmtlError(
      "UNSUPPORTED",
      `genes begin with ${found[0][0]}; there are tables for human, mouse and rat`,
      {
        where,
        hint: "of another species, train and predict without preprocessing: names are matched as they are",
      },
    );
  }
  return bySymbols(names, look, tableOf, settings, where);
}

function nameOf(letters: string): Species | null {
  return SPECIES.find((species) => ID_PREFIXES[species] === letters) ?? null;
}

/** The species whose table has most of the symbols. */
async function bySymbols(
  names: readonly string[],
  look: GeneSummary,
  tableOf: (species: Species) => Promise<GeneTable>,
  settings: IdSettings,
  where: string,
): Promise<{ species: Species; table: GeneTable }> {
  const guess = SPECIES.find((species) => species === look.species);
  const candidates: { species: Species; table: GeneTable; hits: number }[] = [];
  for (const species of SPECIES) {
    const table = await tableOf(species).catch((error: unknown) => {
      // A custom table need not know every species.
      if (settings.geneIdTable !== null && error instanceof AtlasmtlError && error.code === "BAD_FORMAT")
        return null;
      throw error;
    });
    if (table === null) continue;
    candidates.push({
      species,
      table,
      hits: names.reduce((n, name) => n + (table.idOf.has(name) ? 1 : 0), 0),
    });
  }
  candidates.sort((a, b) => b.hits - a.hits || (a.species === guess ? -1 : b.species === guess ? 1 : 0));
  const [first, second] = candidates;
  if (first === undefined || first.hits === 0)
    throw new AtlasmtlError(
      "BAD_DATA",
      `none of ${names.length} gene names is known, such as ${examples(names)}`,
      {
        where,
        hint: names.every((name) => /^\d+$/.test(name))
          ? phrase`numbers, such as Entrez ids, are not mapped: choose the var column with symbols or Ensembl ids with ${option("geneColumn")}`
          : phrase`choose the var column of names with ${option("geneColumn")}, or of Ensembl ids with ${option("ensemblSourceColumn")}, or give a table of genes with ${option("geneIdTable")}`,
      },
    );
  // Symbols of human and of rodents differ in their case; those of mouse and rat are often the same.
  const human = candidates.find(({ species }) => species === "human");
  const rodent = candidates.find(({ species }) => species !== "human");
  if (human !== undefined && rodent !== undefined && second !== undefined) {
    const less = Math.min(human.hits, rodent.hits);
    if (less > MIXED * names.length && less * 4 > Math.max(human.hits, rodent.hits))
      throw mixedSpecies(
        [human, rodent].map(({ species, hits }) => [species, hits]),
        names,
        where,
      );
  }
  return first;
}

function mixedSpecies(
  counts: readonly (readonly [string, number])[],
  names: readonly string[],
  where: string,
): AtlasmtlError {
  const parts = counts.map(([species, n]) => `${n} of ${species}`).join(" and ");
  return new AtlasmtlError("BAD_DATA", `the ${names.length} genes are of several species: ${parts}`, {
    where,
    hint: phrase`keep the cells and genes of one species; ${option("species", counts[0][0])} takes its genes and drops the others`,
  });
}

/** Known ways in which names go wrong, with how many. */
async function causesOf(unmapped: readonly string[], table: GeneTable): Promise<string[]> {
  const causes: string[] = [];
  const tell = (names: readonly string[], words: string): void => {
    if (names.length > 0) causes.push(`${names.length} ${words}, such as ${examples(names)}`);
  };
  tell(
    unmapped.filter((name) => isDate(name)),
    "look like dates that a spreadsheet made of names (MARCH1, SEPT2, DEC1)",
  );
  const upper = unmapped.filter((name) => /[a-z]/.test(name) && table.idOf.has(name.toUpperCase()));
  if (table.species === "human") tell(upper, "would be human symbols in capitals: mouse or rat names?");
  else
    tell(
      unmapped.filter((name) => !/[a-z]/.test(name) && table.idOf.has(titled(name))),
      `would be ${table.species} symbols in lower case: human names?`,
    );
  tell(
    unmapped.filter((name) => /[-.]\d+$/.test(name) && table.idOf.has(name.replace(/[-.]\d+$/, ""))),
    "end in a number that makes repeated names unique",
  );
  return causes;
}

const titled = (name: string): string => name.charAt(0) + name.slice(1).toLowerCase();

/** At most three names, quoted. */
export function examples(names: readonly string[]): string {
  return names
    .slice(0, 3)
    .map((name) => `'${name}'`)
    .join(", ");
}
