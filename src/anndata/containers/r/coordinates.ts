/** Reductions of R objects as obsm arrays. @module */
import { AtlasmtlError, type Notice } from "../../../errors.ts";
import type { RFile } from "../../../formats/rds/open.ts";
import type { RValue } from "../../../formats/rds/types.ts";
import type { StoredCoordinates } from "../one-matrix.ts";
import { located, type Rows, rowsNamed } from "./frames.ts";
import { dimNames, shapeOf } from "./objects.ts";

/** The columns of one array; more are no reduction. */
const MAX_COLUMNS = 10_000;

export interface Reductions {
  readonly obsm: ReadonlyMap<string, StoredCoordinates>;
  readonly notices: readonly Notice[];
}

/** `found`: matrices of cells × dimensions by their names in AnnData. Those of other cells are left out, with a notice. */
export async function reductionsOf(
  file: RFile,
  found: ReadonlyMap<string, RValue>,
  cells: readonly string[],
): Promise<Reductions> {
  const obsm = new Map<string, StoredCoordinates>();
  const notices: Notice[] = [];
  for (const [key, value] of found) {
    const where = `${file.name} › obsm/${key}`;
    const shape = value?.kind === "vector" && value.type !== "string" ? await shapeOf(file, value) : null;
    const rows = shape === null ? undefined : await rowsOf(file, value, shape[0], cells, where);
    if (value?.kind !== "vector" || shape === null || rows === undefined || shape[1] > MAX_COLUMNS) {
      notices.push({ message: "left out, because it is no matrix of the cells", where });
      continue;
    }
    const [nRows, nCols] = shape;
    obsm.set(key, {
      nCols,
      dtype: value.type === "real" ? "float64" : "int32",
      read: () =>
        located(where, async () => {
          if (value.length !== nRows * nCols)
            throw new AtlasmtlError("BAD_DATA", `it is ${nRows} × ${nCols} and has ${value.length} values`);
          const stored = await file.numbers(value);
          const data = new Float32Array(cells.length * nCols);
          for (let cell = 0; cell < cells.length; cell++)
            for (let column = 0; column < nCols; column++)
              data[cell * nCols + column] = stored[column * nRows + (rows?.[cell] ?? cell)];
          return { nRows: cells.length, nCols, data };
        }),
    });
  }
  return { obsm, notices };
}

/** The row of each cell; undefined if one has none. */
async function rowsOf(
  file: RFile,
  value: RValue,
  nRows: number,
  cells: readonly string[],
  where: string,
): Promise<Rows | undefined> {
  const names = await dimNames(file, value, 0);
  if (names === null) return nRows === cells.length ? null : undefined;
  if (names.length !== nRows) return undefined;
  try {
    return rowsNamed(names, cells, where);
  } catch {
    return undefined;
  }
}
