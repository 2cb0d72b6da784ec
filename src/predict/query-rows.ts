/** The cells of a query as the network takes them (contract 3 §1). @module */
import { matrixName } from "../anndata/matrix-name.ts";
import type { AnnData } from "../anndata/types.ts";
import type { ConfigMap } from "../core/config.ts";
import type { RowBlock } from "../core/csr.ts";
import { normalizationOf } from "../model/normalization.ts";
import type { Model } from "../model/types.ts";
import { alignedRows, alignGenes, type GeneAlignment } from "./align.ts";
import type { PredictSettings } from "./options.ts";
import { queryGenes } from "./query-genes.ts";
import type { Warning } from "./types.ts";

/** Rows to be read once, and how their genes were found. */
export interface QueryRows {
  readonly rows: AsyncIterable<RowBlock>;
  readonly genes: GeneAlignment;
  /** How the query's genes were mapped; null where they were taken as they are. */
  readonly mapping: ConfigMap | null;
  readonly warnings: readonly Warning[];
}

/**
 * Finds the model's genes in the query and opens its rows; nothing of the matrix is read yet.
 * @throws MISMATCH when no gene of the model is there, NOT_FOUND for a missing matrix, BAD_DATA for duplicate
 * genes; while reading, BAD_DATA for values that cannot be used, ABORTED.
 */
export async function openQueryRows(
  model: Model,
  adata: AnnData,
  settings: PredictSettings,
  signal: AbortSignal | undefined,
): Promise<QueryRows> {
  const layer = matrixName(settings.layer);
  const query = await queryGenes(
    {
      matrix: await adata.matrix(layer),
      names: await adata.varNames(layer),
      var: layer === "raw/X" ? null : adata.var,
      source: adata.source,
    },
    model,
    settings,
  );
  const genes = alignGenes(query.names, model.trainGenes, adata.source);
  const rows = alignedRows(query.matrix, genes, {
    transform: settings.inputTransform ?? model.inputTransform,
    normalize: settings.normalize ?? normalizationOf(model),
    batchSize: settings.batchSize,
    source: adata.source,
    signal,
  });
  return {
    rows,
    genes,
    mapping: query.mapping,
    warnings: [query.warning, genes.warning].filter((warning) => warning !== null),
  };
}
