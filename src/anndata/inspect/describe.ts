/** Describes the content of a dataset as plain data; unknown content is not an error. @module */
import { compareCodePoints } from "../../core/order.ts";
import { AtlasmtlError } from "../../errors.ts";
import { columnLabels, columnStrings } from "../read/column-values.ts";
import type { AnnData, Column, DataFrame, ElementSummary, MatrixName } from "../types.ts";

export interface MatrixSummary {
  readonly name: MatrixName;
  readonly nRows: number;
  readonly nCols: number;
  readonly storage: string;
  readonly dtype: string;
  readonly nStored: number | null;
}

export interface ClassCount {
  readonly name: string;
  readonly count: number;
}

export interface ColumnSummary {
  readonly name: string;
  readonly kind: Column["kind"];
  /** The numpy dtype for numbers; otherwise `category`, `bool` or `str`. */
  readonly dtype: string;
  readonly nMissing: number;
  /** Distinct values of a categorical, text or boolean column. */
  readonly nClasses: number | null;
  /** Cells per class, largest first, at most `MAX_CLASSES`; empty for numbers. */
  readonly classes: readonly ClassCount[];
  /** Smallest and largest number. */
  readonly range: readonly [number, number] | null;
}

/** An element that cannot be read, and why. */
export interface UnreadableSummary {
  readonly name: string;
  readonly problem: string;
}

export interface AnnDataSummary {
  readonly source: string;
  readonly nObs: number;
  readonly nVars: number;
  readonly matrices: readonly (MatrixSummary | UnreadableSummary)[];
  readonly obs: readonly (ColumnSummary | UnreadableSummary)[];
  readonly var: readonly (ColumnSummary | UnreadableSummary)[];
  readonly obsm: readonly ElementSummary[];
  readonly uns: readonly ElementSummary[];
  /** varm, obsp and all other stored elements. */
  readonly other: readonly ElementSummary[];
}

/** Maximum number of listed classes per column. */
const MAX_CLASSES = 50;

/** Describes an open dataset without reading its matrices. */
export async function describeAnnData(adata: AnnData): Promise<AnnDataSummary> {
  const names: MatrixName[] = [
    ...(adata.hasX ? (["X"] as const) : []),
    ...adata.layerKeys.map((key) => `layers/${key}` as const),
    ...(adata.hasRaw ? (["raw/X"] as const) : []),
  ];
  const elements = await adata.elements();
  const under = (folder: string): ElementSummary[] =>
    elements.filter(({ path }) => path.startsWith(`${folder}/`));
  // The parts of raw are described with its matrix; before anndata 0.7, obsm was one table.
  const told = /^(X|layers\/.*|raw|raw[./](X|var|varm)|obsm)$/;
  return {
    source: adata.source,
    nObs: adata.nObs,
    nVars: adata.nVars,
    matrices: await Promise.all(names.map((name) => orProblem(name, () => summariseMatrix(adata, name)))),
    obs: await summariseFrame(adata.obs),
    var: await summariseFrame(adata.var),
    obsm: await summariseObsm(adata, under("obsm")),
    uns: under("uns"),
    other: elements.filter(({ path }) => !/^(obsm|uns)\//.test(path) && !told.test(path)),
  };
}

async function summariseObsm(adata: AnnData, found: readonly ElementSummary[]): Promise<ElementSummary[]> {
  const known = new Set(found.map(({ path }) => path));
  const others: ElementSummary[] = [];
  for (const key of adata.obsmKeys) {
    const path = `obsm/${key}`;
    if (known.has(path)) continue;
    const points = await orProblem(path, () => adata.obsm(key));
    const shape = "problem" in points ? null : [points.nRows, points.nCols];
    others.push({ path, encoding: "array", dtype: null, shape });
  }
  return [...found, ...others];
}

async function orProblem<T>(name: string, work: () => Promise<T>): Promise<T | UnreadableSummary> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AtlasmtlError) return { name, problem: error.message };
    throw error;
  }
}

async function summariseMatrix(adata: AnnData, name: MatrixName): Promise<MatrixSummary> {
  const { nRows, nCols, storage, dtype, nStored } = await adata.matrix(name);
  return { name, nRows, nCols, storage, dtype, nStored };
}

async function summariseFrame(frame: DataFrame): Promise<(ColumnSummary | UnreadableSummary)[]> {
  const result: (ColumnSummary | UnreadableSummary)[] = [];
  for (const name of frame.columns)
    result.push(await orProblem(name, async () => summariseColumn(name, await frame.column(name))));
  return result;
}

function summariseColumn(name: string, column: Column): ColumnSummary {
  const { kind } = column;
  if (column.kind === "number") {
    let nMissing = 0;
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (const [i, value] of column.values.entries()) {
      if (column.missing?.[i] || Number.isNaN(value)) nMissing++;
      else {
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
    const range = low <= high ? ([low, high] as const) : null;
    return { name, kind, dtype: column.dtype, nMissing, nClasses: null, classes: [], range };
  }
  const { codes, categories } =
    column.kind === "categorical" ? column : columnLabels({ kind: "string", values: columnStrings(column) });
  const counts = new Array<number>(categories.length).fill(0);
  let nMissing = 0;
  for (const code of codes) {
    if (code < 0) nMissing++;
    else counts[code]++;
  }
  const classes = categories
    .map((category, code) => ({ name: category, count: counts[code] }))
    .sort((a, b) => b.count - a.count || compareCodePoints(a.name, b.name));
  const dtype = { categorical: "category", string: "str", boolean: "bool" }[column.kind];
  return {
    name,
    kind,
    dtype,
    nMissing,
    nClasses: classes.length,
    classes: classes.slice(0, MAX_CLASSES),
    range: null,
  };
}
