/** Keeps a cell of every class on one side of a division. @module */

/** Rows on both sides, ascending. */
export interface Division {
  readonly kept: Uint32Array;
  readonly others: Uint32Array;
}

/**
 * Moves cells so that every class of every column has one among `kept` if it has one at all. Each cell that moves there
 * changes places with one whose classes have another cell there, so that the sizes stay; where there is no such cell, `kept`
 * grows. A division that has every class stays as it is. `others` is never emptied.
 * @param columns the class of each row, by column; −1 is no class
 */
export function coverClasses({ kept, others }: Division, columns: readonly Int32Array[]): Division {
  const counts = columns.map((codes) => {
    const count = new Map<number, number>();
    for (const row of kept) count.set(codes[row], (count.get(codes[row]) ?? 0) + 1);
    return count;
  });
  const countOf = (column: number, row: number): number => counts[column].get(columns[column][row]) ?? 0;
  const add = (row: number, n: number): void => {
    for (const [c, count] of counts.entries()) count.set(columns[c][row], countOf(c, row) + n);
  };
  const isWanted = (row: number): boolean =>
    columns.some((codes, c) => codes[row] >= 0 && countOf(c, row) === 0);
  const canLeave = (row: number): boolean =>
    columns.every((codes, c) => codes[row] < 0 || countOf(c, row) > 1);

  if (!others.some(isWanted)) return { kept, others };
  const [inside, outside] = [new Set(kept), new Set(others)];
  let last = kept.length - 1;
  for (const row of others) {
    if (!isWanted(row)) continue;
    while (last >= 0 && !canLeave(kept[last])) last--;
    if (last < 0 && outside.size === 1) break;
    inside.add(row);
    outside.delete(row);
    add(row, 1);
    if (last < 0) continue;
    const leaving = kept[last--];
    inside.delete(leaving);
    outside.add(leaving);
    add(leaving, -1);
  }
  return { kept: Uint32Array.from(inside).sort(), others: Uint32Array.from(outside).sort() };
}
