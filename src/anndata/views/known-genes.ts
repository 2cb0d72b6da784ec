/**
 * Which features of a dataset are genes, and what they are called: one rule for every container
 * (docs/file-formats.md#genes).
 * @module
 */
import { type Notice, notice } from "../../errors.ts";
import {
  FEATURE_TYPE_COLUMNS,
  GENE_TYPES,
  NAME_COLUMNS,
  OTHER_FEATURE_TYPES,
} from "../../schema/open-options.ts";
import { inspectGenes } from "../inspect/inspect-genes.ts";
import { columnStrings } from "../read/column-values.ts";
import { frame } from "../read/dataframe.ts";
import type { AnnData, DataFrame, Matrix, MatrixName } from "../types.ts";
import { pickColumn } from "./select-cells.ts";
import { withColumns } from "./some-columns.ts";

/** The genes among the rows of a var, and their names. */
interface KnownGenes {
  /** Null if every row is a gene. */
  readonly rows: Int32Array | null;
  /** One per row of var; null if its index has them. */
  readonly names: readonly string[] | null;
  readonly notes: readonly Notice[];
  readonly notices: readonly Notice[];
}

/**
 * `base` with its genes only, called by their names.
 *
 * Where var says the type of its features, only those of type "Gene Expression" are genes. Where the names are row
 * numbers, or `geneColumn` asks for it, a column of var has the names. Nothing else changes, and what is written of the
 * dataset has every feature. The view must not outlive `base`.
 * @throws NOT_FOUND for a `geneColumn` that is not there.
 */
export async function viewKnownGenes(base: AnnData, geneColumn: string | undefined): Promise<AnnData> {
  const known = await knownGenes(base.var, geneColumn, `${base.source} › var`);
  const notices = [...(base.notices ?? []), ...known.notices];
  const notes = [...(base.notes ?? []), ...known.notes];
  if (known.rows === null && known.names === null && !base.hasRaw)
    return known.notices.length === 0 ? base : { ...base, notices };
  const vars = await viewFrame(base.var, known, `${base.source} › var`);
  let raw: Promise<{ readonly known: KnownGenes; readonly var: DataFrame } | null> | null = null;
  const ofRaw = () => {
    raw ??= (async () => {
      const stored = (await base.rawVar?.()) ?? null;
      if (stored === null) return null;
      const where = `${base.source} › raw/var`;
      const hasColumn = geneColumn !== undefined && stored.columns.includes(geneColumn);
      const found = await knownGenes(stored, hasColumn ? geneColumn : undefined, where);
      return { known: found, var: await viewFrame(stored, found, where) };
    })();
    return raw;
  };
  const genesOf = async (name: MatrixName) => (name === "raw/X" ? await ofRaw() : { known, var: vars });
  return {
    ...base,
    notices,
    notes,
    nVars: vars.length,
    var: vars,
    knownGenes: { rows: known.rows ?? Int32Array.from({ length: vars.length }, (_, i) => i), whole: base },
    async matrix(name = "X") {
      const matrix = await base.matrix(name);
      const genes = await genesOf(name);
      return genes === null || genes.known.rows === null ? matrix : pickGenes(matrix, genes.known.rows);
    },
    async varNames(name = "X") {
      return (await genesOf(name))?.var.index ?? base.varNames(name);
    },
    rawVar: async () => (await ofRaw())?.var ?? null,
  };
}

/** The sentence about features that are left out; null without any. */
export function leftOutNote(
  types: readonly (string | null)[],
  isGene: (row: number) => boolean,
  where: string,
): Notice | null {
  const others = new Map<string, number>();
  let nGenes = 0;
  types.forEach((type, row) => {
    if (isGene(row)) nGenes++;
    else others.set(type ?? "", (others.get(type ?? "") ?? 0) + 1);
  });
  if (others.size === 0 || nGenes === 0) return null;
  const listed = [...others].map(([type, n]) => `${n} of type "${type}"`).join(", ");
  return {
    message: `${nGenes} of ${types.length} features are genes; left out: ${listed}`,
    where,
  };
}

async function knownGenes(
  vars: DataFrame,
  geneColumn: string | undefined,
  where: string,
): Promise<KnownGenes> {
  const named = await namesOf(vars, geneColumn, where);
  const typed = await genesByType(vars, where);
  return {
    rows: typed.rows,
    names: typed.rows === null ? named.names : withoutSuffixes(named.names ?? indexOf(vars), typed.rows),
    notes: [...typed.notes, ...named.notes],
    notices: typed.notices,
  };
}

/**
 * Repeated names are made unique by `-1`, `-2` …, also where a gene has the name of an antibody: without the antibody, the
 * gene has its name again.
 */
