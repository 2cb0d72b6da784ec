/**
 * Hierarchy rules between label columns, and how they change predictions
 * (docs/specification/3-prediction.md#hierarchy).
 * @module
 */

import { didYouMean } from "../core/nearest.ts";
import { compareCodePoints } from "../core/order.ts";
import { AtlasmtlError, notice, option, type Phrase, phrase } from "../errors.ts";
import { levelNotices } from "../model/label-levels.ts";
import type { Model, ReferenceLabels } from "../model/types.ts";
import { HIERARCHY_RULE } from "../schema/prediction.ts";
import type { PredictedLabels, Warning } from "./types.ts";
import { HIERARCHY_REASON, UNKNOWN } from "./unknown.ts";

/** Maps each child label to its label of `parentColumn`. */
export interface HierarchyRule {
  readonly parentColumn: string;
  readonly childToParent: ReadonlyMap<string, string>;
}

/** Rules by child column. */
export type HierarchyRules = ReadonlyMap<string, HierarchyRule>;

/** A child label that occurs under several parents, most frequent parent first. */
export interface AmbiguousChild {
  readonly column: string;
  readonly child: string;
  readonly parents: readonly { readonly label: string; readonly nCells: number }[];
}

const N_LISTED = 5;

/**
 * Reads rules from JSON: child column → `{"parent_col": …, "child_to_parent": {child: parent}}`.
 * @throws BAD_FORMAT that names the place with another form.
 */
export function parseHierarchyRules(json: unknown): HierarchyRules {
  const rules = new Map<string, HierarchyRule>();
  for (const [column, rule] of entries(json, "the rules")) {
    const fields = new Map(entries(rule, column));
    const parentColumn = fields.get(HIERARCHY_RULE.parentCol);
    if (typeof parentColumn !== "string")
      throw badRule(`${column} › ${HIERARCHY_RULE.parentCol}`, "a column name", parentColumn);
    const childToParent = new Map<string, string>();
    const where = `${column} › ${HIERARCHY_RULE.childToParent}`;
    for (const [child, parent] of entries(fields.get(HIERARCHY_RULE.childToParent), where)) {
      if (typeof parent !== "string") throw badRule(`${where} › ${child}`, "a label", parent);
      childToParent.set(child, parent);
    }
    rules.set(column, { parentColumn, childToParent });
  }
  return rules;
}

function entries(value: unknown, where: string): [string, unknown][] {
  if (value instanceof Map) return [...value.entries()].map(([key, item]) => [String(key), item]);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw badRule(where, "an object", value);
  return Object.entries(value);
}

function badRule(where: string, expected: string, got: unknown): AtlasmtlError {
  const kind = got === null ? "null" : Array.isArray(got) ? "an array" : `a value of type ${typeof got}`;
  return new AtlasmtlError("BAD_FORMAT", `hierarchy rules need ${expected} here, got ${kind}`, {
    where,
    hint: 'write {"child column": {"parent_col": "column", "child_to_parent": {"child": "parent"}}}',
  });
}

/**
 * Derives rules from the reference's labels, between each column and the one before it.
 *
 * A child under several parents is mapped to the parent with most cells (of equals, the first by code point)
 * and reported in `ambiguous`. Cells without a label in one of the columns are ignored.
 * @throws MISMATCH when the reference lacks a column.
 */
export function deriveHierarchyRules(
  labels: ReadonlyMap<string, ReferenceLabels>,
  columns: readonly string[],
): { readonly rules: HierarchyRules; readonly ambiguous: readonly AmbiguousChild[] } {
  const rules = new Map<string, HierarchyRule>();
  const ambiguous: AmbiguousChild[] = [];
  for (let c = 1; c < columns.length; c++) {
    const parent = labelsOf(labels, columns[c - 1]);
    const child = labelsOf(labels, columns[c]);
    const childToParent = new Map<string, string>();
    for (const [name, parents] of countParents(parent, child)) {
      const ranked = [...parents]
        .map(([label, nCells]) => ({ label, nCells }))
        .sort((a, b) => b.nCells - a.nCells || compareCodePoints(a.label, b.label));
      childToParent.set(name, ranked[0].label);
      if (ranked.length > 1) ambiguous.push({ column: columns[c], child: name, parents: ranked });
    }
    rules.set(columns[c], { parentColumn: columns[c - 1], childToParent });
  }
  return { rules, ambiguous };
}

function labelsOf(labels: ReadonlyMap<string, ReferenceLabels>, column: string): ReferenceLabels {
  const found = labels.get(column);
  if (found === undefined)
    throw new AtlasmtlError("MISMATCH", `the reference has no labels for ${column}`, {
      where: "reference › labels",
      hint: phrase`give ${option("hierarchyRules")} instead of deriving them`,
    });
  return found;
}

/** Cells by child and parent label, children sorted by code point. */
function countParents(parent: ReferenceLabels, child: ReferenceLabels): Map<string, Map<string, number>> {
  const counts = new Map<string, Map<string, number>>();
  for (const name of [...child.categories].sort(compareCodePoints)) counts.set(name, new Map());
  child.codes.forEach((code, i) => {
    const parents = counts.get(child.categories[code]);
    const label = parent.categories[parent.codes[i]];
    if (parents !== undefined && label !== undefined) parents.set(label, (parents.get(label) ?? 0) + 1);
  });
  for (const [name, parents] of counts) if (parents.size === 0) counts.delete(name);
  return counts;
}

