/** Reads the reference and query cells of a benchmark, with their labels, groups and coordinates. @module */

import { openAnnData } from "../anndata/open.ts";
import { columnLabels, columnStrings } from "../anndata/read/column-values.ts";
import { withoutMissing } from "../anndata/read/missing-values.ts";
import type { AnnData, MatrixName } from "../anndata/types.ts";
import { viewRows } from "../anndata/views/row-view.ts";
import { selectObs } from "../anndata/views/select-cells.ts";
import { isAbsolutePath, joinPath } from "../core/paths.ts";
import type { WorkOptions } from "../core/progress.ts";
import { AtlasmtlError, locate, locateOnce } from "../errors.ts";
import { requireCommonLabels } from "../evaluate/vocabulary.ts";
import { DEFAULT_TRAIN_OPTIONS } from "../model/options.ts";
import type { Warning } from "../model/types.ts";
import { deriveHierarchyRules, type HierarchyRules } from "../predict/hierarchy-rules.ts";
import type { PredictedLabels } from "../predict/types.ts";
import type { BenchmarkManifest, Subset } from "./dataset-manifest.ts";
import { readSharedMatrices } from "./matrices.ts";
import type { SharedData } from "./methods/types.ts";
import { type Preparation, prepareSides } from "./preparation.ts";

/** One cell of a file and its part in the benchmark. */
export interface AssignedFile {
  /** As written in the manifest. */
  readonly path: string;
  readonly cells: readonly { readonly name: string; readonly part: string }[];
}

/** The data that all methods use, and the true labels that their predictions are compared with. */
export interface BenchmarkData extends SharedData {
  readonly truths: ReadonlyMap<string, PredictedLabels>;
  readonly rules: HierarchyRules;
  readonly domains: { readonly name: string; readonly labels: PredictedLabels } | null;
  /** Row numbers in the files. */
  readonly referenceRows: Uint32Array;
  readonly queryRows: Uint32Array;
  readonly files: readonly { readonly role: "reference" | "query"; readonly path: string }[];
  readonly matrixSources: { readonly reference: string; readonly query: string };
  /** On cells of both sides. */
  readonly warnings: readonly Warning[];
  /** Null without preprocessing. */
  readonly preparation: Omit<Preparation, "reference" | "query"> | null;
  /** Every cell of the files. */
  readonly obsNames: ReadonlyMap<string, readonly string[]>;
}

/**
 * Reads reference and query into memory, with the cells that the subsets of the manifest select.
 * @throws NOT_FOUND for a missing file or column, BAD_DATA when a side has no cells, MISMATCH without common
 * genes.
 */
export async function readBenchmarkData(
  manifest: BenchmarkManifest,
  folder: string,
  work: WorkOptions,
): Promise<BenchmarkData> {
  const paths = {
    reference: resolvePath(folder, manifest.referencePath),
    query: resolvePath(folder, manifest.queryPath),
  };
  const layers = {
    reference: matrixName(manifest.train.layer ?? DEFAULT_TRAIN_OPTIONS.layer),
    query: matrixName(manifest.predict.layer ?? manifest.train.layer ?? DEFAULT_TRAIN_OPTIONS.layer),
  };
  const { reference, query, preparation } = await readSides(manifest, paths, layers, folder, work);
  const { labelColumns, domainKey } = manifest;
  const missingValues = manifest.train.missingValues ?? [];
  const referenceLabels = await labelsOf(reference.adata, labelColumns, paths.reference, missingValues);
  const truths = await labelsOf(query.adata, labelColumns, paths.query, missingValues);
  for (const [column, truth] of truths)
    requireCommonLabels(
      column,
      truth,
      referenceLabels.get(column)!.categories,
      "the reference",
      `${paths.query} › obs › ${column}`,
    );
  return {
    reference: reference.adata,
    query: query.adata,
    labelColumns,
    referenceLabels,
    inputTransform: manifest.train.inputTransform ?? DEFAULT_TRAIN_OPTIONS.inputTransform,
    shared: await readSharedMatrices(reference.adata, query.adata, work),
    truths,
    rules: deriveHierarchyRules(referenceLabels, labelColumns).rules,
    domains:
      domainKey === null
        ? null
        : {
            name: domainKey,
            labels: (await labelsOf(query.adata, [domainKey], paths.query)).get(domainKey)!,
          },
    referenceRows: reference.rows,
    queryRows: query.rows,
    files: [
      { role: "reference", path: paths.reference },
      { role: "query", path: paths.query },
    ],
    matrixSources: layers,
    warnings: sharedCells(paths, reference, query),
    preparation,
    obsNames: new Map([
      [paths.reference, reference.obsNames],
      [paths.query, query.obsNames],
    ]),
  };
}

