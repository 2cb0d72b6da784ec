/** Labels of groups of cells, such as clusters (docs/specification/3-prediction.md#labels-of-groups). @module */
import { columnLabels } from "../anndata/read/column-values.ts";
import type { AnnData } from "../anndata/types.ts";
import { AtlasmtlError, option, phrase } from "../errors.ts";
import type { LabelHead } from "../model/types.ts";
import type { Coherence } from "./coherent.ts";
import type { TakeProbabilities } from "./probability-tables.ts";
import type { GroupLabels, LabelPrediction, LabelsOfGroups, PredictedLabels } from "./types.ts";
import { UNKNOWN } from "./unknown.ts";

/** The label of a group in which too few cells have its most probable label, as CellTypist names it. */
export const HETEROGENEOUS = "Heterogeneous";

/** Sums of that many groups times classes are kept at most. */
const MAX_SUMS = 1 << 25;

/** The groups of a query by one of its obs columns. */
export interface CellGroups {
  readonly by: string;
  readonly groups: PredictedLabels;
}

/** @throws NOT_FOUND for a column that the query does not have. */
export async function readGroups(adata: AnnData, by: string): Promise<CellGroups> {
  return { by, groups: columnLabels(await adata.obs.column(by)) };
}

/**
 * Probabilities are added up in whole numbers of this step, which sums of up to 2^27 cells hold exactly: the order of the cells
 * does not matter.
 */
const STEPS = 2 ** 26;

/** Sums of the probabilities of each group by head, `[groups, classes]`, in whole numbers. */
export interface GroupSums {
  readonly sums: readonly Float64Array[];
  readonly take: TakeProbabilities;
}

/** Adds up the blocks that are taken, whose first cell is cell `start` of the query. @throws LIMIT for a column that has nearly as many groups as cells. */
export function createGroupSums(
  heads: readonly LabelHead[],
  { by, groups }: CellGroups,
  start: number,
): GroupSums {
  const nGroups = groups.categories.length;
  const widest = Math.max(...heads.map(({ classes }) => classes.length));
  if (nGroups * widest > MAX_SUMS)
    throw new AtlasmtlError("LIMIT", `"${by}" has ${nGroups} groups, which is too many`, {
      where: phrase`${option("consensusBy")}`,
      hint: "choose a column of clusters",
    });
  const sums = heads.map(({ classes }) => new Float64Array(nGroups * classes.length));
  return {
    sums,
    take: (blocks, nRows, firstRow) => {
      blocks.forEach((block, h) => {
        const nClasses = heads[h].classes.length;
        for (let r = 0; r < nRows; r++) {
          const group = groups.codes[start + firstRow + r];
          if (group < 0) continue;
          for (let c = 0; c < nClasses; c++)
            sums[h][group * nClasses + c] += Math.round(block[r * nClasses + c] * STEPS);
        }
      });
    },
  };
}

/** The label of each group, given the `sums` and the labels of all its cells; `coherence` as the cells were scored with. */
export function labelGroups(
  heads: readonly LabelHead[],
  { by, groups }: CellGroups,
  sums: readonly Float64Array[],
  labels: readonly LabelPrediction[],
  { minProp, coherence }: { readonly minProp: number; readonly coherence: Coherence | null },
): LabelsOfGroups {
  const sizes = new Uint32Array(groups.categories.length);
  for (const code of groups.codes) if (code >= 0) sizes[code]++;
  const likely: Int32Array[] = [];
  const levels = labels.map((label, h) => {
    const link = coherence?.find(({ child }) => child === h);
    const { classes } = heads[h];
    const best = Int32Array.from(sizes, (_, group) => {
      const own = sums[h].subarray(group * classes.length, (group + 1) * classes.length);
      let found = -1;
      for (let c = 0; c < own.length; c++) {
        if (link !== undefined && link.parentOf[c] !== likely[link.parent][group]) continue;
        if (found < 0 || own[c] > own[found]) found = c;
      }
      return found;
    });
    likely.push(best);
    const means = Float32Array.from(best, (c, group) =>
      Math.min(1, sums[h][group * classes.length + c] / STEPS / sizes[group]),
    );
    return levelOf(label, classes, best, means, groups.codes, sizes, minProp);
  });
  return { by, groups, sizes, levels };
}

function levelOf(
  { column, final }: LabelPrediction,
  classes: readonly string[],
  best: Int32Array,
  probability: Float32Array,
  groupOf: Int32Array,
  sizes: Uint32Array,
  minProp: number,
): GroupLabels {
  const classOf = final.categories.map((name) => classes.indexOf(name));
  const unknownCode = final.categories.indexOf(UNKNOWN);
  const [agree, unknown] = [new Uint32Array(sizes.length), new Uint32Array(sizes.length)];
  final.codes.forEach((code, cell) => {
    const group = groupOf[cell];
    if (group < 0 || code < 0) return;
    if (code === unknownCode) unknown[group]++;
    else if (classOf[code] === best[group]) agree[group]++;
  });
  const categories = [...classes, HETEROGENEOUS, UNKNOWN];
  const share = new Float32Array(sizes.length);
  // Rounded as the shares are, so that they compare as they are shown.
  const least = Math.fround(minProp);
  const codes = best.map((c, group) => {
    const isUnknown = 2 * unknown[group] > sizes[group];
    share[group] = (isUnknown ? unknown : agree)[group] / sizes[group];
    if (isUnknown) return classes.length + 1;
    return share[group] < least ? classes.length : c;
  });
  return {
    column,
    labels: { codes, categories },
    share,
    likely: { codes: best, categories: classes },
    probability,
    unknown: Float32Array.from(unknown, (n, group) => n / sizes[group]),
  };
}

/** The prediction of each cell with the label of its group. */
export function withGroupLabels(
  labels: readonly LabelPrediction[],
  { groups, levels }: LabelsOfGroups,
): LabelPrediction[] {
  return labels.map((label, h) => ({
    ...label,
    consensus: {
      codes: groups.codes.map((group) => (group < 0 ? -1 : levels[h].labels.codes[group])),
      categories: levels[h].labels.categories,
    },
    consensusShare: Float32Array.from(groups.codes, (group) =>
      group < 0 ? Number.NaN : levels[h].share[group],
    ),
  }));
}
