/**
 * Splits of whole groups: cells to build a model from, and cells of other donors to test it on
 * (docs/specification/4-preprocessing.md#group-splits).
 * @module
 */
import { columnLabels, columnStrings } from "../anndata/read/column-values.ts";
import type { AnnData } from "../anndata/types.ts";
import { coverClasses } from "../core/cover-classes.ts";
import { compareCodePoints } from "../core/order.ts";
import { permutation, streamKey } from "../core/rng.ts";
import { AtlasmtlError, option, phrase } from "../errors.ts";
import { type GroupSplitOptions, SPLIT_DEFAULTS, SPLIT_PARTS } from "./split-options.ts";

/** Labels with fewer cells are warned of. */
const FEW = { build: 10, predict: 5 } as const;

/** One side of a plan, before cells are drawn. */
export interface SplitSide {
  /** Sorted by code point. */
  readonly groups: readonly string[];
  readonly nCells: number;
  /** Cells by label, sorted by code point. */
  readonly labelCounts: ReadonlyMap<string, number>;
}

export interface GroupSplitPlan {
  readonly splitKey: string;
  readonly targetLabel: string;
  readonly buildSize: number;
  readonly predictSize: number;
  readonly seed: number;
  readonly nCandidates: number;
  readonly nValidCandidates: number;
  readonly build: SplitSide;
  readonly predict: SplitSide;
  /** Groups that neither side needs. */
  readonly unusedGroups: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Divides groups into those to build from and those to predict, so that none is on both sides.
 *
 * Each candidate puts the groups in random order, takes the first ones until `buildSize` cells are there and the
 * next ones until `predictSize` are; the rest is left over. Candidates that reach both sizes with two labels
 * or more on each side are compared by how near they are to the sizes, then by most labels in predict, by the
 * largest smallest label there, by most labels in build, by how alike the shares of labels are, and by names.
 * Cells without a group or a label take no part.
 * @throws USAGE for sizes or counts below 1; NOT_FOUND for a column that is not there; BAD_DATA when no
 * candidate reaches both sizes, saying what there is.
 */
export async function makeGroupSplitPlan(
  adata: AnnData,
  options: GroupSplitOptions,
): Promise<GroupSplitPlan> {
  const { splitKey, targetLabel, buildSize, predictSize } = options;
  const { seed = SPLIT_DEFAULTS.seed, nCandidates = SPLIT_DEFAULTS.nCandidates } = options;
  for (const [name, value] of Object.entries({ buildSize, predictSize, nCandidates }))
    if (!Number.isSafeInteger(value) || value < 1)
      throw new AtlasmtlError(
        "USAGE",
        phrase`${option(name)} is ${value}, expected a whole number of 1 or more`,
      );
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new AtlasmtlError(
      "USAGE",
      phrase`${option("seed")} is ${seed}, expected a whole number of 0 or more`,
    );
  const { counts, nLeftOut } = await countCells(adata, splitKey, targetLabel);
  const groups = [...counts.keys()].sort(compareCodePoints);
  const seen = new Map<string, Candidate>();
  for (let c = 0; c < nCandidates; c++) {
    const order = Array.from(permutation(streamKey(seed, `split ${c}`), groups.length), (i) => groups[i]);
    const candidate = divide(order, counts, buildSize, predictSize);
    if (candidate === null || candidate.build.labelCounts.size < 2 || candidate.predict.labelCounts.size < 2)
      continue;
    seen.set(JSON.stringify([candidate.build.groups, candidate.predict.groups]), candidate);
  }
  const [best] = [...seen.values()].sort((a, b) => compare(a, b, buildSize, predictSize));
  if (best === undefined) throw noSplit(adata, options, counts);
  const used = new Set([...best.build.groups, ...best.predict.groups]);
  const warnings =
    nLeftOut === 0 ? [] : [`${nLeftOut} cells without ${splitKey} or ${targetLabel} take no part`];
  for (const part of SPLIT_PARTS) {
    const few = [...best[part].labelCounts].filter(([, n]) => n < FEW[part]);
    if (few.length > 0)
      warnings.push(
        `${part} has fewer than ${FEW[part]} cells of ${few.map(([label, n]) => `"${label}" (${n})`).join(", ")}`,
      );
    const missing = [...best[part === "build" ? "predict" : "build"].labelCounts.keys()].filter(
      (label) => !best[part].labelCounts.has(label),
    );
    if (missing.length > 0)
      warnings.push(`${part} has no cell of ${missing.map((label) => `"${label}"`).join(", ")}`);
  }
  return {
    splitKey,
    targetLabel,
    buildSize,
    predictSize,
    seed,
    nCandidates,
    nValidCandidates: seen.size,
    ...best,
    unusedGroups: groups.filter((group) => !used.has(group)),
    warnings,
  };
}

/** Which side each cell is on: 0 for neither, 1 to build from, 2 to predict. */
export interface GroupSplit {
  readonly sides: Uint8Array;
  /** The group of each cell; null where it has none. */
  readonly groups: readonly (string | null)[];
}

/**
 * Draws the exact sizes of a plan from its groups, by its seed; where a size is large enough, every label has a cell.
 * @throws MISMATCH when the groups of `adata` have fewer cells than the plan's sizes.
 */
export async function materializeGroupSplit(adata: AnnData, plan: GroupSplitPlan): Promise<GroupSplit> {
  const groups = columnStrings(await adata.obs.column(plan.splitKey));
  const labels = columnStrings(await adata.obs.column(plan.targetLabel));
  const sides = new Uint8Array(adata.nObs);
  for (const [part, size, side] of [
    ["build", plan.buildSize, 1],
    ["predict", plan.predictSize, 2],
  ] as const) {
    const wanted = new Set(plan[part].groups);
    const pool: number[] = [];
    groups.forEach((group, row) => {
      if (group !== null && wanted.has(group) && labels[row] !== null) pool.push(row);
    });
    if (pool.length < size)
      throw new AtlasmtlError(
        "MISMATCH",
        `the groups of ${part} have ${pool.length} cells; ${size} are to be drawn`,
        {
          where: `${adata.source} › obs › ${plan.splitKey}`,
          hint: "use the dataset that the plan was made of",
        },
      );
    const order = permutation(streamKey(plan.seed, `draw ${part}`), pool.length);
    const drawn = coverClasses({ kept: order.slice(0, size), others: order.slice(size) }, [
      columnLabels({ kind: "string", values: pool.map((row) => labels[row]) }).codes,
    ]);
    const rows = drawn.kept.length === size ? drawn.kept : order.slice(0, size);
    for (const i of rows) sides[pool[i]] = side;
  }
  return { sides, groups };
}

type Counts = ReadonlyMap<string, ReadonlyMap<string, number>>;

interface Candidate {
  readonly build: SplitSide;
  readonly predict: SplitSide;
}

/** Cells by group and label. */
async function countCells(adata: AnnData, splitKey: string, targetLabel: string) {
  const groups = columnStrings(await adata.obs.column(splitKey));
  const labels = columnStrings(await adata.obs.column(targetLabel));
  const counts = new Map<string, Map<string, number>>();
  let nLeftOut = 0;
  groups.forEach((group, row) => {
    const label = labels[row] ?? null;
    if (group === null || label === null) {
      nLeftOut++;
      return;
    }
    const of = counts.get(group) ?? new Map<string, number>();
    counts.set(group, of.set(label, (of.get(label) ?? 0) + 1));
  });
  return { counts: counts as Counts, nLeftOut };
}

function divide(
  order: readonly string[],
  counts: Counts,
  buildSize: number,
  predictSize: number,
): Candidate | null {
  const sides: SplitSide[] = [];
  let next = 0;
  for (const size of [buildSize, predictSize]) {
    const groups: string[] = [];
    const labels = new Map<string, number>();
    let nCells = 0;
    while (nCells < size && next < order.length) {
      const group = order[next++];
      groups.push(group);
      for (const [label, n] of counts.get(group)!) {
        labels.set(label, (labels.get(label) ?? 0) + n);
        nCells += n;
      }
    }
    if (nCells < size) return null;
    const labelCounts = new Map([...labels].sort(([a], [b]) => compareCodePoints(a, b)));
    sides.push({ groups: groups.sort(compareCodePoints), nCells, labelCounts });
  }
  return { build: sides[0], predict: sides[1] };
}

/** Negative when `a` is the better candidate. */
function compare(a: Candidate, b: Candidate, buildSize: number, predictSize: number): number {
  const away = ({ build, predict }: Candidate): number =>
    build.nCells - buildSize + predict.nCells - predictSize;
  const smallest = ({ predict }: Candidate): number => Math.min(...predict.labelCounts.values());
  return (
    away(a) - away(b) ||
    b.predict.labelCounts.size - a.predict.labelCounts.size ||
    smallest(b) - smallest(a) ||
    b.build.labelCounts.size - a.build.labelCounts.size ||
    imbalance(a) - imbalance(b) ||
    compareCodePoints(a.predict.groups.join("\n"), b.predict.groups.join("\n")) ||
    compareCodePoints(a.build.groups.join("\n"), b.build.groups.join("\n"))
  );
}

/** Half the summed difference between the shares of labels on both sides, 0 to 1. */
function imbalance({ build, predict }: Candidate): number {
  let sum = 0;
  for (const label of new Set([...build.labelCounts.keys(), ...predict.labelCounts.keys()]))
    sum += Math.abs(
      (build.labelCounts.get(label) ?? 0) / build.nCells -
        (predict.labelCounts.get(label) ?? 0) / predict.nCells,
    );
  return sum / 2;
}

function noSplit(adata: AnnData, options: GroupSplitOptions, counts: Counts): AtlasmtlError {
  const { splitKey, buildSize, predictSize } = options;
  const sizes = [...counts.values()].map((labels) => [...labels.values()].reduce((a, b) => a + b, 0));
  const all = sizes.reduce((a, b) => a + b, 0);
  const range = sizes.length === 0 ? "" : ` of ${Math.min(...sizes)} to ${Math.max(...sizes)} cells`;
  return new AtlasmtlError(
    "BAD_DATA",
    `no division of ${counts.size} groups${range} gives ${buildSize} cells to build from and ${predictSize} to predict, with two labels or more on each side (there are ${all} cells)`,
    {
      where: `${adata.source} › obs › ${splitKey}`,
      hint:
        counts.size < 2
          ? "choose a column with two groups or more"
          : phrase`ask for fewer cells, or raise ${option("nCandidates")}`,
    },
  );
}
