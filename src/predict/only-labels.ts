/** Which labels a call allows (docs/specification/3-prediction.md#allowed-labels). @module */
import { nearest } from "../core/nearest.ts";
import { usageError } from "../core/option-checks.ts";
import { AtlasmtlError, notice, option, type Phrase, phrase } from "../errors.ts";
import type { LabelHead, Model } from "../model/types.ts";
import { deriveHierarchyRules, type HierarchyRules } from "./hierarchy-rules.ts";
import type { Warning } from "./types.ts";

/** What a caller says about labels: `label`, or `column:label` for one label column. */
export interface LabelChoice {
  readonly onlyLabels: readonly string[] | null;
  readonly excludeLabels: readonly string[] | null;
}

/** The classes that stay, by label column in order. */
export interface AllowedLabels {
  /** Positions among the classes of the model, rising. */
  readonly classes: readonly Int32Array[];
  readonly warnings: readonly Warning[];
}

/**
 * The classes that `choice` allows; null if it says nothing.
 *
 * A named label stands for all labels under it; of a label and labels under it that are both named, the latter count.
 * `onlyLabels` leaves what is named, everything under it, and the parents of it; `excludeLabels` takes away what is named,
 * everything under it, and parents of which no child is left.
 * @param rules what lies under what, by child column; empty if that is not known
 * @throws NOT_FOUND for a label that the model does not have, with similar ones; USAGE if no label of a column is left.
 */
export function allowedLabels(
  heads: readonly LabelHead[],
  choice: LabelChoice,
  rules: HierarchyRules,
): Omit<AllowedLabels, "warnings"> | null {
  const { onlyLabels, excludeLabels } = choice;
  if (onlyLabels === null && excludeLabels === null) return null;
  const tree = linksOf(heads, rules);
  const all = heads.map(({ classes }) => new Uint8Array(classes.length).fill(1));
  const allowed =
    onlyLabels === null ? all : onlyThese(heads, tree, namedLabels(heads, onlyLabels, "onlyLabels"));
  if (excludeLabels !== null) withoutThese(allowed, tree, namedLabels(heads, excludeLabels, "excludeLabels"));
  const classes = allowed.map((flags, h) => {
    const kept = Int32Array.from([...flags.keys()].filter((c) => flags[c] === 1));
    if (kept.length === 0)
      throw usageError(
        phrase`no label of ${heads[h].column} is left by ${option(onlyLabels === null ? "excludeLabels" : "onlyLabels")}`,
        "leave at least one label of each column",
      );
    return kept;
  });
  return { classes };
}

/** @throws as {@link allowedLabels}, for names that are wrong whatever lies under what. */
export function checkLabelNames(heads: readonly LabelHead[], choice: LabelChoice): void {
  for (const from of ["onlyLabels", "excludeLabels"] as const)
    if (choice[from] !== null) namedLabels(heads, choice[from], from);
}

/** For each label column its parent column, by position, and the parent of each class; −1 for none. */
interface Link {
  readonly parent: number;
  readonly parentOf: Int32Array;
}

function linksOf(heads: readonly LabelHead[], rules: HierarchyRules): readonly (Link | null)[] {
  return heads.map(({ column, classes }) => {
    const rule = rules.get(column);
    const parent = rule === undefined ? -1 : heads.findIndex((head) => head.column === rule.parentColumn);
    if (rule === undefined || parent < 0) return null;
    const position = new Map(heads[parent].classes.map((name, code) => [name, code]));
    return {
      parent,
      parentOf: Int32Array.from(classes, (name) => position.get(rule.childToParent.get(name) ?? "") ?? -1),
    };
  });
}

/** Named labels as flags by label column. */
function namedLabels(
  heads: readonly LabelHead[],
  names: readonly string[],
  from: keyof LabelChoice,
): Uint8Array[] {
  if (names.length === 0)
    throw usageError(phrase`${option(from)} names no label`, "name labels of the model");
  const flags = heads.map(({ classes }) => new Uint8Array(classes.length));
  for (const name of names) {
    let isFound = false;
    const mark = (h: number, label: string): void => {
      const code = heads[h].classes.indexOf(label);
      if (code < 0) return;
      flags[h][code] = 1;
      isFound = true;
    };
    heads.forEach((_, h) => {
      mark(h, name);
    });
    if (!isFound)
      heads.forEach(({ column }, h) => {
        if (name.startsWith(`${column}:`)) mark(h, name.slice(column.length + 1));
      });
    if (!isFound) throw unknownLabel(heads, name, from);
  }
  return flags;
}

const N_NEAR = 3;

