/** The cells of a benchmark: which are reference, which query, and what is known of them. @module */
import { columnLabels, columnStrings } from "../anndata/column-values.ts";
import { openAnnData } from "../anndata/open.ts";
import { selectObs } from "../anndata/select.ts";
import type { AnnData, MatrixName } from "../anndata/types.ts";
import { isAbsolutePath, joinPath } from "../core/paths.ts";
import type { WorkOptions } from "../core/progress.ts";
import { AtlasmtlError, locate } from "../errors.ts";
import { DEFAULT_TRAIN_OPTIONS } from "../model/options.ts";
import { deriveHierarchyRules, type HierarchyRules } from "../predict/hierarchy.ts";
import type { PredictedLabels } from "../predict/types.ts";
import type { BenchmarkManifest, Subset } from "./manifest.ts";
import { readSharedMatrices } from "./matrices.ts";
import type { SharedData } from "./methods/types.ts";

/** One cell of a file and what it was used for. */
export interface AssignedFile {
  /** As written in the manifest. */
  readonly path: string;
  readonly cells: readonly { readonly name: string; readonly part: string }[];
}

/** What all methods work on, and what their labels are compared with. */
export interface BenchmarkData extends SharedData {
  readonly truths: ReadonlyMap<string, PredictedLabels>;
  readonly rules: HierarchyRules;
  readonly domains: { readonly name: string; readonly labels: PredictedLabels } | null;
  /** Row numbers in the files. */
  readonly referenceRows: Uint32Array;
  readonly queryRows: Uint32Array;
  readonly files: readonly { readonly role: "reference" | "query"; readonly path: string }[];
  readonly matrixSources: { readonly reference: string; readonly query: string };
  /** Every cell of the files. */
  readonly obsNames: ReadonlyMap<string, readonly string[]>;
}

/**
 * Reads both sides into memory, cells by the subsets of the manifest.
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
  const reference = await readSide(paths.reference, manifest.referenceSubset, layers.reference, work);
  const query = await readSide(paths.query, manifest.querySubset, layers.query, work);
  const { labelColumns, domainKey } = manifest;
  const referenceLabels = await labelsOf(reference.adata, labelColumns, paths.reference);
  const truths = await labelsOf(query.adata, labelColumns, paths.query);
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
    obsNames: new Map([
      [paths.reference, reference.obsNames],
      [paths.query, query.obsNames],
    ]),
  };
}

/** From the manifest's folder. */
export const resolvePath = (folder: string, path: string): string =>
  isAbsolutePath(path) || folder === "." ? path : joinPath(folder, path);

function matrixName(layer: string): MatrixName {
  return layer === "X" || layer === "raw/X" || layer.startsWith("layers/")
    ? (layer as MatrixName)
    : `layers/${layer}`;
}

interface Side {
  readonly adata: AnnData;
  readonly rows: Uint32Array;
  readonly obsNames: readonly string[];
}

async function readSide(
  path: string,
  subset: Subset,
  matrix: MatrixName,
  { signal }: WorkOptions,
): Promise<Side> {
  const whole = await openAnnData(path);
  try {
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
    if (rows.length === 0)
      throw new AtlasmtlError("BAD_DATA", "no cell is left", {
        where: path,
        hint: "widen the subset in the manifest",
      });
    return { adata: await selectObs(whole, rows, { matrix, signal }), rows, obsNames: whole.obs.index };
  } catch (error) {
    throw error instanceof AtlasmtlError && error.where?.startsWith(path) ? error : locate(error, path);
  } finally {
    await whole.close();
  }
}

async function labelsOf(
  adata: AnnData,
  columns: readonly string[],
  path: string,
): Promise<ReadonlyMap<string, PredictedLabels>> {
  const labels = new Map<string, PredictedLabels>();
  for (const column of columns) {
    try {
      labels.set(column, columnLabels(await adata.obs.column(column)));
    } catch (error) {
      throw locate(error, path);
    }
  }
  return labels;
}
