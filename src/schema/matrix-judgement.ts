/** Names of what is said about the values of a matrix, in files, messages and `--json`. @module */
import { keysOf } from "./keys.ts";

/**
 * What a sample of rows looks like. `empty`: zeros only; `binary`: zeros and ones; `counts`: whole numbers; `count_like`:
 * decimals that are on the scale of counts, as after the correction of ambient RNA; `log1p`: logarithms of 1 + normalised
 * counts; `size_normalised`: counts or TPM divided by the total of the cell; `scaled`: also below zero; `dense_positive`:
 * nearly every value above zero, as imputed, denoised and shifted values are; `unclear`: none of these for sure.
 */
export const MATRIX_VERDICTS = [
  "empty",
  "binary",
  "counts",
  "count_like",
  "log1p",
  "size_normalised",
  "scaled",
  "dense_positive",
  "unclear",
] as const;

/** Keys of `train_config › matrix_statistics`, what training says about its matrix (docs/specification/1-artifacts.md#training-configuration). */
export const MATRIX_RECORD = keysOf(
  "name",
  "verdict",
  "n_cells",
  "min",
  "max",
  "whole_share",
  "negative_share",
  "zero_share",
  "genes_per_cell",
  "row_total",
  "log_base",
  "log_times",
);