function unknownLabel(heads: readonly LabelHead[], name: string, from: keyof LabelChoice): AtlasmtlError {
  const own = heads.find(({ column }) => name.startsWith(`${column}:`));
  const label = own === undefined ? name : name.slice(own.column.length + 1);
  const candidates = new Set((own === undefined ? heads : [own]).flatMap(({ classes }) => classes));
  const near: string[] = [];
  for (let best = nearest(label, candidates); best !== null && near.length < N_NEAR; ) {
    near.push(best);
    candidates.delete(best);
    best = nearest(label, candidates);
  }
  const where: Phrase = phrase`${option(from)}`;
  return new AtlasmtlError(
    "NOT_FOUND",
    `the model has no label "${label}"${own === undefined ? "" : ` in ${own.column}`}${near.length === 0 ? "" : `; did you mean ${near.map((each) => `"${each}"`).join(" or ")}?`}`,
    {
      where,
      hint: `name labels as the model has them, such as "${heads[0].classes[0]}", or with their column, such as "${heads[0].column}:${heads[0].classes[0]}"`,
    },
  );
}

/** Columns in which every class is allowed by nothing that was named, as nothing links them with one that was, stay whole. */
function onlyThese(
  heads: readonly LabelHead[],
  tree: readonly (Link | null)[],
  named: readonly Uint8Array[],
): Uint8Array[] {
  const finest = named.map((flags) => flags.slice());
  const above = named.map((flags) => new Uint8Array(flags.length));
  // From fine to coarse: what has a named label under it.
  for (let h = heads.length - 1; h >= 0; h--) {
    const link = tree[h];
    if (link === null) continue;
    link.parentOf.forEach((parent, c) => {
      if (parent >= 0 && (named[h][c] === 1 || above[h][c] === 1)) above[link.parent][parent] = 1;
    });
  }
  above.forEach((flags, h) => {
    flags.forEach((flag, c) => {
      if (flag === 1) finest[h][c] = 0;
    });
  });
  const under = finest.map((flags) => flags.slice());
  tree.forEach((link, h) => {
    link?.parentOf.forEach((parent, c) => {
      if (parent >= 0 && under[link.parent][parent] === 1) under[h][c] = 1;
    });
  });
  const allowed = under.map((flags, h) => flags.map((flag, c) => flag | above[h][c]));
  return allowed.map((flags) => (flags.includes(1) ? flags : flags.fill(1)));
}

function withoutThese(
  allowed: readonly Uint8Array[],
  tree: readonly (Link | null)[],
  named: readonly Uint8Array[],
): void {
  const gone = named.map((flags) => flags.slice());
  tree.forEach((link, h) => {
    link?.parentOf.forEach((parent, c) => {
      if (parent >= 0 && gone[link.parent][parent] === 1) gone[h][c] = 1;
    });
  });
  // From fine to coarse: a parent whose children are all gone.
  for (let h = tree.length - 1; h >= 0; h--) {
    const link = tree[h];
    if (link === null) continue;
    const [had, left] = [new Set<number>(), new Set<number>()];
    link.parentOf.forEach((parent, c) => {
      if (parent < 0 || allowed[h][c] === 0) return;
      had.add(parent);
      if (gone[h][c] === 0) left.add(parent);
    });
    for (const parent of had) if (!left.has(parent)) gone[link.parent][parent] = 1;
  }
  gone.forEach((flags, h) => {
    flags.forEach((flag, c) => {
      if (flag === 1) allowed[h][c] = 0;
    });
  });
}

/**
 * The classes that a call allows. What lies under what is taken from the rules of the call, or from the labels of the
 * reference.
 * @throws like {@link allowedLabels}.
 */
export async function resolveAllowed(
  model: Model,
  settings: LabelChoice & { readonly hierarchyRules: HierarchyRules | "derive" | null },
): Promise<AllowedLabels | null> {
  const { onlyLabels, excludeLabels, hierarchyRules } = settings;
  if (onlyLabels === null && excludeLabels === null) return null;
  const columns = model.labelHeads.map(({ column }) => column);
  let rules: HierarchyRules | null = hierarchyRules === "derive" ? null : hierarchyRules;
  const warnings: Warning[] = [];
  if (rules === null && columns.length > 1) {
    if (await model.hasReference())
      rules = deriveHierarchyRules((await model.reference()).labels, columns).rules;
    else
      warnings.push(
        notice(
          "labels are left out of the columns that have them only: which labels lie under which is not known",
          {
            hint: phrase`give ${option("hierarchyRules")}, or keep the model's reference beside it`,
          },
        ),
      );
  }
  const allowed = allowedLabels(model.labelHeads, settings, rules ?? new Map());
  return allowed === null ? null : { ...allowed, warnings };
}
