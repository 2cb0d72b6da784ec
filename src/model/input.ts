/** Everything training takes from the data, read and checked. @module */
import { judgeMatrix } from "../anndata/judgement/judge-matrix.ts";
import type { MatrixJudgement } from "../anndata/judgement/types.ts";
import { matrixName } from "../anndata/read/matrix-name.ts";
import type { AnnData, Matrix, MatrixName } from "../anndata/types.ts";
import type { Csr } from "../core/csr.ts";
import type { DenseMatrix } from "../core/dense.ts";
import type { WorkOptions } from "../core/progress.ts";
import { streamKey } from "../core/rng.ts";
import { AtlasmtlError, locateOnce, notice, option, phrase } from "../errors.ts";
import { isInMemory } from "../kernels/cell-parts.ts";
import { MAP_HEAD, MAP_KEY } from "../schema/bundle.ts";
import { SEEDS } from "../schema/training.ts";
import type { Normalization } from "../schema/training-options.ts";
import { decideStreaming, readCells } from "./cells/read-cells.ts";
import type { TrainingCells } from "./cells/training-cells.ts";
import { createValuesCheck } from "./components/matrix-values.ts";
import { cellsForValues, chooseCells, createRowCollector, LEAST_CELLS } from "./components/sample-cells.ts";
import type { ComponentValues } from "./components/types.ts";
import { type CoordTarget, readCoordinates, readCoordTarget } from "./coords.ts";
import { createCountsCheck } from "./counts-check.ts";
import { networkInput } from "./encode.ts";
import { type KeptColumns, readKeptColumns } from "./kept-columns.ts";
import { levelNotices } from "./label-levels.ts";
import { type LabelData, readLabels } from "./labels.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import { chooseGenes, type TrainGenes } from "./train-genes.ts";
import { checkTrainValues } from "./train-values.ts";
import type { Warning } from "./types.ts";

export interface TrainInput {
  /** The input of the network; with `countThinning` the counts, which the training steps normalise. */
  readonly cells: TrainingCells;
  /** Cells as the network takes them, in memory: all, or where these are streamed a sample. */
  readonly seen: SeenCells;
  /** The share of cells that is held out for validation. */
  readonly heldOutShare: number;
  readonly genes: readonly string[];
  readonly labels: readonly LabelData[];
  readonly coords: readonly CoordTarget[];
  /** Where the values come from, to read them again. */
  readonly matrix: Matrix;
  /** The array of `knnReferenceObsmKey`. */
  readonly knnCoordinates: DenseMatrix | null;
  /** The columns of `keepColumns`. */
  readonly kept: KeptColumns;
  readonly domains: { readonly names: readonly string[]; readonly codes: Int32Array } | null;
  /** Cells for the component space, as the matrix has them; null when there is no space to fit. */
  readonly sample: SpaceSample | null;
  /** How the genes were chosen, for the metadata; null if all are used. */
  readonly selection: TrainGenes["selection"];
  /** What the matrix looks like; null if it was not looked at. */
  readonly judgement: MatrixJudgement | null;
  readonly warnings: readonly Warning[];
  /** What is as it should be, such as that cells are streamed because there are many. */
  readonly notes: readonly Warning[];
}

/** The rows of `x` are those of the reference, in rising order; null if they are all. */
export interface SeenCells {
  readonly x: Csr;
  readonly rows: Uint32Array | null;
}

/** Held-out cells of a streamed reference at most: they stay in memory. */
const MOST_HELD_OUT = 50_000;

/** Cells of the reference with their values before any transform. */
export interface SpaceSample {
  /** Row numbers of the reference, rising. */
  readonly rows: Uint32Array;
  readonly x: Csr;
  readonly values: ComponentValues;
}

/**
 * Reads labels, coordinates and domains, then the matrix, which takes longest.
 * @throws BAD_DATA for a matrix without cells, genes or values, for duplicate gene names, missing labels or
 * domains, and coordinates that are not finite; NOT_FOUND for a missing column, key or layer.
 */
export async function readTrainInput(
  adata: AnnData,
  options: ResolvedTrainOptions,
  work: WorkOptions,
): Promise<TrainInput> {
  return located(adata, async () => readMatrix(adata, await readTargets(adata, options), options, work));
}

/**
 * Checks everything that {@link readTrainInput} will read, except the values of the matrix.
 * @throws like it.
 */
