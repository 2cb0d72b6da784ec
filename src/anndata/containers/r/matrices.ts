/**
 * Matrices of R, genes × cells, as matrices of cells × genes. R stores them by column, so neither a sparse matrix by column
 * nor a dense one has to be transposed.
 *
 * Source: the documentation of R's Matrix package, classes `dgCMatrix`, `dgRMatrix`, `dgTMatrix` and `dgeMatrix`.
 * @module
 */
import { AtlasmtlError, locate } from "../../../errors.ts";
import { toFloat64 } from "../../../formats/number-arrays.ts";
import type { RFile, RNumbers } from "../../../formats/rds/open.ts";
import type { RValue, RVector } from "../../../formats/rds/types.ts";
import type { EntryBatch } from "../../../formats/text/entries.ts";
import { REFUSED_PACKAGES, SLOT } from "../../../schema/r-objects.ts";
import { checkStarts, type MatrixFrame, matrixOf } from "../../read/matrix.ts";
import type { MatrixArrays } from "../../read/rows.ts";
import type { Matrix, MatrixName } from "../../types.ts";
import { entryArrays } from "../entry-matrix.ts";
import { classOf, described, dimNames, shapeOf, slot } from "./objects.ts";

/** An R matrix that can be read. */
export interface RMatrix {
  readonly value: RValue;
  readonly nGenes: number;
  readonly nCells: number;
}

/** True for a matrix without values, which stands for none. */
export const isEmpty = ({ nGenes, nCells }: RMatrix): boolean => nGenes === 0 || nCells === 0;

/**
 * Looks at a matrix without reading it; null if it is none.
 * @throws UNSUPPORTED that names a matrix which is a file or a calculation, or of a class that is not read.
 */
export async function findMatrix(file: RFile, value: RValue, where: string): Promise<RMatrix | null> {
  if (value === null || value.kind === "symbol") return null;
  const { from } = await classOf(file, value);
  const shape = await shapeOf(file, value);
  const isNumeric = value.kind === "vector" && ["real", "integer", "logical"].includes(value.type);
  const isSparse =
    value.kind === "s4" &&
    [SLOT.rows, SLOT.columns, SLOT.entries].some((part) => isVector(slot(value, part)));
  // A symmetric or triangular matrix stores one half, and is no matrix of genes and cells.
  const isHalf = slot(value, SLOT.half) !== null;
  if (shape !== null && !REFUSED.has(from) && !isHalf && (isNumeric || isSparse)) {
    const matrix = { value, nGenes: shape[0], nCells: shape[1] };
    await checkSize(file, matrix, where);
    return matrix;
  }
  const what = await described(file, value);
  throw locate(
    REFUSED.has(from)
      ? new AtlasmtlError("UNSUPPORTED", `the matrix is ${what}, whose values are not in the R object`, {
          hint:
            from === REFUSED_PACKAGES[0]
              ? `in R, before saveRDS: x[["RNA"]]$counts <- as(x[["RNA"]]$counts, "dgCMatrix")`
              : `in R, before saveRDS: assay(x, "counts") <- as(assay(x, "counts"), "dgCMatrix")`,
        })
      : new AtlasmtlError("UNSUPPORTED", `the matrix is ${what}, which is not read`, {
          hint: `in R, before saveRDS, make it a plain sparse matrix: as(as(x, "generalMatrix"), "CsparseMatrix")`,
        }),
    where,
  );
}

/** Cells or genes of triplets, which nothing in the matrix counts. */
const MAX_TRIPLET_SIZE = 1 << 24;

