/** The label columns of several references as one, by a label map. @module */
import type { Column, Notice } from "../anndata/types.ts";
import { didYouMean } from "../core/nearest.ts";
import { compareCodePoints } from "../core/order.ts";
import { shown } from "../core/shown.ts";
import { locateOnce, notice, option, phrase } from "../errors.ts";
import { readLabels } from "../model/labels.ts";
import { type LabelLookup, labelLookup } from "./label-map.ts";
import type { LabelMapRow, ReferenceSource } from "./types.ts";

const N_LISTED = 5;
/** Below this share of the labels of the source that has fewest in common, labels are likely named otherwise. */
const ENOUGH = 0.5;

export interface JoinedLabels {
  /** By their names in the first source. */
  readonly columns: ReadonlyMap<string, Column>;
  readonly notes: readonly Notice[];
  readonly warnings: readonly Notice[];
}

/**
 * The labels of all cells at each level, after the map.
 * @throws NOT_FOUND for an absent column, BAD_DATA for one that holds no labels and for a map that contradicts itself.
 */
export async function joinLabels(
  sources: readonly ReferenceSource[],
  labelMap: readonly LabelMapRow[],
): Promise<JoinedLabels> {
  const lookup = labelLookup(labelMap);
  const columns = new Map<string, Column>();
  const notes: Notice[] = [];
  const warnings: Notice[] = [];
  const stored = new Set<string>();
  for (const [level, column] of sources[0].labelColumns.entries()) {
    const own = await Promise.all(sources.map((source) => labelsOf(source, level, lookup, stored)));
    const categories = [...new Set(own.flatMap((each) => each.names.filter((name) => name !== null)))].sort(
      compareCodePoints,
    );
    const codeOf = new Map(categories.map((name, code) => [name, code]));
    const codes = Int32Array.from(
      own.flatMap(({ names, codes: before }) => {
        const after = names.map((name) => (name === null ? -1 : codeOf.get(name)!));
        return Array.from(before, (code) => (code < 0 ? -1 : after[code]));
      }),
    );
    columns.set(column, { kind: "categorical", codes, categories, ordered: false });
    const sets = own.map(({ names }) => new Set(names.filter((name) => name !== null)));
    if (sources.length === 1) continue;
    const told = overlap(column, sources, sets);
    // Who gives a map has looked at the labels.
    (told.isLittle && labelMap.length === 0 ? warnings : notes).push(told.notice);
  }
  const unused = lookup.unused();
  if (unused.length > 0)
    warnings.push(
      notice(
        `${unused.length === 1 ? "a line" : `${unused.length} lines`} of the label map ${unused.length === 1 ? "names a label" : "name labels"} that no cell has: ${unused
          .slice(0, N_LISTED)
          .map((row) => `${shown(row.label)}${didYouMean(row.label, stored)}`)
          .join("; ")}`,
        { hint: "compare file, column and label with those of the references" },
      ),
    );
  return { columns, notes, warnings };
}

/** The labels of a column of a source, as they are stored. @throws as {@link joinLabels}. */
export async function readReferenceLabels({ adata }: Pick<ReferenceSource, "adata">, column: string) {
  try {
    return await readLabels(adata.obs, column, "ignore");
  } catch (error) {
    throw locateOnce(error, adata.source);
  }
}

/** The labels of one source, and what each becomes. */
async function labelsOf(
  { name: file, adata, labelColumns }: ReferenceSource,
  level: number,
  lookup: LabelLookup,
  stored: Set<string>,
): Promise<{ readonly codes: Int32Array; readonly names: readonly (string | null)[] }> {
  const column = labelColumns[level];
  const { codes, classes } = await readReferenceLabels({ adata }, column);
  for (const label of classes) stored.add(label);
  return { codes, names: classes.map((label) => lookup(file, column, label)) };
}

/** Which labels all have, and which one alone. */
function overlap(
  column: string,
  sources: readonly ReferenceSource[],
  sets: readonly ReadonlySet<string>[],
): { readonly isLittle: boolean; readonly notice: Notice } {
  const inOthers = (label: string, s: number): boolean =>
    sets.some((other, o) => o !== s && other.has(label));
  const all = [...sets[0]].filter((label) => sets.every((each) => each.has(label)));
  const only = sets.map((own, s) => [...own].filter((label) => !inOthers(label, s)).sort(compareCodePoints));
  const parts = only.flatMap((labels, s) =>
    labels.length === 0
      ? []
      : [
          `only in ${sources[s].name}: ${labels.slice(0, N_LISTED).join(", ")}${labels.length > N_LISTED ? ` and ${labels.length - N_LISTED} more` : ""}`,
        ],
  );
  const text = `${all.length} label${all.length === 1 ? "" : "s"} of "${column}" in ${sources.length === 2 ? "both" : `all ${sources.length}`} references${parts.length === 0 ? "" : `; ${parts.join("; ")}`}`;
  const isLittle = sets.some((own, s) => own.size > 0 && (own.size - only[s].length) / own.size < ENOUGH);
  return {
    isLittle,
    notice: isLittle
      ? notice(text, {
          hint: phrase`where one type has two names, say so in a table: atlasmtl harmonise proposes one, and ${option("labelMap", "FILE.tsv")} takes it`,
        })
      : notice(text),
  };
}
