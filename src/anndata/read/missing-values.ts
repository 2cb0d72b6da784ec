/** Labels that the user calls missing. @module */

/** The codes and class names of a label column. */
interface Labels {
  readonly codes: Int32Array;
  readonly categories: readonly string[];
}

const fold = (value: string): string => value.trim().toLowerCase();

/**
 * Labels without the classes that `values` name, whose cells become missing (code -1). Case and surrounding blanks do not
 * matter, and an empty value names blanks.
 */
export function withoutMissing<T extends Labels>(labels: T, values: readonly string[]): Labels {
  const missing = new Set(values.map(fold));
  const { codes, categories } = labels;
  const kept = categories.filter((name) => !missing.has(fold(name)));
  if (kept.length === categories.length) return labels;
  const at = new Map(kept.map((name, code) => [name, code]));
  const codeOf = categories.map((name) => at.get(name) ?? -1);
  return { codes: codes.map((code) => (code < 0 ? -1 : codeOf[code])), categories: kept };
}

/** The number of cells of each class. */
export function countCells({
  codes,
  categories,
}: Labels): { readonly name: string; readonly count: number }[] {
  const counts = new Array<number>(categories.length).fill(0);
  for (const code of codes) if (code >= 0) counts[code]++;
  return categories.map((name, code) => ({ name, count: counts[code] }));
}
