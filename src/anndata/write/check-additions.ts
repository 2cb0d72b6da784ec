/** Checks results before a file is touched. @module */
import { AtlasmtlError } from "../../errors.ts";
import type { AdditionNames, Additions } from "./additions.ts";
import { isName, UNUSABLE_NAME } from "./write-elements.ts";

/** @throws MISMATCH for another number of rows, USAGE for a name that is not allowed in the file. */
export function checkAdditions(additions: Additions, nObs: number, indexKey: string): void {
  checkNames(additions, indexKey);
  for (const [name, column] of additions.obs ?? []) {
    const length = column.kind === "categorical" ? column.codes.length : column.values.length;
    checkRows(length, nObs, `obs › ${name}`);
    if (column.kind === "categorical") checkCodes(column.codes, column.categories.length, name);
  }
  for (const [key, matrix] of additions.obsm ?? []) checkRows(matrix.nRows, nObs, `obsm › ${key}`);
  for (const settings of additions.uns?.values() ?? []) for (const name of settings.keys()) checkKey(name);
}

/** @throws USAGE for a name that is not allowed in the file. */
export function checkNames({ obs, obsm, uns }: AdditionNames, indexKey: string): void {
  for (const name of obs?.keys() ?? [])
    if (name === indexKey || name === "_index" || name.split("/").some((step) => !isName(step)))
      throw new AtlasmtlError("USAGE", `"${name}" cannot be the name of a column in an .h5ad file`, {
        hint: UNUSABLE_NAME,
      });
  for (const names of [obsm, uns]) for (const key of names?.keys() ?? []) checkKey(key);
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
