# Annotates the cells of a Seurat object or a SingleCellExperiment by the atlasmtl command.
#
#   source("atlasmtl.R")
#   object <- atlasmtl_annotate(object, model = "model/model.pth")
#
# Nothing is computed here: the counts are written as AnnData in Zarr, which needs nothing but base R and Matrix, the
# command is run, and its table becomes metadata and reductions.

#' Annotate cells with a trained model, by `atlasmtl predict`
#'
#' @param object A Seurat object (of version 3 to 5) or a SingleCellExperiment.
#' @param model `model.pth`, `model_manifest.json` or a `.pkl` of CellTypist.
#' @param ... Any option of `atlasmtl predict --help` by its name with underscores: `adapt = TRUE`,
#'   `consensus_by = "seurat_clusters"`, `include_coords = TRUE`, `report = "report.html"`.
#' @param assay Of a Seurat object; by default `RNA` if there is one, else the default assay.
#' @param layer The matrix: by default `counts`, else `data` (Seurat) or `logcounts` (SingleCellExperiment).
#' @param command The program: a path, or words such as `c("node", "dist/bin/main.js")`. By default the variable
#'   `ATLASMTL`, else `atlasmtl` on the PATH.
#' @param verbose Show what the command says, and its progress.
#' @return The object with the columns of docs/outputs.md as metadata (`pred_L`, `conf_L` and so on for each label
#'   column L of the model), and with `include_coords` reductions such as `pred_umap`. Those of an earlier run are
#'   replaced. An error is a condition of class `atlasmtl_error` with the fields `what`, `where` and `fix`.
atlasmtl_annotate <- function(object, model, ..., assay = NULL, layer = NULL, command = NULL, verbose = FALSE) {
  options <- .atlasmtl_options(list(...), "atlasmtl_annotate", c(
    adata = "pass the object first", out = "the result is set on the object", out_dir = "call it for each sample",
    out_format = "the result is set on the object", dry_run = "it is about many samples: use the command",
    in_place = "the object is returned", config = "pass its settings as arguments",
    skip_matrices = "matrices are never copied", skip_metadata = "a data frame has none",
    guard_formulas = "no spreadsheet reads the table", split = "pass these cells: object[, cells]",
    split_part = "pass these cells: object[, cells]", use_raw = "choose by assay and layer"
  ))
  program <- .atlasmtl_command(command)
  folder <- tempfile("atlasmtl-")
  dir.create(folder)
  on.exit(unlink(folder, recursive = TRUE), add = TRUE)
  query <- file.path(folder, "object.zarr")
  .atlasmtl_write(.atlasmtl_parts(object, assay, layer), query)
  out <- file.path(folder, "result.csv")
  for (name in intersect(c("only_labels", "exclude_labels"), names(options))) {
    if (length(options[[name]]) == 1) next
    # The command takes a file with a label a line, as labels may have commas.
    listed <- file.path(folder, paste0(name, ".txt"))
    writeLines(enc2utf8(as.character(options[[name]])), listed, useBytes = TRUE)
    options[[name]] <- listed
  }
  settings <- c(options, list(model = path.expand(model), adata = list(query), out = out))
  .atlasmtl_run(program, "predict", settings, folder, query, verbose)
  result <- .atlasmtl_read(out)
  if (nrow(result) != ncol(object))
    .atlasmtl_stop(sprintf("the result has %d cells, the object %d", nrow(result), ncol(object)), "result", NULL)
  .atlasmtl_set(object, result)
}

#' Learn cell types from a labelled object, by `atlasmtl train`
#'
#' @param labels Columns of the metadata, coarse to fine.
#' @param out The model to write; ends in `.pth`.
#' @param ... Any option of `atlasmtl train --help` by its name with underscores: `preset = "fast"`,
#'   `missing_labels = "ignore"`, `coord = list(umap = "X_umap")` for the reduction `umap`.
#' @inheritParams atlasmtl_annotate
#' @return The path of the model, invisibly.
atlasmtl_train <- function(object, labels, out, ..., assay = NULL, layer = NULL, command = NULL, verbose = FALSE) {
  options <- .atlasmtl_options(list(...), "atlasmtl_train", c(
    adata = "pass the object first", in_place = "write to a new file", config = "pass its settings as arguments",
    use_raw = "choose by assay and layer"
  ))
  program <- .atlasmtl_command(command)
  folder <- tempfile("atlasmtl-")
  dir.create(folder)
  on.exit(unlink(folder, recursive = TRUE), add = TRUE)
  reference <- file.path(folder, "object.zarr")
  .atlasmtl_write(.atlasmtl_parts(object, assay, layer), reference)
  settings <- c(options, list(adata = list(reference), labels = as.list(labels), out = path.expand(out)))
  .atlasmtl_run(program, "train", settings, folder, reference, verbose)
  invisible(out)
}

