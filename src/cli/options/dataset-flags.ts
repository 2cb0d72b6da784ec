/** Flags for opening a dataset and choosing its matrix. @module */
import { option, phrase } from "../../api/errors.ts";
import { GENES_IN, type OpenOptions, VAR_NAMES } from "../../api/options.ts";
import { usageError } from "../terminal/show-error.ts";
import { choice, type FlagValues, name, toggle } from "./flag.ts";

const FILES = "Files:";

/** Flags of every command that reads a dataset. */
export const OPEN_FLAGS = {
  genome: name("NAME", FILES, "of 10x data with several genomes: the one to read"),
  varNames: choice(VAR_NAMES, FILES, "of 10x data: what genes are called by"),
  geneColumn: name("COLUMN", FILES, "var column with the names of the genes (default: var names)"),
  modality: name("NAME", FILES, "of MuData the modality to read, of an R object the assay (default: rna)"),
  table: name("NAME", FILES, "of SpatialData: the table to read"),
  genesIn: choice(GENES_IN, FILES, "of a table of numbers: where genes are"),
} as const;

/** {@link OPEN_FLAGS} and the choice of a matrix. */
export const DATASET_FLAGS = {
  layer: name("LAYER", FILES, "read this layer instead of X"),
  useRaw: toggle(FILES, "read raw.X instead of X"),
  ...OPEN_FLAGS,
} as const;
export type DatasetFlags = FlagValues<typeof DATASET_FLAGS>;

export const DATASET_FLAG_DEFAULTS = { varNames: "gene_symbols", genesIn: "columns" } as const;

/** The matrix that the flags choose; undefined for the default. @throws USAGE for two choices. */
export function layerOf({ layer, useRaw }: DatasetFlags): string | undefined {
  if (useRaw !== true) return layer;
  if (layer === undefined) return "raw/X";
  throw usageError(
    phrase`${option("useRaw")} and ${option("layer", layer)} name two matrices`,
    phrase`${option("useRaw")} and ${option("layer")}`,
    "keep one of the two",
  );
}

/** Options for opening, of the flags of a command. */
export function openOptions(flags: DatasetFlags): OpenOptions {
  const { genome, varNames, geneColumn, modality, table, genesIn } = flags;
  return { genome, varNames, geneColumn, modality, table, genesIn };
}
