/** Choosing few combinations of settings in which every pair of settings occurs. */

/** A choice of one value per factor, by number. */
export type Row = readonly number[];

/**
 * Rows such that any two values of different factors stand together in one of them; `sizes` holds the number of
 * values of each factor. Greedy: each row begins with a pair that is still missing and takes, factor by factor, the
 * value that adds most.
 */
export function coverPairs(sizes: readonly number[]): Row[] {
  const missing = new Set<string>();
  const key = (i: number, a: number, j: number, b: number) =>
    i < j ? `${i}:${a}-${j}:${b}` : `${j}:${b}-${i}:${a}`;
  for (let i = 0; i < sizes.length; i++)
    for (let j = i + 1; j < sizes.length; j++)
      for (let a = 0; a < sizes[i]; a++) for (let b = 0; b < sizes[j]; b++) missing.add(key(i, a, j, b));
  const rows: Row[] = [];
  while (missing.size > 0) {
    const [first] = missing;
    const [i, a, j, b] = first.split(/[:-]/).map(Number) as [number, number, number, number];
    const row = sizes.map(() => -1);
    row[i] = a;
    row[j] = b;
    for (let f = 0; f < sizes.length; f++) {
      if (row[f] !== -1) continue;
      let best = -1;
      for (let value = 0; value < sizes[f]; value++) {
        const gain = row.reduce(
          (n, other, g) => n + (other >= 0 && missing.has(key(f, value, g, other)) ? 1 : 0),
          0,
        );
        // Ties go round, so that values without a pair to add are used alike.
        if (gain > best || (gain === best && (value + rows.length) % sizes[f] === 0)) {
          best = gain;
          row[f] = value;
        }
      }
    }
    for (let g = 0; g < row.length; g++)
      for (let h = g + 1; h < row.length; h++) missing.delete(key(g, row[g], h, row[h]));
    rows.push(row);
  }
  return rows;
}

/** The share of the pairs of values that stand together in a row: 1 if all do. */
export function coveredPairs(rows: readonly Row[], sizes: readonly number[]): number {
  const pairs = new Set(
    rows.flatMap((row) => row.flatMap((a, i) => row.map((b, j) => `${i}:${a} ${j}:${b}`))),
  );
  // A value with itself counts, too.
  const total = sizes.reduce(
    (sum, a, i) => sum + sizes.reduce((inner, b, j) => inner + (i === j ? a : a * b), 0),
    0,
  );
  return pairs.size / total;
}
