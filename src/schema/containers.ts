/** Names in the files and folders of other tools. @module */

/** The groups of a Loom file, and the attributes that name cells and genes in the order in which they are looked for. */
export const LOOM = {
  groups: { genes: "row_attrs", cells: "col_attrs" },
  cellNames: ["CellID", "obs_names", "cell_names", "Barcode"],
  symbols: ["Gene", "var_names", "gene_names"],
  ids: ["Accession", "gene_ids"],
} as const;

/** What tools call the matrix of cells in their output folders, the best first; folders may lead to each other. */
export const OUTPUT_FOLDERS: readonly string[] = [
  // Cell Ranger
  "filtered_feature_bc_matrix.h5",
  "filtered_feature_bc_matrix",
  "sample_filtered_feature_bc_matrix.h5",
  "sample_filtered_feature_bc_matrix",
  "filtered_gene_bc_matrices_h5.h5",
  "filtered_gene_bc_matrices",
  "outs",
  // STARsolo
  "Solo.out",
  "Gene",
  "GeneFull",
  "filtered",
  // kb
  "counts_filtered",
  "counts_unfiltered",
  // alevin-fry
  "alevin",
];
