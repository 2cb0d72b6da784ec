/** The output of readers of text matrices. @module */

/** Some stored values of a matrix of cells by genes; each array holds `length` of them, valid until the next batch. */
export interface EntryBatch {
  readonly length: number;
  readonly cells: Int32Array;
  readonly genes: Int32Array;
  readonly values: Float32Array;
}
