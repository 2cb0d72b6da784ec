/** The cells of a reference that a model keeps, where they are very many (docs/specification/2-training.md#reference-cells). @module */
import { coverClasses } from "../core/cover-classes.ts";
import type { DenseMatrix } from "../core/dense.ts";
import { grouped } from "../core/shown.ts";
import { notice, option, phrase } from "../errors.ts";
import { chooseCells } from "./components/sample-cells.ts";
import type { LabelData } from "./labels.ts";
import type { ReferenceColumn, Warning } from "./types.ts";

/**
 * The rows that the reference keeps, rising: at most about `most`, an even share of each class of the last label column, at
 * least 50 of it, and a cell of every class of every column. Null if all are kept.
 */
export function referenceCells(
  labels: readonly Pick<LabelData, "codes">[],
  most: number,
  key: number,
): Uint32Array | null {
  const { codes } = labels[labels.length - 1];
  if (codes.length <= most) return null;
  const chosen = chooseCells(codes, key, most);
  if (chosen.length === codes.length) return null;
  const isChosen = new Uint8Array(codes.length);
  for (const row of chosen) isChosen[row] = 1;
  const others = Uint32Array.from(codes, (_, row) => row).filter((row) => isChosen[row] === 0);
  return coverClasses(
    { kept: chosen, others },
    labels.map((label) => label.codes),
  ).kept;
}

/** Says that not all cells are kept. */
export function referenceNotes(kept: Uint32Array | null, nObs: number): Warning[] {
  if (kept === null) return [];
  return [
    notice(
      `the model keeps ${grouped(kept.length)} of the ${grouped(nObs)} reference cells for its KNN vote, an even share of each class`,
      { hint: phrase`${option("referenceCells")} says how many` },
    ),
  ];
}

export function keptValues<T extends Int32Array | Float64Array>(values: T, kept: Uint32Array | null): T {
  if (kept === null) return values;
  const of = values.constructor as new (n: number) => T;
  const own = new of(kept.length);
  for (const [i, row] of kept.entries()) own[i] = values[row];
  return own;
}

export function keptRows(matrix: DenseMatrix, kept: Uint32Array | null): DenseMatrix {
  if (kept === null) return matrix;
  const { nCols } = matrix;
  const data = new Float32Array(kept.length * nCols);
  for (const [i, row] of kept.entries())
    data.set(matrix.data.subarray(row * nCols, (row + 1) * nCols), i * nCols);
  return { nRows: kept.length, nCols, data };
}

export function keptColumn(column: ReferenceColumn, kept: Uint32Array | null): ReferenceColumn {
  return column.kind === "number"
    ? { ...column, values: keptValues(column.values, kept) }
    : { ...column, codes: keptValues(column.codes, kept) };
}
