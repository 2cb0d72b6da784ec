/** Reads unstructured elements (uns) as settings. @module */
import { type ConfigValue, Float } from "../../core/config.ts";
import { AtlasmtlError } from "../../errors.ts";
import type { ArrayStore, StoredArray } from "../../formats/array-store.ts";
import { type NumberArray, toFloat64 } from "../../formats/number-arrays.ts";
import { readColumn } from "./column-readers.ts";
import { columnStrings } from "./column-values.ts";
import { encodingOf, openExisting, type StoredElement, unknownEncoding } from "./element-encodings.ts";

/** Maximum nesting of groups; a file can contain cycles. */
const MAX_DEPTH = 32;

type Reader = (store: ArrayStore, element: StoredElement, depth: number) => Promise<ConfigValue>;

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["dict@0.1.0", readMap],
  ["(group)", readMap],
  ["string@0.2.0", readArray],
  ["numeric-scalar@0.2.0", readArray],
  ["(scalar)", readArray],
  ["array@0.2.0", readArray],
  ["string-array@0.2.0", readArray],
  ["(number array)", readArray],
  ["(boolean array)", readArray],
  ["(string array)", readArray],
  ["rec-array@0.2.0", readRecords],
  ["(compound array)", readRecords],
  ["null@0.1.0", async () => null],
  ["categorical@0.2.0", readColumnList],
  ["(categorical)", readColumnList],
  ["nullable-integer@0.1.0", readColumnList],
  ["nullable-boolean@0.1.0", readColumnList],
  ["nullable-string-array@0.1.0", readColumnList],
]);

/**
 * The element at `path`: groups become Maps, arrays (nested) lists, integers numbers, floats `Float`s.
 * @throws UNSUPPORTED for another encoding, LIMIT for groups nested too deeply.
 */
export async function readUns(store: ArrayStore, path: string, depth = 0): Promise<ConfigValue> {
  if (depth > MAX_DEPTH)
    throw new AtlasmtlError("LIMIT", `groups are nested more than ${MAX_DEPTH} deep`, { where: path });
  const element = await openExisting(store, path);
  const reader = READERS.get(encodingOf(element)) ?? unknownEncoding(element, "a setting");
  return reader(store, element, depth);
}

async function readMap(store: ArrayStore, element: StoredElement, depth: number): Promise<ConfigValue> {
  const map = new Map<string, ConfigValue>();
  if (element.kind === "group")
    for (const key of element.keys) map.set(key, await readUns(store, `${element.path}/${key}`, depth + 1));
  return map;
}

/** A compound table as a map of its fields. */
async function readRecords(_store: ArrayStore, element: StoredElement): Promise<ConfigValue> {
  if (element.kind !== "array") return unknownEncoding(element, "a setting");
  const map = new Map<string, ConfigValue>();
  for (const name of element.fields) {
    const { values, width, dtype } = await element.readField(name);
    const list = ArrayBuffer.isView(values) ? numbersAs(values as NumberArray, dtype) : values;
    map.set(name, width === 1 ? list : nest(list, [list.length / width, width]));
  }
  return map;
}

async function readColumnList(store: ArrayStore, element: StoredElement): Promise<ConfigValue> {
  return columnStrings(await readColumn(store, element.path));
}

async function readArray(_store: ArrayStore, element: StoredElement): Promise<ConfigValue> {
  if (element.kind === "group") return unknownEncoding(element, "a setting");
  if (element.shape === null) return null;
  const values = await readValues(element);
  return element.shape.length === 0 ? values[0]! : nest(values, element.shape);
}

async function readValues(array: StoredArray): Promise<ConfigValue[]> {
  if (array.element === "string") return array.readStrings();
  return numbersAs(await array.readNumbers(), array.dtype);
}

function numbersAs(values: NumberArray, dtype: string): ConfigValue[] {
  const numbers = toFloat64(values);
  if (dtype === "bool") return Array.from(numbers, (value) => value !== 0);
  const isFloat = dtype.startsWith("float");
  return Array.from(numbers, (value) => (isFloat ? new Float(value) : value));
}

function nest(values: readonly ConfigValue[], shape: readonly number[]): ConfigValue {
  if (shape.length === 1) return values;
  const size = shape.slice(1).reduce((product, n) => product * n, 1);
  return Array.from({ length: shape[0] }, (_, i) =>
    nest(values.slice(i * size, (i + 1) * size), shape.slice(1)),
  );
}
