/**
 * Takes the times out of object headers, which differ from run to run and which the JavaScript interface of the
 * library cannot switch off.
 *
 * Source: The HDF Group, "HDF5 File Format Specification" 3.0, sections IV.A.1.b (header flags), IV.A.2.o and
 * IV.A.2.s (modification time messages).
 * @module
 */
import { damaged, type EditableFile, type HeaderChunk, hasText, readHeader, writeChunk } from "./layout.ts";

/** The modification time as text; written by HDF5 before 1.6 only. */
const OLD_TIME_MESSAGE = 0x0e;
const TIME_MESSAGE = 0x12;
/** Version, three reserved bytes, seconds since 1970. */
const TIME_BYTES = 8;
const OLD_TIME_BYTES = 14;

/** Newer headers have four times here, of access, modification, change and birth, if this flag is set. */
const TIMES_FLAG = 0x20;
const TIMES_AT = 6;
const TIMES_END = 22;

/**
 * Sets every time in the object header at `header` to 0, which stands for none; nothing else changes.
 * @throws BAD_FORMAT for a header that is not as the specification has it.
 */
export function eraseTimes(file: EditableFile, header: number): void {
  const changed = new Set<HeaderChunk>();
  for (const { type, chunk, data } of readHeader(file, header)) {
    if (chunk.address === header && hasText(chunk.bytes, 0, "OHDR") && (chunk.bytes[5] & TIMES_FLAG) !== 0) {
      chunk.bytes.fill(0, TIMES_AT, TIMES_END);
      changed.add(chunk);
    }
    if (type === TIME_MESSAGE) {
      if (data.length < TIME_BYTES || data[0] !== 1) throw damaged(`a time of ${data.length} bytes`);
      data.fill(0, 4, TIME_BYTES);
    } else if (type === OLD_TIME_MESSAGE) {
      if (data.length < OLD_TIME_BYTES) throw damaged(`a time of ${data.length} bytes`);
      data.fill(0x30, 0, OLD_TIME_BYTES);
    } else continue;
    changed.add(chunk);
  }
  for (const chunk of changed) writeChunk(file, chunk);
}
