# Writes one set of cells as R objects of every kind and compression, and as text: Rscript rds_files.R FOLDER.
suppressMessages({
  library(Matrix)
  library(Seurat)
  library(SingleCellExperiment)
})
folder <- commandArgs(TRUE)[1]
at <- function(name) file.path(folder, name)
save <- function(x, name, ...) saveRDS(x, at(paste0(name, ".rds")), ...)
serialized <- function(x, name, ...) {
  connection <- file(at(paste0(name, ".rds")), "wb")
  serialize(x, connection, ...)
  close(connection)
}

set.seed(1)
genes <- paste0("GENE-", 1:160)
cells <- paste0("cell_", 1:240)
type <- sample(c("B cell", "T cell", "Mono"), length(cells), replace = TRUE)
profiles <- matrix(rgamma(3 * length(genes), 0.4), 3, dimnames = list(c("B cell", "T cell", "Mono"), NULL))
counts <- sapply(type, function(t) rpois(length(genes), 1500 * profiles[t, ] / sum(profiles[t, ])))
dimnames(counts) <- list(genes, cells)
sparse <- as(counts, "CsparseMatrix")
metadata <- data.frame(
  cell_type = factor(type, levels = c("T cell", "B cell", "Mono", "nowhere")),
  donor = ifelse(seq_along(cells) %% 7 == 0, NA, paste0("d", seq_along(cells) %% 3)),
  n = ifelse(seq_along(cells) %% 5 == 0, NA, seq_along(cells)),
  passed = ifelse(seq_along(cells) %% 4 == 0, NA, seq_along(cells) %% 2 == 0),
  row.names = cells
)

# What Python makes an .h5ad of.
writeMM(sparse, at("matrix.mtx"))
writeLines(genes, at("genes.txt"))
writeLines(cells, at("cells.txt"))
write.csv(metadata, at("obs.csv"))

# Seurat 4 with a second assay and a reduction.
seurat <- NormalizeData(CreateSeuratObject(sparse, meta.data = metadata), verbose = FALSE)
pca <- matrix(seq_len(2 * length(cells)) / 8, ncol = 2, dimnames = list(cells, c("PC_1", "PC_2")))
seurat[["pca"]] <- CreateDimReducObject(pca, key = "PC_", assay = "RNA")
seurat[["ADT"]] <- CreateAssayObject(counts[1:3, ])
for (compression in c("gzip", "bzip2", "xz")) save(seurat, paste0("seurat4-", compression), compress = compression)
save(seurat, "seurat4-plain", compress = FALSE)
save(seurat, "seurat4-version2", version = 2)
for (level in c(1, 9)) {
  connection <- xzfile(at(paste0("seurat4-xz", level, ".rds")), "wb", compression = level)
  saveRDS(seurat, connection)
  close(connection)
}
serialized(seurat, "seurat4-native", xdr = FALSE)

# Seurat 5 by its published classes, with one layer of counts and with one for each half.
setClass("LogMap", contains = "matrix")
setClass("Assay5", slots = c(
  layers = "list", cells = "LogMap", features = "LogMap", default = "integer", assay.orig = "character",
  meta.data = "data.frame", misc = "list", key = "character"
))
five <- function(columns) {
  layers <- names(columns)
  seurat5 <- seurat
  seurat5@version <- package_version("5.0.1")
  seurat5@assays <- list(RNA = new("Assay5",
    layers = lapply(columns, function(part) unname(sparse[, part])),
    cells = new("LogMap", `rownames<-`(sapply(columns, function(part) seq_along(cells) %in% part), cells)),
    features = new("LogMap", matrix(TRUE, length(genes), length(layers), dimnames = list(genes, layers))),
    default = 1L, assay.orig = character(0), meta.data = data.frame(g = seq_along(genes)), misc = list(), key = "rna_"
  ))
  seurat5
}
save(five(list(counts = seq_along(cells))), "seurat5")
save(five(list(counts.odd = seq(1, 240, 2), counts.even = seq(2, 240, 2))), "seurat5-split")

# Bioconductor: sparse, dense, of integers, with a matrix that is calculated beside one that is there.
experiment <- function(...) SingleCellExperiment(list(...), colData = DataFrame(metadata), reducedDims = list(PCA = pca))
save(experiment(counts = sparse), "sce-sparse")
save(experiment(counts = counts), "sce-dense")
save(experiment(counts = `storage.mode<-`(counts, "double")), "sce-real", compress = "xz")
save(experiment(counts = sparse, later = DelayedArray::DelayedArray(sparse) + 1), "sce-delayed-beside")
save(SummarizedExperiment(list(counts = sparse), colData = DataFrame(metadata)), "se")

# Matrices by themselves, which have no labels.
save(sparse, "matrix-dgC", compress = "bzip2")
save(as(sparse, "RsparseMatrix"), "matrix-dgR")
save(as(sparse, "TsparseMatrix"), "matrix-dgT")
save(counts, "matrix-dense")

# What is refused.
save(experiment(counts = DelayedArray::DelayedArray(sparse)), "refused-delayed")
serialized(seurat, "refused-ascii", ascii = TRUE)
base::save(seurat, metadata, file = at("refused-objects.RData"))

cat("R", as.character(getRversion()), "Seurat", as.character(packageVersion("Seurat")), "\n")