/** @throws BAD_DATA for a size that the matrix does not hold or that its names do not have. */
async function checkSize(file: RFile, { value, nGenes, nCells }: RMatrix, where: string): Promise<void> {
  const length = (name: string): number | null => {
    const part = slot(value, name);
    return isVector(part) ? part.length : null;
  };
  const [starts, rows, columns, entries] = [
    length(SLOT.starts),
    length(SLOT.rows),
    length(SLOT.columns),
    length(SLOT.entries),
  ];
  const isDense = rows === null && columns === null;
  // A sequence takes no bytes, so it can be of any size; counts are none.
  const isStored = (part: RValue): boolean => isVector(part) && part.content.form === "stored";
  const holds = isDense
    ? isStored(isVector(value) ? value : slot(value, SLOT.entries)) &&
      (isVector(value) ? value.length : entries) === nGenes * nCells
    : starts === null
      ? Math.max(nGenes, nCells) <= MAX_TRIPLET_SIZE
      : starts === (rows === null ? nGenes : nCells) + 1;
  if (!holds)
    throw new AtlasmtlError(
      "BAD_DATA",
      `the matrix says that it is ${nGenes} × ${nCells}, and does not hold that`,
      {
        where,
        hint: "in R, check the object: validObject(x)",
      },
    );
  for (const [axis, n] of [nGenes, nCells].entries()) {
    const names = await dimNames(file, value, axis === 0 ? 0 : 1);
    if (names !== null && names.length !== n)
      throw new AtlasmtlError(
        "BAD_DATA",
        `${names.length} names are given for ${n} ${axis === 0 ? "genes" : "cells"}`,
        {
          where,
          hint: "in R, check the object: validObject(x)",
        },
      );
  }
}

const REFUSED: ReadonlySet<string> = new Set(REFUSED_PACKAGES);

const isVector = (value: RValue): value is RVector => value?.kind === "vector";

/** Opens a matrix of the size of `frame`, whose rows are cells. */
export async function openRMatrix(
  file: RFile,
  matrix: RMatrix,
  name: MatrixName,
  where: string,
  frame: MatrixFrame,
): Promise<Matrix> {
  try {
    if (matrix.nGenes !== frame.nCols || matrix.nCells !== frame.nRows)
      throw new AtlasmtlError(
        "BAD_DATA",
        `the matrix has ${matrix.nGenes} genes and ${matrix.nCells} cells; ${frame.nCols} and ${frame.nRows} are named`,
      );
    const { arrays, dtype, nStored, isHeld } = await arraysOf(file, matrix);
    return matrixOf({
      name,
      where,
      dtype,
      nStored,
      arrays,
      frame,
      isSequential: file.isSequential && !isHeld,
    });
  } catch (error) {
    throw locate(error, where);
  }
}

interface Arrays {
  readonly arrays: MatrixArrays;
  readonly dtype: string;
  readonly nStored: number | null;
  readonly isHeld: boolean;
}

async function arraysOf(file: RFile, { value, nGenes, nCells }: RMatrix): Promise<Arrays> {
  if (value?.kind === "vector") return dense(file, value, nGenes, nCells);
  const [starts, rows, columns, entries] = [SLOT.starts, SLOT.rows, SLOT.columns, SLOT.entries].map(
    (name) => {
      const found = slot(value, name);
      return isVector(found) ? found : null;
    },
  );
  if (rows === null && columns === null && entries !== null) return dense(file, entries, nGenes, nCells);
  const indices = rows ?? columns;
  if (indices === null) throw new AtlasmtlError("BAD_FORMAT", "the sparse matrix has no indices");
  const nStored = indices.length;
  for (const part of [entries, columns])
    if (part !== null && part.length !== nStored)
      throw new AtlasmtlError(
        "BAD_DATA",
        `the sparse matrix has ${nStored} indices and ${part.length} values`,
      );
  // A pattern matrix has no values: each entry is TRUE.
  const data = entries === null ? ones(nStored) : file.stream(entries, 1, "floats");
  const isHeld = [indices, entries].every((part) => part === null || isInMemory(part));
  const dtype = entries === null ? "bool" : data.dtype;
  if (starts === null) {
    if (rows === null || columns === null)
      throw new AtlasmtlError("BAD_FORMAT", "the sparse matrix has no starts");
    const parts = {
      genes: file.stream(rows, 1, "integers"),
      cells: file.stream(columns, 1, "integers"),
      values: data,
    };
    const scan = (): AsyncIterable<EntryBatch> => triplets(parts, nStored, nGenes, nCells);
    return { arrays: entryArrays({ storage: "csr", nCells, scan }), dtype, nStored, isHeld };
  }
  const storage = rows === null ? "csc" : "csr";
  const at = toFloat64(await file.numbers(starts));
  return {
    arrays: {
      storage,
      starts: checkStarts(at, rows === null ? nGenes : nCells, nStored, "int32"),
      indices: file.stream(indices, 1, "integers"),
      data,
    },
    dtype,
    nStored,
    isHeld,
  };
}

