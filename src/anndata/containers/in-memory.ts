/**
 * Datasets of arrays in memory, for callers and tests.
 *
 * ```ts
 * const adata = await createAnnData({
 *   X: { nRows: 2, nCols: 3, data: Float32Array.of(1, 0, 2, 0, 3, 0) },
 *   obs: { index: ["c1", "c2"], columns: { cell_type: ["B", "T"] } },
 *   var: { index: ["g1", "g2", "g3"] },
 * });
 * ```
 * @module
 */
import type { ConfigMap } from "../../core/config.ts";
import type { Csr } from "../../core/csr.ts";
import type { DenseMatrix } from "../../core/dense.ts";
import { AtlasmtlError } from "../../errors.ts";
import { columnLabels } from "../read/column-values.ts";
import { frame, listed } from "../read/dataframe.ts";
import { matrixOf } from "../read/matrix.ts";
import type { MatrixArrays } from "../read/rows.ts";
import { memorySource } from "../read/sequential-array.ts";
import type { AnnData, Column, DataFrame, ElementSummary, Matrix, MatrixName } from "../types.ts";

/** A column, or plain values for one: strings (null is missing), numbers (NaN is missing), booleans. */
export type ColumnInput =
  | Column
  | readonly (string | null)[]
  | readonly number[]
  | readonly boolean[]
  | Float32Array
  | Float64Array
  | Int32Array;

export interface FrameInput {
  readonly index: readonly string[];
  readonly columns?: Readonly<Record<string, ColumnInput>> | ReadonlyMap<string, ColumnInput>;
}

export interface AnnDataInput {
  readonly X?: Csr | DenseMatrix;
  readonly layers?: Readonly<Record<string, Csr | DenseMatrix>>;
  readonly obs: FrameInput;
  readonly var: FrameInput;
  readonly obsm?: Readonly<Record<string, DenseMatrix>>;
  readonly uns?: ConfigMap;
}

/** Makes a dataset from `input` without copying its arrays. @throws BAD_DATA for inconsistent sizes. */
export async function createAnnData(input: AnnDataInput): Promise<AnnData> {
  const obs = await memoryFrame("obs", input.obs);
  const vars = await memoryFrame("var", input.var);
  const matrices = new Map<string, Csr | DenseMatrix>();
  if (input.X !== undefined) matrices.set("X", input.X);
  for (const [key, layer] of Object.entries(input.layers ?? {})) matrices.set(`layers/${key}`, layer);
  for (const [name, { nRows, nCols }] of matrices)
    if (nRows !== obs.length || nCols !== vars.length)
      throw new AtlasmtlError(
        "BAD_DATA",
        `the matrix is ${nRows} × ${nCols}; obs and var ask for ${obs.length} × ${vars.length}`,
        { where: name },
      );
  const obsm = new Map(Object.entries(input.obsm ?? {}));
  for (const [key, { nRows }] of obsm)
    if (nRows !== obs.length)
      throw new AtlasmtlError("BAD_DATA", `it has ${nRows} rows; there are ${obs.length} cells`, {
        where: `obsm/${key}`,
      });
  const uns: ConfigMap = input.uns ?? new Map();
  return {
    source: "memory",
    input: null,
    nObs: obs.length,
    nVars: vars.length,
    obs,
    var: vars,
    obsmKeys: [...obsm.keys()],
    layerKeys: Object.keys(input.layers ?? {}),
    unsKeys: [...uns.keys()],
    hasX: input.X !== undefined,
    hasRaw: false,
    async matrix(name = "X") {
      return memoryMatrix(name, find(matrices, name, "matrices"), obs, vars);
    },
    varNames: async () => vars.index,
    obsm: async (key) => find(obsm, key, "obsm"),
    uns: async (key) => find(uns, key, "uns"),
    elements: async () => summaries(matrices, obsm, uns),
    close: async () => undefined,
  };
}

function find<T>(items: ReadonlyMap<string, T>, key: string, kind: string): T {
  const item = items.get(key);
  if (item !== undefined) return item;
  throw new AtlasmtlError("NOT_FOUND", `there is no "${key}"`, {
    where: "memory",
    hint: items.size === 0 ? `there are no ${kind}` : `${kind}: ${listed([...items.keys()])}`,
  });
}

function memoryFrame(where: string, { index, columns = {} }: FrameInput): Promise<DataFrame> {
  const entries = columns instanceof Map ? [...columns] : Object.entries(columns);
  const made = new Map(entries.map(([name, column]) => [name, toColumn(column as ColumnInput)]));
  return frame({
    where,
    length: index.length,
    columns: [...made.keys()],
    readIndex: async () => index,
    readColumn: async (name) => find(made, name, "columns"),
  });
}

/** Converts plain values to a column; strings become a categorical, as when anndata writes them. */
export function toColumn(input: ColumnInput): Column {
  if (input instanceof Float32Array || input instanceof Float64Array || input instanceof Int32Array) {
    const dtype =
      input instanceof Float32Array ? "float32" : input instanceof Int32Array ? "int32" : "float64";
    return { kind: "number", dtype, values: Float64Array.from(input), missing: null };
  }
  if (!Array.isArray(input)) return input as Column;
  const values = input as readonly (string | number | boolean | null)[];
  if (values.length > 0 && values.every((value) => typeof value === "number"))
    return {
      kind: "number",
      dtype: values.every(Number.isInteger) ? "int64" : "float64",
      values: Float64Array.from(values),
      missing: null,
    };
  if (values.length > 0 && values.every((value) => typeof value === "boolean"))
    return { kind: "boolean", values: Uint8Array.from(values, (value) => (value ? 1 : 0)), missing: null };
  const strings = values.map((value) => (value === null ? null : String(value)));
  const { codes, categories } = columnLabels({ kind: "string", values: strings });
  return { kind: "categorical", codes, categories, ordered: false };
}

function memoryMatrix(name: MatrixName, matrix: Csr | DenseMatrix, obs: DataFrame, vars: DataFrame): Matrix {
  const { nRows, nCols } = matrix;
  const nStored = "indptr" in matrix ? matrix.indices.length : null;
  const arrays: MatrixArrays =
    "indptr" in matrix
      ? {
          storage: "csr",
          starts: Float64Array.from(matrix.indptr),
          indices: memorySource(matrix.indices, 1, "int32"),
          data: memorySource(matrix.data ?? new Float32Array(matrix.indices.length).fill(1)),
        }
      : { storage: "dense", values: memorySource(matrix.data, nCols) };
  const frames = { rowNames: async () => obs.index, columnNames: async () => vars.index };
  return matrixOf({
    name,
    where: `memory › ${name}`,
    dtype: "float32",
    nStored,
    arrays,
    frame: { nRows, nCols, ...frames },
  });
}

function summaries(
  matrices: ReadonlyMap<string, Csr | DenseMatrix>,
  obsm: ReadonlyMap<string, DenseMatrix>,
  uns: ConfigMap,
): ElementSummary[] {
  const sized = [...matrices, ...[...obsm].map(([key, matrix]) => [`obsm/${key}`, matrix] as const)];
  return [
    ...sized.map(([path, matrix]) => ({
      path,
      encoding: "indptr" in matrix ? "csr_matrix" : "array",
      dtype: "float32",
      shape: [matrix.nRows, matrix.nCols],
    })),
    ...[...uns.keys()].map((key) => ({ path: `uns/${key}`, encoding: "setting", dtype: null, shape: null })),
  ];
}
