/** Names in the files of a study of many samples (docs/specification/6-cli.md#many-samples). @module */
import { keysOf } from "./keys.ts";

/** Files in the folder of a study, beside the result of each sample and its record. */
export const STUDY_FILES = {
  model: "model/model.pth",
  report: "report.html",
  samples: "samples.tsv",
  composition: "composition.tsv",
} as const;

/** What the record of a sample says of it. */
export const SAMPLE_SUMMARY = keysOf("n_cells", "gene_share", "shift_score", "labels", "batches", "warnings");

/** Of one label column of a sample, or of a batch of its cells. */
export const SAMPLE_LABELS = keysOf("column", "counts", "unknown", "mean_confidence");

/** One batch in a sample: cells with one value of an obs column. */
export const SAMPLE_BATCH = keysOf("batch", "n_cells", "unknown");

/** The columns of the table of samples; those with `{}` are there once for each label column. */
export const SAMPLE_TABLE = keysOf(
  "sample",
  "query",
  "status",
  "n_cells",
  "gene_share",
  "shift_score",
  "unknown_{}",
  "mean_confidence_{}",
  "stands_out",
  "error",
);

/** The columns of the table of labels by sample. */
export const COMPOSITION_TABLE = keysOf("sample", "column", "label", "n_cells", "share");

/** What can be unlike the other samples. */
export const OUTLIER_MEASURES = ["composition", "unknown", "confidence", "likeness", "genes"] as const;
export type OutlierMeasure = (typeof OUTLIER_MEASURES)[number];