# ---- errors ---------------------------------------------------------------------------------------------------------

.atlasmtl_stop <- function(what, where = NULL, fix = NULL, status = NULL) {
  lines <- c(what, if (!is.null(where)) paste("where:", where), if (!is.null(fix)) paste("fix:  ", fix))
  stop(structure(
    class = c("atlasmtl_error", "error", "condition"),
    list(message = paste(lines, collapse = "\n"), call = NULL, what = what, where = where, fix = fix, status = status)
  ))
}

# ---- the command ----------------------------------------------------------------------------------------------------

.atlasmtl_options <- function(options, caller, refused) {
  if (length(options) > 0 && (is.null(names(options)) || any(names(options) == "")))
    .atlasmtl_stop("an option has no name", caller, "write it as name = value")
  for (name in intersect(names(options), names(refused)))
    .atlasmtl_stop(sprintf("%s() takes no %s", caller, name), name, refused[[name]])
  options[!vapply(options, is.null, logical(1))]
}

.atlasmtl_command <- function(given) {
  where <- if (!is.null(given)) "command" else if (nzchar(Sys.getenv("ATLASMTL"))) "ATLASMTL" else "PATH"
  words <- switch(where, command = given, ATLASMTL = Sys.getenv("ATLASMTL"), PATH = "atlasmtl")
  if (length(words) == 1 && !file.exists(words)) words <- scan(text = words, what = "", quiet = TRUE)
  if (grepl("\\.m?js$", words[1])) words <- c("node", words)
  program <- Sys.which(path.expand(words[1]))
  if (!nzchar(program))
    .atlasmtl_stop(sprintf("there is no program \"%s\"", words[1]), where, .atlasmtl_install)
  c(unname(program), words[-1])
}

.atlasmtl_install <-
  "install Node.js 20.19 or newer and atlasmtl, or give its path by command = ... or in the variable ATLASMTL"

# Settings go through a file, so that values may be long and hold any character.
.atlasmtl_run <- function(program, subcommand, settings, folder, query, verbose) {
  config <- file.path(folder, "settings.json")
  writeLines(.atlasmtl_json(settings), config, useBytes = TRUE)
  errors <- file.path(folder, "stderr.txt")
  words <- c(program[-1], subcommand, "--config", config, if (verbose) "--progress" else "--quiet")
  status <- suppressWarnings(
    system2(program[1], shQuote(words), stdout = if (verbose) "" else FALSE, stderr = if (verbose) "" else errors)
  )
  lines <- if (verbose) character() else readLines(errors, warn = FALSE, encoding = "UTF-8")
  lines <- gsub(paste0(config, " \u203a "), "", lines, fixed = TRUE)
  lines <- gsub(config, "the arguments", lines, fixed = TRUE)
  lines <- gsub(query, "object", lines, fixed = TRUE)
  lines <- .atlasmtl_arguments(gsub(basename(query), "object", lines, fixed = TRUE))
  said <- function(begin, from) {
    found <- grep(paste0("^ *", begin, ": +"), from, value = TRUE)
    if (length(found) == 0) NULL else sub(paste0("^ *", begin, ": +"), "", found[1])
  }
  at <- grep("^error: ", lines)
  if (length(at) > 0) {
    from <- lines[at[1]:length(lines)]
    .atlasmtl_stop(said("error", from), said("where", from), said("fix", from), status)
  }
  if (status != 0) {
    what <- sprintf("%s ended with code %d and did not answer as atlasmtl does", paste(program, collapse = " "), status)
    if (verbose) what <- sprintf("atlasmtl ended with code %d, what it said stands above", status)
    fix <- paste("another program may have its name, such as that of the Python original:", .atlasmtl_install)
    .atlasmtl_stop(paste(c(what, utils::tail(lines, 5)), collapse = "\n"), subcommand, if (!verbose) fix, status)
  }
  starts <- grep("^warning: ", lines)
  for (i in seq_along(starts)) {
    end <- if (i < length(starts)) starts[i + 1] - 1 else length(lines)
    warning(sub("^warning: ", "", paste(lines[starts[i]:end], collapse = "\n")), call. = FALSE)
  }
}

