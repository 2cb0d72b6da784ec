/**
 * Writes booleans to HDF5 files as the enum of h5py, which the library cannot write.
 *
 * A boolean is first written as a compound of one int8 member with a special name. When the file is closed,
 * the datatype message of the compound is overwritten with the enum; both store one byte per value.
 * @module
 */
import { AtlasmtlError } from "../../errors.ts";
import { ATTRIBUTE_MESSAGE, DATATYPE_MESSAGE, type EditableFile, readHeader, writeChunk } from "./layout.ts";

/**
 * The name of the placeholder's member: it does not occur elsewhere, and is so long that its message has room
 * for the enum.
 */
export const STAND_IN = "zqAtlasmtlBooleanStandInzq";

/** Bytes of a compound's datatype message before the first member's name. */
const CLASS_AND_SIZE = 8;

/** The enum's message: class 8, base int8, FALSE = 0 and TRUE = 1 (specification, IV.A.2.d). */
export function booleanMessage(): Uint8Array {
  const message = new Uint8Array(38);
  const view = new DataView(message.buffer);
  const text = new TextEncoder();
  message[0] = 0x18;
  message[1] = 2; // members
  view.setUint32(4, 1, true); // bytes per value
  message[8] = 0x10; // the base type: a fixed-point number,
  message[9] = 8; // signed,
  view.setUint32(12, 1, true); // of one byte
  view.setUint16(18, 8, true); // and eight bits
  message.set(text.encode("FALSE"), 20);
  message.set(text.encode("TRUE"), 28);
  message[37] = 1;
  return message;
}

/**
 * Converts the placeholders in the object header at `header` (of the dataset or its attributes) to booleans.
 * @throws BUG if there is none.
 */
export function patchBooleans(file: EditableFile, header: number): void {
  const name = new TextEncoder().encode(`${STAND_IN}\0`);
  const enumMessage = booleanMessage();
  let patched = 0;
  for (const { type, chunk, data } of readHeader(file, header)) {
    if (type !== DATATYPE_MESSAGE && type !== ATTRIBUTE_MESSAGE) continue;
    const at = find(data, name) - CLASS_AND_SIZE;
    if (at < 0) continue;
    data.set(enumMessage, at);
    writeChunk(file, chunk);
    patched++;
  }
  if (patched === 0) throw new AtlasmtlError("BUG", `no boolean stands at header ${header}`);
}

function find(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let at = 0; at + wanted.length <= bytes.length; at++)
    if (wanted.every((byte, i) => bytes[at + i] === byte)) return at;
  return -1;
}
