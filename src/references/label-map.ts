/** Label maps as text: a table with tabs, which a person edits (docs/specification/2-training.md#label-maps). @module */
import { didYouMean } from "../core/nearest.ts";
import { shown } from "../core/shown.ts";
import { AtlasmtlError } from "../errors.ts";
import { LABEL_MAP } from "../schema/references.ts";
import type { LabelMapRow } from "./types.ts";

const COLUMNS: readonly string[] = Object.values(LABEL_MAP);

/**
 * The rows of a label map: text with tabs. Its first line names columns, of which `label` and `to` are needed; `file` and
 * `column` tell rows of one reference or label column alone. An empty `to` takes the label away. Empty lines, those that begin
 * with `#` and other columns are left out.
 *
 * ```ts
 * const rows = parseLabelMap("file\tlabel\tto\nb\tCD14+ Mono\tMono_CD14");
 * ```
 * @throws BAD_DATA for a missing column and for a line of another number of fields.
 */
export function parseLabelMap(text: string, where = "label map"): readonly LabelMapRow[] {
  const lines = text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\r|\n/)
    .map((line, i) => ({ fields: line.split("\t"), line, number: i + 1 }))
    .filter(({ line }) => line.trim() !== "" && !line.startsWith("#"));
  const [head, ...rows] = lines;
  const names = (head?.fields ?? []).map((name) => name.trim());
  for (const needed of [LABEL_MAP.label, LABEL_MAP.to])
    if (!names.includes(needed))
      throw new AtlasmtlError(
        "BAD_DATA",
        `a label map has no column "${needed}"${didYouMean(needed, names)}`,
        {
          where,
          hint: `separate columns by tabs, and name them in the first line: ${COLUMNS.join(", ")}`,
        },
      );
  return rows.map(({ fields, number }) => {
    // An editor may have taken away tabs at the end of a line, never those before a label.
    if (fields.length > names.length || fields.length <= names.indexOf(LABEL_MAP.label))
      throw new AtlasmtlError(
        "BAD_DATA",
        `line ${number} has ${fields.length} fields, expected ${names.length}`,
        { where: `${where}:${number}`, hint: "separate columns by tabs, one label a line" },
      );
    // Labels are taken as they stand, with any blanks around them.
    const field = (name: string): string | null => {
      const text = fields[names.indexOf(name)] ?? "";
      return text.trim() === "" ? null : text;
    };
    const label = field(LABEL_MAP.label);
    if (label === null)
      throw new AtlasmtlError("BAD_DATA", `line ${number} names no label`, { where: `${where}:${number}` });
    return { file: field(LABEL_MAP.file), column: field(LABEL_MAP.column), label, to: field(LABEL_MAP.to) };
  });
}

/** Looks labels up, and keeps count of the rows that were used. */
export interface LabelLookup {
  /** What a label becomes; null for none. */
  (file: string, column: string, label: string): string | null;
  /** Rows that no label has been looked up by. */
  readonly unused: () => readonly LabelMapRow[];
}

/**
 * A lookup by the rows; one that names file and column wins over one that does not.
 * @throws BAD_DATA for a label that becomes two things.
 */
export function labelLookup(rows: readonly LabelMapRow[]): LabelLookup {
  const keyOf = (file: string | null, column: string | null, label: string): string =>
    JSON.stringify([file, column, label]);
  const byKey = new Map<string, LabelMapRow>();
  for (const row of rows) {
    const key = keyOf(row.file, row.column, row.label);
    const other = byKey.get(key);
    if (other !== undefined && other.to !== row.to)
      throw new AtlasmtlError(
        "BAD_DATA",
        `the label map makes two things of ${shown(row.label)}: ${shown(other.to)} and ${shown(row.to)}`,
        { hint: "keep one of the two lines" },
      );
    byKey.set(key, row);
  }
  const used = new Set<LabelMapRow>();
  const find = (file: string, column: string, label: string): string | null => {
    for (const [f, c] of [
      [file, column],
      [file, null],
      [null, column],
      [null, null],
    ] as const) {
      const row = byKey.get(keyOf(f, c, label));
      if (row === undefined) continue;
      used.add(row);
      return row.to;
    }
    return label;
  };
  return Object.assign(find, { unused: () => [...byKey.values()].filter((row) => !used.has(row)) });
}
