/**
 * The scripts that run programs of others. Each gets a folder with `reference.h5ad` and `query.h5ad`
 * (log-normalised), a label column, the table to write and a limit of iterations.
 * @module
 */

/** CellTypist with its majority voting: a line of cell, label and probability. */
export const CELLTYPIST_SCRIPT = `import csv
import sys

import anndata
import celltypist

folder, column, out, max_iter = sys.argv[1:5]
reference = anndata.read_h5ad(f"{folder}/reference.h5ad")
query = anndata.read_h5ad(f"{folder}/query.h5ad")
reference = reference[reference.obs[column].astype(str) != ""].copy()
model = celltypist.train(
    reference, labels=column, check_expression=False, feature_selection=False, max_iter=int(max_iter)
)
result = celltypist.annotate(query, model=model, majority_voting=query.n_obs >= 50)
labels = result.predicted_labels
name = "majority_voting" if "majority_voting" in labels.columns else "predicted_labels"
scores = result.probability_matrix
with open(out, "w", newline="") as file:
    writer = csv.writer(file)
    for cell in query.obs_names:
        label = str(labels.loc[cell, name])
        score = scores.loc[cell, label] if label in scores.columns else ""
        writer.writerow([cell, label, score])
`;

/** SingleR with its fine tuning: a line of cell and label. */
export const SINGLER_SCRIPT = `words <- commandArgs(trailingOnly = TRUE)
suppressPackageStartupMessages({ library(SingleR); library(Matrix); library(rhdf5) })
read_side <- function(path) {
  x <- h5read(path, "X")
  cells <- h5read(path, "obs/_index")
  genes <- h5read(path, "var/_index")
  sparseMatrix(i = as.integer(x$indices) + 1, p = as.integer(x$indptr), x = as.numeric(x$data),
    dims = c(length(genes), length(cells)), dimnames = list(genes, cells))
}
read_labels <- function(path, column) {
  values <- h5read(path, paste0("obs/", column))
  if (is.list(values)) values$categories[values$codes + 1] else values
}
reference_path <- file.path(words[1], "reference.h5ad")
reference <- read_side(reference_path)
labels <- read_labels(reference_path, words[2])
kept <- !is.na(labels) & labels != ""
query <- read_side(file.path(words[1], "query.h5ad"))
found <- SingleR(test = query, ref = reference[, kept], labels = labels[kept], de.method = "wilcox")
write.table(data.frame(colnames(query), found$labels), words[3], sep = ",", row.names = FALSE,
  col.names = FALSE, qmethod = "double")
`;
