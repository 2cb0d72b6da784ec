/** obs columns that a bundle keeps of its reference cells (docs/specification/2-training.md#inputs). @module */
import { columnLabels } from "../anndata/read/column-values.ts";
import { withoutMissing } from "../anndata/read/missing-values.ts";
import type { Column, DataFrame } from "../anndata/types.ts";
import { AtlasmtlError, notice, option, phrase } from "../errors.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import type { ReferenceColumn, Warning } from "./types.ts";

export interface KeptColumns {
  /** By name, without label columns, which are kept by themselves. */
  readonly columns: ReadonlyMap<string, ReferenceColumn>;
  /** How each is kept. */
  readonly notes: readonly Warning[];
  readonly warnings: readonly Warning[];
}

/**
 * Reads the columns of `keepColumns`. Numbers stay numbers; texts, categories and booleans are categories.
 * @throws NOT_FOUND for a missing column, BAD_DATA for one without any value.
 */
export async function readKeptColumns(
  obs: DataFrame,
  { keepColumns, labelColumns, missingValues }: ResolvedTrainOptions,
): Promise<KeptColumns> {
  const columns = new Map<string, ReferenceColumn>();
  const texts: string[] = [];
  const warnings: Warning[] = [];
  for (const name of new Set(keepColumns)) {
    if (labelColumns.includes(name)) continue;
    const where = `obs › ${name}`;
    const stored = await obs.column(name);
    const kept: ReferenceColumn =
      stored.kind === "number"
        ? { kind: "number", values: finite(stored) }
        : { kind: "label", ...withoutMissing(columnLabels(stored), missingValues) };
    const nCells = obs.length;
    const nMissing = countMissing(kept);
    if (nMissing === nCells)
      throw new AtlasmtlError("BAD_DATA", `none of the ${nCells} cells has a value in column "${name}"`, {
        where,
        hint: phrase`leave it out of ${option("keepColumns")}`,
      });
    columns.set(name, kept);
    texts.push(
      `${name} (${kept.kind === "number" ? "numbers" : plural(kept.categories.length)}${nMissing === 0 ? "" : `, missing in ${nMissing} of ${nCells} cells`})`,
    );
    warnings.push(...oddities(name, stored, kept, nCells - nMissing, where));
  }
  return {
    columns,
    notes: texts.length === 0 ? [] : [notice(`kept with the reference cells: ${texts.join(", ")}`)],
    warnings,
  };
}

const plural = (n: number): string => `${n} categor${n === 1 ? "y" : "ies"}`;

/** Values that are missing or infinite are NaN. */
function finite({ values, missing }: Extract<Column, { kind: "number" }>): Float64Array {
  return values.map((value, i) => (missing?.[i] || !Number.isFinite(value) ? Number.NaN : value));
}

function countMissing(column: ReferenceColumn): number {
  return column.kind === "number"
    ? column.values.reduce((n, value) => n + (Number.isNaN(value) ? 1 : 0), 0)
    : column.codes.reduce((n, code) => n + (code < 0 ? 1 : 0), 0);
}

function oddities(
  name: string,
  stored: Column,
  kept: ReferenceColumn,
  nPresent: number,
  where: string,
): Warning[] {
  if (stored.kind === "number") {
    const nInfinite = stored.values.reduce(
      (n, value, i) => n + (!stored.missing?.[i] && Math.abs(value) === Number.POSITIVE_INFINITY ? 1 : 0),
      0,
    );
    return nInfinite === 0
      ? []
      : [{ message: `${nInfinite} infinite values of "${name}" count as missing`, where }];
  }
  if (kept.kind !== "label" || kept.categories.length < nPresent || nPresent < 2) return [];
  return [
    {
      message: `every cell has a value of its own in column "${name}", so no two neighbours will agree on one`,
      where,
      hint: "is this a column of identifiers? Numbers that are stored as text are to be stored as numbers",
    },
  ];
}
