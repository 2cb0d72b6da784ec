/** The matrices that the comparison methods use. @module */
import { readCompactCsr } from "../anndata/read/whole-matrix.ts";
import type { AnnData } from "../anndata/types.ts";
import type { Csr } from "../core/csr.ts";
import type { DenseMatrix } from "../core/dense.ts";
import { log } from "../core/math.ts";
import { TARGET_SUM } from "../core/normalize.ts";
import type { WorkOptions } from "../core/progress.ts";
import { AtlasmtlError } from "../errors.ts";
import { alignBlock, alignGenes } from "../predict/align.ts";
import { geneOverlap } from "../predict/gene-overlap.ts";
import type { SharedMatrices } from "./methods/types.ts";

/** The largest dense matrix, in numbers: 2 GiB. */
const MAX_DENSE = 2 ** 29;

/**
 * Reads both matrices, restricted to the genes that reference and query share.
 * @throws MISMATCH when they have none in common, BAD_DATA for repeated genes.
 */
export async function readSharedMatrices(
  reference: AnnData,
  query: AnnData,
  work: WorkOptions,
): Promise<SharedMatrices> {
  const ofReference = await reference.varNames();
  const ofQuery = await query.varNames();
  const inQuery = new Set(ofQuery);
  const inReference = new Set(ofReference);
  const genes = ofReference.filter((gene) => inQuery.has(gene));
  geneOverlap(
    alignGenes(ofQuery, ofReference, query.source),
    { trainGenes: ofReference },
    {
      source: query.source,
      nGenes: ofQuery.length,
      unmatched: ofQuery.filter((gene) => !inReference.has(gene)),
      cells: query.obs.index,
      wasMapped: true,
      wasCarried: true,
      nInRaw: null,
    },
  );
  const whole = { reference: await readAll(reference, work), query: await readAll(query, work) };
  return {
    genes,
    reference: alignBlock(whole.reference, alignGenes(ofReference, genes, reference.source), "float"),
    query: alignBlock(whole.query, alignGenes(ofQuery, genes, query.source), "float"),
    referenceTotals: rowSums(whole.reference),
    queryTotals: rowSums(whole.query),
    areCounts: isCounts(whole.reference) && isCounts(whole.query),
  };
}

const readAll = async (adata: AnnData, work: WorkOptions): Promise<Csr> =>
  readCompactCsr(await adata.matrix("X"), { binary: false, ...work });

function rowSums({ nRows, indptr, data }: Csr): Float64Array {
  const sums = new Float64Array(nRows);
  for (let row = 0; row < nRows; row++)
    for (let e = indptr[row]; e < indptr[row + 1]; e++) sums[row] += data === null ? 1 : data[e];
  return sums;
}

function isCounts({ data }: Csr): boolean {
  return data === null || data.every((value) => value >= 0 && Number.isInteger(value));
}

/** A description of {@link logNormalised} for the report. */
export const normalisationOf = ({ areCounts }: SharedMatrices): string =>
  areCounts ? `counts per ${TARGET_SUM}, log(1 + x)` : "as stored (not counts)";

/** log(1 + counts per 10,000 of the whole cell). Values that are not counts are not changed. */
export function logNormalised(shared: SharedMatrices, side: "reference" | "query"): Csr {
  const matrix = shared[side];
  if (!shared.areCounts) return matrix;
  const totals = side === "reference" ? shared.referenceTotals : shared.queryTotals;
  const { nRows, indptr, data } = matrix;
  const out = new Float32Array(matrix.indices.length);
  for (let row = 0; row < nRows; row++) {
    const scale = totals[row] > 0 ? TARGET_SUM / totals[row] : 0;
    for (let e = indptr[row]; e < indptr[row + 1]; e++)
      out[e] = log(1 + (data === null ? 1 : data[e]) * scale);
  }
  return { ...matrix, data: out };
}

/** All values side by side. @throws LIMIT beyond 2 GiB. */
export function denseOf({ nRows, nCols, indptr, indices, data }: Csr, binary: boolean): DenseMatrix {
  if (nRows * nCols > MAX_DENSE)
    throw new AtlasmtlError("LIMIT", `${nRows} cells × ${nCols} genes do not fit 2 GiB`, {
      hint: "choose fewer genes or fewer cells",
    });
  const out = new Float32Array(nRows * nCols);
  for (let row = 0; row < nRows; row++)
    for (let e = indptr[row]; e < indptr[row + 1]; e++) {
      const value = data === null ? 1 : data[e];
      out[row * nCols + indices[e]] = binary ? (value > 0 ? 1 : 0) : value;
    }
  return { nRows, nCols, data: out };
}
