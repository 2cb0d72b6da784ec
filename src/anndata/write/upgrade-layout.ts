/**
 * Upgrades files of anndata before 0.7, so that results can be added. There obs is a compound table, with the
 * categories of its columns in uns, and obsm may be one, too. Both become groups of the current layout. So
 * does var if it has categories, because anndata looks for them only with a compound obs. Everything else is
 * unchanged.
 * @module
 */
import { AtlasmtlError } from "../../errors.ts";
import type { ArrayStore, StoredArray } from "../../formats/array-store.ts";
import type { Hdf5Writer } from "../../formats/hdf5/write.ts";
import type { NumberArray } from "../../formats/number-arrays.ts";
import { openDataFrame } from "../read/dataframe.ts";
import type { Column } from "../types.ts";
import type { AdditionNames } from "./additions.ts";
import { writeArray, writeColumn, writeDict } from "./write-elements.ts";
import { writeFrame } from "./write-h5ad.ts";

/** A table with its content. */
interface RenewedFrame {
  readonly index: readonly string[];
  readonly columns: ReadonlyMap<string, Column>;
}

/** A stored array of obsm. */
interface RenewedArray {
  readonly values: NumberArray;
  readonly width: number;
}

/** Tables that are rewritten; null if the stored one stays. */
export interface Renewed {
  readonly obs: RenewedFrame | null;
  readonly var: RenewedFrame | null;
  readonly obsm: ReadonlyMap<string, RenewedArray> | null;
}

/** True for a table whose rows are compound values. */
export const isTable = (element: { kind: string; element?: string } | null): boolean =>
  element?.kind === "array" && element.element === "compound";

/**
 * Reads the tables that `additions` cannot be added to; `goes` is true for columns that are replaced.
 * `remove` is called for each removed member of a group (`""` is the root).
 */
export async function readUpgrade(
  file: ArrayStore,
  additions: AdditionNames,
  goes: (column: string) => boolean,
  remove: (group: string, key: string) => void,
): Promise<Renewed> {
  const [obs, obsm] = [await file.open("obs"), await file.open("obsm")];
  const frames = isTable(obs) ? await readFrames(file, goes, remove) : { obs: null, var: null };
  const renewsObsm = isTable(obsm) && (additions.obsm?.size ?? 0) > 0;
  return {
    ...frames,
    obsm: renewsObsm ? await readObsm(obsm as StoredArray, additions, () => remove("", "obsm")) : null,
  };
}

async function readFrames(
  file: ArrayStore,
  goes: (column: string) => boolean,
  remove: (group: string, key: string) => void,
): Promise<{ readonly obs: RenewedFrame; readonly var: RenewedFrame | null }> {
  const isCategorical = (column: Column): boolean => column.kind === "categorical";
  const read = async (path: "obs" | "var", isLeft: (column: string) => boolean): Promise<RenewedFrame> => {
    const frame = await openDataFrame(file, path);
    const columns = new Map<string, Column>();
    for (const name of frame.columns) {
      const column = await frame.column(name);
      if (isCategorical(column)) remove("uns", `${name}_categories`);
      if (!isLeft(name)) columns.set(name, column);
    }
    return { index: frame.index, columns };
  };
  const obs = await read("obs", goes);
  remove("", "obs");
  if (!isTable(await file.open("var"))) return { obs, var: null };
  const vars = await read("var", () => false);
  if (![...vars.columns.values()].some(isCategorical)) return { obs, var: null };
  remove("", "var");
  return { obs, var: vars };
}

async function readObsm(
  table: StoredArray,
  additions: AdditionNames,
  removeTable: () => void,
): Promise<ReadonlyMap<string, RenewedArray>> {
  const arrays = new Map<string, RenewedArray>();
  for (const name of table.fields) {
    if (additions.obsm?.has(name) || additions.removeObsm?.(name)) continue;
    const { values, width } = await table.readField(name);
    if (!ArrayBuffer.isView(values))
      throw new AtlasmtlError("UNSUPPORTED", "an array of text cannot be kept when others are added", {
        where: `obsm/${name}`,
      });
    arrays.set(name, { values: values as NumberArray, width });
  }
  removeTable();
  return arrays;
}

/** Writes the upgraded tables; `makeParents` creates the groups in the path of a column name. */
export function writeUpgrade(
  file: Hdf5Writer,
  { obs, var: vars, obsm }: Renewed,
  makeParents: (file: Hdf5Writer, folder: string, name: string) => void,
): void {
  for (const [path, frame] of [
    ["/obs", obs],
    ["/var", vars],
  ] as const) {
    if (frame === null) continue;
    writeFrame(file, path, { index: frame.index });
    for (const [name, column] of frame.columns) {
      makeParents(file, path, name);
      writeColumn(file, `${path}/${name}`, column);
    }
    file.setAttribute(path, "column-order", [...frame.columns.keys()]);
  }
  if (obsm === null) return;
  writeDict(file, "/obsm");
  for (const [key, { values, width }] of obsm)
    writeArray(file, `/obsm/${key}`, values, [values.length / width, width]);
}
