/** Keys of `train_config`, the record of a training run in bundles and run manifests. @module */
import { keysOf } from "./keys.ts";

/** Keys of `train_config` (docs/specification/1-artifacts.md#training-configuration). */
export const TRAIN_CONFIG = keysOf(
  "preset",
  "hidden_sizes",
  "dropout_rate",
  "ensemble_size",
  "linear_views",
  "batch_size",
  "num_epochs",
  "epochs_completed",
  "learning_rate",
  "optimizer_name",
  "weight_decay",
  "scheduler_name",
  "scheduler_factor",
  "scheduler_patience",
  "scheduler_min_lr",
  "scheduler_monitor",
  "final_learning_rate",
  "coord_targets",
  "coord_loss_weights",
  "embedding",
  "task_weights",
  "input_transform",
  "force_input",
  "count_thinning",
  "layer",
  "gene_selection",
  "matrix_statistics",
  "missing_labels",
  "missing_values",
  "stream",
  "stream_buffer",
  "streaming",
  "val_fraction",
  "early_stopping_patience",
  "early_stopping_min_delta",
  "random_state",
  "domain_key",
  "domain_loss_weight",
  "domain_loss_method",
  "domains",
  "topology_loss_weight",
  "topology_k",
  "topology_coord",
  "calibration",
  "class_weighting",
  "class_balanced_sampling",
  "parent_conditioned_child_correction",
  "reference_storage",
  "reference_cells",
  "reference_kept",
  "init_model_path",
  "init_model_tensors",
  "coord_enabled",
  "resolved_coord_targets",
  "knn_reference_obsm_key",
  "knn_space",
  "keep_columns",
  "num_threads_requested",
  "num_threads_used",
  "device_requested",
  "device_used",
  "train_seconds",
  "last_train_loss",
  "last_val_loss",
  "best_epoch",
  "best_val_loss",
  "runtime_summary",
  "resource_summary",
  "preprocess",
  "adaptation",
  "imported",
);

/** Keys of `imported`, what a model that another program trained says of itself. */
export const IMPORTED = keysOf("program", "classifier", "scikit_learn", "description");

/** Keys of `gene_selection`. */
export const GENE_SELECTION = keysOf("n_listed", "n_used", "n_reference");

/** Keys of `embedding`, the record of a map that training laid out, and how it was started. */
export const EMBEDDING = keysOf(
  "method",
  "obsm_key",
  "n_neighbors",
  "min_dist",
  "spread",
  "a",
  "b",
  "n_epochs",
  "n_components",
  "init",
  "random_state",
  "n_laid_out",
  "n_placed",
);

/** Keys of `streaming`, how cells were taken that were not all in memory. */
export const STREAMING = keysOf("buffer_cells", "block_cells", "label_gene_cells");

/** Keys of `calibration`. */
export const CALIBRATION = keysOf(
  "method",
  "split",
  "temperatures",
  "max_iter",
  "lr",
  "val_fraction",
  "random_state",
  "conformal",
);

/** Keys of `conformal`, and of each of its `columns`. */
export const CONFORMAL = keysOf("rule", "coverages", "columns");
export const SET_THRESHOLDS = keysOf("n", "thresholds");

/** Keys of `class_weighting` and `class_balanced_sampling`. */
export const CLASS_BALANCE = keysOf("label_column", "mode", "class_counts", "class_weights");

/** The key of `preprocess` that says what is done to counts, and its keys. */
export const NORMALIZE_KEY = "normalize";
export const NORMALIZATION = keysOf("method", "target_sum");

/** Keys of `parent_conditioned_child_correction` (docs/specification/2-training.md#child-correction). */
export const CHILD_CORRECTION = keysOf(
  "enabled",
  "parent_level",
  "target_level",
  "parent_head_index",
  "child_head_index",
  "hotspot_parents",
  "hotspot_parent_indices",
  "hotspot_child_indices",
  "legal_child_names",
  "mode",
  "base_lr_scale",
  "loss_weight",
  "hidden_dim",
  "residual_scale",
  "feature_mode",
  "rank_loss_weight",
  "rank_margin",
);

/** Keys of what a piece of work cost (docs/specification/1-artifacts.md#runtime-summary). */
export const RUNTIME_SUMMARY = keysOf(
  "phase",
  "elapsed_seconds",
  "num_items",
  "num_batches",
  "items_per_second",
  "process_peak_rss_gb",
  "process_avg_rss_gb",
  "cpu_percent_avg",
  "cpu_core_equiv_avg",
  "gpu_peak_memory_gb",
  "device_used",
  "num_threads_used",
);

/** Keys of `resource_summary`. */
export const RESOURCE_SUMMARY = keysOf(
  "n_obs",
  "n_vars",
  "train_size",
  "val_size",
  "num_epochs_completed",
  "num_coord_heads",
  "device_requested",
  "device_type",
  "gpu_name",
  "cpu_count",
  "num_threads_used",
  "runtime_summary",
);

/** Values that a training epoch reports beside its number. */
export const EPOCH_VALUES = keysOf("train_loss", "val_loss", "learning_rate", "cells_per_second");

/** Streams of random numbers that a run manifest names under `seeds`, beside those of the networks. */
export const SEEDS = keysOf(
  "component_cells",
  "components",
  "linear_views",
  "reference_map",
  "reference_cells",
);
