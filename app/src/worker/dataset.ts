/** Opens a reference or a query, and says what is in it. */
import {
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
import type { ColumnSeen, DatasetSeen, GivenFile, MatrixSeen, Role } from "./views.ts";

const MAX_EXAMPLES = 4;

export async function openDataset(
  role: Role,
  files: readonly GivenFile[],
  work: WorkOptions,
): Promise<DatasetSeen> {
  const { dataset, size } = await openFiles(files);
  const isOfResult = role === "query" && (await isQueryOfResult(dataset));
  return isOfResult ? takeQueryFile(dataset, size, work) : takeDataset(role, dataset, size, work);
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
export async function openQueryFile(files: readonly GivenFile[], work: WorkOptions): Promise<DatasetSeen> {
  const { dataset, size } = await openFiles(files);
  return takeQueryFile(dataset, size, work);
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

/** One file, or those of a folder or of a matrix with its lists. */
async function openFiles(files: readonly GivenFile[]): Promise<{ dataset: OpenDataset; size: number }> {
  const [{ file }] = files;
  const given = new Map(files.map((each) => [each.path, each.file]));
  const adata = await openAnnData(files.length === 1 ? file : given);
  // By the matrix the command line finds the lists beside it.
  const matrix = files.find(({ path }) => /^[^/]*\.mtx(\.gz)?$/.test(path));
  const name = files.length === 1 ? file.name : (matrix?.path ?? adata.source);
  const size = files.reduce((sum, each) => sum + each.file.size, 0);
  return { dataset: { name, adata, isDemo: false }, size };
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