# Arguments for the flags in a message.
.atlasmtl_arguments <- function(lines) {
  flag <- "(?<![\\w-])--[a-z]+(-[a-z]+)*(?![\\w-])"
  found <- gregexpr(flag, lines, perl = TRUE)
  regmatches(lines, found) <- lapply(regmatches(lines, found), function(flags) gsub("-", "_", sub("^--", "", flags)))
  lines
}

.atlasmtl_json <- function(value) {
  if (is.factor(value)) value <- as.character(value)
  if (is.list(value) || (is.atomic(value) && length(value) != 1) || !is.null(names(value))) {
    items <- vapply(as.list(value), .atlasmtl_json, "")
    if (is.null(names(value))) return(paste0("[", paste(items, collapse = ","), "]"))
    return(paste0("{", paste0(.atlasmtl_text(names(value)), ":", items, collapse = ","), "}"))
  }
  if (is.character(value) && !is.na(value)) return(.atlasmtl_text(value))
  if (is.logical(value) && !is.na(value)) return(if (value) "true" else "false")
  if (is.numeric(value) && is.finite(value)) return(format(value, digits = 17, scientific = FALSE, trim = TRUE))
  "null"
}

.atlasmtl_text <- function(text) {
  text <- enc2utf8(text)
  text <- gsub("([\"\\\\])", "\\\\\\1", text)
  for (code in 1:31) {
    control <- intToUtf8(code)
    text <- gsub(control, sprintf("\\u%04x", code), text, fixed = TRUE)
  }
  paste0("\"", text, "\"")
}

# ---- what is read of an object --------------------------------------------------------------------------------------

# A list of the matrix, genes by cells with the names of both, their columns and the reductions.
.atlasmtl_parts <- function(object, assay, layer) {
  if (inherits(object, "Seurat")) return(.atlasmtl_seurat(object, assay, layer))
  if (inherits(object, "SummarizedExperiment")) return(.atlasmtl_sce(object, layer))
  .atlasmtl_stop(sprintf("object is a %s", class(object)[1]), "object", "pass a Seurat object or a SingleCellExperiment")
}

.atlasmtl_seurat <- function(object, assay, layer) {
  assays <- names(object@assays)
  if (is.null(assay)) assay <- if ("RNA" %in% assays) "RNA" else object@active.assay
  if (!assay %in% assays)
    .atlasmtl_stop(sprintf("there is no assay \"%s\"", assay), "object", paste("assays:", toString(assays)))
  held <- object@assays[[assay]]
  is_v5 <- !is.null(attr(held, "layers"))
  read <- if (is_v5) .atlasmtl_layer5 else .atlasmtl_slot
  for (name in if (is.null(layer)) c("counts", "data") else layer) {
    counts <- read(held, name)
    if (!is.null(counts) && nrow(counts) > 0 && ncol(counts) > 0) break
  }
  if (is.null(counts) || nrow(counts) == 0 || ncol(counts) == 0)
    .atlasmtl_stop(
      sprintf("assay \"%s\" has no %s", assay, if (is.null(layer)) "counts and no data" else paste("layer", layer)),
      "object", "choose the matrix by assay = ... and layer = ..."
    )
  cells <- rownames(object@meta.data)
  if (!identical(colnames(counts), cells)) {
    # Layers that are kept apart may be in another order, or may lack cells.
    at <- match(cells, colnames(counts))
    if (anyNA(at))
      .atlasmtl_stop(
        sprintf("%d of %d cells are not in assay \"%s\"", sum(is.na(at)), length(cells), assay),
        "object", "take those that are, by subset(), or another assay"
      )
    counts <- counts[, at, drop = FALSE]
  }
  var <- if (is_v5) attr(held, "meta.data") else attr(held, "meta.features")
  list(
    counts = counts, obs = object@meta.data, var = if (is.data.frame(var)) var else data.frame(),
    obsm = lapply(object@reductions, function(reduction) reduction@cell.embeddings)
  )
}

