/** From an obs column to classes and codes. @module */
import { labelNotices } from "../anndata/inspect/label-names.ts";
import { columnLabels } from "../anndata/read/column-values.ts";
import { countCells, withoutMissing } from "../anndata/read/missing-values.ts";
import type { Column, DataFrame } from "../anndata/types.ts";
import { AtlasmtlError, option, phrase } from "../errors.ts";
import type { LabelHead, Warning } from "./types.ts";

/** One label column ready for training. */
export interface LabelData extends LabelHead {
  /** The class of each cell, -1 if missing. */
  readonly codes: Int32Array;
  readonly warnings: readonly Warning[];
}

/** From so many cells on, numbers of which more than half differ are measured, not classes. */
const MIN_MEASURED = 20;

/**
 * Reads a label column. Its classes are the values that occur, sorted by code point
 * (docs/specification/2-training.md#inputs). Classes that hardly can be meant give warnings.
 * @param missingValues labels that mean "none"
 * @throws NOT_FOUND if the column is missing; BAD_DATA for numbers that are no classes, if labels are missing and
 * `missingLabels` is `error`, or if all labels are missing.
 */
export async function readLabels(
  obs: DataFrame,
  column: string,
  missingLabels: "error" | "ignore",
  missingValues: readonly string[] = [],
): Promise<LabelData> {
  const where = `obs › ${column}`;
  const stored = await obs.column(column);
  requireClasses(stored, column, where);
  const labels = withoutMissing(columnLabels(stored), missingValues);
  const { codes, categories: classes } = labels;
  const nMissing = codes.reduce((n, code) => n + (code < 0 ? 1 : 0), 0);
  const nLabelled = codes.length - nMissing;
  if (nLabelled === 0)
    throw new AtlasmtlError(
      "BAD_DATA",
      `none of the ${codes.length} cells has a label in column "${column}"`,
      {
        where,
      },
    );
  if (nMissing > 0 && missingLabels === "error")
    throw new AtlasmtlError(
      "BAD_DATA",
      `${nMissing} of ${codes.length} cells have no label in column "${column}"`,
      {
        where,
        hint: phrase`remove these cells, or leave them out of this column's loss with ${option("missingLabels", "ignore")}`,
      },
    );
  const warnings = [
    ...findOddities(classes, nLabelled, nMissing, column, where),
    ...fewCells(column, countCells(labels), where),
    ...labelNotices(column, countCells(labels), where),
  ];
  return { column, classes, codes, warnings };
}

/** @throws BAD_DATA for numbers with decimals, and for numbers of which nearly each cell has its own. */
function requireClasses(column: Column, name: string, where: string): void {
  if (column.kind !== "number") return;
  const { values, missing } = column;
  const present = values.filter((value, i) => !missing?.[i] && !Number.isNaN(value));
  const decimal = present.find((value) => !Number.isInteger(value));
  const distinct = new Set(present);
  const isMeasured = present.length >= MIN_MEASURED && distinct.size * 2 > present.length;
  if (decimal === undefined && !isMeasured) return;
  throw new AtlasmtlError(
    "BAD_DATA",
    decimal === undefined
      ? `column "${name}" has ${distinct.size} different numbers in ${present.length} cells, which are no classes`
      : `column "${name}" has numbers with decimals, such as ${decimal}, which are no classes`,
    {
      where,
      hint: "choose a column of types; numbers that name classes are stored as text or as categories",
    },
  );
}

/** Classes with fewer cells are named. */
const FEW_CELLS = 5;
const N_LISTED = 10;

function fewCells(
  column: string,
  classes: readonly { readonly name: string; readonly count: number }[],
  where: string,
): Warning[] {
  const few = classes.filter(({ count }) => count < FEW_CELLS).sort((a, b) => a.count - b.count);
  const nCells = classes.reduce((sum, { count }) => sum + count, 0);
  // Of identifiers, and of a handful of cells, there is more to say.
  if (few.length === 0 || classes.length === nCells || nCells < FEW_CELLS * classes.length) return [];
  const shown = few.slice(0, N_LISTED).map(({ name, count }) => `"${name}" (${count})`);
  const more = few.length > N_LISTED ? `, and ${few.length - N_LISTED} more` : "";
  return [
    {
      message: `${few.length === 1 ? "a class" : `${few.length} classes`} of "${column}" ${few.length === 1 ? "has" : "have"} fewer than ${FEW_CELLS} cells: ${shown.join(", ")}${more}`,
      where,
      hint: "so few teach little: merge them with a similar class, or leave them out",
    },
  ];
}

function* findOddities(
  classes: readonly string[],
  nLabelled: number,
  nMissing: number,
  column: string,
  where: string,
): Generator<Warning> {
  if (nMissing > 0)
    yield {
      message: `${nMissing} cells without a label do not contribute to the loss of "${column}"`,
      where,
    };
  if (classes.length === 1)
    yield {
      message: `column "${column}" has one class only ("${classes[0]}"): nothing can be learnt from it`,
      where,
    };
  else if (classes.length === nLabelled)
    yield {
      message: `every cell has a label of its own in column "${column}"`,
      where,
      hint: "is this a column of identifiers rather than of cell types?",
    };
}
