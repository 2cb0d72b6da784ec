/** Converts predictions to a data frame. @module */
import type { Column, DataFrame } from "../anndata/types.ts";
import { didYouMean } from "../core/nearest.ts";
import { AtlasmtlError } from "../errors.ts";
import type { Predictions } from "../predict/types.ts";
import { type ExportOptions, type OutputColumn, observedLabels, tableColumns } from "./columns.ts";

/**
 * The predictions as a data frame over the query's cells; columns are made on request.
 * @throws USAGE for an unknown mode.
 */
export function toDataFrame(predictions: Predictions, options: ExportOptions = {}): DataFrame {
  const columns = tableColumns(predictions, options);
  const byName = new Map(columns.map((column) => [column.name, column]));
  const names = [...byName.keys()];
  return {
    length: predictions.obsNames.length,
    index: predictions.obsNames,
    columns: names,
    async column(name) {
      const column = byName.get(name);
      if (column === undefined)
        throw new AtlasmtlError("NOT_FOUND", `there is no column "${name}"${didYouMean(name, names)}`, {
          where: "predictions",
          hint: `use any of ${names.join(", ")}`,
        });
      return toColumn(column);
    },
  };
}

/** One output column as obs stores it: labels categorical, scores float32, flags boolean. */
export function toColumn(column: OutputColumn): Column {
  switch (column.kind) {
    case "label":
      return { kind: "categorical", ...observedLabels(column.labels), ordered: false };
    case "score":
      return { kind: "number", dtype: "float32", values: Float64Array.from(column.values), missing: null };
    case "flag":
      return { kind: "boolean", values: column.values, missing: null };
  }
}
