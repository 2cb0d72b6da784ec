/** A dataset seen with other genes: columns of its matrices are moved, added up and left out while they stream. @module */

import { frame } from "../anndata/read/dataframe.ts";
import type { AnnData, Column, DataFrame, Matrix, MatrixName } from "../anndata/types.ts";
import { pickColumn } from "../anndata/views/select-cells.ts";
import type { ConfigMap } from "../core/config.ts";
import type { Csr } from "../core/csr.ts";
import { AtlasmtlError } from "../errors.ts";
import type { DuplicatePolicy } from "../schema/preprocess-options.ts";
import type { GenePlan } from "./merge-genes.ts";

export interface GeneViewOptions {
  readonly duplicatePolicy: DuplicatePolicy;
  /** Columns of var to add, or to put in the place of those of the same name. */
  readonly columns?: ReadonlyMap<string, Column>;
  /** A layer to add, by its key and the matrix it is taken from. */
  readonly addLayer?: readonly [key: string, from: MatrixName] | null;
  readonly uns?: ReadonlyMap<string, ConfigMap>;
}

/**
 * `base` with the genes of `plan`; nothing is read before it is asked for. Cells and all that belongs to them stay.
 * `raw` is left as it is. The view must not outlive `base`.
 */
export async function viewGenes(base: AnnData, plan: GenePlan, options: GeneViewOptions): Promise<AnnData> {
  const {
    duplicatePolicy,
    columns = new Map<string, Column>(),
    addLayer = null,
    uns = new Map<string, ConfigMap>(),
  } = options;
  const vars = await viewFrame(base.var, plan, columns, base.source);
  const layerKeys = [...base.layerKeys];
  if (addLayer !== null && !layerKeys.includes(addLayer[0])) layerKeys.push(addLayer[0]);
  const unsKeys = [...new Set([...base.unsKeys, ...uns.keys()])];
  return {
    ...base,
    source: base.source,
    input: null,
    nObs: base.nObs,
    nVars: plan.names.length,
    obs: base.obs,
    var: vars,
    layerKeys,
    unsKeys,
    reshaped: { varFrom: storedRows(plan, base), uns },
    async matrix(name = "X") {
      if (name === "raw/X") return base.matrix(name);
      const from = addLayer !== null && name === `layers/${addLayer[0]}` ? addLayer[1] : name;
      const matrix = await base.matrix(from);
      const moved = from === "raw/X" ? renumbered(plan, base.var.index, await base.varNames(from)) : plan;
      return moveGenes(matrix, moved, duplicatePolicy, name);
    },
    async varNames(name = "X") {
      return name === "raw/X" ? base.varNames(name) : vars.index;
    },
    uns: async (key) => uns.get(key) ?? base.uns(key),
  };
}

/** For each gene of the output its row in the stored var. */
function storedRows({ first }: GenePlan, { knownGenes }: AnnData): Int32Array {
  return knownGenes === undefined ? first : first.map((gene) => (gene < 0 ? -1 : knownGenes.rows[gene]));
}

function viewFrame(
  base: DataFrame,
  plan: GenePlan,
  added: ReadonlyMap<string, Column>,
  source: string,
): Promise<DataFrame> {
  const kept = base.columns.filter((name) => !added.has(name));
  return frame({
    where: `${source} › var`,
    length: plan.names.length,
    columns: [...kept, ...added.keys()],
    readIndex: async () => plan.names,
    readColumn: async (name) => added.get(name) ?? pickColumn(await base.column(name), plan.first),
  });
}

/** The plan for a matrix whose columns are other genes of the same names, as those of raw are. */
function renumbered(plan: GenePlan, names: readonly string[], others: readonly string[]): GenePlan {
  const place = new Map(others.map((name, gene) => [name, gene]));
  const target = new Int32Array(others.length).fill(-1);
  names.forEach((name, gene) => {
    const at = place.get(name);
    if (at !== undefined) target[at] = plan.target[gene];
  });
  return {
    ...plan,
    target,
    first: plan.first.map((gene) => (gene < 0 ? -1 : (place.get(names[gene]) ?? -1))),
  };
}

/**
 * `matrix` with the genes of `plan`, named `name`.
 * @throws MISMATCH for a plan of another number of genes.
 */
export function moveGenes(
  matrix: Matrix,
  plan: GenePlan,
  policy: DuplicatePolicy,
  name: MatrixName = matrix.name,
): Matrix {
  if (matrix.nCols !== plan.target.length)
    throw new AtlasmtlError(
      "MISMATCH",
      `${matrix.name} has ${matrix.nCols} genes; ${plan.target.length} names are given`,
    );
  const move = createMover(plan, policy);
  return {
    name,
    nRows: matrix.nRows,
    nCols: plan.names.length,
    storage: "csr",
    dtype: "float32",
    nStored: null,
    ...(matrix.isSequential === true || matrix.storage === "csc" ? { isSequential: true } : {}),
    async *rows(options) {
      for await (const { firstRow, csr } of matrix.rows(options)) yield { firstRow, csr: move(csr) };
    },
  };
}

/** Moves the columns of blocks; works in memory that it keeps for the next block. */
function createMover(plan: GenePlan, policy: DuplicatePolicy): (block: Csr) => Csr {
  const { target, first, groupSize } = plan;
  const nGenes = plan.names.length;
  const sums = new Float64Array(nGenes);
  const isTouched = new Uint8Array(nGenes);
  return (block) => {
    const { nRows, indptr, indices, data } = block;
    const columns = nGenes <= 65536 ? new Uint16Array(indices.length) : new Uint32Array(indices.length);
    const values = new Float32Array(indices.length);
    const starts = new Uint32Array(nRows + 1);
    let kept = 0;
    for (let row = 0; row < nRows; row++) {
      const begin = kept;
      let last = -1;
      let isSorted = true;
      for (let e = indptr[row]; e < indptr[row + 1]; e++) {
        const gene = indices[e];
        const to = target[gene];
        if (to < 0 || (policy === "first" && first[to] !== gene)) continue;
        sums[to] += data === null ? 1 : data[e];
        if (isTouched[to] === 1) continue;
        isTouched[to] = 1;
        if (to < last) isSorted = false;
        last = to;
        columns[kept++] = to;
      }
      if (!isSorted) columns.subarray(begin, kept).sort();
      let written = begin;
      for (let at = begin; at < kept; at++) {
        const gene = columns[at];
        const value = policy === "mean" ? sums[gene] / groupSize[gene] : sums[gene];
        sums[gene] = 0;
        isTouched[gene] = 0;
        if (Math.fround(value) === 0) continue; // values that cancel out
        columns[written] = gene;
        values[written++] = value;
      }
      kept = written;
      starts[row + 1] = kept;
    }
    return {
      nRows,
      nCols: nGenes,
      indptr: starts,
      indices: columns.subarray(0, kept),
      data: values.subarray(0, kept),
    };
  };
}
