/** Checks that label columns form levels, each of which refines the one before. @module */
import { compareCodePoints } from "../core/order.ts";
import { notice, option, phrase } from "../errors.ts";
import type { Warning } from "./types.ts";

/** The labels of all cells in one column. */
export interface Level {
  readonly column: string;
  readonly classes: readonly string[];
  /** The class of each cell, −1 if missing. */
  readonly codes: Int32Array;
}

/** Below this share of cells under the main parent of their class, a column is no level of the other. */
export const NESTED = 0.9;
const N_LISTED = 5;

/** A class and its parents, most cells first. */
interface Child {
  readonly name: string;
  readonly parents: readonly { readonly name: string; readonly nCells: number }[];
}

export interface Nesting {
  /** Share of the cells with both labels that lie under the main parent of their class, 0 to 1. */
  readonly share: number;
  /** The main parent of each class, −1 for one of which no cell has both labels. */
  readonly main: Int32Array;
  /** Classes under more than one parent. */
  readonly torn: readonly Child[];
}

/**
 * Warnings on columns that are given from fine to coarse, columns that do not refine the one before, and classes under two
 * parents, by name and number of cells.
 */
export function levelNotices(levels: readonly Level[], where = "obs"): Warning[] {
  const columns = levels.map(({ column }) => column);
  const reversed = levels.slice(1).filter((level, i) => isReversed(levels[i], level));
  const turned = [...levels].sort((a, b) => a.classes.length - b.classes.length).map(({ column }) => column);
  if (reversed.length > 0)
    return [
      notice(
        `the label columns go from fine to coarse: ${levels.map(({ column, classes }) => `"${column}" (${classes.length} classes)`).join(", ")}`,
        {
          where,
          hint: phrase`give them from coarse to fine: ${option("labelColumns", turned)}; hierarchy rules map each label to one of the column before`,
        },
      ),
    ];
  return levels.slice(1).flatMap((level, i): Warning[] => {
    const { share, torn } = nesting(levels[i], level);
    if (torn.length === 0) return [];
    const examples = torn.slice(0, N_LISTED).map(textOf).join("; ") + (torn.length > N_LISTED ? "; …" : "");
    if (share < NESTED)
      return [
        notice(
          `"${level.column}" does not refine "${columns[i]}": ${torn.length} of its ${level.classes.length} classes lie under several of its classes, and ${percent(1 - share)} of the cells not under the main one (${examples})`,
          {
            where,
            hint: "hierarchy rules between the two make wrong cells Unknown: leave one out, or learn it by a model of its own",
          },
        ),
      ];
    return [
      notice(
        `${torn.length === 1 ? "one class" : `${torn.length} classes`} of "${level.column}" ${torn.length === 1 ? "lies" : "lie"} under more than one class of "${columns[i]}": ${examples}`,
        {
          where,
          hint: phrase`correct the labels of these cells, or give ${option("hierarchyRules")} of your own; derived ones take the parent with most cells`,
        },
      ),
    ];
  });
}

const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;

const textOf = ({ name, parents }: Child): string =>
  `"${name}" (${parents
    .slice(0, N_LISTED)
    .map((parent) => `${parent.name}: ${parent.nCells} cell${parent.nCells === 1 ? "" : "s"}`)
    .join(", ")}${parents.length > N_LISTED ? ", …" : ""})`;

/** True if the coarser-named column refines the other, and not the other way round. */
function isReversed(parent: Level, child: Level): boolean {
  return (
    child.classes.length < parent.classes.length &&
    nesting(child, parent).share >= NESTED &&
    nesting(parent, child).share < NESTED
  );
}

/** Under which classes of `parent` the cells of the classes of `child` lie. */
export function nesting(parent: Level, child: Level): Nesting {
  const nParents = parent.classes.length;
  const counts = new Map<number, number>();
  child.codes.forEach((code, row) => {
    const own = parent.codes[row];
    if (code < 0 || own < 0) return;
    const key = code * nParents + own;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  });
  const children = new Map<number, { name: string; code: number; nCells: number }[]>();
  let total = 0;
  for (const [key, nCells] of counts) {
    const code = Math.floor(key / nParents);
    const parents = children.get(code) ?? [];
    parents.push({ name: parent.classes[key % nParents], code: key % nParents, nCells });
    children.set(code, parents);
    total += nCells;
  }
  let nested = 0;
  const main = new Int32Array(child.classes.length).fill(-1);
  const torn: Child[] = [];
  for (const [code, parents] of children) {
    parents.sort((a, b) => b.nCells - a.nCells || compareCodePoints(a.name, b.name));
    nested += parents[0].nCells;
    main[code] = parents[0].code;
    if (parents.length > 1) torn.push({ name: child.classes[code], parents });
  }
  torn.sort((a, b) => compareCodePoints(a.name, b.name));
  return { share: total === 0 ? 1 : nested / total, main, torn };
}
