/** Orders labels by their hierarchy and gives each a colour. @module */
import { compareCodePoints } from "../../core/order.ts";
import { deriveHierarchyRules } from "../../predict/hierarchy-rules.ts";
import type { PredictedLabels } from "../../predict/types.ts";
import { UNKNOWN } from "../../predict/unknown.ts";

/** A label of one level. */
export interface TreeLabel {
  readonly name: string;
  /** Its parent; null on the first level, or if no cell shows it. */
  readonly parent: string | null;
  /** 0 to 360; labels of one parent have similar hues. */
  readonly hue: number;
  /** Distinguishes neighbours with a similar hue: 0, 1 or 2. */
  readonly shade: number;
}

/** One level, its labels in the order of the hierarchy. */
export interface TreeLevel {
  readonly column: string;
  readonly labels: readonly TreeLabel[];
}

/**
 * Orders the labels of all levels so that those of one parent are together.
 *
 * `seen` are the labels that define the hierarchy: the true ones if known. Labels of `all` that are not in
 * `seen` come last.
 */
export function labelTree(
  columns: readonly string[],
  seen: ReadonlyMap<string, PredictedLabels>,
  all: ReadonlyMap<string, ReadonlySet<string>>,
): TreeLevel[] {
  const { rules } = deriveHierarchyRules(seen, columns);
  const levels: TreeLevel[] = [];
  for (const column of columns) {
    const above = levels.at(-1);
    const parents = rules.get(column)?.childToParent ?? new Map<string, string>();
    const rank = new Map(above?.labels.map(({ name }, i) => [name, i]) ?? []);
    const rankOf = (name: string): number => rank.get(parents.get(name) ?? "") ?? rank.size;
    const names = [...(all.get(column) ?? [])]
      .filter((name) => name !== UNKNOWN)
      .sort((a, b) => rankOf(a) - rankOf(b) || compareCodePoints(a, b));
    levels.push({
      column,
      labels: names.map((name) => ({ name, parent: parents.get(name) ?? null, hue: 0, shade: 0 })),
    });
  }
  return coloured(levels);
}

/**
 * Hues are assigned on the finest level, with larger gaps between parents than between siblings; a coarser
 * label has the middle hue of its children.
 */
function coloured(levels: readonly TreeLevel[]): TreeLevel[] {
  const finest = levels.at(-1)?.labels ?? [];
  const GAP = 1.2;
  const places: number[] = [];
  let place = 0;
  finest.forEach(({ parent }, i) => {
    if (i > 0) place += parent === finest[i - 1].parent ? 1 : 1 + GAP;
    places.push(place);
  });
  const around = place + 1 + GAP;
  let hues = new Map(finest.map(({ name }, i) => [name, (250 + (360 * places[i]) / around) % 360]));
  const done: TreeLevel[] = [];
  for (let l = levels.length - 1; l >= 0; l--) {
    const { column, labels } = levels[l];
    const own = hues;
    done.unshift({
      column,
      labels: labels.map((label, i) => ({ ...label, hue: own.get(label.name) ?? 0, shade: i % 3 })),
    });
    const byParent = new Map<string, number[]>();
    for (const { name, parent } of labels)
      if (parent !== null) byParent.set(parent, [...(byParent.get(parent) ?? []), own.get(name) ?? 0]);
    const above = levels[l - 1]?.labels ?? [];
    hues = new Map(
      above.map(({ name }, i) => {
        const children = byParent.get(name);
        const middle = children?.[Math.floor((children.length - 1) / 2)];
        return [name, middle ?? (360 * i) / Math.max(1, above.length)];
      }),
    );
  }
  return done;
}

/** The colour of a label for the style sheet; the light and dark themes set the lightness. */
export const labelColour = ({ hue, shade }: Pick<TreeLabel, "hue" | "shade">): string =>
  `oklch(calc(var(--label-l) + ${shade} * var(--label-step)) var(--label-c) ${hue.toFixed(1)})`;
