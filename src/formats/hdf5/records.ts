/** Writes tables whose rows are records: numpy's structured arrays. @module */
import type { RecordField } from "../element-writer.ts";
import { callHdf5, hdf5Library, withMemory } from "./library.ts";

/** Bytes of a pointer in the library's memory. */
const POINTER = 4;
const [INTEGER, FLOAT, STRING, COMPOUND] = [0, 1, 3, 6];

/**
 * An array of records, one for each value of the fields, which are equally many; text is of any length, booleans cannot
 * be fields. @throws IO.
 */
export function writeRecords(
  fileId: bigint,
  path: string,
  fields: readonly RecordField[],
  dimensions: readonly number[],
): void {
  const h5 = hdf5Library();
  const nRows = fields[0]?.values.length ?? 0;
  let size = 0;
  const members = fields.map(({ name, values }) => {
    const offset = size;
    const type = typeOf(values);
    size += type.size;
    return {
      name,
      offset,
      ...type,
      ...{ littleEndian: true, shape: [], maxshape: [], chunks: null, total_size: 1 },
    };
  });
  const { records, texts, pointers } = layOut(fields, members, size, nRows);
  const shape = dimensions.map(BigInt);
  const metadata = {
    ...{ type: COMPOUND, size, signed: false, vlen: false, littleEndian: true, total_size: nRows },
    ...{ shape, maxshape: shape, compound_type: { members, nmembers: members.length } },
  };
  callHdf5(
    `"${path}" cannot be written`,
    () =>
      withMemory(records.length + texts.length, (address) => {
        const view = new DataView(records.buffer);
        for (const { at, text } of pointers) view.setUint32(at, address + records.length + text, true);
        h5.HEAPU8.set(records, address);
        h5.HEAPU8.set(texts, address + records.length);
        h5.create_dataset(fileId, path, BigInt(address), metadata);
      }),
    "IO",
  );
}

function typeOf(values: RecordField["values"]) {
  if (!ArrayBuffer.isView(values)) return { type: STRING, size: POINTER, signed: false, vlen: true, cset: 1 };
  const isFloat = values instanceof Float32Array || values instanceof Float64Array;
  const signed = values.constructor.name.startsWith("Int") || values instanceof BigInt64Array;
  return { type: isFloat ? FLOAT : INTEGER, size: values.BYTES_PER_ELEMENT, signed, vlen: false, cset: 0 };
}

/** The records with pointers still to be set: at byte `at`, to byte `text` of the texts. */
function layOut(
  fields: readonly RecordField[],
  members: readonly { readonly offset: number; readonly size: number }[],
  size: number,
  nRows: number,
) {
  const records = new Uint8Array(nRows * size);
  const pieces: Uint8Array[] = [];
  const pointers: { readonly at: number; readonly text: number }[] = [];
  const encoder = new TextEncoder();
  let nTextBytes = 0;
  fields.forEach(({ values }, f) => {
    const { offset, size: width } = members[f];
    const bytes = ArrayBuffer.isView(values)
      ? new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
      : null;
    for (let row = 0; row < nRows; row++) {
      const at = row * size + offset;
      if (bytes !== null) {
        records.set(bytes.subarray(row * width, (row + 1) * width), at);
        continue;
      }
      const piece = encoder.encode(`${(values as readonly string[])[row]}\0`);
      pointers.push({ at, text: nTextBytes });
      pieces.push(piece);
      nTextBytes += piece.length;
    }
  });
  const texts = new Uint8Array(nTextBytes);
  let at = 0;
  for (const piece of pieces) {
    texts.set(piece, at);
    at += piece.length;
  }
  return { records, texts, pointers };
}