/** A warning if cells of the reference are in the query: the same rows of one file, or the same names. */
function sharedCells(paths: Sides<string>, reference: Side, query: Side): Warning[] {
  const isOneFile = paths.reference === paths.query;
  const keys = ({ rows, obsNames }: Side) => Array.from(rows, (row) => (isOneFile ? row : obsNames[row]));
  const known = new Set(keys(reference));
  const n = keys(query).filter((key) => known.has(key)).length;
  if (n === 0) return [];
  return [
    {
      message: `${n} of the query's ${query.rows.length} ${isOneFile ? "cells" : "cell names"} are in the reference too`,
      where: paths.query,
      hint: isOneFile
        ? "the scores are of cells that were trained on: keep the sides apart by subsets or a split"
        : "if these are the same cells, the scores are of cells that were trained on: keep the sides apart by subsets or a split",
    },
  ];
}

/** From the manifest's folder. */
export const resolvePath = (folder: string, path: string): string =>
  isAbsolutePath(path) || folder === "." ? path : joinPath(folder, path);

function matrixName(layer: string): MatrixName {
  return layer === "X" || layer === "raw/X" || layer.startsWith("layers/")
    ? (layer as MatrixName)
    : `layers/${layer}`;
}

interface Sides<T> {
  readonly reference: T;
  readonly query: T;
}

interface Side {
  readonly adata: AnnData;
  readonly rows: Uint32Array;
  readonly obsNames: readonly string[];
}

/** The selected cells of both files in memory, preprocessed if the manifest has preprocessing keys. */
async function readSides(
  { preprocess, referenceSubset, querySubset }: BenchmarkManifest,
  paths: Sides<string>,
  layers: Sides<MatrixName>,
  folder: string,
  work: WorkOptions,
): Promise<Sides<Side> & { readonly preparation: BenchmarkData["preparation"] }> {
  const whole: AnnData[] = [];
  const choose = async (path: string, subset: Subset) => {
    const adata = await openAnnData(path);
    whole.push(adata);
    return inFile(path, async () => {
      const rows = await chosenRows(adata, subset, path);
      // Preprocessing reads the selected cells only. raw is kept only if all cells are selected.
      const isPart = preprocess !== null && rows.length < adata.nObs;
      return { adata: isPart ? await viewRows(adata, rows) : adata, rows, obsNames: adata.obs.index };
    });
  };
  try {
    const reference = await choose(paths.reference, referenceSubset);
    const query = await choose(paths.query, querySubset);
    const prepared =
      preprocess === null
        ? null
        : await prepareSides({ reference: reference.adata, query: query.adata }, preprocess, folder, work);
    const load = (role: "reference" | "query", side: Side): Promise<Side> =>
      inFile(paths[role], async () => {
        const adata = prepared?.[role] ?? side.adata;
        const rows = prepared === null ? side.rows : Uint32Array.from(adata.obs.index.keys());
        const chosen = await selectObs(adata, rows, { matrix: layers[role], signal: work.signal });
        return { ...side, adata: chosen };
      });
    return {
      reference: await load("reference", reference),
      query: await load("query", query),
      preparation: prepared === null ? null : withoutSides(prepared),
    };
  } finally {
    for (const adata of whole) await adata.close();
  }
}

/** The data that is still needed after the files are closed. */
function withoutSides({ record, files, warnings, summary, seed }: Preparation): BenchmarkData["preparation"] {
  return { record, files, warnings, summary, seed };
}

async function chosenRows(whole: AnnData, subset: Subset, path: string): Promise<Uint32Array> {
  const kept = new Uint8Array(whole.nObs).fill(1);
  for (const [column, values] of subset) {
    const names = columnStrings(await whole.obs.column(column));
    const wanted = new Set(values);
    const absent = values.find((value) => !names.includes(value));
    if (absent !== undefined)
      throw new AtlasmtlError("NOT_FOUND", `no cell has "${absent}"`, {
        where: `${path} › obs › ${column}`,
        hint: `the column has ${[...new Set(names)].slice(0, 8).join(", ")}`,
      });
    names.forEach((name, row) => {
      if (name === null || !wanted.has(name)) kept[row] = 0;
    });
  }
  const rows = Uint32Array.from(kept.keys()).filter((row) => kept[row] === 1);
  if (rows.length > 0) return rows;
  throw new AtlasmtlError("BAD_DATA", "no cell is left", {
    where: path,
    hint: "widen the subset in the manifest",
  });
}

/** Errors of `action` name the file. */
async function inFile<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw locateOnce(error, path);
  }
}

async function labelsOf(
  adata: AnnData,
  columns: readonly string[],
  path: string,
  missingValues: readonly string[] = [],
): Promise<ReadonlyMap<string, PredictedLabels>> {
  const labels = new Map<string, PredictedLabels>();
  for (const column of columns) {
    try {
      labels.set(column, withoutMissing(columnLabels(await adata.obs.column(column)), missingValues));
    } catch (error) {
      throw locate(error, path);
    }
  }
  return labels;
}
