/** Writes any dataset as a new `.h5ad` file without holding its matrices. @module */
import { platform } from "#platform";
import { throwIfAborted, type WorkOptions } from "../core/progress.ts";
import { AtlasmtlError } from "../errors.ts";
import { openFile } from "../formats/hdf5.ts";
import { createGrowing } from "../formats/hdf5-growing.ts";
import { callHdf5, hdf5Library, loadHdf5 } from "../formats/hdf5-library.ts";
import { openWriter } from "../formats/hdf5-write.ts";
import type { AnnData, Column, DataFrame, Matrix, MatrixName } from "./types.ts";
import { type FrameData, writeFrame } from "./write.ts";
import { isName, tagRoot, writeDense, writeDict } from "./write-elements.ts";

/** Positions of one matrix are counted in int32, as scipy writes them. */
const MAX_ENTRIES = 2 ** 31 - 1;

/**
 * Writes obs, var, X, layers and obsm of `adata` to `path` (Node), whole or not at all; raw and uns are left
 * out.
 *
 * Matrices are streamed in row blocks to float32 CSR, in chunks compressed by gzip. Progress counts the rows
 * of each matrix, in a phase named `write`.
 * @throws IO when the file cannot be written, USAGE for names that HDF5 cannot hold, LIMIT beyond 2^31 − 1
 * stored entries, ABORTED by the signal, and as `Matrix.rows`.
 */
export async function writeAnnData(path: string, adata: AnnData, work: WorkOptions = {}): Promise<void> {
  await loadHdf5();
  const names: MatrixName[] = adata.layerKeys.map((key): MatrixName => `layers/${checkedKey(key)}`);
  if (adata.hasX) names.unshift("X");
  const matrices = await Promise.all(names.map((name) => adata.matrix(name)));
  await platform.files.replace(path, async (temporary) => {
    await writeAllButValues(temporary, adata, matrices);
    const fileId = openFile(temporary, "update");
    try {
      for (const matrix of matrices) await streamMatrix(fileId, matrix, work);
    } finally {
      callHdf5("the HDF5 file cannot be closed", () => hdf5Library().close_file(fileId), "IO");
    }
  });
}

/** Everything that is small: frames, obsm, and the groups that the matrices will fill. */
async function writeAllButValues(path: string, adata: AnnData, matrices: readonly Matrix[]): Promise<void> {
  const obs = await frameData(adata.obs);
  const vars = await frameData(adata.var);
  const obsm = await Promise.all(adata.obsmKeys.map(async (key) => [key, await adata.obsm(key)] as const));
  const file = openWriter(path, "create");
  try {
    tagRoot(file);
    writeFrame(file, "/obs", obs);
    writeFrame(file, "/var", vars);
    for (const group of ["/layers", "/obsm", "/varm", "/obsp", "/varp", "/uns"]) writeDict(file, group);
    for (const [key, points] of obsm) writeDense(file, `/obsm/${checkedKey(key)}`, points);
    for (const { name, nRows, nCols } of matrices) {
      file.createGroup(`/${name}`);
      file.setAttribute(`/${name}`, "encoding-type", "csr_matrix");
      file.setAttribute(`/${name}`, "encoding-version", "0.1.0");
      file.setAttribute(`/${name}`, "shape", BigInt64Array.of(BigInt(nRows), BigInt(nCols)));
    }
  } catch (error) {
    file.abandon();
    throw error;
  }
  file.finish();
}

async function streamMatrix(fileId: bigint, matrix: Matrix, work: WorkOptions): Promise<void> {
  const { name, nRows } = matrix;
  const data = createGrowing(fileId, `/${name}/data`, "float32");
  const indices = createGrowing(fileId, `/${name}/indices`, "int32");
  const indptr = createGrowing(fileId, `/${name}/indptr`, "int32");
  indptr.append([0]);
  for await (const { firstRow, csr } of matrix.rows({ signal: work.signal })) {
    throwIfAborted(work.signal);
    const before = data.length;
    if (before + csr.indices.length > MAX_ENTRIES)
      throw new AtlasmtlError("LIMIT", `more than ${MAX_ENTRIES} entries would be stored`, { where: name });
    data.append(csr.data ?? new Float32Array(csr.indices.length).fill(1));
    indices.append(csr.indices);
    indptr.append(csr.indptr.subarray(1).map((end) => before + end));
    work.onProgress?.({ phase: "write", done: firstRow + csr.nRows, total: nRows });
  }
  if (indptr.length !== nRows + 1)
    throw new AtlasmtlError("BAD_DATA", `${indptr.length - 1} rows came of ${nRows}`, { where: name });
  for (const array of [data, indices, indptr]) array.finish();
}

async function frameData(frame: DataFrame): Promise<FrameData> {
  const columns = new Map<string, Column>();
  for (const name of frame.columns) columns.set(name, await frame.column(name));
  return { index: frame.index, columns };
}

function checkedKey(key: string): string {
  if (isName(key)) return key;
  throw new AtlasmtlError("USAGE", `"${key}" cannot be a key in an .h5ad file`);
}
