/** Cuts the matrix of the reference to the genes that the caller lists (docs/specification/2-training.md#inputs). @module */
import type { Matrix } from "../anndata/types.ts";
import { type ConfigMap, keyed } from "../core/config.ts";
import { grouped, shown } from "../core/shown.ts";
import { AtlasmtlError, type Notice, notice, option, phrase } from "../errors.ts";
import { matchSpellings } from "../preprocess/gene-spelling.ts";
import { moveGenes } from "../preprocess/gene-view.ts";
import type { GenePlan } from "../preprocess/merge-genes.ts";
import { panelOfRecord, panelSymbols } from "../preprocess/panel.ts";
import { GENE_SELECTION } from "../schema/training.ts";

/** Below this share of what could match, the list is likely another one than was meant. */
const ENOUGH = 0.5;
const N_EXAMPLES = 3;

/** The genes that training uses. */
export interface TrainGenes {
  readonly genes: readonly string[];
  readonly matrix: Matrix;
  /** How many of them there are, for the metadata; null if none were listed. */
  readonly selection: ConfigMap | null;
  readonly warnings: readonly Notice[];
}

/**
 * The columns of `matrix` whose genes are in `listed`, in the order of the matrix; all of them if it is null. A gene is
 * found by its very name, else by another spelling of it, else by its symbol in the panel of the record of preprocessing.
 * @throws MISMATCH if none is found.
 */
export function chooseGenes(
  matrix: Matrix,
  names: readonly string[],
  listed: readonly string[] | null,
  preprocess: ConfigMap | null,
): TrainGenes {
  if (listed === null) return { genes: names, matrix, selection: null, warnings: [] };
  const given = [...new Set(listed)];
  const isListed = found(given, names, preprocess);
  const kept = Int32Array.from(names.keys()).filter((gene) => isListed.has(names[gene]));
  const genes = Array.from(kept, (gene) => names[gene]);
  const of = phrase`${kept.length === 0 ? "none" : grouped(kept.length)} of the reference's ${grouped(names.length)} genes ${kept.length === 1 ? "is" : "are"} among the ${grouped(given.length)} that are listed`;
  const said = phrase`${of} (listed: ${some(given)}; reference: ${some(names)})`;
  const details = {
    where: "var names",
    hint: phrase`list them by the reference's names; its ids or symbols can be chosen with ${option("geneColumn")}`,
  };
  if (kept.length === 0) throw new AtlasmtlError("MISMATCH", said, details);
  const isFew = kept.length < ENOUGH * Math.min(given.length, names.length);
  return {
    genes,
    matrix:
      kept.length === names.length ? matrix : moveGenes(matrix, planOf(kept, genes, names.length), "sum"),
    selection: keyed(GENE_SELECTION, { nListed: given.length, nUsed: kept.length, nReference: names.length }),
    warnings: isFew ? [notice(said, details)] : [],
  };
}

/** The names of the reference that the listed ones mean. */
function found(
  given: readonly string[],
  names: readonly string[],
  preprocess: ConfigMap | null,
): ReadonlySet<string> {
  const known = new Set(names);
  const meant = new Set(given.filter((gene) => known.has(gene)));
  for (const gene of matchSpellings(given, names, meant)) if (gene !== null) meant.add(gene);
  const panel = panelOfRecord(preprocess);
  if (panel === null) return meant;
  const idOf = panelSymbols(panel);
  for (const gene of given) {
    const id = idOf.get(gene);
    if (id !== undefined) meant.add(id);
  }
  return meant;
}

function planOf(kept: Int32Array, genes: readonly string[], nGenes: number): GenePlan {
  const target = new Int32Array(nGenes).fill(-1);
  kept.forEach((gene, at) => {
    target[gene] = at;
  });
  return {
    names: genes,
    target,
    first: kept,
    groupSize: new Int32Array(kept.length).fill(1),
    ids: genes,
    symbols: genes.map(() => null),
    nDropped: nGenes - kept.length,
    duplicated: [],
  };
}

const some = (names: readonly string[]): string => names.slice(0, N_EXAMPLES).map(shown).join(", ");
