/** Reads the float32 arrays of a `.npz` file written by numpy. */
import { readFileSync } from "node:fs";
import { unzipSync } from "fflate";
import type { DenseMatrix } from "../../src/core/dense.ts";

/** Two-dimensional float32 arrays by name. */
export function readNpz(path: string): ReadonlyMap<string, DenseMatrix> {
  const entries = Object.entries(unzipSync(readFileSync(path)));
  return new Map(entries.map(([name, bytes]) => [name.replace(/\.npy$/, ""), parseNpy(bytes)]));
}

function parseNpy(bytes: Uint8Array): DenseMatrix {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [lengthSize, headerLength] =
    bytes[6] === 1 ? [2, view.getUint16(8, true)] : [4, view.getUint32(8, true)];
  const start = 8 + lengthSize;
  const header = new TextDecoder().decode(bytes.subarray(start, start + headerLength));
  const shape = /'descr': '<f4', 'fortran_order': False, 'shape': \((\d+), (\d+)\)/.exec(header);
  if (shape === null) throw new Error(`a two-dimensional float32 array is expected, got ${header}`);
  const [nRows, nCols] = [Number(shape[1]), Number(shape[2])];
  const data = Float32Array.from({ length: nRows * nCols }, (_, i) =>
    view.getFloat32(start + headerLength + 4 * i, true),
  );
  return { nRows, nCols, data };
}
