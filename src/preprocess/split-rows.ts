/** The cells of one side of a split. @module */
import type { GroupSplit } from "./group-split.ts";
import type { SplitPart } from "./split-options.ts";

/** The row numbers of one side, rising. */
export function splitRows({ sides }: Pick<GroupSplit, "sides">, part: SplitPart): Uint32Array {
  const wanted = part === "build" ? 1 : 2;
  const rows: number[] = [];
  sides.forEach((side, row) => {
    if (side === wanted) rows.push(row);
  });
  return Uint32Array.from(rows);
}
