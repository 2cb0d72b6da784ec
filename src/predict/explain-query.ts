/** Counts how many cells of a query express the genes that drive their labels (docs/specification/3-prediction.md#genes-of-the-labels). @module */
import { matrixName } from "../anndata/read/matrix-name.ts";
import type { AnnData } from "../anndata/types.ts";
import { createPauser, throwIfAborted, type WorkOptions } from "../core/progress.ts";
import { AtlasmtlError, option, phrase } from "../errors.ts";
import { countExpressing } from "../model/genes/class-sums.ts";
import { coefficientGenes } from "../model/genes/coefficients.ts";
import type { ClassGenes, LabelGene, LabelGenes } from "../model/genes/types.ts";
import type { Model } from "../model/types.ts";
import { alignedRows, alignGenes } from "./align.ts";
import type { PredictSettings } from "./options.ts";
import { namedQuery } from "./query-rows.ts";
import type { PredictedLabels } from "./types.ts";

/** A gene that drives a label, in the query beside the reference. */
export interface QueryGene extends LabelGene {
  /** Share of the query cells of the label that express it; null if the query lacks the gene, or no cell got the label. */
  readonly queryExpressing: number | null;
}

/** The genes of a label, and how many cells of the query got it. */
export interface QueryClassGenes extends Omit<ClassGenes, "genes"> {
  readonly nQueryCells: number;
  readonly genes: readonly QueryGene[];
}

/** The genes of all classes of a label column. */
export interface QueryLabelGenes {
  readonly column: string;
  readonly classes: readonly QueryClassGenes[];
}

/** The cells of a query that got each class of a label column, and which genes they express. */
export interface CountedLabels {
  readonly of: LabelGenes;
  /** By class. */
  readonly nCells: Uint32Array;
  /** Share of the query cells of a class that express a gene of the model; null if the query lacks it, or no cell got the label. */
  share(code: number, gene: string): number | null;
}

/**
 * The genes of the labels with the shares of query cells that express them, in one pass over the query. `labels` are the
 * label columns to count, by name, of the query's cells in order; other labels than the model's are left out.
 * @throws NOT_FOUND for a model without genes of its labels; MISMATCH for labels of other cells, a label column that the
 * model lacks, and a query without any of its genes; BAD_DATA for a matrix with negative values; ABORTED.
 */
export async function explainQuery(
  model: Model,
  adata: AnnData,
  labels: ReadonlyMap<string, PredictedLabels>,
  settings: PredictSettings,
  work: WorkOptions,
): Promise<QueryLabelGenes[]> {
  const columns = await countLabels(model, adata, labels, settings, work);
  return columns.map(({ of, nCells, share }) => ({
    column: of.column,
    classes: of.classes.map((own, code): QueryClassGenes => {
      const genes = own.genes.map(
        (gene): QueryGene => ({ ...gene, queryExpressing: share(code, gene.gene) }),
      );
      return { ...own, nQueryCells: nCells[code], genes };
    }),
  }));
}

/** Counts for all genes of the model what {@link explainQuery} tells of the genes of each label. */
export async function countLabels(
  model: Model,
  adata: AnnData,
  labels: ReadonlyMap<string, PredictedLabels>,
  settings: PredictSettings,
  { signal, onProgress }: WorkOptions,
): Promise<CountedLabels[]> {
  const genesOf = labelGenesOf(model);
  const columns = [...labels].map(([column, own]) => codesOf(column, own, genesOf, adata));
  const query = await namedQuery(model, adata, matrixName(settings.layer), settings);
  const genes = alignGenes(query.names, model.trainGenes, adata.source);
  if (genes.nMatched === 0)
    throw new AtlasmtlError("MISMATCH", "the query has none of the model's genes", {
      where: `${adata.source} › var names`,
      hint: phrase`give the query that was annotated, with the options of its genes, such as ${option("autoGenes", true)}`,
    });
  const nGenes = model.trainGenes.length;
  const counts = columns.map(({ of }) => new Uint32Array(of.classes.length * nGenes));
  const rows = alignedRows(query.matrix, genes, {
    transform: "binary",
    batchSize: settings.batchSize,
    source: adata.source,
    signal,
  });
  const pause = createPauser(signal);
  for await (const { firstRow, csr } of rows) {
    throwIfAborted(signal);
    for (const [j, { codes }] of columns.entries())
      await countExpressing(csr, codes.subarray(firstRow, firstRow + csr.nRows), counts[j], pause);
    onProgress?.({ phase: "explain", done: firstRow + csr.nRows, total: adata.nObs });
  }
  const place = new Map(model.trainGenes.map((gene, g) => [gene, g]));
  const isThere = new Uint8Array(nGenes);
  for (const gene of genes.toModel) if (gene >= 0) isThere[gene] = 1;
  return columns.map(({ of, nCells }, j) => ({
    of,
    nCells,
    share(code, gene) {
      const g = place.get(gene) ?? -1;
      return nCells[code] === 0 || isThere[g] !== 1 ? null : counts[j][code * nGenes + g] / nCells[code];
    },
  }));
}

/**
 * The genes that drive each class, by label column; of a model of CellTypist by its coefficients.
 * @throws NOT_FOUND for a bundle that was saved without them.
 */
export function labelGenesOf(model: Model): readonly LabelGenes[] {
  if (model.labelGenes) return model.labelGenes;
  if (model.oneVsRest) return coefficientGenes(model);
  throw new AtlasmtlError("NOT_FOUND", "the model does not say which genes drive its labels", {
    hint: "train it again with this version of atlasmtl, which finds them at training; earlier versions and the Python original do not",
    subject: "artifact",
  });
}

/** The labels of the cells as codes of the model's classes, −1 for others. */
function codesOf(
  column: string,
  { codes, categories }: PredictedLabels,
  genes: readonly LabelGenes[],
  { nObs, source }: AnnData,
) {
  const of = genes.find((own) => own.column === column);
  if (of === undefined)
    throw new AtlasmtlError("MISMATCH", `the model has no label column ${JSON.stringify(column)}`, {
      hint: `its label columns are ${genes.map((own) => own.column).join(", ")}`,
    });
  if (codes.length !== nObs)
    throw new AtlasmtlError("MISMATCH", `there are ${codes.length} labels of ${column} for ${nObs} cells`, {
      where: source,
      hint: "give the query that was annotated",
    });
  const codeOf = new Map(of.classes.map(({ label }, code) => [label, code]));
  const own = categories.map((label) => codeOf.get(label) ?? -1);
  const nCells = new Uint32Array(of.classes.length);
  const mapped = codes.map((code) => own[code] ?? -1);
  for (const code of mapped) if (code >= 0) nCells[code]++;
  return { of, codes: mapped, nCells };
}
