/** Opens a reference or a query, and says what is in it. */
import {
  AtlasmtlError,
  type ColumnSummary,
  type DatasetInspection,
  inspectDataset,
  openAnnData,
  type WorkOptions,
} from "atlasmtl";
import { desk, type OpenDataset } from "./desk.ts";
import { warning } from "./notes.ts";
import { checkCells } from "./query-cells.ts";
import { sharedGenes } from "./shared-genes.ts";
import type { ColumnSeen, DatasetSeen, MatrixSeen, Role } from "./views.ts";

const MAX_EXAMPLES = 4;

export async function openDataset(
  role: Role,
  files: readonly File[],
  work: WorkOptions,
): Promise<DatasetSeen> {
  const file = oneFile(files);
  const dataset = { name: file.name, adata: await openAnnData(file), isDemo: false };
  const isOfResult = role === "query" && (await isQueryOfResult(dataset));
  return isOfResult ? takeQueryFile(dataset, file.size, work) : takeDataset(role, dataset, file.size, work);
}

async function isQueryOfResult(given: OpenDataset): Promise<boolean> {
  const { annotation } = desk;
  if (annotation === null || annotation.hasQueryFile) return false;
  const { cells, query, settings } = annotation;
  return checkCells(given, cells, query.name, settings.layer).then(
    () => true,
    () => false,
  );
}

/** Opens the file of the query that a result of an earlier visit is of. @throws MISMATCH for another query. */
export async function openQueryFile(files: readonly File[], work: WorkOptions): Promise<DatasetSeen> {
  const file = oneFile(files);
  return takeQueryFile({ name: file.name, adata: await openAnnData(file), isDemo: false }, file.size, work);
}

export async function takeQueryFile(
  query: OpenDataset,
  size: number,
  work: WorkOptions,
): Promise<DatasetSeen> {
  const annotation = desk.needAnnotation();
  try {
    const { cells, settings } = annotation;
    await checkCells(query, cells, annotation.query.name, settings.layer);
  } catch (error) {
    await query.adata.close();
    throw error;
  }
  const seen = await takeDataset("query", query, size, work);
  desk.annotation = { ...annotation, query, hasQueryFile: true };
  return { ...seen, isOfResult: true };
}

/** Puts an open dataset on the desk, once it is clear that it can be read. */
export async function takeDataset(
  role: Role,
  dataset: OpenDataset,
  size: number,
  work: WorkOptions,
): Promise<DatasetSeen> {
  const { name, adata } = dataset;
  try {
    const seen = await inspectDataset(adata, work);
    await desk.put(role, dataset);
    return datasetSeen(name, size, seen, role === "query" ? await sharedGenes() : null);
  } catch (error) {
    await adata.close();
    throw error;
  }
}

function oneFile(files: readonly File[]): File {
  if (files.length === 1) return files[0];
  throw new AtlasmtlError("USAGE", `got ${files.length} files, expected one`, {
    where: files
      .slice(0, 3)
      .map(({ name }) => name)
      .join(", "),
    hint: "drop one .h5ad, .h5, .loom, .h5mu or table; put a Zarr folder into a zip archive first",
  });
}

function datasetSeen(
  name: string,
  size: number,
  seen: DatasetInspection,
  nSharedGenes: number | null,
): DatasetSeen {
  const columns = new Map(
    seen.obs.flatMap((column) => ("problem" in column ? [] : [[column.name, column] as const])),
  );
  const ofRole = (role: string): ColumnSeen[] =>
    [...seen.roles].flatMap(([column, its]) =>
      its === role && columns.has(column) ? [columnSeen(columns.get(column)!)] : [],
    );
  return {
    name,
    size,
    container: seen.container,
    nCells: seen.nObs,
    nGenes: seen.nVars,
    species: seen.genes.species,
    geneNames: seen.genes.namespace,
    matrices: seen.matrices.map(matrixSeen),
    labels: ofRole("label"),
    suggested: seen.labelColumns,
    groups: ofRole("group"),
    embeddings: seen.obsm.map(({ path }) => path.replace(/^obsm\//, "")),
    notes: seen.notices.map(warning),
    nSharedGenes,
    isOfResult: false,
  };
}

const columnSeen = ({ name, nClasses, nMissing, classes }: ColumnSummary): ColumnSeen => ({
  name,
  nClasses: nClasses ?? 0,
  nMissing,
  examples: classes.slice(0, MAX_EXAMPLES).map((each) => each.name),
});

function matrixSeen(matrix: DatasetInspection["matrices"][number]): MatrixSeen {
  const { name } = matrix;
  if (!("look" in matrix)) return { name, verdict: null, evidence: "", problem: matrix.problem };
  const { look, problem } = matrix;
  return { name, verdict: look?.verdict ?? null, evidence: look?.evidence ?? "", problem };
}
