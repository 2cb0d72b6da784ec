/** With which other classes of its label column each class is compared. @module */
import { type Level, NESTED, nesting } from "../label-levels.ts";

/** Classes that are compared with each other. */
export interface Family {
  /** The class of the column before that they lie under; null for all classes of the column. */
  readonly parent: string | null;
  /** Codes of all classes in it, rising. */
  readonly members: readonly number[];
  /** Codes of those that are compared with the other members. */
  readonly compared: readonly number[];
}

/**
 * The families of a label column: the children of each class of the column before, where the two are nested. Classes
 * without a sibling, and those of other columns, are compared with all classes of the column. Classes that `counts` has
 * no cells of are left out.
 */
export function familiesOf(level: Level, before: Level | undefined, counts: Uint32Array): Family[] {
  const all = Array.from(level.classes.keys()).filter((code) => counts[code] > 0);
  const parents = before === undefined ? null : parentsOf(before, level);
  if (before === undefined || parents === null) return [{ parent: null, members: all, compared: all }];
  const children = new Map<number, number[]>();
  const alone: number[] = [];
  for (const code of all) {
    if (parents[code] < 0) alone.push(code);
    else children.set(parents[code], [...(children.get(parents[code]) ?? []), code]);
  }
  const families: Family[] = [];
  for (const [code, members] of [...children].sort(([a], [b]) => a - b)) {
    if (members.length === 1) alone.push(...members);
    else families.push({ parent: before.classes[code], members, compared: members });
  }
  return alone.length === 0 ? families : [...families, { parent: null, members: all, compared: alone }];
}

/** The main parent of each class; null if the columns are no levels. */
function parentsOf(before: Level, level: Level): Int32Array | null {
  if (before.classes.length >= level.classes.length) return null;
  const { share, main } = nesting(before, level);
  return share < NESTED ? null : main;
}
