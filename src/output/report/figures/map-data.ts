/** Packs what the map shows of each drawn cell into texts that the script of the page reads. @module */
import type { LabelPrediction, PredictedLabels, TransferredColumn } from "../../../predict/types.ts";
import { UNKNOWN } from "../../../predict/unknown.ts";
import { shortened } from "../html.ts";
import type { TreeLevel } from "../tree.ts";
import type { ReportEmbedding } from "../types.ts";

/** The range of scaled coordinates, 0 to this. */
const GRID = 4095;
/** Longer names of cells are shortened. */
const LONGEST_NAME = 48;
/** A share that is not known. */
const NO_SHARE = 255;

/** Both axes on one scale, 16 bits each. */
export function packPlaces({ points }: ReportEmbedding, cells: Uint32Array): string {
  const low = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const high = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const cell of cells)
    for (const axis of [0, 1]) {
      low[axis] = Math.min(low[axis], points.data[2 * cell + axis]);
      high[axis] = Math.max(high[axis], points.data[2 * cell + axis]);
    }
  const spans = [high[0] - low[0], high[1] - low[1]].map((span) => (span > 0 ? span : 1));
  const span = Math.max(...spans);
  const out = new Uint16Array(2 * cells.length);
  cells.forEach((cell, i) => {
    for (const axis of [0, 1]) {
      const value = points.data[2 * cell + axis] - low[axis] + (span - spans[axis]) / 2;
      const scaled = Math.round((GRID * value) / span);
      out[2 * i + axis] = axis === 0 ? scaled : GRID - scaled;
    }
  });
  return base64(bytesOf(out));
}

/** The names of the drawn cells, one a line. */
export const packNames = (obsNames: readonly string[], cells: Uint32Array): string =>
  Array.from(cells, (cell) => shortened(obsNames[cell].replaceAll("\n", " "), LONGEST_NAME)).join("\n");

/**
 * One level. `labels` are those with a colour, and after them names that no cell got as its label: second labels, and what Unknown cells most
 * probably are. Codes take a byte each, two where there are many labels; the largest code is none. Shares are in 1/254.
 */
export function packLevel(
  cells: Uint32Array,
  label: LabelPrediction,
  truth: PredictedLabels | undefined,
  { column, labels }: TreeLevel,
) {
  const { final, raw, conf, isUnknown, unknownReasons, second, secondConf, distance } = label;
  const names = new Map(labels.map(({ name }, i) => [name, i]));
  const entries: (readonly (string | number)[])[] = labels.map(({ name, hue, shade }) => [
    name,
    Math.round(hue),
    shade,
  ]);
  const unknownCells = cells.filter((cell) => isUnknown[cell] === 1);
  const hasUnknown = unknownCells.length > 0;
  for (const [of, shown] of [
    [second, cells],
    [raw, unknownCells],
  ] as const)
    for (const cell of shown) {
      const name = of === undefined || of.codes[cell] < 0 ? UNKNOWN : of.categories[of.codes[cell]];
      if (name === UNKNOWN || names.has(name)) continue;
      names.set(name, entries.length);
      entries.push([name]);
    }
  const none = entries.length < 255 ? 255 : 65_535;
  const codes = (
    { codes, categories }: PredictedLabels,
    isShown: (cell: number) => boolean = () => true,
  ): string => {
    const codeOf = categories.map((name) => names.get(name) ?? none);
    const values = Uint16Array.from(cells, (cell) =>
      codes[cell] < 0 || !isShown(cell) ? none : codeOf[codes[cell]],
    );
    return base64(none === 255 ? Uint8Array.from(values) : bytesOf(values));
  };
  const shares = (values: Float32Array | undefined): string | null => {
    if (values === undefined || !cells.some((cell) => !Number.isNaN(values[cell]))) return null;
    const share = (value: number): number =>
      Number.isNaN(value) ? NO_SHARE : Math.round(254 * Math.min(1, Math.max(0, value)));
    return base64(Uint8Array.from(cells, (cell) => share(values[cell])));
  };
  return {
    column,
    labels: entries,
    wide: none !== 255,
    predicted: codes(final),
    likely: hasUnknown ? codes(raw, (cell) => isUnknown[cell] === 1) : null,
    second: second === undefined ? null : codes(second),
    truth: truth === undefined ? null : codes(truth),
    confidence: shares(conf),
    secondConfidence: shares(secondConf),
    distance: shares(distance),
    reason: hasUnknown
      ? base64(Uint8Array.from(cells, (cell) => (unknownReasons[cell] < 0 ? NO_SHARE : unknownReasons[cell])))
      : null,
  };
}

/** More categories than this have no colours that the eye tells apart, and are only named. */
const MAX_COLOURS = 20;

/** A column that was carried over. */
export interface PackedColumn {
  readonly column: string;
  /** Names and hues; null for numbers. */
  readonly categories: readonly (readonly [string, number])[] | null;
  /** The range of numbers, of which values are shares in 1/254. */
  readonly low: number;
  readonly high: number;
  /** A byte for each cell, two where there are many categories; the largest is none. */
  readonly values: string;
  readonly wide: boolean;
  /** True if a map shows it. */
  readonly isDrawn: boolean;
}

/** What the drawn cells got of a column. */
export function packCarried(cells: Uint32Array, column: TransferredColumn): PackedColumn {
  return column.kind === "number"
    ? packNumbers(cells, column.column, column.mean)
    : packCategories(cells, column.column, column.labels);
}

function packNumbers(cells: Uint32Array, column: string, mean: Float32Array): PackedColumn {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const cell of cells)
    if (!Number.isNaN(mean[cell])) {
      low = Math.min(low, mean[cell]);
      high = Math.max(high, mean[cell]);
    }
  const isKnown = low <= high;
  const span = high > low ? high - low : 1;
  const share = (value: number): number =>
    Number.isNaN(value) ? NO_SHARE : Math.round((254 * (value - low)) / span);
  return {
    column,
    categories: null,
    low: isKnown ? low : 0,
    high: isKnown ? high : 0,
    values: base64(Uint8Array.from(cells, (cell) => share(mean[cell]))),
    wide: false,
    isDrawn: isKnown,
  };
}

function packCategories(
  cells: Uint32Array,
  column: string,
  { codes, categories }: PredictedLabels,
): PackedColumn {
  const used = [...new Set(Array.from(cells, (cell) => codes[cell]).filter((code) => code >= 0))].sort(
    (a, b) => a - b,
  );
  const rank = new Map(used.map((code, i) => [code, i]));
  const wide = used.length >= 255;
  const none = wide ? 65_535 : 255;
  const values = Uint16Array.from(cells, (cell) => rank.get(codes[cell]) ?? none);
  return {
    column,
    categories: used.map((code, i) => [categories[code], Math.round((250 + (360 * i) / used.length) % 360)]),
    low: 0,
    high: 0,
    values: base64(wide ? bytesOf(values) : Uint8Array.from(values)),
    wide,
    isDrawn: used.length > 0 && used.length <= MAX_COLOURS,
  };
}

/** Little-endian on every machine. */
function bytesOf(values: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(2 * values.length);
  values.forEach((value, i) => {
    bytes[2 * i] = value & 255;
    bytes[2 * i + 1] = value >>> 8;
  });
  return bytes;
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}
