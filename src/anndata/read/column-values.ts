/** Columns as strings, the way pandas shows them. @module */
import { pythonFloat, pythonFloat32 } from "../../core/float-text.ts";
import { compareCodePoints } from "../../core/order.ts";
import type { Column } from "../types.ts";

/** One string per row, null where missing. Integers as digits, booleans as `True` and `False`. */
export function columnStrings(column: Column): (string | null)[] {
  switch (column.kind) {
    case "categorical":
      return Array.from(column.codes, (code) => (code < 0 ? null : column.categories[code]));
    case "string":
      return [...column.values];
    case "boolean":
      return Array.from(column.values, (value, i) => (column.missing?.[i] ? null : value ? "True" : "False"));
    case "number":
      return numberStrings(column);
  }
}

/** Numbers repeat in label columns, so each text is made once. */
function numberStrings({ values, missing, dtype }: Extract<Column, { kind: "number" }>): (string | null)[] {
  const kind = dtype.toLowerCase();
  const show = !kind.startsWith("float") ? String : kind === "float32" ? pythonFloat32 : pythonFloat;
  const texts = new Map<number, string>();
  return Array.from(values, (value, i) => {
    if (missing?.[i] || Number.isNaN(value)) return null;
    let text = texts.get(value);
    if (text === undefined || value === 0) {
      text = show(value); // a Map treats -0 and 0 as equal
      texts.set(value, text);
    }
    return text;
  });
}

/**
 * A column as codes into its distinct values, sorted by code point; -1 is missing, unused categories are
 * dropped.
 */
export function columnLabels(column: Column): { codes: Int32Array; categories: readonly string[] } {
  const { codes, names } =
    column.kind === "categorical" ? categoricalSlots(column) : slots(columnStrings(column));
  const categories = [...new Set(names)].sort(compareCodePoints);
  const rank = new Map(categories.map((category, code) => [category, code]));
  const codeOf = names.map((name) => rank.get(name)!);
  return { codes: codes.map((slot) => (slot < 0 ? -1 : codeOf[slot])), categories };
}

interface Slots {
  /** For each row an index into `names`, -1 if missing. */
  readonly codes: Int32Array;
  readonly names: readonly string[];
}

/** Codes over the values that occur, in order of first appearance. */
function slots(values: readonly (string | null)[]): Slots {
  const slotOf = new Map<string, number>();
  const codes = new Int32Array(values.length).fill(-1);
  values.forEach((value, row) => {
    if (value === null) return;
    const slot = slotOf.get(value) ?? slotOf.size;
    if (slot === slotOf.size) slotOf.set(value, slot);
    codes[row] = slot;
  });
  return { codes, names: [...slotOf.keys()] };
}

function categoricalSlots({ codes, categories }: Extract<Column, { kind: "categorical" }>): Slots {
  const slotOf = new Int32Array(categories.length).fill(-1);
  const names: string[] = [];
  for (const code of codes)
    if (code >= 0 && slotOf[code] === -1) {
      slotOf[code] = names.length;
      names.push(categories[code]);
    }
  return { codes: codes.map((code) => (code < 0 ? -1 : slotOf[code])), names };
}
