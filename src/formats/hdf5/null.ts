/**
 * Writes arrays without a value, h5py's `Empty`, which the JavaScript interface of the library cannot make: a scalar
 * whose description is overwritten when the file is closed.
 *
 * Source: The HDF Group, "HDF5 File Format Specification" 3.0, sections IV.A.2.b (dataspace message) and IV.A.2.i
 * (data layout message).
 * @module
 */
import { AtlasmtlError } from "../../errors.ts";
import { DATASPACE_MESSAGE, type EditableFile, LAYOUT_MESSAGE, readHeader, writeChunk } from "./layout.ts";

/** Version 2, no dimensions, no flags, of the type null; the message of a scalar has at least this room. */
const NULL_DATASPACE = Uint8Array.of(2, 0, 0, 2);

/** Version 3, contiguous, then the address that stands for none, then the size of 0 bytes. */
const NO_DATA = Uint8Array.of(3, 1, ...new Uint8Array(8).fill(0xff), ...new Uint8Array(8));

/** Makes the scalar whose object header is at `header` a null. @throws BUG if it is no scalar. */
export function makeNull(file: EditableFile, header: number): void {
  const messages = readHeader(file, header);
  const space = messages.find(({ type }) => type === DATASPACE_MESSAGE);
  const layout = messages.find(({ type }) => type === LAYOUT_MESSAGE);
  const isScalar = (space?.data.length ?? 0) >= NULL_DATASPACE.length && space?.data[1] === 0;
  const isContiguous =
    (layout?.data.length ?? 0) >= NO_DATA.length && layout?.data[0] === 3 && layout.data[1] === 1;
  if (space === undefined || layout === undefined || !isScalar || !isContiguous)
    throw new AtlasmtlError("BUG", `no scalar stands at header ${header}`);
  for (const [message, bytes] of [
    [space, NULL_DATASPACE],
    [layout, NO_DATA],
  ] as const) {
    message.data.fill(0);
    message.data.set(bytes);
    writeChunk(file, message.chunk);
  }
}
