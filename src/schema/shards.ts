/** Names in the file of a shard (docs/specification/6-cli.md#shards). @module */
import { keysOf } from "./keys.ts";

/** The ending of the file of a shard. */
export const SHARD_ENDING = ".shard";

/** The version of its layout. */
export const SHARD_SCHEMA_VERSION = 2;

/** Entries of the archive besides its arrays: what it is of, known before any cell is scored, and what was found. */
export const SHARD_ENTRIES = { identity: "shard.json", found: "found.json" } as const;

/** Keys of what a shard is of. */
export const SHARD_IDENTITY = keysOf(
  "schema_version",
  "shard",
  "query",
  "files",
  "options",
  "prediction",
  "has_coordinates",
  "settings",
);

/** Keys of `shard`: its number, from 1, of how many, its rows, and SHA-256 of the names of its cells. */
export const SHARD_PLACE = keysOf("index", "of", "start", "end", "cells_sha256");

/** Keys of `query`. */
export const SHARD_QUERY = keysOf("n_cells", "sha256");

/** Keys of each of `files`: those that were read besides the query. */
export const SHARD_READ_FILE = keysOf("name", "sha256");

/** Keys of what was found. */
export const SHARD_FOUND = keysOf("n_refined", "n_shared", "n_batches", "seen_values", "sets", "prob_match");

/** Names of the arrays, which stand after the number of a label column or the name of a space. */
export const SHARD_ARRAYS = keysOf(
  "raw",
  "conf",
  "margin",
  "second",
  "second_conf",
  "set",
  "knn",
  "knn_vote_frac",
  "knn_used",
  "coords",
  "is_empty",
  "openset_score",
  "component_score",
  "total",
  "probability",
  "prob_match",
  "transfer",
  "transfer_spread",
  "transfer_distance",
  "group_sum",
);
