/** Carries varm and varp over to a dataset with other genes. @module */
import type { ArrayStore, StoredArray } from "../formats/array-store.ts";
import type { NumberArray } from "../formats/number-arrays.ts";
import type { ElementSink } from "./convert.ts";
import { openDataFrame } from "./dataframe.ts";
import { text } from "./encodings.ts";
import { openMatrix } from "./matrix.ts";
import { pickColumn } from "./select.ts";
import type { Column, MatrixName } from "./types.ts";
import { writeFrame } from "./write.ts";
import { writeArray, writeCsr } from "./write-elements.ts";

/** Entries of one varp matrix that are held at most. */
const MAX_ENTRIES = 1 << 26;

/**
 * Writes the members of varm and varp for the genes `names`, with the rows `varFrom` of the stored ones (-1 for none, which become
 * NaN, zero or missing) into groups that are there. What is neither an array of numbers, a matrix nor a table
 * is left out.
 */
export async function writeReshaped(
  store: ArrayStore,
  varFrom: Int32Array,
  names: readonly string[],
  sink: ElementSink,
): Promise<void> {
  for (const group of ["varm", "varp"] as const) {
    const element = await store.open(group);
    if (element?.kind !== "group") continue;
    for (const key of element.keys)
      if (group === "varm") await writeRows(store, `${group}/${key}`, varFrom, names, sink);
      else await writeBoth(store, `${group}/${key}`, varFrom, sink);
    await sink.settle();
  }
}

async function writeRows(
  store: ArrayStore,
  path: string,
  from: Int32Array,
  names: readonly string[],
  sink: ElementSink,
): Promise<void> {
  const element = await store.open(path);
  if (element?.kind === "array") {
    if (element.element !== "number" || (element.shape?.length ?? 0) === 0) return;
    const { values, shape } = await pickRows(element, from);
    writeArray(sink, `/${path}`, values, shape);
  } else if (element !== null && text(element.attribute("_index")) !== undefined) {
    const frame = await openDataFrame(store, path);
    const columns = new Map<string, Column>();
    for (const name of frame.columns) columns.set(name, pickColumn(await frame.column(name), from));
    writeFrame(sink, `/${path}`, { index: names, columns });
  }
}

async function pickRows(
  array: StoredArray,
  from: Int32Array,
): Promise<{ values: NumberArray; shape: readonly number[] }> {
  const stored = await array.readNumbers();
  const rowShape = (array.shape ?? []).slice(1);
  const width = rowShape.reduce((product, n) => product * n, 1);
  const values = new (stored.constructor as new (length: number) => NumberArray)(from.length * width);
  from.forEach((at, row) => {
    if (at >= 0) values.set(stored.subarray(at * width, (at + 1) * width) as never, row * width);
    else if (values instanceof Float32Array || values instanceof Float64Array)
      values.fill(Number.NaN, row * width, (row + 1) * width);
  });
  return { values, shape: [from.length, ...rowShape] };
}

/** A matrix of genes by genes; what no gene of the output has is empty. */
async function writeBoth(
  store: ArrayStore,
  path: string,
  from: Int32Array,
  sink: ElementSink,
): Promise<void> {
  const nStored = (await openDataFrame(store, "var")).length;
  const names = async (): Promise<readonly string[]> => [];
  const matrix = await openMatrix(store, path, path as MatrixName, {
    nRows: nStored,
    nCols: nStored,
    rowNames: names,
    columnNames: names,
  });
  const place = new Int32Array(nStored).fill(-1);
  from.forEach((at, to) => {
    if (at >= 0) place[at] = to;
  });
  const rows: [gene: number, value: number][][] = Array.from({ length: from.length }, () => []);
  let held = 0;
  for await (const { firstRow, csr } of matrix.rows())
    for (let r = 0; r < csr.nRows; r++) {
      const row = rows[place[firstRow + r]!];
      if (row === undefined) continue;
      for (let e = csr.indptr[r]!; e < csr.indptr[r + 1]!; e++) {
        const to = place[csr.indices[e]!]!;
        if (to >= 0 && ++held <= MAX_ENTRIES) row.push([to, csr.data?.[e] ?? 1]);
      }
      row.sort((a, b) => a[0] - b[0]);
    }
  if (held > MAX_ENTRIES) return;
  const indptr = new Uint32Array(from.length + 1);
  rows.forEach((row, r) => {
    indptr[r + 1] = indptr[r]! + row.length;
  });
  writeCsr(sink, `/${path}`, {
    nRows: from.length,
    nCols: from.length,
    indptr,
    indices: Uint32Array.from(rows.flatMap((row) => row.map(([gene]) => gene))),
    data: Float32Array.from(rows.flatMap((row) => row.map(([, value]) => value))),
  });
}
