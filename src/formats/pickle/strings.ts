/** Reads columns of text in the pickled forms of numpy and pandas. @module */
import { Float } from "../../core/config.ts";
import { AtlasmtlError } from "../../errors.ts";
import { pandasValues } from "./pandas.ts";
import { describeValue, Global, Instance, NdArray, type PickleValue, Tuple } from "./values.ts";

const bad = (message: string): AtlasmtlError => new AtlasmtlError("BAD_FORMAT", message);

/**
 * The texts of a list, a one-dimensional numpy array of str, or a column of pandas; null if missing (None, NaN,
 * `pandas.NA`).
 * @throws BAD_DATA for any other value; it names the first element that is not a str.
 */
export function readTexts(value: PickleValue): readonly (string | null)[] {
  if (value instanceof Instance) return readPandas(value);
  if (Array.isArray(value)) return (value as readonly PickleValue[]).map(readText);
  if (value instanceof NdArray && value.dtype === "O" && value.shape.length === 1)
    return (value.data as readonly PickleValue[]).map(readText);
  throw new AtlasmtlError("BAD_DATA", `text is expected and this is ${describeValue(value)}`);
}

function readText(value: PickleValue, index: number): string | null {
  if (typeof value === "string") return value;
  if (value === null || (value instanceof Float && Number.isNaN(value.value))) return null;
  if (value instanceof Global && value.name === "NA") return null;
  throw new AtlasmtlError("BAD_DATA", `element ${index} is ${describeValue(value)}, expected a str`);
}

function readPandas(instance: Instance): readonly (string | null)[] {
  if (instance.type.module.startsWith("pyarrow.")) return readArrow(instance);
  const found = pandasValues(instance);
  if ("values" in found) return readTexts(found.values);
  const categories = readTexts(found.categories);
  return Array.from(found.codes, (each, i) => {
    const code = Number(each);
    if (code === -1) return null;
    if (code >= 0 && code < categories.length) return categories[code];
    throw new AtlasmtlError(
      "BAD_DATA",
      `element ${i} has the code ${code} of ${categories.length} categories`,
    );
  });
}

function readArrow(instance: Instance): readonly (string | null)[] {
  if (instance.type.name === "chunked_array") {
    const chunks = instance.args[0];
    if (!Array.isArray(chunks)) throw bad("an Arrow array has no chunks");
    return (chunks as readonly PickleValue[]).flatMap((chunk) => {
      if (!(chunk instanceof Instance) || chunk.type.name === instance.type.name)
        throw bad(`an Arrow chunk is ${describeValue(chunk)}; expected an array`);
      return readArrow(chunk);
    });
  }
  const parts = instance.args[0];
  if (!(parts instanceof Tuple)) throw bad("an Arrow array lacks its parts");
  const [type, length, , offset, buffers] = parts.items;
  if (typeof length !== "number" || typeof offset !== "number" || !Array.isArray(buffers))
    throw bad("an Arrow array lacks its length or buffers");
  return decodeArrow(arrowTypeName(type), length, offset, buffers.map(bufferBytes));
}

function arrowTypeName(type: PickleValue | undefined): string {
  return type instanceof Instance ? String(type.args[0]) : describeValue(type);
}

function bufferBytes(buffer: PickleValue): Uint8Array | null {
  const content = buffer instanceof Instance ? buffer.args[0] : null;
  return content instanceof Uint8Array ? content : null;
}

/** Arrow's variable-size binary layout: validity bits, offsets, bytes. */
function decodeArrow(
  type: string,
  length: number,
  offset: number,
  [validity, offsets, data]: readonly (Uint8Array | null)[],
): readonly (string | null)[] {
  const width =
    type === "large_string" || type === "large_utf8" ? 8 : type === "string" || type === "utf8" ? 4 : 0;
  if (width === 0)
    throw new AtlasmtlError("BAD_DATA", `text is expected and this is an Arrow array of ${type}`);
  if (length === 0) return [];
  const end = offset + length;
  if (!(offset >= 0 && length >= 0) || offsets === null || offsets === undefined)
    throw bad("an Arrow array lacks its offsets");
  if (offsets.length < (end + 1) * width || (validity && validity.length * 8 < end))
    throw bad(`an Arrow array of ${length} elements has ${offsets.length} bytes of offsets`);
  const view = new DataView(offsets.buffer, offsets.byteOffset, offsets.byteLength);
  const at = (i: number): number =>
    width === 8 ? Number(view.getBigInt64(i * 8, true)) : view.getInt32(i * 4, true);
  const bytes = data ?? new Uint8Array();
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const texts: (string | null)[] = [];
  for (let i = offset; i < end; i++) {
    if (validity && ((validity[i >> 3] >> (i & 7)) & 1) === 0) {
      texts.push(null);
      continue;
    }
    const [start, stop] = [at(i), at(i + 1)];
    if (!(start >= 0 && start <= stop && stop <= bytes.length))
      throw bad(`element ${i} of an Arrow array spans bytes ${start} to ${stop} of ${bytes.length}`);
    try {
      texts.push(utf8.decode(bytes.subarray(start, stop)));
    } catch {
      throw bad(`element ${i} of an Arrow array is not UTF-8`);
    }
  }
  return texts;
}
