/** Slots and names of R's single-cell objects. @module */

/** Seurat 3 to 5. */
export const SEURAT = {
  assays: "assays",
  cells: "meta.data",
  active: "active.assay",
  identities: "active.ident",
  reductions: "reductions",
  embeddings: "cell.embeddings",
  /** An assay of Seurat 3 and 4. */
  counts: "counts",
  data: "data",
  features: "meta.features",
  /** An assay of Seurat 5. */
  layers: "layers",
  layerCells: "cells",
  layerFeatures: "features",
  layerGenes: "meta.data",
  /** Values of the variable genes only. */
  scaled: "scale.data",
  /** What Seurat's own conversion calls the identities. */
  identityColumn: "ident",
  /** Assays of gene expression, in lower case, the best first. */
  usual: ["rna", "spatial"],
} as const;

/** At the root of an `.h5Seurat` file of SeuratDisk. */
export const H5SEURAT_ROOT = ["assays", "cell.names", SEURAT.cells] as const;

/** SummarizedExperiment and SingleCellExperiment. */
export const EXPERIMENT = {
  assays: "assays",
  cells: "colData",
  genes: "elementMetadata",
  names: "NAMES",
  ranges: "rowRanges",
  internal: "int_colData",
  internalSettings: "int_metadata",
  mainName: "mainExpName",
  reductions: "reducedDims",
  others: "altExps",
  /** The assay that becomes X, the best first. */
  usual: ["counts", "X", "logcounts"],
} as const;

/** Where a list, a table or a matrix of Bioconductor and of Matrix keeps its parts. */
export const SLOT = {
  items: "listData",
  rowNames: "rownames",
  nRows: "nrows",
  data: "data",
  fields: ".xData",
  values: "values",
  lengths: "lengths",
  starts: "p",
  rows: "i",
  columns: "j",
  entries: "x",
  shape: "Dim",
  names: "Dimnames",
  half: "uplo",
  experiment: "se",
} as const;

/** Packages whose matrices are files or calculations; that of Seurat's users first. */
export const REFUSED_PACKAGES = [
  "BPCells",
  "DelayedArray",
  "HDF5Array",
  "TileDBArray",
  "ResidualMatrix",
] as const;
