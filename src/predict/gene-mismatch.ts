/** Finds out why genes of a model are not in a query. @module */
import { inspectGenes } from "../anndata/inspect/inspect-genes.ts";
import { option, phrase, type Said } from "../errors.ts";

const ENSEMBL = /^(ENS[A-Z]*G)\d{6,}(\.\d+)?$/;

/** What the query has, for messages and for the likely cause of missing genes. */
export interface QuerySide {
  readonly source: string;
  readonly nGenes: number;
  /** Names, as they are stored, of genes that are none of the model's. */
  readonly unmatched: readonly string[];
  readonly cells: readonly string[];
  /** True if tables of genes were asked for. */
  readonly wasMapped: boolean;
  /** True if genes were carried over to the model's species. */
  readonly wasCarried: boolean;
  /** How many of the model's genes raw has; null where there is none, or it is what is read. */
  readonly nInRaw: number | null;
}

interface Cause {
  readonly cause: string;
  readonly hint: Said;
  /** True if the query was measured or kept with other genes, so that no name or table brings the missing ones back. */
  readonly isOtherSet?: boolean;
}

/**
 * The likely reason why genes of the model are missing, and how to fix it.
 *
 * It checks in turn: a transposed matrix, genes that were left out, numbers for names, Ensembl ids against symbols, ids and
 * symbols of another species.
 */
export function likelyCause(
  query: QuerySide,
  trainGenes: readonly string[],
  missing: readonly string[],
  nMatched: number,
): Cause {
  return (
    transposed(query, trainGenes, nMatched) ??
    cut(query, nMatched) ??
    numbers(query) ??
    otherKind(query, missing) ??
    otherSpecies(query, missing) ?? {
      isOtherSet: true,
      cause: "the query was measured or annotated with another set of genes",
      hint: query.wasMapped
        ? phrase`check the species; a table of other names can be given with ${option("geneIdTable")}; missing genes count as not expressed`
        : phrase`check species and gene annotation of the query; ${option("autoGenes", true)} also finds genes under other names; missing genes count as not expressed`,
    }
  );
}

function transposed({ cells }: QuerySide, trainGenes: readonly string[], nMatched: number): Cause | null {
  const inModel = new Set(trainGenes);
  const n = cells.reduce((sum, cell) => sum + (inModel.has(cell) ? 1 : 0), 0);
  if (n < 2 || n <= nMatched || n * 2 < Math.min(cells.length, trainGenes.length)) return null;
  return {
    cause: `the query is transposed: ${n} of its ${cells.length} cells are called as genes of the model`,
    hint: phrase`turn it, such as by adata = adata.T; of a table of numbers, set ${option("genesIn", "rows")}`,
  };
}

/** Nearly all genes of the query match, so there was nothing else in it. */
function cut({ nGenes, unmatched, nInRaw }: QuerySide, nMatched: number): Cause | null {
  if (nMatched === 0 || unmatched.length * 10 > nGenes) return null;
  const cause = `the query was cut to ${nGenes} genes, as by a choice of variable genes`;
  if (nInRaw !== null && nInRaw > nMatched)
    return {
      cause,
      hint: phrase`raw has ${nInRaw} of the model's genes: read it with ${option("layer", "raw/X")}`,
    };
  return { isOtherSet: true, cause, hint: "predict from the data before genes were left out" };
}

function numbers({ unmatched }: QuerySide): Cause | null {
  if (share(unmatched, (name) => /^\d+$/.test(name)) < 0.5) return null;
  const areRows = unmatched.every((name) => Number(name) < 100_000) && unmatched.includes("0");
  return {
    cause: areRows ? "the query's var names are row numbers" : "the query's var names are Entrez ids",
    hint: phrase`choose the var column with symbols or Ensembl ids with ${option("geneColumn")}`,
  };
}

