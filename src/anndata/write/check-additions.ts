/** Checks results before a file is touched. @module */
import { AtlasmtlError } from "../../errors.ts";
import type { AdditionNames, Additions } from "./additions.ts";
import { isName, UNUSABLE_NAME } from "./write-elements.ts";
import { parentsOf } from "./write-frame.ts";

/** @throws MISMATCH for another number of rows, USAGE for a name that is not allowed in the file. */
export function checkAdditions(additions: Additions, nObs: number, indexKey: string): void {
  checkNames(additions, indexKey);
  for (const [name, column] of additions.obs ?? []) {
    const length = column.kind === "categorical" ? column.codes.length : column.values.length;
    checkRows(length, nObs, `obs › ${name}`);
    if (column.kind === "categorical") checkCodes(column.codes, column.categories.length, name);
  }
  for (const elements of [additions.obsm, additions.obsmTables])
    for (const [key, { nRows }] of elements ?? []) checkRows(nRows, nObs, `obsm › ${key}`);
  for (const settings of additions.uns?.values() ?? []) for (const name of settings.keys()) checkKey(name);
}

/** A slash in a name makes a group of what is before it, which no other column can be. */
function checkTableNames(key: string, names: readonly string[]): void {
  const all = new Set(names);
  for (const name of names) {
    const inside = parentsOf(name).find((parent) => all.has(parent));
    if (name.split("/").every(isName) && inside === undefined) continue;
    throw new AtlasmtlError(
      "USAGE",
      inside === undefined
        ? `"${name}" cannot be the name of a column in an AnnData file`
        : `"${inside}" and "${name}" cannot both be columns of one table in an AnnData file`,
      { where: `obsm › ${key}`, hint: "write the result as .parquet, .arrow or .csv, which take every name" },
    );
  }
}

/** @throws USAGE for a name that is not allowed in the file. */
export function checkNames({ obs, obsm, uns, obsmTables }: AdditionNames, indexKey: string): void {
  for (const name of obs?.keys() ?? [])
    if (name === indexKey || name === "_index" || name.split("/").some((step) => !isName(step)))
      throw new AtlasmtlError("USAGE", `"${name}" cannot be the name of a column in an .h5ad file`, {
        hint: UNUSABLE_NAME,
      });
  for (const [key, { columns }] of obsmTables ?? []) checkTableNames(key, [...columns.keys()]);
  for (const names of [obsm, obsmTables, uns]) for (const key of names?.keys() ?? []) checkKey(key);
}

function checkRows(length: number, nObs: number, where: string): void {
  if (length !== nObs)
    throw new AtlasmtlError("MISMATCH", `the result has ${length} rows; the file has ${nObs} cells`, {
      where,
      hint: "predict from the file that is annotated",
    });
}

function checkKey(key: string): void {
  if (!isName(key))
    throw new AtlasmtlError("USAGE", `"${key}" cannot be a key in an .h5ad file`, { hint: UNUSABLE_NAME });
}

function checkCodes(codes: Int32Array, n: number, name: string): void {
  const bad = codes.findIndex((code) => code < -1 || code >= n);
  if (bad >= 0)
    throw new AtlasmtlError("USAGE", `code ${codes[bad]} of row ${bad} has no category`, {
      where: `obs › ${name}`,
    });
}
