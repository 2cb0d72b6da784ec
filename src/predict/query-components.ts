/** Places the cells of a query on the components of the model while its rows stream. @module */
import type { Csr } from "../core/csr.ts";
import type { DenseMatrix } from "../core/dense.ts";
import { log } from "../core/math.ts";
import { TARGET_SUM } from "../core/normalize.ts";
import { createValuesCheck } from "../model/components/matrix-values.ts";
import { createProjection, projectRows } from "../model/components/projection.ts";
import type { ComponentSpace } from "../model/components/types.ts";
import type { GeneAlignment } from "./align.ts";

/** Takes aligned rows, with the values that the query's matrix has, in any order. */
export interface QueryComponents {
  add(rows: Csr, firstRow: number): void;
  /** The scores of all cells; null if the values are not of the kind that the space was fitted on. */
  finish(): DenseMatrix | null;
}

/**
 * Projects `nObs` cells. Counts are normalised to the share of the reference's counts that the matched genes have there,
 * so that missing genes do not make the others look larger. `areCounts` is true if the caller says so.
 */
export function createQueryComponents(
  { values, geneShares, scaling, components }: ComponentSpace,
  { toModel, nGenes }: GeneAlignment,
  nObs: number,
  areCounts: boolean,
): QueryComponents {
  const measured = new Uint8Array(nGenes);
  for (const gene of toModel) if (gene >= 0) measured[gene] = 1;
  let share = 0;
  for (let g = 0; g < nGenes; g++) share += measured[g] * geneShares[g];
  const projection = createProjection(components, scaling, measured);
  const scores = {
    nRows: nObs,
    nCols: components.nComponents,
    data: new Float32Array(nObs * components.nComponents),
  };
  const check = createValuesCheck();
  return {
    add(rows, firstRow) {
      check.add(rows.data, rows.indices.length);
      const shown = values === "log1p_cp10k" ? normalised(rows, TARGET_SUM * share) : rows;
      projectRows(shown, scaling, projection, scores, firstRow);
    },
    finish: () => ((areCounts ? "log1p_cp10k" : check.verdict()) === values ? scores : null),
  };
}

/** log(1 + count · `target` / total of the cell), a matrix of its own. */
function normalised(rows: Csr, target: number): Csr {
  const { nRows, indptr, indices, data } = rows;
  const out = new Float32Array(indices.length);
  for (let r = 0; r < nRows; r++) {
    let total = 0;
    for (let e = indptr[r]; e < indptr[r + 1]; e++) total += data === null ? 1 : data[e];
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
