/** Places the cells of a query on the components of the model while its rows stream. @module */
import type { Csr } from "../core/csr.ts";
import type { DenseMatrix } from "../core/dense.ts";
import { normalizedRows, TARGET_SUM } from "../core/normalize.ts";
import { quantileOf } from "../core/quantiles.ts";
import { shareOfMeasured } from "../model/components/gene-shares.ts";
import { createValuesCheck, type SeenValues, verdictOf } from "../model/components/matrix-values.ts";
import { keptProjection, projectRows } from "../model/components/projection.ts";
import type { ComponentSpace } from "../model/components/types.ts";
import type { GeneAlignment } from "./align.ts";
import { measuredGenes } from "./measured-genes.ts";
import type { GivenValues } from "./value-plan.ts";

/** Takes aligned rows, with the values that the query's matrix has, in any order. */
export interface QueryComponents {
  add(rows: Csr, firstRow: number): void;
  /** What was added. */
  readonly cells: () => PlacedCells;
  /** As {@link placedQuery} of what was added. */
  finish(): PlacedQuery | null;
}

/** Cells on the components; those of a part of a query can be joined with those of the others. */
export interface PlacedCells {
  /** [cells, components] */
  readonly scores: DenseMatrix;
  /** Counts of each cell on the matched genes; empty unless the values are counts. */
  readonly totals: Float64Array;
  readonly hasTotals: boolean;
  /** What the values of the rows are judged by. */
  readonly seen: SeenValues;
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
  space: ComponentSpace,
  genes: GeneAlignment,
  nObs: number,
  given: GivenValues,
): QueryComponents {
  const { geneShares, scaling, components } = space;
  const measured = measuredGenes(genes);
  const share = shareOfMeasured(geneShares, measured);
  const projection = keptProjection(components, scaling, measured);
  const scores = {
    nRows: nObs,
    nCols: components.nComponents,
    data: new Float32Array(nObs * components.nComponents),
  };
  const check = createValuesCheck();
  const isNormal = isNormalised(space, given);
  const totals = new Float64Array(isNormal ? 0 : nObs);
  const cells = (): PlacedCells => ({ scores, totals, hasTotals: !isNormal, seen: check.seen() });
  return {
    cells,
    add(rows, firstRow) {
      check.add(rows.data, rows.indices.length);
      const shown = isNormal
        ? rows
        : normalizedRows(rows, TARGET_SUM * share, (row, total) => {
            totals[firstRow + row] = total;
          });
      projectRows(shown, scaling, projection, scores, firstRow);
    },
    finish: () => placedQuery(space, genes, given, cells()),
  };
}

const isNormalised = ({ values }: ComponentSpace, given: GivenValues): boolean =>
  values === "as_they_are" || given === "normalised";

/** All cells of a query on the components; null if the values are not of the kind that the space was fitted on. */
export function placedQuery(
  space: ComponentSpace,
  genes: GeneAlignment,
  given: GivenValues,
  { scores, totals, seen }: PlacedCells,
): PlacedQuery | null {
  const { values, geneShares, medianCounts } = space;
  const isLike =
    given === "unknown" ? verdictOf(seen) === values : given === "normalised" || values === "log1p_cp10k";
  if (!isLike) return null;
  if (isNormalised(space, given) || given === "proportional" || scores.nRows === 0)
    return { scores, depthRatio: null };
  const share = shareOfMeasured(geneShares, measuredGenes(genes));
  // A bundle may say of its reference what no count can be.
  const ratio = quantileOf(totals.slice().sort(), 0.5) / (medianCounts * share);
  return { scores, depthRatio: Number.isFinite(ratio) ? ratio : null };
}
