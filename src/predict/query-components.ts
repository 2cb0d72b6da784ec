/** Places the cells of a query on the components of the model while its rows stream. @module */
import type { Csr } from "../core/csr.ts";
import type { DenseMatrix } from "../core/dense.ts";
import { log } from "../core/math.ts";
import { TARGET_SUM } from "../core/normalize.ts";
import { quantileOf } from "../core/quantiles.ts";
import { createValuesCheck } from "../model/components/matrix-values.ts";
import { createProjection, projectRows } from "../model/components/projection.ts";
import type { ComponentSpace } from "../model/components/types.ts";
import type { GeneAlignment } from "./align.ts";

/** Takes aligned rows, with the values that the query's matrix has, in any order. */
export interface QueryComponents {
  add(rows: Csr, firstRow: number): void;
  /** Null if the values are not of the kind that the space was fitted on. */
  finish(): PlacedQuery | null;
}

export interface PlacedQuery {
  /** [cells, components] */
  readonly scores: DenseMatrix;
  /** Median counts per cell on the matched genes, query to reference; null unless the values are counts. */
  readonly depthRatio: number | null;
}

/** What the caller says about the values: counts, counts that were normalised as the reference's are, or nothing. */
export type GivenValues = "counts" | "normalised" | "unknown";

/**
 * Projects `nObs` cells. Counts are normalised to the share of the reference's counts that the matched genes have there,
 * so that missing genes do not make the others look larger.
 */
export function createQueryComponents(
  { values, geneShares, medianCounts, scaling, components }: ComponentSpace,
  { toModel, nGenes }: GeneAlignment,
  nObs: number,
  given: GivenValues,
): QueryComponents {
  const measured = new Uint8Array(nGenes);
  for (const gene of toModel) if (gene >= 0) measured[gene] = 1;
  const share = shareOf(geneShares, measured);
  const projection = createProjection(components, scaling, measured);
  const scores = {
    nRows: nObs,
    nCols: components.nComponents,
    data: new Float32Array(nObs * components.nComponents),
  };
  const check = createValuesCheck();
  const isNormal = values === "as_they_are" || given === "normalised";
  const totals = new Float64Array(isNormal ? 0 : nObs);
  const depthRatio = (): number | null => {
    const expected = medianCounts * share;
    return isNormal || nObs === 0 || !(expected > 0) ? null : quantileOf(totals.sort(), 0.5) / expected;
  };
  return {
    add(rows, firstRow) {
      check.add(rows.data, rows.indices.length);
      const shown = isNormal ? rows : normalised(rows, TARGET_SUM * share, totals, firstRow);
      projectRows(shown, scaling, projection, scores, firstRow);
    },
    finish: () => {
      const isLike = given === "unknown" ? check.verdict() === values : values === "log1p_cp10k";
      return isLike ? { scores, depthRatio: depthRatio() } : null;
    },
  };
}

/** The share of the reference's counts that the measured genes have; exactly 1 if there are all of them. */
function shareOf(geneShares: Float32Array, measured: Uint8Array): number {
  if (measured.every((bit) => bit !== 0)) return 1;
  let share = 0;
  for (let g = 0; g < measured.length; g++) share += measured[g] * geneShares[g];
  return share;
}

/** log(1 + count · `target` / total of the cell), a matrix of its own; `totals` takes the totals from `firstRow` on. */
function normalised(rows: Csr, target: number, totals: Float64Array, firstRow: number): Csr {
  const { nRows, indptr, indices, data } = rows;
  const out = new Float32Array(indices.length);
  for (let r = 0; r < nRows; r++) {
    let total = 0;
    for (let e = indptr[r]; e < indptr[r + 1]; e++) total += data === null ? 1 : data[e];
    totals[firstRow + r] = total;
    if (!(total > 0)) continue;
    const scale = target / total;
    // Most counts are small and occur many times within a cell.
    SMALL.fill(-1);
    for (let e = indptr[r]; e < indptr[r + 1]; e++) {
      const count = data === null ? 1 : data[e];
      if (!(count >= 0 && count < SMALL.length && Number.isInteger(count))) out[e] = log(1 + count * scale);
      else {
        if (SMALL[count] < 0) SMALL[count] = log(1 + count * scale);
        out[e] = SMALL[count];
      }
    }
  }
  return { ...rows, data: out };
}

const SMALL = new Float64Array(32);
