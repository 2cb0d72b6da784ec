/** One-dimensional HDF5 arrays that grow while they are written: their length need not be known before. @module */
import { callHdf5, hdf5Library, withMemory } from "./hdf5-library.ts";

/** Values of one chunk, which is also what is buffered. */
const CHUNK = 65_536;
/** gzip, which every HDF5 installation reads, at its fastest level. */
const GZIP = { compression: 1, compression_opts: [1] };

/** H5S_UNLIMITED. */
const UNLIMITED = 0xffff_ffff_ffff_ffffn;

/** A growing array; {@link finish} writes what is still buffered. */
export interface GrowingArray {
  /** Values written and buffered so far. */
  readonly length: number;
  append(values: ArrayLike<number>): void;
  finish(): void;
}

/** Creates an empty array at `path` of an open file, chunked and compressed. @throws IO. */
export function createGrowing(fileId: bigint, path: string, dtype: "float32" | "int32"): GrowingArray {
  const h5 = hdf5Library();
  const write = <T>(work: () => T): T => callHdf5(`"${path}" cannot be written`, work, "IO");
  const buffer = dtype === "float32" ? new Float32Array(CHUNK) : new Int32Array(CHUNK);
  let stored = 0;
  let buffered = 0;
  const metadata = {
    type: dtype === "float32" ? 1 : 0,
    size: 4,
    signed: dtype === "int32",
    vlen: false,
    littleEndian: true,
    total_size: 0,
    shape: [0n],
    maxshape: [UNLIMITED],
    chunks: [BigInt(CHUNK)],
    track_order: false,
    ...GZIP,
  };
  write(() => withMemory(1, (address) => h5.create_dataset(fileId, path, BigInt(address), metadata)));

  const flush = (): void => {
    if (buffered === 0) return;
    const bytes = new Uint8Array(buffer.buffer, 0, buffered * 4);
    write(() =>
      withMemory(bytes.length, (address) => {
        h5.HEAPU8.set(bytes, address);
        if (h5.resize_dataset(fileId, path, [BigInt(stored + buffered)]) < 0)
          throw new Error("the array cannot grow");
        h5.set_dataset_data(fileId, path, [BigInt(buffered)], [BigInt(stored)], [1n], BigInt(address));
      }),
    );
    stored += buffered;
    buffered = 0;
  };

  return {
    get length() {
      return stored + buffered;
    },
    append(values) {
      for (let i = 0; i < values.length; i++) {
        buffer[buffered++] = values[i]!;
        if (buffered === CHUNK) flush();
      }
    },
    finish: flush,
  };
}
