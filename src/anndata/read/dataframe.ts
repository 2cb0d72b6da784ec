/** Opens obs and var: an index, and columns that are read on request. @module */
import { didYouMean, namesInList } from "../../core/nearest.ts";
import { AtlasmtlError, locate } from "../../errors.ts";
import type { ArrayStore, StoredArray, StoredGroup } from "../../formats/array-store.ts";
import { type NumberArray, toFloat64, toInt32 } from "../../formats/number-arrays.ts";
import type { Column, DataFrame } from "../types.ts";
import { categoricalColumn, plainStrings, readColumn } from "./column-readers.ts";
import { columnStrings } from "./column-values.ts";
import { encodingOf, openExisting, text, texts, unknownEncoding } from "./element-encodings.ts";

/**
 * Opens the frame at `path`: the current layout, that of anndata 0.7 (`__categories`), or the compound table
 * of earlier versions, whose categories are in uns.
 *
 * With a lazy index, which may be long, names are read on request (`someNames`).
 * @throws NOT_FOUND if it is missing, UNSUPPORTED for another encoding, BAD_FORMAT for missing parts.
 */
export async function openDataFrame(
  store: ArrayStore,
  path: string,
  { lazyIndex = false }: { readonly lazyIndex?: boolean | undefined } = {},
): Promise<DataFrame> {
  const element = await openExisting(store, path);
  switch (encodingOf(element)) {
    case "dataframe@0.2.0":
    case "dataframe@0.1.0":
    case "(group)":
      return element.kind === "group"
        ? openGroup(store, element, lazyIndex)
        : unknownEncoding(element, "a table");
    case "(compound array)":
      return element.kind === "array" ? openTable(store, element) : unknownEncoding(element, "a table");
    default:
      return unknownEncoding(element, "a table");
  }
}

async function openGroup(store: ArrayStore, group: StoredGroup, lazyIndex: boolean): Promise<DataFrame> {
  const { path } = group;
  const indexKey = text(group.attribute("_index")) ?? "_index";
  const columns =
    texts(group.attribute("column-order")) ??
    group.keys.filter((key) => key !== indexKey && key !== "__categories");
  const members = new Set(group.keys);
  const stored = await store.open(`${path}/${indexKey}`);
  if (stored === null)
    throw new AtlasmtlError("BAD_FORMAT", `the index "${indexKey}" is missing`, { where: path });
  const shape = stored.kind === "array" ? stored.shape : (await codesOf(store, `${path}/${indexKey}`)).shape;
  const length = shape?.[0] ?? 0;
  return frame({
    where: `${store.name} › ${path}`,
    length,
    columns,
    readIndex: async () => columnStrings(await readColumn(store, `${path}/${indexKey}`)),
    readSome: lazyIndex ? plainStrings(stored) : undefined,
    async readColumn(name) {
      if (!members.has(name.split("/", 1)[0]))
        throw new AtlasmtlError("BAD_FORMAT", "the column is named, and not there");
      return readColumn(store, `${path}/${name}`);
    },
  });
}

async function codesOf(store: ArrayStore, path: string): Promise<StoredArray> {
  for (const part of ["codes", "values"]) {
    const array = await store.open(`${path}/${part}`);
    if (array?.kind === "array") return array;
  }
  throw new AtlasmtlError("BAD_FORMAT", "the index is neither an array nor a column", { where: path });
}

/** A compound array; its text fields and categories are stored as in anndata before 0.7. */
async function openTable(store: ArrayStore, table: StoredArray): Promise<DataFrame> {
  const indexKey = ["index", "_index"].find((name) => table.fields.includes(name)) ?? table.fields[0];
  const where = `${store.name} › ${table.path}`;
  return frame({
    where,
    length: table.shape?.[0] ?? 0,
    columns: table.fields.filter((name) => name !== indexKey),
    readIndex: async () => columnStrings(fieldColumn(await table.readField(indexKey), where)),
    async readColumn(name) {
      const column = fieldColumn(await table.readField(name), where);
      if (column.kind !== "number" || !column.dtype.startsWith("int")) return column;
      const labels = await oldCategories(store, table.path, name);
      return labels === null ? column : categoricalColumn(toInt32(column.values), labels, false, where);
    },
  });
}