function otherKind({ unmatched, wasMapped }: QuerySide, missing: readonly string[]): Cause | null {
  const isId = (gene: string): boolean => ENSEMBL.test(gene);
  const [queryIds, modelIds] = [share(unmatched, isId), share(missing, isId)];
  if (unmatched.length === 0 || queryIds < 0.5 === modelIds < 0.5) return null;
  const wanted = modelIds < 0.5 ? "gene symbols" : "Ensembl ids";
  const cause =
    modelIds < 0.5
      ? "the query uses Ensembl ids and the model gene symbols"
      : "the query uses gene symbols and the model Ensembl ids";
  if (wasMapped)
    return {
      cause,
      hint: phrase`check the species; a table of other names can be given with ${option("geneIdTable")}, a var column of ${wanted} with ${option("geneColumn")}`,
    };
  return {
    cause,
    hint: phrase`let ${option("autoGenes", true)} map them by tables of genes, or take ${wanted} from a var column with ${option("geneColumn")}; of 10x data, which has both, choose ${option("varNames", modelIds < 0.5 ? "gene_symbols" : "gene_ids")}`,
  };
}

const SPECIES: Readonly<Record<string, string>> = { ENSG: "human", ENSMUSG: "mouse", ENSRNOG: "rat" };

/** Ids of another species, or symbols in the case of another species. */
function otherSpecies({ unmatched, wasCarried }: QuerySide, missing: readonly string[]): Cause | null {
  const cause = (query: string, model: string, name: string, other: string): Cause => ({
    cause: `the query's genes are of ${query} (such as ${name}) and the model's of ${model} (${other})`,
    hint: wasCarried
      ? "predict with a model of the query's species"
      : phrase`carry genes of mouse over to human, or the other way, with ${option("orthologues", true)}; or predict with a model of the query's species`,
  });
  const [ofQuery, ofModel] = [idSpecies(unmatched), idSpecies(missing)];
  if (ofQuery !== null && ofModel !== null && ofQuery !== ofModel)
    return cause(ofQuery, ofModel, unmatched[0], missing[0]);
  const [bySymbols, ofOthers] = [inspectGenes(unmatched).species, inspectGenes(missing).species];
  if (bySymbols !== null && ofOthers !== null && areApart(bySymbols, ofOthers))
    return cause(bySymbols, ofOthers, unmatched[0], missing[0]);
  const inCapitals = new Map(unmatched.map((gene) => [gene.toUpperCase(), gene]));
  const alike = missing.filter((gene) => inCapitals.has(gene.toUpperCase()));
  if (alike.length * 2 < missing.length) return null;
  const example = alike.find((gene) => /[A-Za-z]{2}/.test(gene)) ?? alike[0];
  const other = inCapitals.get(example.toUpperCase())!;
  const isTitle = (gene: string): boolean => /^[A-Z][^A-Z]*[a-z]/.test(gene);
  const areTitles = (genes: readonly string[]): boolean => share(genes, isTitle) >= 0.5;
  if (areTitles(unmatched) && !areTitles(missing)) return cause("mouse or rat", "human", other, example);
  if (areTitles(missing) && !areTitles(unmatched)) return cause("human", "mouse or rat", other, example);
  return {
    cause: `the names differ in upper and lower case, such as ${other} and ${example}`,
    hint: "change the case of the query's names",
  };
}

/** True for names of species that have none in common, such as `human` and `mouse or rat`. */
function areApart(a: string, b: string): boolean {
  const ofB = b.split(/ or | and /);
  return a.split(/ or | and /).every((species) => !ofB.includes(species));
}

function idSpecies(genes: readonly string[]): string | null {
  const first = genes.find((gene) => ENSEMBL.test(gene));
  if (first === undefined || share(genes, (gene) => ENSEMBL.test(gene)) < 0.5) return null;
  const letters = ENSEMBL.exec(first)![1];
  return SPECIES[letters] ?? letters;
}

/** Share of `names` that fulfil `test`; 0 if there are none. */
function share(names: readonly string[], test: (name: string) => boolean): number {
  return names.length === 0 ? 0 : names.filter(test).length / names.length;
}
