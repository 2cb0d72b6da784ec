# Annotates by the R file, and compares with the table of the command line: FOLDER R_FILE SHARED.
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
suppressMessages({
  library(Seurat)
  library(SingleCellExperiment)
})
source(arguments[2])
at <- function(...) file.path(folder, ...)
checks <- 0
check <- function(name, is_so) {
  if (!isTRUE(is_so)) stop("not so: ", name)
  checks <<- checks + 1
}
error_of <- function(call) tryCatch({ call; stop("no error") }, atlasmtl_error = identity)

counts <- as(Matrix::readMM(at("cells", "matrix.mtx")), "CsparseMatrix")
dimnames(counts) <- list(readLines(at("cells", "genes.txt")), readLines(at("cells", "cells.txt")))
obs <- read.csv(at("cells", "obs.csv"), row.names = 1)
cli <- read.csv(at("cli.csv"), check.names = FALSE, colClasses = "character", na.strings = "", row.names = 1)
is_point <- grepl("^X_pred_", names(cli))
same <- function(metadata) {
  all(vapply(names(cli)[!is_point], function(name) {
    got <- metadata[[name]]
    expected <- cli[[name]]
    if (is.numeric(got)) identical(got, as.numeric(expected))
    else if (is.logical(got)) identical(got, expected == "True")
    else identical(as.character(got), expected)
  }, NA))
}
points <- apply(as.matrix(cli[is_point]), 2, as.numeric)
annotate <- function(...) suppressWarnings(atlasmtl_annotate(...))
model <- at("model", "model.pth")

# Seurat: the one function, and a second run.
seurat <- CreateSeuratObject(counts, meta.data = obs)
seurat <- annotate(seurat, model, include_coords = TRUE)
check("Seurat's metadata", same(seurat@meta.data) && all(names(obs) %in% names(seurat@meta.data)))
check("Seurat's reductions", identical(unname(Embeddings(seurat, "pred_latent_internal")), unname(points)))
check("validity", validObject(seurat))
again <- annotate(seurat, model, write_mode = "minimal", consensus_by = "stim")
check("an earlier result goes", !"conf_cell_type" %in% names(again@meta.data) && length(again@reductions) == 0)
check("groups", "consensus_cell_type" %in% names(again@meta.data))
normalised <- NormalizeData(seurat, verbose = FALSE)
check("data on request", "pred_cell_type" %in% names(annotate(normalised, model, layer = "data")@meta.data))

# SingleCellExperiment, sparse, dense and delayed.
for (matrix in list(counts, as.matrix(counts[, 1:200]), DelayedArray::DelayedArray(counts))) {
  sce <- SingleCellExperiment(list(counts = matrix), colData = obs[seq_len(ncol(matrix)), ])
  sce <- annotate(sce, model, include_coords = TRUE, unknown = "confidence")
  check("labels of SingleCellExperiment", is.character(sce$pred_cell_type) && ncol(reducedDim(sce, "pred_latent_internal")) == ncol(points))
}
sce <- annotate(SingleCellExperiment(list(counts = counts), colData = obs), model, include_coords = TRUE)
check("SingleCellExperiment's columns", same(colData(sce)))
check("its reductions", identical(unname(reducedDim(sce, "pred_latent_internal")), unname(points)))
nameless <- SingleCellExperiment(list(counts = unname(counts)))
rownames(nameless) <- rownames(counts)
check("cells without names", identical(annotate(nameless, model)$pred_cell_type, cli$pred_cell_type))

# An assay of Seurat 5, as it is laid out: layers that are kept apart, names beside them.
setClass("LogMap", contains = "matrix")
half <- seq_len(400)
stand_in <- structure(list(), layers = list(counts.a = unname(counts[, half]), counts.b = unname(counts[, -half])))
attr(stand_in, "features") <- new("LogMap", matrix(TRUE, nrow(counts), 2, dimnames = list(rownames(counts), c("counts.a", "counts.b"))))
attr(stand_in, "cells") <- new("LogMap", cbind(counts.a = seq_len(ncol(counts)) %in% half, counts.b = !seq_len(ncol(counts)) %in% half))
rownames(attr(stand_in, "cells")) <- colnames(counts)
check("split layers of Seurat 5", identical(.atlasmtl_layer5(stand_in, "counts"), counts))
if (!is.na(arguments[3])) {
  v5 <- readRDS(arguments[3])
  held <- attr(attr(v5, "assays")[["RNA"]], "layers")
  data <- .atlasmtl_layer5(attr(v5, "assays")[["RNA"]], "data")
  check("a file of Seurat 5", identical(dim(data), dim(held$data)) && !anyNA(c(rownames(data), colnames(data))))
}

# Errors.
error <- error_of(annotate(sce, at("nosuch.pth")))
check("a missing model", error$status == 4 && grepl("nosuch.pth", error$where) && nzchar(error$fix))
check("an option out of range", grepl("^confidence_low is 3", error_of(annotate(sce, model, confidence_low = 3))$what))
error <- error_of(annotate(sce, model, consensus_by = "stmi"))
check("a missing column", error$where == "object \u203a obs" && grepl("stim", error$fix))
check("a missing command", grepl("Node.js", error_of(annotate(sce, model, command = "nosuch-atlasmtl"))$fix))
check("another program", grepl("Python original", error_of(annotate(sce, model, command = "false"))$fix))
check("another class", grepl("Seurat", error_of(annotate(counts, model))$fix))

# A model from here is one.
trained <- at("r model ä", "model.pth")
suppressWarnings(atlasmtl_train(seurat[, seurat$stim == "CTRL"], "cell_type", trained, preset = "fast", random_state = 1))
check("a model of R is that of Python", identical(unname(tools::md5sum(trained)), unname(tools::md5sum(model))))
cat(checks, "checks, Seurat", as.character(packageVersion("Seurat")), "\n")
