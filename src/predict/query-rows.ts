/**
 * Reads the cells of a query as input of the network (docs/specification/3-prediction.md#gene-alignment).
 * @module
 */

import { matrixName } from "../anndata/read/matrix-name.ts";
import type { AnnData, Matrix, MatrixName } from "../anndata/types.ts";
import type { ConfigMap } from "../core/config.ts";
import type { Csr, RowBlock } from "../core/csr.ts";
import type { Notice } from "../errors.ts";
import { normalizationOf } from "../model/normalization.ts";
import type { Model } from "../model/types.ts";
import { alignBlock, alignedRows, alignGenes, type GeneAlignment } from "./align.ts";
import { modelPanel, wantsMapping } from "./model-panel.ts";
import type { PredictSettings } from "./options.ts";
import type { QueryGenes } from "./query-genes.ts";
import type { Warning } from "./types.ts";
import type { ViewBlocks } from "./view-blocks.ts";

/** Rows that can be read once, and how their genes were matched. */
export interface QueryRows {
  readonly rows: AsyncIterable<RowBlock>;
  readonly genes: GeneAlignment;
  /** How the query's genes were mapped; null if they were not. */
  readonly mapping: ConfigMap | null;
  /** What was done to the genes. */
  readonly notes: readonly Notice[];
  readonly warnings: readonly Warning[];
  /** Averages the logits of a block of `rows` with the model's linear views; null where it has none. */
  readonly average: ViewBlocks["average"] | null;
  /** Reads some cells from all over the query, aligned, with their values; nothing where that needs the whole matrix. */
  sample(): Promise<readonly Csr[]>;
}

/**
 * Finds the model's genes in the query and opens its rows; it does not read the matrix yet.
 * @throws MISMATCH when no gene of the model is there, NOT_FOUND for a missing matrix, BAD_DATA for duplicate
 * genes; while reading, BAD_DATA for values that cannot be used, ABORTED.
 */
export async function openQueryRows(
  model: Model,
  adata: AnnData,
  settings: PredictSettings,
  signal: AbortSignal | undefined,
  takesValues: (genes: GeneAlignment) => ((rows: Csr, firstRow: number) => void) | undefined = () =>
    undefined,
): Promise<QueryRows> {
  const layer = matrixName(settings.layer);
  const query = await namedQuery(model, adata, layer, settings);
  const genes = alignGenes(query.names, model.trainGenes, adata.source);
  const normalize = settings.normalize ?? normalizationOf(model);
  const views = await openViews(
    model,
    genes,
    settings.normalize === "log1p_cp10k",
    `${adata.source} › ${layer}`,
  );
  const others = takesValues(genes);
  const rows = alignedRows(query.matrix, genes, {
    transform: settings.inputTransform ?? model.inputTransform,
    normalize,
    batchSize: settings.batchSize,
    source: adata.source,
    signal,
    onValues:
      views === null
        ? others
        : (values, firstRow) => {
            views.add(values, firstRow);
            others?.(values, firstRow);
          },
  });
  return {
    rows,
    genes,
    mapping: query.mapping,
    notes: query.note === null ? [] : [query.note],
    warnings: genes.warning === null ? [] : [genes.warning],
    average: views?.average ?? null,
    sample: () => sampleRows(query.matrix, genes, signal),
  };
}

/** Blocks of a sample, and rows per block. */
const [SAMPLE_BLOCKS, BLOCK_ROWS] = [32, 64];

async function sampleRows(
  matrix: Matrix,
  genes: GeneAlignment,
  signal: AbortSignal | undefined,
): Promise<Csr[]> {
  const { nRows, storage } = matrix;
  const isSmall = nRows <= SAMPLE_BLOCKS * BLOCK_ROWS;
  if (storage === "csc" && !isSmall) return [];
  const starts = isSmall
    ? [0]
    : Array.from({ length: SAMPLE_BLOCKS }, (_, i) =>
        Math.floor((i * (nRows - BLOCK_ROWS)) / (SAMPLE_BLOCKS - 1)),
      );
  const sample: Csr[] = [];
  for (const start of starts)
    for await (const { csr } of matrix.rows({ start, end: isSmall ? nRows : start + BLOCK_ROWS, signal }))
      sample.push(alignBlock(csr, genes, "float"));
  return sample;
}

/** What scores the query's rows by the model's linear views, loaded on first use. */
async function openViews(
  { linear }: Model,
  genes: GeneAlignment,
  areCounts: boolean,
  where: string,
): Promise<ViewBlocks | null> {
  if (!linear) return null;
  const { createViewBlocks } = await import("./view-blocks.ts");
  return createViewBlocks(linear, genes, areCounts, where);
}

/** The query's matrix with its gene names, mapped to the model's if necessary. */
async function namedQuery(
  model: Model,
  adata: AnnData,
  layer: MatrixName,
  settings: PredictSettings,
): Promise<QueryGenes> {
  const [matrix, names] = [await adata.matrix(layer), await adata.varNames(layer)];
  if (!wantsMapping(settings) && modelPanel(model) === null)
    return { matrix, names, mapping: null, note: null };
  // Loaded on first use: most queries have the model's gene names.
  const { queryGenes } = await import("./query-genes.ts");
  const query = { matrix, names, var: layer === "raw/X" ? null : adata.var, source: adata.source };
  return queryGenes(query, model, settings);
}
