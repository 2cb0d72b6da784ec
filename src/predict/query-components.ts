/** Places the cells of a query on the components of the model while its rows stream. @module */
import type { Csr } from "../core/csr.ts";
import type { DenseMatrix } from "../core/dense.ts";
import { normalizedRows, TARGET_SUM } from "../core/normalize.ts";
import { quantileOf } from "../core/quantiles.ts";
import { shareOfMeasured } from "../model/components/gene-shares.ts";
import { createValuesCheck } from "../model/components/matrix-values.ts";
import { createProjection, projectRows } from "../model/components/projection.ts";
import type { ComponentSpace } from "../model/components/types.ts";
import type { GeneAlignment } from "./align.ts";
import { measuredGenes } from "./measured-genes.ts";
import type { GivenValues } from "./value-plan.ts";

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

/**
 * Projects `nObs` cells. Counts are normalised to the share of the reference's counts that the matched genes have there,
 * so that missing genes do not make the others look larger.
 */
export function createQueryComponents(
  { values, geneShares, medianCounts, scaling, components }: ComponentSpace,
  genes: GeneAlignment,
  nObs: number,
  given: GivenValues,
): QueryComponents {
  const measured = measuredGenes(genes);
  const share = shareOfMeasured(geneShares, measured);
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
    if (isNormal || given === "proportional" || nObs === 0) return null;
    // A bundle may say of its reference what no count can be.
    const ratio = quantileOf(totals.sort(), 0.5) / (medianCounts * share);
    return Number.isFinite(ratio) ? ratio : null;
  };
  return {
    add(rows, firstRow) {
      check.add(rows.data, rows.indices.length);
      const shown = isNormal
        ? rows
        : normalizedRows(rows, TARGET_SUM * share, (row, total) => {
            totals[firstRow + row] = total;
          });
      projectRows(shown, scaling, projection, scores, firstRow);
    },
    finish: () => {
      const isLike =
        given === "unknown" ? check.verdict() === values : given === "normalised" || values === "log1p_cp10k";
      return isLike ? { scores, depthRatio: depthRatio() } : null;
    },
  };
}