export async function checkTrainInput(adata: AnnData, options: ResolvedTrainOptions): Promise<void> {
  await located(adata, () => readTargets(adata, options));
}

async function located<T>(adata: AnnData, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // Readers of files have named the file already.
    throw locateOnce(error, adata.source);
  }
}

/** The targets, and the matrix, which is open but not read yet. */
interface TrainTargets
  extends Pick<
    TrainInput,
    "genes" | "selection" | "labels" | "coords" | "knnCoordinates" | "kept" | "matrix"
  > {
  readonly domains: Awaited<ReturnType<typeof readDomains>>;
  /** How many values a cell has at most on average. */
  readonly perCell: number;
  readonly ofGenes: readonly Warning[];
  readonly name: MatrixName;
}

async function readTargets(adata: AnnData, options: ResolvedTrainOptions): Promise<TrainTargets> {
  if (adata.nObs === 0)
    throw new AtlasmtlError("BAD_DATA", "there are no cells to train on", { where: "obs" });
  const labels: LabelData[] = [];
  for (const column of options.labelColumns)
    labels.push(await readLabels(adata.obs, column, options.missingLabels, options.missingValues));
  const coords: CoordTarget[] = [];
  for (const [name, key] of options.coordTargets) coords.push(await readCoordTarget(adata, name, key));
  const own = await ownMap(adata, options);
  if (own !== null) coords.push(own);
  const { knnReferenceObsmKey } = options;
  const knnCoordinates =
    knnReferenceObsmKey === null ? null : await readCoordinates(adata, knnReferenceObsmKey);
  const kept = await readKeptColumns(adata.obs, options);
  const domains = await readDomains(adata, options);

  const name = matrixName(options.layer);
  const whole = await adata.matrix(name);
  const names = await adata.varNames(name);
  if (whole.nRows !== adata.nObs || whole.nCols !== names.length)
    throw new AtlasmtlError(
      "MISMATCH",
      `the matrix is ${whole.nRows} by ${whole.nCols} for ${adata.nObs} cells and ${names.length} genes`,
      { where: name },
    );
  if (names.length === 0)
    throw new AtlasmtlError("BAD_DATA", "there are no genes to train on", { where: "var" });
  const {
    genes,
    matrix,
    selection,
    warnings: ofGenes,
  } = chooseGenes(whole, names, options.genes, options.preprocess);
  requireUnique(genes);
  const perCell = Math.min(genes.length, (whole.nStored ?? Number.POSITIVE_INFINITY) / whole.nRows);
  return { matrix, perCell, name, genes, selection, ofGenes, labels, coords, knnCoordinates, kept, domains };
}

async function readMatrix(
  adata: AnnData,
  { matrix, perCell, name, domains, ofGenes, ...targets }: TrainTargets,
  options: ResolvedTrainOptions,
  work: WorkOptions,
): Promise<TrainInput> {
  const judgement = await judgeMatrix(matrix, work.signal);
  const ofValues =
    judgement === null ? [] : await checkTrainValues(adata, name, judgement, options, work.signal);
  const counts =
    options.normalize === "none"
      ? null
      : createCountsCheck(
          name,
          phrase`choose the matrix with counts by ${option("layer")}, or set ${option("normalize", "none")}`,
          judgement !== null,
        );
  const finest = targets.labels[targets.labels.length - 1];
  const rows = sampleRows(perCell, finest.codes, options.randomState);
  const collector = createRowCollector(rows, matrix.nCols);
  const thins = options.countThinning !== null;
  const stored = { binary: options.inputTransform === "binary", normalizes: counts !== null, thins };
  const decision = decideStreaming(matrix, judgement, options);
  const { cells, nStored } = await readCells(matrix, decision.streams, options.streamBuffer, stored, {
    numThreads: options.numThreads,
    onBlock: collector.add,
    onRow: counts?.add,
    ...work,
  });
  if (nStored === 0)
    throw new AtlasmtlError(
      "BAD_DATA",
      `all values of ${matrix.nRows} cells and ${matrix.nCols} genes are zero`,
      {
        where: name,
        hint: phrase`choose another matrix with ${option("layer")}`,
      },
    );
  const warnings = [
    ...ofGenes,
    ...targets.labels.flatMap((label) => label.warnings),
    ...levelNotices(targets.labels),
    ...targets.kept.warnings,
    ...(domains?.warnings ?? []),
    ...ofValues,
    ...(counts?.finish() ?? []),
  ];
  const collected = collector.finish();
  const seen = seenCells(cells, collected, rows, options);
  const sample = sampleOf(collected, rows, options.normalize, judgement);
  if (sample === null && (options.linearViews || rows.length >= LEAST_CELLS))
    warnings.push(
      notice(
        "the values are neither counts nor logarithms of normalised counts, so the model has no linear views and will not tell cells that are unlike the reference by their distance",
        {
          where: name,
          hint: phrase`choose the matrix with counts or log-normalised values by ${option("layer")}`,
        },
      ),
    );
  if (cells.nRows === 1)
    warnings.push({ message: "there is one cell only: nothing general can be learnt from it" });
  const streams = cells.streaming !== null;
  const heldOutShare = streams
    ? Math.min(options.valFraction, MOST_HELD_OUT / cells.nRows)
    : options.valFraction;
  const notes = streams ? decision.notes : [];
  return { ...targets, matrix, cells, seen, heldOutShare, domains, sample, judgement, warnings, notes };
}