function dense(file: RFile, values: RVector, nGenes: number, nCells: number): Arrays {
  if (values.length !== nGenes * nCells)
    throw new AtlasmtlError(
      "BAD_DATA",
      `the matrix is ${nGenes} × ${nCells} and has ${values.length} values`,
    );
  const stream = file.stream(values, nGenes, "floats");
  return {
    arrays: { storage: "dense", values: stream },
    dtype: stream.dtype,
    nStored: null,
    isHeld: isInMemory(values),
  };
}

const isInMemory = ({ content }: RVector): boolean => content.form !== "stored" || content.held !== null;

function ones(length: number): RNumbers {
  return {
    nRows: length,
    width: 1,
    dtype: "bool",
    chunkRows: null,
    read: async (start, end) => new Float32Array(end - start).fill(1),
  };
}

/** Triplets that are read at once. */
const BATCH = 1 << 18;

async function* triplets(
  { genes, cells, values }: Record<"genes" | "cells" | "values", RNumbers>,
  nStored: number,
  nGenes: number,
  nCells: number,
): AsyncGenerator<EntryBatch> {
  for (let from = 0; from < nStored; from += BATCH) {
    const to = Math.min(from + BATCH, nStored);
    const batch = {
      length: to - from,
      genes: Int32Array.from(await genes.read(from, to), Number),
      cells: Int32Array.from(await cells.read(from, to), Number),
      values: Float32Array.from(await values.read(from, to), Number),
    };
    for (let e = 0; e < batch.length; e++) {
      const [gene, cell] = [batch.genes[e], batch.cells[e]];
      if (gene < 0 || gene >= nGenes || cell < 0 || cell >= nCells)
        throw new AtlasmtlError("BAD_DATA", `entry ${from + e} is at gene ${gene} of cell ${cell}`);
    }
    yield batch;
  }
}

/** Cells and genes of a part of a matrix, as positions in the whole. */
export interface MatrixPart {
  readonly matrix: Matrix;
  readonly cells: Int32Array;
  readonly genes: Int32Array;
}

/** One matrix of parts with some of the cells each, as Seurat 5 keeps samples apart; a gene that a part lacks is 0. */
export function joinParts(
  parts: readonly MatrixPart[],
  name: MatrixName,
  where: string,
  frame: MatrixFrame,
): Matrix {
  return matrixOf({
    name,
    where,
    dtype: parts[0].matrix.dtype,
    nStored: parts.reduce((sum, { matrix }) => sum + (matrix.nStored ?? 0), 0),
    arrays: entryArrays({
      storage: "csr",
      nCells: frame.nRows,
      scan: (signal) => entriesOf(parts, signal),
    }),
    frame,
  });
}

async function* entriesOf(
  parts: readonly MatrixPart[],
  signal: AbortSignal | undefined,
): AsyncGenerator<EntryBatch> {
  for (const { matrix, cells, genes } of parts)
    for await (const { firstRow, csr } of matrix.rows({ signal, reuse: true })) {
      const length = csr.indices.length;
      const batch = { length, cells: new Int32Array(length), genes: new Int32Array(length) };
      for (let row = 0; row < csr.nRows; row++)
        batch.cells.fill(cells[firstRow + row], csr.indptr[row], csr.indptr[row + 1]);
      for (let e = 0; e < length; e++) batch.genes[e] = genes[csr.indices[e]];
      yield { ...batch, values: csr.data ?? new Float32Array(length).fill(1) };
    }
}
