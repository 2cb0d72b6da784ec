/**
 * Reads the cells of a query as input of the network (docs/specification/3-prediction.md#gene-alignment).
 * @module
 */

import { judgeMatrix } from "../anndata/judgement/judge-matrix.ts";
import { namesOf } from "../anndata/read/dataframe.ts";
import { matrixName } from "../anndata/read/matrix-name.ts";
import type { AnnData, Matrix, MatrixName } from "../anndata/types.ts";
import type { ConfigMap } from "../core/config.ts";
import type { Csr, RowBlock, RowRange } from "../core/csr.ts";
import {
  AtlasmtlError,
  changed,
  isAtlasmtlError,
  type Notice,
  notice,
  option,
  type Phrase,
  phrase,
} from "../errors.ts";
import { createCountsCheck } from "../model/counts-check.ts";
import type { Model } from "../model/types.ts";
import type { InputTransform } from "../schema/training-options.ts";
import { alignBlock, alignedRows, alignGenes, type GeneAlignment, sameAlignment } from "./align.ts";
import { wholeRowsOf } from "./all-genes.ts";
import { completerMatrix, fittingMatrix } from "./better-matrix.ts";
import type { QuerySide } from "./gene-mismatch.ts";
import { type GeneOverlap, geneOverlap, matchedShares } from "./gene-overlap.ts";
import { modelPanel, wantsMapping } from "./model-panel.ts";
import type { PredictSettings } from "./options.ts";
import { createRowPreparer, type RowPreparer } from "./prepare-rows.ts";
import type { QueryGenes } from "./query-genes.ts";
import type { Warning } from "./types.ts";
import { type GivenValues, type PlannedValues, planValues } from "./value-plan.ts";
import type { ScoredValues, ViewBlocks } from "./view-blocks.ts";

/** A block of a sample. */
export interface SampledRows {
  /** With the values that views and distances take. */
  readonly values: Csr;
  /** The network's input of the same cells; made anew by each call. */
  network(): Csr;
}

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
  /** Takes what the views say of all cells of the query, which then need not be asked while `rows` are read; null without views. */
  readonly knowScores: ((scored: ScoredValues) => void) | null;
  /**
   * Reads some cells from all over the query, aligned, in at most `nBlocks` blocks; nothing where that needs the whole matrix.
   */
  sample(nBlocks?: number): Promise<readonly SampledRows[]>;
  /** What the values of the sample are. */
  readonly given: GivenValues;
}

/**
 * Finds the model's genes in the query and opens its rows, of which it looks at a sample. `rows` are those of `range`, all by
 * default; everything else is about the whole query.
 * @throws MISMATCH when no gene of the model is there, NOT_FOUND for a missing matrix, BAD_DATA for duplicate
 * genes or values that the model cannot use; while reading, BAD_DATA for values that cannot be used, ABORTED.
 */
export async function openQueryRows(
  model: Model,
  adata: AnnData,
  settings: PredictSettings,
  signal: AbortSignal | undefined,
  takesValues: (
    genes: GeneAlignment,
    given: GivenValues,
  ) => ((rows: Csr, firstRow: number) => void) | undefined = () => undefined,
  range?: RowRange,
): Promise<QueryRows> {
  const layer = matrixName(settings.layer);
  const where = `${adata.source} › ${layer}`;
  const matrix = await adata.matrix(layer);
  const values = planValues(model, settings, await judgeMatrix(matrix, signal), where);
  const { whole } = values.plan;
  const query = await namedQuery(
    model,
    adata,
    layer,
    settings,
    whole === null ? matrix : wholeRowsOf(matrix, whole, adata.source),
  );
  const refused = await checkedValues(values, model, adata, settings, signal);
  const completer = await completerMatrix(model, adata, settings, signal);
  const genes = alignGenes(query.names, model.trainGenes, adata.source);
  const overlap = overlapOf(genes, model, completer, {
    source: adata.source,
    nGenes: query.nStored,
    unmatched: query.unmatched,
    // Only the cause of missing genes is looked for among them.
    cells: matchedShares(genes, model).isEnough ? [] : await namesOf(adata.obs),
    wasMapped: wantsMapping(settings),
    wasCarried: settings.orthologues,
    nInRaw: genes.nMatched < genes.nGenes ? await nInRaw(model, adata, layer) : null,
  });
  const { plan } = values;
  const { start, end } = range ?? { start: 0, end: matrix.nRows };
  const size = { nCells: end - start, numThreads: settings.numThreads };
  const views = await openViews(model, genes, plan.given, where, size);
  const others = takesValues(genes, plan.given);
  const counts =
    plan.network === "log1p_cp10k"
      ? createCountsCheck(where, phrase`choose the matrix with counts by ${option("layer")}`, values.isJudged)
      : null;
  const prepare = createRowPreparer(plan, counts);
  const transform = settings.inputTransform ?? model.inputTransform;
  const rows = alignedRows(query.matrix, genes, {
    transform,
    prepare,
    batchSize: settings.batchSize,
    numThreads: settings.numThreads,
    source: adata.source,
    range,
    signal,
    onValues:
      views === null
        ? others
        : (block, firstRow) => {
            views.add(block, firstRow);
            others?.(block, firstRow);
          },
  });
  return {
    rows: views === null ? rows : closing(rows, views),
    genes,
    mapping: query.mapping,
    notes: [...query.notes, overlap.note, ...values.notes],
    warnings: [overlap.warning, completer?.warning ?? null, refused]
      .filter((own) => own !== null)
      .concat(values.warnings),
    average: views?.average ?? null,
    knowScores: views === null ? null : (scored) => views.know(scored, range?.start ?? 0),
    given: plan.given,
    sample: (nBlocks = SAMPLE_BLOCKS) =>
      sampleRows(query.matrix, genes, { nBlocks, prepare, transform, signal }),
  };
}