/** The categories of a column of a compound table; a single one is stored as a scalar. */
async function oldCategories(store: ArrayStore, table: string, name: string): Promise<string[] | null> {
  for (const folder of table === "raw.var" ? ["raw.cat", "uns"] : ["uns"]) {
    const path = `${folder}/${name}_categories`;
    const stored = await store.open(path);
    if (stored?.kind === "array" && stored.shape?.length === 0)
      return stored.element === "string" ? stored.readStrings() : [String((await stored.readNumbers())[0])];
    if (stored !== null) return columnStrings(await readColumn(store, path)).map(String);
  }
  return null;
}

function fieldColumn(field: Awaited<ReturnType<StoredArray["readField"]>>, where: string): Column {
  if (field.width !== 1)
    throw new AtlasmtlError("UNSUPPORTED", `the field holds ${field.width} values per row`, { where });
  if (field.dtype === "str") return { kind: "string", values: field.values as readonly string[] };
  if (field.dtype === "bool") return { kind: "boolean", values: field.values as Uint8Array, missing: null };
  return {
    kind: "number",
    dtype: field.dtype,
    values: toFloat64(field.values as NumberArray),
    missing: null,
  };
}

export interface FrameParts {
  readonly where: string;
  readonly length: number;
  readonly columns: readonly string[];
  readonly readIndex: () => Promise<readonly (string | null)[]>;
  /** Reads some names; the index is then left unread. */
  readonly readSome?: ((start: number, end: number) => Promise<readonly string[]>) | undefined;
  readonly readColumn: (name: string) => Promise<Column>;
}

/** The columns of a table. Every named column is looked up, also if it does not exist. */
const MAX_COLUMNS = 100_000;

/** A frame from its parts; an unreadable index throws when it is requested. */
export async function frame(parts: FrameParts): Promise<DataFrame> {
  const { where, length, columns, readSome } = parts;
  if (columns.length > MAX_COLUMNS)
    throw new AtlasmtlError("LIMIT", `${columns.length} columns are named; at most ${MAX_COLUMNS} are read`, {
      where,
    });
  const names = new Set(columns);
  let index: readonly string[] = [];
  let problem: unknown = null;
  try {
    if (readSome !== undefined)
      throw new AtlasmtlError("USAGE", "the index was left unread", {
        hint: "open the dataset without lazyCellNames",
      });
    index = (await parts.readIndex()).map((name) => name ?? "nan");
    if (index.length !== length)
      throw new AtlasmtlError("BAD_DATA", `the index has ${index.length} names for ${length} rows`);
  } catch (error) {
    problem = locate(error, `${where} › index`);
  }
  return {
    length,
    columns,
    get index() {
      if (problem !== null) throw problem;
      return index;
    },
    ...(readSome && {
      async someNames(start, end) {
        try {
          return await readSome(start, end);
        } catch (error) {
          throw locate(error, `${where} › index`);
        }
      },
    }),
    async column(name) {
      if (!names.has(name)) throw noColumn(name, columns, where);
      try {
        const column = await parts.readColumn(name);
        const found = column.kind === "categorical" ? column.codes.length : column.values.length;
        if (found !== length)
          throw new AtlasmtlError("BAD_DATA", `the column has ${found} values for ${length} rows`);
        return column;
      } catch (error) {
        throw locate(error, `${where} › ${name}`);
      }
    },
  };
}

function noColumn(name: string, columns: readonly string[], where: string): AtlasmtlError {
  const several = namesInList(name, columns);
  if (several !== null)
    return new AtlasmtlError("NOT_FOUND", `there is no column "${name}", but one for each of these names`, {
      where,
      hint: `a comma is part of a name: give the ${several.length} columns one by one, as ${several.join(" ")}`,
    });
  return new AtlasmtlError("NOT_FOUND", `there is no column "${name}"${didYouMean(name, columns)}`, {
    where,
    hint:
      columns.length === 0 ? "choose a file with columns: this one has none" : `columns: ${listed(columns)}`,
  });
}

/** At most twenty names, for a hint. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, 20).join(", ");
  return names.length > 20 ? `${shown} and ${names.length - 20} more` : shown;
}

/** The names of the rows from `start` to before `end`, also where the index was left unread. */
export async function namesOf(frame: DataFrame, start = 0, end = frame.length): Promise<readonly string[]> {
  return frame.someNames?.(start, end) ?? frame.index.slice(start, end);
}