/**
 * The hierarchy rules of a call, checked against the model: given, derived from its reference, or none. If an
 * option needs rules and none are given, they are derived. If no option uses the given rules, a warning says
 * so.
 * @throws MISMATCH for a column the model does not have, or a parent that does not come before its child.
 */
export async function resolveHierarchy(
  model: Model,
  settings: {
    readonly hierarchyRules: HierarchyRules | "derive" | null;
    readonly enforceHierarchy: boolean;
    readonly coherentProbabilities: boolean;
    readonly deepestLabel: boolean;
  },
): Promise<{ readonly rules: HierarchyRules; readonly warnings: readonly Warning[] }> {
  const needed = settings.enforceHierarchy || settings.coherentProbabilities || settings.deepestLabel;
  const asked = settings.hierarchyRules ?? (needed ? "derive" : null);
  if (asked === null) return { rules: new Map(), warnings: [] };
  if (!needed)
    return {
      rules: new Map(),
      warnings: [
        notice("hierarchy rules are given but not enforced", {
          hint: phrase`enforce them by ${option("enforceHierarchy", true)}`,
        }),
      ],
    };
  const columns = model.labelHeads.map((head) => head.column);
  if (asked === "derive") {
    const { labels } = await model.reference();
    const { rules } = deriveHierarchyRules(labels, columns);
    const levels = columns.map((column) => {
      const { codes, categories } = labelsOf(labels, column);
      return { column, codes, classes: categories };
    });
    return { rules, warnings: levelNotices(levels, "reference › labels") };
  }
  const warnings: Warning[] = [];
  for (const [column, { parentColumn, childToParent }] of asked) {
    const child = requireColumn(columns, column, phrase`${option("hierarchyRules")}`);
    const parent = requireColumn(
      columns,
      parentColumn,
      phrase`${option("hierarchyRules")} › ${column} › ${HIERARCHY_RULE.parentCol}`,
    );
    if (parent >= child)
      throw new AtlasmtlError(
        "MISMATCH",
        `${parentColumn} cannot be the parent of ${column}: label columns go from coarse to fine ` +
          `(${columns.join(", ")})`,
        {
          where: phrase`${option("hierarchyRules")} › ${column}`,
          hint: "name a column before it as parent_col",
        },
      );
    const { classes } = model.labelHeads[parent];
    const strange = [...new Set(childToParent.values())].filter((label) => !classes.includes(label));
    if (strange.length > 0)
      warnings.push(
        notice(`the rules for ${column} name parents that the model does not predict: ${some(strange)}`, {
          where: phrase`${option("hierarchyRules")} › ${column}`,
          hint: `correct the rules: children of such parents always become ${UNKNOWN} where their parent column is known`,
        }),
      );
  }
  return { rules: asked, warnings };
}

function requireColumn(columns: readonly string[], column: string, where: Phrase): number {
  const at = columns.indexOf(column);
  if (at >= 0) return at;
  throw new AtlasmtlError(
    "MISMATCH",
    `"${column}" is not a label column of the model (${columns.join(", ")})${didYouMean(column, columns)}`,
    { where, hint: "use rules made for this model" },
  );
}

function some(items: readonly string[]): string {
  return items.slice(0, N_LISTED).join(", ") + (items.length > N_LISTED ? ", …" : "");
}

/** Labels of one column while the hierarchy is enforced; all arrays are changed. */
export interface EnforcedColumn {
  readonly column: string;
  readonly final: PredictedLabels;
  readonly isUnknown: Uint8Array;
  /** Set to `hierarchy` for such cells. */
  readonly unknownReasons?: Int32Array;
}

/**
 * Sets children that contradict their predicted parent to Unknown, from coarse to fine, and returns the share
 * of such cells by child column.
 *
 * A cell counts if parent and child are both known at that moment (a parent that was just set to Unknown is
 * not), and a rule maps the child. `isUnknown` is updated with the label; the categories of `final` include
 * `Unknown`.
 */
export function enforceHierarchy(
  columns: readonly EnforcedColumn[],
  rules: HierarchyRules,
): ReadonlyMap<string, number> {
  const byName = new Map(columns.map((column) => [column.column, column]));
  const rates = new Map<string, number>();
  for (const { column, final, isUnknown, unknownReasons } of columns) {
    const rule = rules.get(column);
    const parent = rule === undefined ? undefined : byName.get(rule.parentColumn)?.final;
    if (rule === undefined || parent === undefined) continue;
    const unknown = final.categories.indexOf(UNKNOWN);
    const unknownParent = parent.categories.indexOf(UNKNOWN);
    const expected = final.categories.map((child) => {
      const label = rule.childToParent.get(child);
      return label === undefined ? null : parent.categories.indexOf(label);
    });
    let broken = 0;
    for (let i = 0; i < final.codes.length; i++) {
      const code = final.codes[i];
      if (code === unknown || parent.codes[i] === unknownParent) continue;
      if (expected[code] === null || expected[code] === parent.codes[i]) continue;
      final.codes[i] = unknown;
      isUnknown[i] = 1;
      if (unknownReasons !== undefined) unknownReasons[i] = HIERARCHY_REASON;
      broken++;
    }
    rates.set(column, final.codes.length === 0 ? 0 : broken / final.codes.length);
  }
  return rates;
}