/** The map of the reference, where `embed` asks for it and there is one of two dimensions. */
async function ownMap(
  adata: AnnData,
  { embed, coordTargets }: ResolvedTrainOptions,
): Promise<CoordTarget | null> {
  if (embed !== "umap" || coordTargets.has(MAP_HEAD) || !adata.obsmKeys.includes(MAP_KEY)) return null;
  const target = await readCoordTarget(adata, MAP_HEAD, MAP_KEY);
  return target.original.nCols === 2 ? target : null;
}

/** Which cells the component space is fitted on. */
function sampleRows(perCell: number, codes: Int32Array, randomState: number): Uint32Array {
  return chooseCells(codes, streamKey(randomState, SEEDS.componentCells), cellsForValues(perCell));
}

/** Cells as the network takes them: all where they are in memory, else those that were collected. */
function seenCells(
  { x }: TrainingCells,
  collected: Csr,
  rows: Uint32Array,
  options: ResolvedTrainOptions,
): SeenCells {
  if (isInMemory(x)) return { x, rows: null };
  return { x: networkInput(collected, options), rows };
}

function sampleOf(
  x: Csr,
  rows: Uint32Array,
  normalize: Normalization,
  judgement: MatrixJudgement | null,
): SpaceSample | null {
  const check = createValuesCheck();
  check.add(x.data, x.indices.length);
  const verdict = judgement?.verdict;
  const isProportional = verdict === "counts" || verdict === "count_like" || verdict === "size_normalised";
  const values =
    normalize !== "none" || isProportional
      ? "log1p_cp10k"
      : verdict === "log1p"
        ? "as_they_are"
        : check.verdict();
  return values === null ? null : { rows, x, values };
}

async function readDomains(adata: AnnData, options: ResolvedTrainOptions) {
  const { domainKey, domainLossWeight } = options;
  if (domainKey === null || domainLossWeight === 0) return null;
  const { classes, codes } = await readLabels(adata.obs, domainKey, "ignore");
  const nMissing = codes.reduce((n, code) => n + (code < 0 ? 1 : 0), 0);
  const where = `obs › ${domainKey}`;
  if (nMissing > 0)
    throw new AtlasmtlError(
      "BAD_DATA",
      `${nMissing} of ${codes.length} cells have no domain in column "${domainKey}"`,
      {
        where,
        hint: "fill the column or remove these cells",
      },
    );
  const warnings: Warning[] =
    classes.length > 1
      ? []
      : [{ message: `column "${domainKey}" has one domain only, so there is nothing to align`, where }];
  return { names: classes, codes, warnings };
}

function requireUnique(genes: readonly string[]): void {
  if (new Set(genes).size === genes.length) return;
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const gene of genes) (seen.has(gene) ? twice : seen).add(gene);
  const examples = [...twice].slice(0, 5).join(", ");
  throw new AtlasmtlError("BAD_DATA", `${twice.size} gene names occur more than once, such as ${examples}`, {
    where: "var names",
    hint: phrase`preprocessing adds up the columns of one gene: ${option("featureSpace", "whole")}; gene ids of 10x data are unique: ${option("varNames", "gene_ids")}`,
  });
}
