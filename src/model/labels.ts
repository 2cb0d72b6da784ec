/** From an obs column to classes and codes. @module */
import { columnLabels } from "../anndata/read/column-values.ts";
import type { DataFrame } from "../anndata/types.ts";
import { AtlasmtlError, option, phrase } from "../errors.ts";
import type { LabelHead, Warning } from "./types.ts";

/** One label column ready for training. */
export interface LabelData extends LabelHead {
  /** The class of each cell, -1 if missing. */
  readonly codes: Int32Array;
  readonly warnings: readonly Warning[];
}

/**
 * Reads a label column. Its classes are the values that occur, sorted by code point
 * (docs/specification/2-training.md#inputs). A single class gives a warning.
 * @throws NOT_FOUND if the column is missing; BAD_DATA if labels are missing and `missingLabels` is `error`,
 * or if all labels are missing.
 */
export async function readLabels(
  obs: DataFrame,
  column: string,
  missingLabels: "error" | "ignore",
): Promise<LabelData> {
  const where = `obs › ${column}`;
  const { codes, categories: classes } = columnLabels(await obs.column(column));
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
  return { column, classes, codes, warnings: [...findOddities(classes, nLabelled, nMissing, column, where)] };
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
  if (classes.includes("Unknown"))
    yield {
      message: `column "${column}" has a class named "Unknown", the name that predictions give to cells they cannot place`,
      where,
      hint: "rename the class to tell the two apart",
    };
}
