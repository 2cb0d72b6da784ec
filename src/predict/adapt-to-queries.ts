/** Adapts a model to queries before it labels them (docs/specification/3-prediction.md#adaptation). @module */
import { matrixName } from "../anndata/read/matrix-name.ts";
import type { AnnData } from "../anndata/types.ts";
import type { WorkOptions } from "../core/progress.ts";
import { grouped } from "../core/shown.ts";
import { AtlasmtlError, type Notice, notice, option, phrase } from "../errors.ts";
import type { Engine } from "../kernels/types.ts";
import { adaptViews, type CellsToAdaptTo } from "../model/linear/adapt-views.ts";
import type { Model } from "../model/types.ts";
import { joinCells, seeCells } from "./cells-to-adapt-to.ts";
import type { PredictSettings } from "./options.ts";
import { openQueryRows } from "./query-rows.ts";

/** Blocks of 64 cells that are taken from all queries together, and of each at least. */
const [BLOCKS, LEAST_BLOCKS] = [64, 8];

/** What a model learnt from unlabelled cells. */
export interface Adaptation {
  readonly nCells: number;
  /** Cells that the linear views took for examples, by label column. */
  readonly nExamples: ReadonlyMap<string, number>;
}

export interface AdaptedModel {
  readonly model: Model;
  /** Null if the queries say too little, and the model is as it was. */
  readonly adaptation: Adaptation | null;
  readonly notes: readonly Notice[];
  readonly warnings: readonly Notice[];
  /** What reading the queries had to say, which prediction says as well. */
  readonly ofQueries: { readonly notes: readonly Notice[]; readonly warnings: readonly Notice[] };
}

/**
 * The model with linear views that learnt from a sample of the cells of all `queries` together; `isUnasked` where the caller
 * decided it, not the user.
 * @throws MISMATCH if the model has no linear views; like {@link openQueryRows}; ABORTED.
 */
export async function adaptToQueries(
  model: Model,
  queries: readonly AnnData[],
  settings: PredictSettings,
  work: WorkOptions & { readonly engine: Engine },
  isUnasked = false,
): Promise<AdaptedModel> {
  const linear = model.linear ?? null;
  if (linear === null)
    throw new AtlasmtlError("MISMATCH", "the model has no linear views, which are what adapts to a query", {
      hint: phrase`train it again with linear views, the default, or predict without ${option("adapt")}`,
    });
  const nBlocks = Math.max(LEAST_BLOCKS, Math.ceil(BLOCKS / queries.length));
  const parts: CellsToAdaptTo[] = [];
  const warnings: Notice[] = [];
  const ofQueries = { notes: [] as Notice[], warnings: [] as Notice[] };
  const inference = await work.engine.createInference(model.shape, model.weights);
  try {
    for (const adata of queries) {
      const query = await openQueryRows(model, adata, settings, work.signal);
      ofQueries.notes.push(...query.notes);
      ofQueries.warnings.push(...query.warnings);
      const sample = await query.sample(nBlocks);
      const where = `${adata.source} › ${matrixName(settings.layer)}`;
      if (sample.length === 0) warnings.push(storedByGenes(where));
      else parts.push(await seeCells(model, linear, query, sample, inference, where, work.signal));
    }
  } finally {
    inference.dispose();
  }
  const cells = parts.length === 0 ? null : joinCells(parts);
  const adapted = cells === null ? null : await adaptViews(linear, cells, work.signal);
  if (cells === null || adapted === null)
    return {
      model,
      adaptation: null,
      notes: [],
      warnings: [...warnings, ...(cells === null ? [] : [tooFew(queries)])],
      ofQueries,
    };
  const columns = model.labelHeads.map(({ column }) => column);
  const adaptation = {
    nCells: cells.nRows,
    nExamples: new Map(columns.map((column, j) => [column, adapted.nExamples[j]])),
  };
  return {
    model: { ...model, linear: adapted.linear },
    adaptation,
    notes: [adaptedNote(adaptation, isUnasked)],
    warnings,
    ofQueries,
  };
}

function adaptedNote({ nCells, nExamples }: Adaptation, isUnasked: boolean): Notice {
  const most = Math.max(...nExamples.values());
  const learnt = `the linear views adapted to the query: they learnt from ${grouped(most)} of ${grouped(nCells)} of its cells`;
  if (!isUnasked) return notice(learnt);
  return notice(`${learnt}, as it is unlike the reference`, {
    hint: phrase`${option("autoAdapt", false)} leaves that out`,
  });
}

function storedByGenes(where: string): Notice {
  return notice("the model does not adapt to this matrix, which is stored by genes (CSC) and large", {
    where,
    hint: "store it by cells (CSR)",
  });
}

function tooFew(queries: readonly AnnData[]): Notice {
  return notice("the model did not adapt: too few cells of at least two labels are like the reference", {
    where: queries.map(({ source }) => source).join(", "),
    hint: phrase`predict without ${option("adapt")}`,
  });
}
