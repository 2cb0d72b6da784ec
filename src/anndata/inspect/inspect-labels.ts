/** Guesses which obs columns are labels for training, and which are groups of cells. @module */

import { isPredictionColumn } from "../../schema/columns.ts";
import type { Column, DataFrame } from "../types.ts";
import type { AnnDataSummary, ColumnSummary, UnreadableSummary } from "./describe.ts";

/** A column with more classes than this identifies cells, not types. */
const MAX_LABEL_CLASSES = 1000;

const LABEL_WORDS =
  /type|label|lineage|class|cluster|subset|annot|ident(?!ifier)|louvain|leiden|celltype|state|level|population|compartment|(^|_)l\d/i;
const GROUP_WORDS =
  /donor|patient|subject|individual|participant|sample|batch|technology|chemistry|assay|protocol|library|channel|(^|_)lane|(^|_)run(_|$)|experiment|dataset|study|(^|_)site|plate|indiv|genotype|(^|_)strain|mouse|animal|embryo|biosample|condition|treatment|stim|replicate|orig[._]ident|(^|_)pool|hashtag|disease|tissue|organ(_|$)|(^|_)sex$|gender|development|(^|_)age|ethnic|suspension|time_?point|phase/i;
const CLUSTER_WORDS = /cluster|louvain|leiden/i;
/** Names of donors and batches, such as `SAMP12`, in a column whose own name says nothing. */
const GROUP_CLASS =
  /^(samp|sample|donor|patient|subj|subject|indiv|individual|mouse|animal|batch|lib|library|rep|replicate|pool|plate|lane|run|dataset|study)[ _.-]?\d+$/i;
/** CELLxGENE files have such a column for each label, with its ontology term. */
const TERM_ID = /ontology_term_id$/;

export type ColumnRole = "label" | "group" | "other";

/** True for a column summary; false for a column that could not be read. */
export function isReadable(column: ColumnSummary | UnreadableSummary): column is ColumnSummary {
  return !("problem" in column);
}

/** The use of an obs column, by its name and its classes. */
export function roleOf(column: ColumnSummary | UnreadableSummary, nCells: number): ColumnRole {
  if (!isReadable(column) || column.kind === "number" || column.kind === "boolean") return "other";
  const nClasses = column.nClasses ?? 0;
  const isFew = nClasses >= 1 && nClasses <= MAX_LABEL_CLASSES && (nClasses < nCells / 2 || nCells < 20);
  if (!isFew || TERM_ID.test(column.name)) return "other";
  if (GROUP_WORDS.test(column.name) && !/cell_?type|annot|cluster/i.test(column.name)) return "group";
  if (!LABEL_WORDS.test(column.name) && column.classes.every(({ name }) => GROUP_CLASS.test(name)))
    return "group";
  return "label";
}

/**
 * Suggested label columns for training, coarse to fine: columns with names of labels, as a chain in which
 * each refines the one before; the first column alone if there is no chain.
 */
export async function labelChain({ obs: columns, nObs }: AnnDataSummary, obs: DataFrame): Promise<string[]> {
  const labels = columns
    .filter(isReadable)
    .filter((column) => roleOf(column, nObs) === "label" && (column.nClasses ?? 0) >= 2)
    .filter(({ name }) => !isPredictionColumn(name));
  const named = labels.filter(({ name }) => LABEL_WORDS.test(name));
  const candidates = (named.length > 0 ? named : labels.slice(0, 1))
    .toSorted((a, b) => (a.nClasses ?? 0) - (b.nClasses ?? 0))
    .slice(0, MAX_CANDIDATES);
  let best: string[] = [];
  const read = await Promise.all(
    candidates.map(async ({ name }) => ({ name, codes: codesOf(await obs.column(name)) })),
  );
  for (const start of read.keys()) {
    const chain = [read[start]];
    for (const next of read.slice(start + 1))
      if (chain.length < MAX_LEVELS && refines(chain.at(-1)!.codes, next.codes)) chain.push(next);
    const names = chain.map(({ name }) => name);
    if (rank(names) > rank(best)) best = names;
  }
  return best;
}

/** The longer chain; of equal ones, the one whose names are not those of clusterings. */
function rank(chain: readonly string[]): number {
  return chain.length + chain.filter((name) => !CLUSTER_WORDS.test(name)).length / (MAX_LEVELS + 1);
}

const MAX_CANDIDATES = 12;
const MAX_LEVELS = 4;

/** Share of cells that must follow the hierarchy. */
const CONSISTENT = 0.98;

/** True if nearly every class of `fine` belongs to one class of `coarse`, and `fine` has more classes. */
export function refines(coarse: Int32Array, fine: Int32Array): boolean {
  const counts = new Map<number, Map<number, number>>();
  let total = 0;
  for (const [i, code] of fine.entries()) {
    const parent = coarse[i];
    if (code < 0 || parent < 0) continue;
    total++;
    const parents = counts.get(code) ?? new Map<number, number>();
    counts.set(code, parents.set(parent, (parents.get(parent) ?? 0) + 1));
  }
  let consistent = 0;
  const seen = new Set<number>();
  for (const parents of counts.values()) {
    const [parent, most] = [...parents].reduce((a, b) => (b[1] > a[1] ? b : a));
    seen.add(parent);
    consistent += most;
  }
  return total > 0 && counts.size > seen.size && consistent >= CONSISTENT * total;
}

function codesOf(column: Column): Int32Array {
  if (column.kind === "categorical") return column.codes;
  const codes = new Map<string, number>();
  if (column.kind !== "string") return new Int32Array(column.values.length).fill(-1);
  return Int32Array.from(column.values, (value) => {
    if (value === null) return -1;
    const code = codes.get(value) ?? codes.size;
    codes.set(value, code);
    return code;
  });
}
