/** A row-major dense float32 matrix: obsm arrays, coordinates, latent spaces. @module */
export interface DenseMatrix {
  readonly nRows: number;
  readonly nCols: number;
  /** `nRows * nCols` values, row after row. */
  readonly data: Float32Array;
}