# A matrix of an assay of Seurat 3 and 4.
.atlasmtl_slot <- function(held, name) attr(held, name)

# A layer of an assay of Seurat 5 with the names that the assay keeps apart; one that was split, such as counts.ctrl and
# counts.stim, is joined.
.atlasmtl_layer5 <- function(held, name) {
  layers <- attr(held, "layers")
  parts <- names(layers)[names(layers) == name]
  if (length(parts) == 0) parts <- names(layers)[startsWith(names(layers), paste0(name, "."))]
  if (length(parts) == 0) return(NULL)
  features <- .atlasmtl_logmap(attr(held, "features"))
  cells <- .atlasmtl_logmap(attr(held, "cells"))
  matrices <- lapply(parts, function(part) {
    counts <- .atlasmtl_sparse(layers[[part]])
    dimnames(counts) <- list(rownames(features)[features[, part]], rownames(cells)[cells[, part]])
    counts
  })
  if (length(matrices) == 1) return(matrices[[1]])
  genes <- rownames(features)[rowSums(features[, parts, drop = FALSE]) > 0]
  do.call(cbind, lapply(matrices, function(counts) {
    triplets <- methods::as(counts, "TsparseMatrix")
    Matrix::sparseMatrix(
      i = match(rownames(counts), genes)[triplets@i + 1], j = triplets@j + 1, x = triplets@x,
      dims = c(length(genes), ncol(counts)), dimnames = list(genes, colnames(counts))
    )
  }))
}

# Which features or cells a layer has: a logical matrix with their names.
.atlasmtl_logmap <- function(map) {
  if (is.matrix(map) && !isS4(map)) return(map)
  matrix(as.logical(map), nrow = attr(map, "dim")[1], dimnames = attr(map, "dimnames"))
}

.atlasmtl_sce <- function(object, layer) {
  names <- SummarizedExperiment::assayNames(object)
  if (is.null(layer)) layer <- c(intersect(c("counts", "logcounts"), names), names, 1)[1]
  if (!layer %in% c(names, 1))
    .atlasmtl_stop(sprintf("there is no assay \"%s\"", layer), "object", paste("assays:", toString(names)))
  if (layer == 1) layer <- 1L
  counts <- SummarizedExperiment::assay(object, layer)
  if (is.null(rownames(counts)))
    .atlasmtl_stop("the genes have no names", "rownames(object)", "set them to symbols or Ensembl ids")
  if (is.null(colnames(counts))) colnames(counts) <- paste0("cell_", seq_len(ncol(counts)))
  reductions <- if (inherits(object, "SingleCellExperiment")) SingleCellExperiment::reducedDims(object) else list()
  list(
    counts = counts, obs = as.data.frame(SummarizedExperiment::colData(object), optional = TRUE),
    var = as.data.frame(SummarizedExperiment::rowData(object), optional = TRUE), obsm = as.list(reductions)
  )
}

.atlasmtl_sparse <- function(counts) {
  if (is.matrix(counts)) counts <- Matrix::Matrix(counts, sparse = TRUE)
  if (inherits(counts, "Matrix"))
    return(methods::as(methods::as(methods::as(counts, "dMatrix"), "generalMatrix"), "CsparseMatrix"))
  methods::as(counts, "dgCMatrix") # on disk, of DelayedArray or BPCells
}

# ---- AnnData in Zarr, format 2, without compression -----------------------------------------------------------------

