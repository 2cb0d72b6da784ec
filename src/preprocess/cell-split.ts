/**
 * Splits of single cells, at random or by class (docs/specification/4-preprocessing.md#splits-of-cells).
 * @module
 */
import { columnLabels } from "../anndata/read/column-values.ts";
import type { AnnData } from "../anndata/types.ts";
import { coverClasses } from "../core/cover-classes.ts";
import { permutation, streamKey } from "../core/rng.ts";
import { AtlasmtlError, option, phrase } from "../errors.ts";
import type { GroupSplit } from "./group-split.ts";
import { CELL_SPLIT_DEFAULTS, type CellSplitOptions } from "./split-options.ts";

/** One side of a split of cells. */
export interface CellSplitSide {
  readonly nCells: number;
  /** Cells by label, sorted by code point; empty without `stratify`. */
  readonly labelCounts: ReadonlyMap<string, number>;
}

export interface CellSplitPlan {
  /** As it was asked for: a share, or a number of cells. */
  readonly testSize: number;
  readonly stratify: string | null;
  readonly seed: number;
  readonly build: CellSplitSide;
  readonly predict: CellSplitSide;
  readonly warnings: readonly string[];
}

/**
 * Divides cells at random: `testSize` to predict, the others to build from. With `stratify` both sides have the same share of
 * every label, as near as whole cells allow, and each label keeps a cell to build from, unless no cell to predict were left. Cells without a label are divided as if
 * that were a label.
 * @throws USAGE for a size that leaves no cell on one side; NOT_FOUND for a column that is not there.
 */
export async function makeCellSplit(
  adata: AnnData,
  {
    testSize = CELL_SPLIT_DEFAULTS.testSize,
    stratify,
    seed = CELL_SPLIT_DEFAULTS.seed,
  }: CellSplitOptions = {},
): Promise<{ readonly plan: CellSplitPlan; readonly split: GroupSplit }> {
  const n = adata.nObs;
  const isShare = testSize > 0 && testSize < 1;
  const nTest = isShare ? Math.ceil(n * testSize) : testSize;
  if (!Number.isSafeInteger(nTest) || nTest < 1 || nTest >= n)
    throw new AtlasmtlError(
      "USAGE",
      phrase`${option("testSize")} is ${testSize}, expected a share between 0 and 1, or a number of cells from 1 to ${n - 1}`,
    );
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new AtlasmtlError(
      "USAGE",
      phrase`${option("seed")} is ${seed}, expected a whole number of 0 or more`,
    );
  const labels = stratify === undefined ? null : columnLabels(await adata.obs.column(stratify));
  const order = permutation(streamKey(seed, "split cells"), n);
  const drawn =
    labels === null
      ? { kept: order.slice(nTest), others: order.slice(0, nTest) }
      : stratified(order, nTest, labels.codes);
  const { kept, others } = coverClasses(drawn, labels === null ? [] : [labels.codes]);
  const sides = new Uint8Array(n);
  for (const row of kept) sides[row] = 1;
  for (const row of others) sides[row] = 2;
  const side = (rows: Uint32Array): CellSplitSide => {
    const counts = (labels?.categories ?? []).map((name, code): [string, number] => [
      name,
      rows.reduce((sum, row) => sum + (labels!.codes[row] === code ? 1 : 0), 0),
    ]);
    return { nCells: rows.length, labelCounts: new Map(counts.filter(([, count]) => count > 0)) };
  };
  const [build, predict] = [side(kept), side(others)];
  const absent = [...build.labelCounts.keys()].filter((label) => !predict.labelCounts.has(label));
  const nMissing = labels === null ? 0 : labels.codes.reduce((sum, code) => sum + (code < 0 ? 1 : 0), 0);
  const warnings = [
    ...(nMissing === 0
      ? []
      : [`${nMissing} cells have no label in ${stratify}; they are divided as if that were one`]),
    ...(absent.length === 0
      ? []
      : [`predict has no cell of ${absent.map((label) => `"${label}"`).join(", ")}`]),
  ];
  return {
    plan: { testSize, stratify: stratify ?? null, seed, build, predict, warnings },
    split: { sides, groups: new Array(n).fill(null) },
  };
}

/** The first cells of each class in `order`, in numbers that add up to `nTest`: largest remainders, then larger classes. */
function stratified(order: Uint32Array, nTest: number, codes: Int32Array) {
  const sizes = new Map<number, number>();
  for (const code of codes) sizes.set(code, (sizes.get(code) ?? 0) + 1);
  const quotas = [...sizes].map(([code, size]) => {
    const exact = (size * nTest) / order.length;
    return { code, size, taken: Math.floor(exact), rest: exact - Math.floor(exact) };
  });
  let left = nTest - quotas.reduce((sum, { taken }) => sum + taken, 0);
  for (const quota of quotas.sort((a, b) => b.rest - a.rest || b.size - a.size || a.code - b.code)) {
    if (left === 0) break;
    quota.taken++;
    left--;
  }
  const due = new Map(quotas.map(({ code, taken }) => [code, taken]));
  const isTest = new Uint8Array(order.length);
  for (const row of order) {
    const own = due.get(codes[row])!;
    if (own === 0) continue;
    due.set(codes[row], own - 1);
    isTest[row] = 1;
  }
  const rows = order.slice().sort();
  return { kept: rows.filter((row) => isTest[row] === 0), others: rows.filter((row) => isTest[row] === 1) };
}
