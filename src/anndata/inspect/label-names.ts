/** Finds classes of a label column whose names stand for no class, or for one class twice. @module */
import { type Notice, notice, option, phrase, type Said } from "../../errors.ts";

/** A class and the number of its cells. */
export interface NamedClass {
  readonly name: string;
  readonly count: number;
}

/** What tools and people write for "no label", folded. */
const PLACEHOLDERS: ReadonlySet<string> = new Set([
  ...["", "?", "nan", "na", "n/a", "#n/a", "none", "null", "nil", "missing"],
  ...["unassigned", "not assigned", "unknown", "unclassified", "undefined", "undetermined"],
  ...["unlabeled", "unlabelled", "unannotated", "not annotated", "ambiguous"],
  ...["doublet", "doublets", "multiplet", "multiplets", "low quality", "lowquality", "low quality cells"],
]);

/** The label that predictions give to cells without one. */
const UNKNOWN = "Unknown";
const N_LISTED = 5;

/** True for a name that stands for "no label" in any case, such as `nan`, blanks or `low_quality`. */
export function isPlaceholder(name: string): boolean {
  return PLACEHOLDERS.has(
    name
      .normalize("NFKC")
      .toLowerCase()
      .replace(/[\s_.-]+/g, " ")
      .trim(),
  );
}

/**
 * Classes that differ only by case, blanks, dots, dashes or underscores, in groups of two or more. A dash at the end is a
 * minus (`CD4-`), and a separator between digits is kept (`1.1` is not `11`).
 */
export function likeNamed<T extends { readonly name: string }>(classes: readonly T[]): T[][] {
  const groups = new Map<string, T[]>();
  for (const each of classes) {
    const key = each.name
      .normalize("NFKC")
      .trim()
      .toLowerCase()
      .replace(/(?<=\d)[\s_.-]+(?=\d)/g, " ")
      .replace(/(?<!\d)[\s_.-]+(?=[^\s_.-])|[\s_.-]+(?=[^\s_.\d-])/g, "");
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()].filter(({ length }) => length > 1);
}

/** Notices on the class names of one column, with numbers of cells. */
export function labelNotices(column: string, classes: readonly NamedClass[], where?: string): Notice[] {
  const notices: Notice[] = [];
  const say = (message: string, hint: Said) =>
    notices.push(notice(message, { ...(where === undefined ? {} : { where }), hint }));
  const placeholders = classes.filter(({ name }) => isPlaceholder(name) && name !== UNKNOWN);
  if (placeholders.length > 0) {
    const names = [...new Set(placeholders.map(({ name }) => name.trim()))];
    say(
      placeholders.length === 1
        ? `column "${column}" has a class that stands for no label: ${told(placeholders)}`
        : `column "${column}" has ${placeholders.length} classes that stand for no label: ${told(placeholders)}`,
      phrase`treat them as missing by ${option("missingValues", names)}, or leave these cells out`,
    );
  }
  if (classes.some(({ name }) => name === UNKNOWN))
    say(
      `column "${column}" has a class named "${UNKNOWN}", the name that predictions give to cells they cannot place`,
      phrase`rename the class, or treat it as missing by ${option("missingValues", [UNKNOWN])}`,
    );
  const alike = likeNamed(classes.filter((each) => !placeholders.includes(each)));
  if (alike.length > 0)
    say(
      `column "${column}" has classes that differ only by case, blanks, dots or dashes: ${some(
        alike.map((group) => told(group, " and ")),
      )}`,
      "give each type one name",
    );
  return notices;
}

const told = (classes: readonly NamedClass[], between = ", "): string =>
  some(
    classes.map(({ name, count }) => `${JSON.stringify(name)} (${count} cell${count === 1 ? "" : "s"})`),
    between,
  );

function some(items: readonly string[], between = ", "): string {
  return items.slice(0, N_LISTED).join(between) + (items.length > N_LISTED ? `${between}…` : "");
}