.atlasmtl_write <- function(parts, folder) {
  counts <- .atlasmtl_sparse(parts$counts)
  .zarr_group(folder, .zarr_encoding("anndata", "0.1.0"))
  # The columns of the matrix are the cells, so that it is compressed by rows as AnnData has it.
  shape <- .atlasmtl_json(rev(dim(counts)))
  .zarr_group(file.path(folder, "X"), .zarr_encoding("csr_matrix", "0.1.0", c("\"shape\"" = shape)))
  .zarr_numbers(file.path(folder, "X", "data"), counts@x, "<f4")
  .zarr_numbers(file.path(folder, "X", "indices"), counts@i, "<i4")
  .zarr_numbers(file.path(folder, "X", "indptr"), counts@p, "<i4")
  .zarr_frame(file.path(folder, "obs"), parts$obs, colnames(counts))
  .zarr_frame(file.path(folder, "var"), parts$var, rownames(counts))
  .zarr_group(file.path(folder, "obsm"), .zarr_encoding("dict", "0.1.0"))
  for (name in names(parts$obsm)) {
    points <- as.matrix(parts$obsm[[name]])
    key <- if (startsWith(name, "X_")) name else paste0("X_", tolower(name))
    if (is.numeric(points) && nrow(points) == ncol(counts) && .zarr_is_name(key))
      .zarr_numbers(file.path(folder, "obsm", key), t(points), "<f8", dim(points), .zarr_encoding("array", "0.2.0"))
  }
}

.zarr_encoding <- function(type, version, more = NULL) {
  fields <- c("\"encoding-type\"" = .atlasmtl_text(type), "\"encoding-version\"" = .atlasmtl_text(version), more)
  paste0("{", paste0(names(fields), ":", fields, collapse = ","), "}")
}

.zarr_group <- function(path, attributes) {
  dir.create(path, showWarnings = FALSE)
  writeLines("{\"zarr_format\":2}", file.path(path, ".zgroup"))
  writeLines(attributes, file.path(path, ".zattrs"), useBytes = TRUE)
}

# Values in the order of the file, in chunks of whole rows of at most 2^24 values.
.zarr_numbers <- function(path, values, dtype, shape = length(values), attributes = .zarr_encoding("array", "0.2.0")) {
  width <- prod(shape[-1])
  rows <- max(1, min(shape[1], 2^24 %/% max(1, width)))
  .zarr_array(path, shape, c(rows, shape[-1]), dtype, "null", attributes)
  step <- rows * width
  for (chunk in seq_len(ceiling(shape[1] / rows))) {
    part <- values[((chunk - 1) * step + 1):min(chunk * step, length(values))]
    part <- c(part, vector(typeof(part), step - length(part)))
    to <- file(file.path(path, paste(c(chunk - 1, rep(0, length(shape) - 1)), collapse = ".")), "wb")
    if (dtype == "|b1") writeBin(as.raw(part), to)
    else writeBin(if (dtype == "<i4") as.integer(part) else as.double(part), to, as.integer(substr(dtype, 3, 3)), "little")
    close(to)
  }
}

.zarr_texts <- function(path, texts) {
  texts <- enc2utf8(as.character(texts))
  .zarr_array(
    path, length(texts), max(1, length(texts)), "|O", "[{\"id\":\"vlen-utf8\"}]",
    .zarr_encoding("string-array", "0.2.0")
  )
  to <- file(file.path(path, "0"), "wb")
  on.exit(close(to))
  writeBin(length(texts), to, 4L, "little")
  bytes <- lapply(texts, charToRaw)
  for (text in bytes) {
    writeBin(length(text), to, 4L, "little")
    writeBin(text, to)
  }
}

.zarr_array <- function(path, shape, chunks, dtype, filters, attributes) {
  dir.create(path, showWarnings = FALSE)
  list_of <- function(numbers) paste0("[", paste(format(numbers, scientific = FALSE, trim = TRUE), collapse = ","), "]")
  fill <- switch(dtype, "|O" = "\"\"", "|b1" = "false", "0")
  writeLines(paste0(
    "{\"zarr_format\":2,\"shape\":", list_of(shape), ",\"chunks\":", list_of(chunks), ",\"dtype\":\"", dtype,
    "\",\"compressor\":null,\"fill_value\":", fill, ",\"order\":\"C\",\"filters\":", filters, "}"
  ), file.path(path, ".zarray"))
  writeLines(attributes, file.path(path, ".zattrs"), useBytes = TRUE)
}