/** Passes `rows` on and closes `views` after the last of them. */
async function* closing(rows: AsyncIterable<RowBlock>, views: ViewBlocks): AsyncGenerator<RowBlock> {
  try {
    yield* rows;
  } finally {
    views.close();
  }
}

/** Blocks of a sample, and rows per block. */
const [SAMPLE_BLOCKS, BLOCK_ROWS] = [32, 64];

async function sampleRows(
  matrix: Matrix,
  genes: GeneAlignment,
  {
    nBlocks,
    prepare,
    transform,
    signal,
  }: {
    readonly nBlocks: number;
    readonly prepare: RowPreparer;
    readonly transform: InputTransform;
    readonly signal: AbortSignal | undefined;
  },
): Promise<SampledRows[]> {
  const { nRows, storage } = matrix;
  const isSmall = nRows <= nBlocks * BLOCK_ROWS;
  if (storage === "csc" && !isSmall) return [];
  const starts = isSmall
    ? [0]
    : Array.from({ length: nBlocks }, (_, i) => Math.floor((i * (nRows - BLOCK_ROWS)) / (nBlocks - 1)));
  const sample: SampledRows[] = [];
  for (const start of starts)
    for await (const { csr } of matrix.rows({ start, end: isSmall ? nRows : start + BLOCK_ROWS, signal })) {
      const aligned = alignBlock(csr, genes, "float");
      sample.push({
        values: prepare.others(aligned, 0),
        network: () =>
          transform === "binary"
            ? { ...aligned, data: null }
            : prepare.network({ ...aligned, data: aligned.data?.slice() ?? null }, 0),
      });
    }
  return sample;
}

/**
 * Refuses values that the model cannot use, and names the matrix that it can; a warning where the caller insists.
 * @throws BAD_DATA
 */
async function checkedValues(
  { problem }: PlannedValues,
  model: Model,
  adata: AnnData,
  settings: PredictSettings,
  signal: AbortSignal | undefined,
): Promise<Notice | null> {
  if (problem === null) return null;
  const { message, fix, canForce } = problem;
  const where = `${adata.source} › ${matrixName(settings.layer)}`;
  const hint = (await fittingMatrix(model, adata, settings, signal)) ?? fix;
  if (canForce && settings.forceInput) return notice(message, { where, hint });
  throw new AtlasmtlError("BAD_DATA", message, {
    where,
    hint: canForce ? phrase`${hint}; ${option("forceInput", true)} takes the values all the same` : hint,
  });
}

/** Matches the genes; where none match, the matrix that has them is named. */
function overlapOf(
  genes: GeneAlignment,
  model: Model,
  completer: { readonly hint: Phrase } | null,
  query: QuerySide,
): GeneOverlap {
  try {
    return geneOverlap(genes, model, query);
  } catch (error) {
    if (completer === null || !isAtlasmtlError(error, "MISMATCH")) throw error;
    throw changed(error, { hint: completer.hint });
  }
}

/** What scores the query's rows by the model's linear views, loaded on first use. */
async function openViews(
  { linear }: Model,
  genes: GeneAlignment,
  given: GivenValues,
  where: string,
  size: Parameters<typeof import("./view-blocks.ts").createViewBlocks>[4],
): Promise<ViewBlocks | null> {
  if (!linear) return null;
  const { createViewBlocks } = await import("./view-blocks.ts");
  return createViewBlocks(linear, genes, given, where, size);
}

/** The query's matrix, or its values in the form `as`, with the model's names of genes. */
export async function namedQuery(
  model: Model,
  adata: AnnData,
  layer: MatrixName,
  settings: PredictSettings,
  as?: Matrix,
): Promise<QueryGenes & { readonly nStored: number }> {
  const [matrix, names] = [as ?? (await adata.matrix(layer)), await adata.varNames(layer)];
  const nStored = names.length;
  if (!wantsMapping(settings) && modelPanel(model) === null) {
    const unmatched = unmatchedOfAll(names, model.trainGenes);
    if (unmatched !== null) return { matrix, names, mapping: null, notes: [], unmatched, nStored };
  }
  // Loaded on first use: most queries have the model's gene names.
  const { queryGenes } = await import("./query-genes.ts");
  const vars = layer === "raw/X" ? ((await adata.rawVar?.()) ?? null) : adata.var;
  return {
    ...(await queryGenes({ matrix, names, var: vars, source: adata.source }, model, settings)),
    nStored,
  };
}

/** The names that are no genes of the model; null unless all of the model's genes are there. */
function unmatchedOfAll(names: readonly string[], trainGenes: readonly string[]): readonly string[] | null {
  const known = sameAlignment(names, trainGenes);
  if (known !== null) return known.nMissing === 0 ? names.filter((_, j) => known.toModel[j] < 0) : null;
  const inModel = new Set(trainGenes);
  if (names.length < inModel.size) return null;
  const found = new Set(names.filter((name) => inModel.has(name)));
  return found.size === inModel.size ? names.filter((name) => !inModel.has(name)) : null;
}

/** How many of the model's genes raw has; null where there is none, or it is what is read. */
async function nInRaw({ trainGenes }: Model, adata: AnnData, layer: MatrixName): Promise<number | null> {
  if (!adata.hasRaw || layer === "raw/X") return null;
  const names = new Set(await adata.varNames("raw/X").catch(() => []));
  return trainGenes.reduce((n, gene) => n + (names.has(gene) ? 1 : 0), 0);
}
