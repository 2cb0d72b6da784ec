/**
 * HDF5 arrays that are extended while they are written, if the number of rows is not known in advance.
 * @module
 */
import { callHdf5, hdf5Library, withMemory } from "./library.ts";

/** Values of one chunk, which are buffered. */
const CHUNK = 65_536;
/** gzip, which every HDF5 installation reads, at its fastest level. */
const GZIP = { compression: 1, compression_opts: [1] };

/** H5S_UNLIMITED. */
const UNLIMITED = 0xffff_ffff_ffff_ffffn;

/** The element types of a growing array. */
const TYPES = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

export type GrowingType = keyof typeof TYPES;

/** A growing array; {@link finish} writes the buffered values. */
export interface GrowingArray {
  /** Values written and buffered so far. */
  readonly length: number;
  /** The total must be whole rows; 64-bit integers are bigints. */
  append(values: ArrayLike<number> | ArrayLike<bigint>): void;
  finish(): void;
}

/**
 * Creates an empty array at `path` of an open file, chunked and compressed; its rows have `rowShape`, single
 * values by default. @throws IO.
 */
export function createGrowing(
  fileId: bigint,
  path: string,
  dtype: GrowingType,
  rowShape: readonly number[] = [],
): GrowingArray {
  const h5 = hdf5Library();
  const write = <T>(work: () => T): T => callHdf5(`"${path}" cannot be written`, work, "IO");
  const width = rowShape.reduce((product, n) => product * n, 1);
  const chunkRows = Math.max(1, Math.floor(CHUNK / Math.max(width, 1)));
  const buffer = new TYPES[dtype](chunkRows * width);
  const row = rowShape.map(BigInt);
  let stored = 0;
  let buffered = 0;
  const metadata = {
    type: dtype.startsWith("float") ? 1 : 0,
    size: buffer.BYTES_PER_ELEMENT,
    signed: dtype.startsWith("int"),
    vlen: false,
    littleEndian: true,
    total_size: 0,
    shape: [0n, ...row],
    maxshape: [UNLIMITED, ...row],
    chunks: [BigInt(chunkRows), ...row.map((n) => (n === 0n ? 1n : n))],
    track_order: false,
    ...GZIP,
  };
  write(() => withMemory(1, (address) => h5.create_dataset(fileId, path, BigInt(address), metadata)));

  const flush = (): void => {
    if (buffered === 0) return;
    const bytes = new Uint8Array(buffer.buffer, 0, buffered * buffer.BYTES_PER_ELEMENT);
    const from = BigInt(stored / width);
    const rows = BigInt(buffered / width);
    write(() =>
      withMemory(bytes.length, (address) => {
        h5.HEAPU8.set(bytes, address);
        if (h5.resize_dataset(fileId, path, [from + rows, ...row]) < 0)
          throw new Error("the array cannot grow");
        const [count, offset] = [
          [rows, ...row],
          [from, ...row.map(() => 0n)],
        ];
        h5.set_dataset_data(
          fileId,
          path,
          count,
          offset,
          count.map(() => 1n),
          BigInt(address),
        );
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
        buffer[buffered++] = values[i] as never;
        if (buffered === buffer.length) flush();
      }
    },
    finish: flush,
  };
}