.zarr_frame <- function(path, table, names) {
  # Some file systems know no case, and cells of a table may hold more than a value.
  held <- vapply(table, function(column) is.factor(column) || (is.atomic(column) && is.null(dim(column))), NA)
  columns <- names(table)[.zarr_is_name(names(table)) & !duplicated(tolower(names(table))) & as.logical(held)]
  order <- paste0("[", paste(.atlasmtl_text(columns)[seq_along(columns)], collapse = ","), "]")
  .zarr_group(path, .zarr_encoding(
    "dataframe", "0.2.0", c("\"_index\"" = "\"_index\"", "\"column-order\"" = order)
  ))
  .zarr_texts(file.path(path, "_index"), names)
  for (name in columns) {
    to <- file.path(path, name)
    values <- table[[name]]
    if (is.logical(values) && !anyNA(values)) .zarr_numbers(to, values, "|b1")
    else if (is.numeric(values)) .zarr_numbers(to, as.double(values), "<f8")
    else {
      values <- as.factor(as.character(values))
      .zarr_group(to, .zarr_encoding("categorical", "0.2.0", c("\"ordered\"" = "false")))
      codes <- as.integer(values) - 1L
      codes[is.na(codes)] <- -1L
      .zarr_numbers(file.path(to, "codes"), codes, "<i4")
      .zarr_texts(file.path(to, "categories"), levels(values))
    }
  }
}

.zarr_is_name <- function(name) nzchar(name) & !grepl("[/\\\\]|^\\.|^_index$", name)

# ---- the result -----------------------------------------------------------------------------------------------------

# The table as a data frame without the names of cells. Texts are labels by their columns, not by their look: a cell type
# may be called 1 or T.
.atlasmtl_read <- function(path) {
  table <- utils::read.csv(
    path, check.names = FALSE, colClasses = "character", na.strings = "", encoding = "UTF-8", quote = "\""
  )
  labels <- "^(pred_|second_(?!conf_)|consensus_(?!share_)|unknown_reason_|prob_match_|prob_.*:label_)"
  for (name in names(table)[-1]) {
    values <- table[[name]]
    if (grepl(labels, name, perl = TRUE)) next
    if (all(values %in% c("True", "False"))) table[[name]] <- values == "True"
    else {
      numbers <- suppressWarnings(as.numeric(values))
      if (identical(is.na(numbers), is.na(values))) table[[name]] <- numbers
    }
  }
  table[-1]
}

.atlasmtl_set <- function(object, result) {
  is_point <- grepl("^X_pred_.*:[0-9]+$", names(result))
  columns <- result[!is_point]
  reductions <- lapply(
    split(names(result)[is_point], sub("^X_(.*):[0-9]+$", "\\1", names(result)[is_point])),
    function(names) {
      points <- as.matrix(result[names[order(as.integer(sub("^.*:", "", names)))]])
      dimnames(points) <- list(colnames(object), NULL)
      points
    }
  )
  record <- list(columns = names(columns), reductions = names(reductions))
  if (inherits(object, "Seurat")) {
    earlier <- object@misc$atlasmtl
    for (name in intersect(earlier$columns, names(object@meta.data))) object@meta.data[[name]] <- NULL
    for (name in intersect(earlier$reductions, names(object@reductions))) object@reductions[[name]] <- NULL
    rownames(columns) <- rownames(object@meta.data)
    object <- SeuratObject::AddMetaData(object, columns)
    for (name in names(reductions)) {
      key <- paste0(gsub("[^A-Za-z0-9]", "", name), "_")
      points <- reductions[[name]]
      colnames(points) <- paste0(key, seq_len(ncol(points)))
      object@reductions[[name]] <- SeuratObject::CreateDimReducObject(
        embeddings = points, key = key, assay = object@active.assay
      )
    }
    object@misc$atlasmtl <- record
    return(object)
  }
  data <- SummarizedExperiment::colData(object)
  earlier <- S4Vectors::metadata(object)$atlasmtl
  data <- data[, !names(data) %in% c(earlier$columns, names(columns)), drop = FALSE]
  for (name in names(columns)) data[[name]] <- columns[[name]]
  SummarizedExperiment::colData(object) <- data
  if (inherits(object, "SingleCellExperiment")) {
    for (name in earlier$reductions) SingleCellExperiment::reducedDim(object, name) <- NULL
    for (name in names(reductions)) SingleCellExperiment::reducedDim(object, name) <- unname(reductions[[name]])
  }
  S4Vectors::metadata(object)$atlasmtl <- record
  object
}