function withoutSuffixes(names: readonly string[], rows: Int32Array): readonly string[] {
  const isGene = new Uint8Array(names.length);
  for (const row of rows) isGene[row] = 1;
  const genes = new Set(names.filter((_, row) => isGene[row] === 1));
  const others = new Set(names.filter((_, row) => isGene[row] === 0));
  return names.map((name, row) => {
    const first = name.replace(/-\d+$/, "");
    return isGene[row] === 1 && first !== name && others.has(first) && !genes.has(first) ? first : name;
  });
}

type Typed = Pick<KnownGenes, "rows" | "notes" | "notices">;

const ALL: Typed = { rows: null, notes: [], notices: [] };

async function genesByType(vars: DataFrame, where: string): Promise<Typed> {
  for (const name of FEATURE_TYPE_COLUMNS) {
    if (!vars.columns.includes(name)) continue;
    const types = await vars.column(name).then(columnStrings, () => []);
    const isGene = (row: number): boolean =>
      types[row] === null || GENE_TYPES.includes(types[row].trim().toLowerCase());
    if (!types.some((type, row) => type !== null && isGene(row))) {
      if (types.length > 0 && types.every((type) => type !== null && OTHER_FEATURE_TYPES.test(type)))
        return { ...ALL, notices: [noGene(types, `${where} › ${name}`)] };
      continue;
    }
    const note = leftOutNote(types, isGene, `${where} › ${name}`);
    if (note === null) return ALL;
    const rows = types.flatMap((_, row) => (isGene(row) ? [row] : []));
    return { rows: Int32Array.from(rows), notes: [note], notices: [] };
  }
  return ALL;
}

function noGene(types: readonly (string | null)[], where: string): Notice {
  const listed = [...new Set(types)].map((type) => `"${type}"`).join(", ");
  return notice(`none of the ${types.length} features is a gene (${listed}): they are taken as they are`, {
    where,
    hint: "choose the file or modality that holds gene expression",
  });
}

async function namesOf(
  vars: DataFrame,
  geneColumn: string | undefined,
  where: string,
): Promise<Pick<KnownGenes, "names" | "notes">> {
  if (geneColumn !== undefined) {
    const values = columnStrings(await vars.column(geneColumn));
    return { names: filledNames(values, vars.index), notes: [] };
  }
  const column = areRowNumbers(indexOf(vars)) ? await nameColumn(vars) : null;
  if (column === null) return { names: null, notes: [] };
  const note = {
    message: `var names are row numbers: genes are called by the var column ${column.name}`,
    where,
  };
  return { names: filledNames(column.values, vars.index), notes: [note] };
}

/** The index, or nothing where it cannot be read: whoever needs it reports that. */
function indexOf(vars: DataFrame): readonly string[] {
  try {
    return vars.index;
  } catch {
    return [];
  }
}

/** Genes without a value in the column keep the name that they have. */
const filledNames = (values: readonly (string | null)[], index: readonly string[]): readonly string[] =>
  values.map((value, row) => (value === null || value.trim() === "" ? index[row] : value));

/** True for 0, 1, 2 … or 1, 2, 3 …; Entrez ids are other numbers. */
function areRowNumbers(names: readonly string[]): boolean {
  const first = names.length > 1 ? Number(names[0]) : Number.NaN;
  return (first === 0 || first === 1) && names.every((name, row) => name === String(first + row));
}

/** The first column of gene names, those that are usual first. */
async function nameColumn(
  vars: DataFrame,
): Promise<{ readonly name: string; readonly values: readonly (string | null)[] } | null> {
  const usual = NAME_COLUMNS.filter((name) => vars.columns.includes(name));
  const others = vars.columns.filter((name) => !(NAME_COLUMNS as readonly string[]).includes(name));
  for (const name of [...usual, ...others]) {
    const column = await vars.column(name).catch(() => null);
    if (column === null || (column.kind !== "string" && column.kind !== "categorical")) continue;
    const values = columnStrings(column);
    const given = values.filter((value) => value !== null);
    const isNaming = new Set(given).size * 2 > vars.length && inspectGenes(given).namespace !== "unknown";
    if (isNaming) return { name, values };
  }
  return null;
}

function viewFrame(
  base: DataFrame,
  { rows, names }: KnownGenes,
  where: string,
): Promise<DataFrame> | DataFrame {
  if (rows === null && names === null) return base;
  const length = rows?.length ?? base.length;
  return frame({
    where,
    length,
    columns: base.columns,
    async readIndex() {
      const index = names ?? base.index;
      return rows === null ? index : Array.from(rows, (row) => index[row]);
    },
    async readColumn(name) {
      const column = await base.column(name);
      return rows === null ? column : pickColumn(column, rows);
    },
  });
}

function pickGenes(matrix: Matrix, rows: Int32Array): Matrix {
  const toColumn = new Int32Array(matrix.nCols).fill(-1);
  rows.forEach((row, column) => {
    toColumn[row] = column;
  });
  return withColumns(matrix, toColumn, rows.length);
}
