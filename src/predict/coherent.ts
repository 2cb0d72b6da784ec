/**
 * Makes the probabilities of several label columns one distribution: the probability of a parent is the sum
 * of its children's, and the predicted child belongs to the predicted parent.
 * @module
 */
import { compareCodePoints } from "../core/order.ts";
import { AtlasmtlError, option, phrase } from "../errors.ts";
import { type HeadScores, softmaxRows } from "./confidence.ts";
import type { HierarchyRules } from "./hierarchy-rules.ts";
import type { Warning } from "./types.ts";

/** A pair of label columns, by position: for each class of `child`, its class of `parent`. */
interface Link {
  readonly parent: number;
  readonly child: number;
  readonly parentOf: Int32Array;
}

/** The linked pairs of columns, ordered from coarse to fine by child. */
export type Coherence = readonly Link[];

/**
 * Applies hierarchy rules to the classes of a model.
 * @throws MISMATCH for a child class without a parent, a parent class without children, or a column that is
 * the parent of two others: the sums would not form one distribution.
 * @param cause what is odd about the labels that the rules were derived from
 */
export function bindCoherence(
  heads: readonly { readonly column: string; readonly classes: readonly string[] }[],
  rules: HierarchyRules,
  cause: Warning | null = null,
): Coherence {
  const columns = heads.map(({ column }) => column);
  const links = [...rules].map(([column, { parentColumn, childToParent }]) => {
    const [parent, child] = [columns.indexOf(parentColumn), columns.indexOf(column)];
    const { classes } = heads[parent];
    const parentOf = Int32Array.from(heads[child].classes, (label) =>
      classes.indexOf(childToParent.get(label) ?? ""),
    );
    const orphans = heads[child].classes.filter((_, code) => parentOf[code] < 0);
    if (orphans.length > 0) throw notOneDistribution(column, "have no parent", orphans, parentColumn, cause);
    const childless = classes.filter((_, code) => !parentOf.includes(code));
    if (childless.length > 0)
      throw notOneDistribution(parentColumn, "have no children", childless, column, cause);
    return { parent, child, parentOf };
  });
  for (const { parent } of links) {
    const children = links.filter((link) => link.parent === parent).map(({ child }) => columns[child]);
    if (children.length > 1)
      throw new AtlasmtlError(
        "MISMATCH",
        `${columns[parent]} is the parent of ${children.join(" and ")}, expected one column of children`,
        {
          where: phrase`${option("hierarchyRules")}`,
          hint: "name the next coarser column as parent_col of each",
        },
      );
  }
  return links.sort((a, b) => a.child - b.child);
}

function notOneDistribution(
  column: string,
  what: string,
  labels: readonly string[],
  other: string,
  cause: Warning | null,
) {
  const examples = [...labels].sort(compareCodePoints).slice(0, 5).join(", ");
  return new AtlasmtlError(
    "MISMATCH",
    `${labels.length} labels of ${column} ${what} in ${other}, such as ${examples}; a parent's probability cannot be the sum of its children's`,
    {
      where: phrase`${option("hierarchyRules")}`,
      hint:
        cause === null
          ? phrase`give every child a parent and every parent a child, or predict without ${option("coherentProbabilities")}`
          : phrase`in the reference ${cause.message}; train with levels that refine each other, or predict without ${option("coherentProbabilities")}`,
    },
  );
}

/**
 * Scores a block like `scoreBlock` for each head, with coherent probabilities for linked heads. First, from
 * fine to coarse, the probability of a parent is set to the sum of its children's. Then, from coarse to fine,
 * the label is the most likely child of the parent's label.
 *
 * `logits` are by head `[nRows, nClasses]`, row 0 is cell `firstRow`; `temperatures` are by head. A margin below 0,
 * where a class elsewhere is more likely, becomes 0. Returns the probabilities by head, `[nRows, nClasses]`.
 * @throws BAD_DATA when a logit is not finite.
 */
export function scoreCoherently(
  links: Coherence,
  logits: readonly Float32Array[],
  nRows: number,
  temperatures: readonly number[],
  heads: readonly HeadScores[],
  firstRow: number,
): readonly Float64Array[] {
  const own = logits.map((each, h) => softmaxRows(each, nRows, temperatures[h], heads[h], firstRow));
  return scoreLinked(links, own, nRows, heads, firstRow);
}

/** {@link scoreCoherently} from each column's own probabilities; columns without a link are scored by themselves. */
export function scoreLinked(
  links: Coherence,
  given: readonly Float64Array[],
  nRows: number,
  heads: readonly HeadScores[],
  firstRow: number,
): readonly Float64Array[] {
  const probabilities = [...given];
  for (const { parent, child, parentOf } of [...links].reverse()) {
    const nParents = heads[parent].classes.length;
    const own = probabilities[child];
    const sums = new Float64Array(nRows * nParents);
    for (let r = 0; r < nRows; r++)
      for (let c = 0; c < parentOf.length; c++)
        sums[r * nParents + parentOf[c]] += own[r * parentOf.length + c];
    probabilities[parent] = sums;
  }
  heads.forEach((head, h) => {
    const link = links.find(({ child }) => child === h);
    const own = probabilities[h];
    const nClasses = head.classes.length;
    for (let r = 0; r < nRows; r++) {
      const under = link === undefined ? -1 : heads[link.parent].raw[firstRow + r];
      let best = -1;
      for (let c = 0; c < nClasses; c++) {
        if (link !== undefined && link.parentOf[c] !== under) continue;
        if (best < 0 || own[r * nClasses + c] > own[r * nClasses + best]) best = c;
      }
      let other = -1;
      for (let c = 0; c < nClasses; c++)
        if (c !== best && (other < 0 || own[r * nClasses + c] > own[r * nClasses + other])) other = c;
      const second = other < 0 ? 0 : Math.min(1, own[r * nClasses + other]);
      // A sum of rounded probabilities may slightly exceed 1.
      const conf = Math.min(1, own[r * nClasses + best]);
      head.raw[firstRow + r] = best;
      head.conf[firstRow + r] = conf;
      head.margin[firstRow + r] = Math.max(0, conf - second);
      head.second[firstRow + r] = other;
      head.secondConf[firstRow + r] = second;
    }
  });
  return probabilities;
}
