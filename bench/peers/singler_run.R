# SingleR with its fine tuning on one level, a line of cell and label: singler_run.R FOLDER COLUMN OUT
# FOLDER holds reference.h5ad, with the labels in COLUMN, and query.h5ad, both log-normalised.
words <- commandArgs(trailingOnly = TRUE)
suppressPackageStartupMessages({ library(SingleR); library(Matrix); library(rhdf5) })
read_side <- function(path) {
  x <- h5read(path, "X")
  cells <- as.vector(h5read(path, "obs/_index"))
  genes <- as.vector(h5read(path, "var/_index"))
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
# As plain vectors: h5read gives arrays of one dimension, by which Matrix does not subset.
labels <- as.vector(labels)
kept <- which(!is.na(labels) & labels != "")
query <- read_side(file.path(words[1], "query.h5ad"))
found <- SingleR(test = query, ref = reference[, kept], labels = labels[kept], de.method = "wilcox")
write.table(data.frame(colnames(query), found$labels), words[3], sep = ",", row.names = FALSE,
  col.names = FALSE, qmethod = "double")
