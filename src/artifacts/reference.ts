/**
 * Reads and writes the pickle of the KNN reference (docs/specification/1-artifacts.md#reference-file).
 * @module
 */
import type { DenseMatrix } from "../core/dense.ts";
import { compareCodePoints } from "../core/order.ts";
import type { Pause } from "../core/progress.ts";
import { AtlasmtlError } from "../errors.ts";
import { plainBytes } from "../formats/compression/gzip.ts";
import { emitPickleInTurns } from "../formats/pickle/emit.ts";
import { parsePickleInTurns } from "../formats/pickle/parse.ts";
import { readTexts } from "../formats/pickle/strings.ts";
import { type Dict, describeValue, NdArray, type PickleValue } from "../formats/pickle/values.ts";
import type { Reference, ReferenceColumn, ReferenceLabels } from "../model/types.ts";
import { REFERENCE_KEYS } from "../schema/bundle.ts";
import { asDict, dictField, within } from "./fields.ts";

/**
 * Reads a reference file; its first two bytes tell whether it is gzipped.
 * @throws BAD_FORMAT, UNSUPPORTED or LIMIT like the parsers; BAD_DATA for arrays that are not coordinates or
 * labels; MISMATCH if they differ in length; what `pause` throws.
 */
export async function parseReference(bytes: Uint8Array, pause: Pause): Promise<Reference> {
  const dict = asDict(await parsePickleInTurns(plainBytes(bytes), pause), "reference");
  return readReference(
    pause,
    dictField(dict, REFERENCE_KEYS.coords),
    dictField(dict, REFERENCE_KEYS.labels),
    dict.has(REFERENCE_KEYS.columns) ? dictField(dict, REFERENCE_KEYS.columns) : new Map(),
  );
}

/** Builds a reference from its dicts. @throws like {@link parseReference}. */
export async function readReference(
  pause: Pause,
  coordsDict: Dict,
  labelsDict: Dict,
  columnsDict: Dict,
): Promise<Reference> {
  const read = async <T>(
    dict: Dict,
    name: string,
    one: (value: PickleValue) => T,
  ): Promise<Map<string, T>> => {
    const made = new Map<string, T>();
    for (const [key, value] of dict) {
      await pause();
      made.set(
        String(key),
        within(`${name} › ${String(key)}`, () => one(value)),
      );
    }
    return made;
  };
  const coords = await read(coordsDict, REFERENCE_KEYS.coords, readMatrix);
  const labels = await read(labelsDict, REFERENCE_KEYS.labels, readLabels);
  const columns = await read(columnsDict, REFERENCE_KEYS.columns, readColumn);
  checkLengths(coords, labels, columns);
  return { coords, labels, ...(columns.size === 0 ? {} : { columns }) };
}

/** Numbers are an array of float64, NaN where missing; all else is text. */
function readColumn(value: PickleValue): ReferenceColumn {
  if (!(value instanceof NdArray) || value.dtype === "O") return { kind: "label", ...readLabels(value) };
  if (value.shape.length !== 1)
    throw new AtlasmtlError("BAD_DATA", `an array [cells] is expected; this is ${describeValue(value)}`);
  const values =
    value.data instanceof Float64Array
      ? value.data
      : Float64Array.from(value.data as ArrayLike<number | bigint>, Number);
  const infinite = values.findIndex((item) => Math.abs(item) === Number.POSITIVE_INFINITY);
  if (infinite >= 0)
    throw new AtlasmtlError("BAD_DATA", `cell ${infinite} has the value ${values[infinite]}`);
  return { kind: "number", values };
}

function readMatrix(value: PickleValue): DenseMatrix {
  if (!(value instanceof NdArray) || value.shape.length !== 2 || value.dtype === "O")
    throw new AtlasmtlError(
      "BAD_DATA",
      `a numeric array [cells, d] is expected; this is ${describeValue(value)}`,
    );
  const [nRows, nCols] = value.shape as [number, number];
  if (nCols === 0) throw new AtlasmtlError("BAD_DATA", "the coordinates have no dimensions");
  const data =
    value.data instanceof Float32Array
      ? value.data
      : Float32Array.from(value.data as ArrayLike<number | bigint>, Number);
  for (let i = 0; i < data.length; i++)
    if (!Number.isFinite(data[i]))
      throw new AtlasmtlError("BAD_DATA", `cell ${Math.floor(i / nCols)} has the coordinate ${data[i]}`);
  return { nRows, nCols, data };
}

/** Categories are sorted; a label that is None or NaN has code -1. */
function readLabels(value: PickleValue): ReferenceLabels {
  const texts = readTexts(value);
  const categories = [...new Set(texts.filter((text) => text !== null))].sort(compareCodePoints);
  const codeOf = new Map(categories.map((text, code) => [text, code]));
  return { codes: Int32Array.from(texts, (text) => (text === null ? -1 : codeOf.get(text)!)), categories };
}

function checkLengths(
  coords: ReadonlyMap<string, DenseMatrix>,
  labels: ReadonlyMap<string, ReferenceLabels>,
  columns: ReadonlyMap<string, ReferenceColumn>,
): void {
  const lengths = [
    ...Array.from(coords, ([key, { nRows }]) => [key, nRows] as const),
    ...Array.from(labels, ([key, { codes }]) => [key, codes.length] as const),
    ...Array.from(columns, ([key, column]) => [key, lengthOf(column)] as const),
  ];
  const [first] = lengths;
  const other = lengths.find(([, length]) => length !== first[1]);
  if (first !== undefined && other !== undefined)
    throw new AtlasmtlError("MISMATCH", `${first[0]} has ${first[1]} cells and ${other[0]} has ${other[1]}`);
}

const lengthOf = (column: ReferenceColumn): number =>
  column.kind === "number" ? column.values.length : column.codes.length;

/** The dicts in Python's form: float32 arrays, object arrays of str, and either float64 arrays or object arrays of str. */
export function referenceDicts(reference: Reference): {
  readonly coords: Dict;
  readonly labels: Dict;
  /** Null for none. */
  readonly columns: Dict | null;
} {
  const coords = new Map<PickleValue, PickleValue>();
  for (const [key, { nRows, nCols, data }] of reference.coords)
    coords.set(key, new NdArray("f4", [nRows, nCols], data));
  const labels = new Map<PickleValue, PickleValue>();
  for (const [key, own] of reference.labels) labels.set(key, textArray(own));
  if (reference.columns === undefined || reference.columns.size === 0)
    return { coords, labels, columns: null };
  const columns = new Map<PickleValue, PickleValue>();
  for (const [key, own] of reference.columns)
    columns.set(
      key,
      own.kind === "number" ? new NdArray("f8", [own.values.length], own.values) : textArray(own),
    );
  return { coords, labels, columns };
}

function textArray({ codes, categories }: ReferenceLabels): NdArray {
  const texts = Array.from(codes, (code) => (code < 0 ? null : categories[code]));
  return new NdArray("O", [codes.length], texts);
}

/** Writes the reference pickle in pieces; the coordinates are views of the given arrays. @throws what `pause` throws. */
export function emitReference(reference: Reference, pause: Pause): Promise<readonly Uint8Array[]> {
  const { coords, labels, columns } = referenceDicts(reference);
  return emitPickleInTurns(
    new Map<PickleValue, PickleValue>([
      [REFERENCE_KEYS.coords, coords],
      [REFERENCE_KEYS.labels, labels],
      ...(columns === null ? [] : [[REFERENCE_KEYS.columns, columns] as const]),
    ]),
    pause,
  );
}
