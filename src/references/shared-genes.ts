/** The genes that several references have in common, whatever each calls them. @module */
import type { Matrix, Notice } from "../anndata/types.ts";
import { grouped, shown } from "../core/shown.ts";
import { AtlasmtlError, isAtlasmtlError, notice, option, phrase } from "../errors.ts";
import type { GeneSettings } from "../predict/model-panel.ts";
import { type NamedMatrix, type QueryGenes, queryGenes } from "../predict/query-genes.ts";
import { moveGenes } from "../preprocess/gene-view.ts";

/** Below this share of the shortest list of genes, tables of genes are tried, and a warning says so. */
const ENOUGH = 0.5;
const N_EXAMPLES = 3;

const AS_THEY_ARE: GeneSettings = {
  autoGenes: false,
  orthologues: false,
  varNamesType: null,
  species: null,
  geneIdTable: null,
  ensemblSourceColumn: null,
  unmappedPolicy: null,
  duplicatePolicy: null,
};

export interface SharedGenes {
  /** By their names in the first reference, in its order. */
  readonly names: readonly string[];
  readonly matrices: readonly Matrix[];
  readonly notes: readonly Notice[];
  readonly warnings: readonly Notice[];
}

/**
 * The matrices cut to the genes of all. A gene of the first is found in another as a model's gene is in a query: by its
 * name, by another spelling, and, where fewer than half are found so, by tables of genes.
 * @throws MISMATCH if there is none; BAD_DATA for a gene that one has twice.
 */
export async function shareGenes(matrices: readonly NamedMatrix[]): Promise<SharedGenes> {
  const [first, ...others] = matrices;
  requireUnique(first);
  const found: QueryGenes[] = [];
  const notes: Notice[] = [];
  for (const other of others) {
    const genes = await genesOf(other, first.names);
    found.push(genes);
    notes.push(...genes.notes);
  }
  const known = found.map(({ names }) => new Set(names));
  const names = first.names.filter((name) => known.every((each) => each.has(name)));
  const sizes = matrices.map((each) => `${grouped(each.names.length)} of ${each.source}`).join(", ");
  const said = `the references share ${names.length === 0 ? "no gene" : `${grouped(names.length)} genes`} (${sizes})`;
  const examples = matrices.map((each) => `${each.source}: ${some(each.names)}`).join("; ");
  const details = {
    where: "var names",
    hint: phrase`compare the names (${examples}); other names can be chosen with ${option("geneColumn")}`,
  };
  if (names.length === 0) throw new AtlasmtlError("MISMATCH", said, details);
  const isFew = names.length < ENOUGH * Math.min(...matrices.map((each) => each.names.length));
  return {
    names,
    matrices: [
      cut(first.matrix, first.names, names),
      ...found.map((own) => cut(own.matrix, own.names, names)),
    ],
    notes: isFew ? notes : [...notes, notice(said)],
    warnings: isFew ? [notice(said, details)] : [],
  };
}

/** As they are, or by tables where those find more. */
async function genesOf(other: NamedMatrix, wanted: readonly string[]): Promise<QueryGenes> {
  const model = { trainGenes: wanted, trainConfig: new Map() };
  const nFound = ({ names }: QueryGenes): number => {
    const own = new Set(names);
    return wanted.reduce((n, name) => n + (own.has(name) ? 1 : 0), 0);
  };
  const asTheyAre = await queryGenes(other, model, AS_THEY_ARE);
  const reach = Math.min(wanted.length, other.names.length);
  if (nFound(asTheyAre) >= ENOUGH * reach) return named(asTheyAre, other);
  const mapped = await queryGenes(other, model, { ...AS_THEY_ARE, autoGenes: true }).catch(
    (error: unknown) => {
      if (isAtlasmtlError(error)) return asTheyAre; // tables do not know the names: what matches is told
      throw error;
    },
  );
  return named(nFound(mapped) > nFound(asTheyAre) ? mapped : asTheyAre, other);
}

/** The notes speak of a query and a model. */
const named = (genes: QueryGenes, { source }: NamedMatrix): QueryGenes => ({
  ...genes,
  notes: genes.notes.map(({ message }) => ({
    message: `${source}: ${String(message).replaceAll("the query's", "its").replaceAll("the model's", "the first reference's").replaceAll("the query", "it")}`,
  })),
});

function cut(matrix: Matrix, own: readonly string[], names: readonly string[]): Matrix {
  if (own.length === names.length && own.every((name, gene) => name === names[gene])) return matrix;
  const place = new Map(names.map((name, gene) => [name, gene]));
  const first = new Int32Array(names.length).fill(-1);
  const target = Int32Array.from(own, (name, gene) => {
    const at = place.get(name) ?? -1;
    if (at >= 0) first[at] = gene;
    return at;
  });
  const plan = {
    names,
    target,
    first,
    groupSize: new Int32Array(names.length).fill(1),
    ids: names,
    symbols: names.map(() => null),
    nDropped: own.length - names.length,
    duplicated: [],
  };
  return moveGenes(matrix, plan, "sum");
}

function requireUnique({ names, source }: NamedMatrix): void {
  if (new Set(names).size === names.length) return;
  const seen = new Set<string>();
  const twice = [...new Set(names.filter((name) => seen.size === seen.add(name).size))];
  throw new AtlasmtlError(
    "BAD_DATA",
    `${twice.length} gene names occur more than once, such as ${some(twice)}`,
    {
      where: `${source} › var names`,
      hint: phrase`give another reference first, or preprocess this one, which adds up the columns of one gene`,
    },
  );
}

const some = (names: readonly string[]): string => names.slice(0, N_EXAMPLES).map(shown).join(", ");
