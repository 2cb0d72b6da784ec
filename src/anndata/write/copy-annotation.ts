/** Copies obs and var, whole or as a view has them. @module */
import { AtlasmtlError } from "../../errors.ts";
import type { ArrayStore } from "../../formats/array-store.ts";
import { readColumn } from "../read/column-readers.ts";
import { columnStrings } from "../read/column-values.ts";
import { encodingOf, text } from "../read/element-encodings.ts";
import type { Column, DataFrame } from "../types.ts";
import type { Existing } from "./append.ts";
import { copyAttributes, copyElement, type ElementSink } from "./copy-elements.ts";
import { startCategorical, writeBooleanArray, writeColumn, writeStringArray } from "./write-elements.ts";
import { makeParents, parentsOf, startFrame, writeColumns } from "./write-frame.ts";

export interface Annotation {
  /** `obs` or `var`, as the output has it. */
  readonly frame: DataFrame;
  /** Null if there is none. */
  readonly store: ArrayStore | null;
  /** In the store, such as `raw/var`. */
  readonly path: string;
  /** True if the stored rows and columns are those of the frame. */
  readonly isWhole: boolean;
}

/** Copies obs or var to `to` in the current layout, with `added` columns at the end. */
export async function copyAnnotation(
  source: Annotation,
  sink: ElementSink,
  to: string,
  added: ReadonlyMap<string, Column> = new Map(),
  existing: Existing | null = null,
): Promise<void> {
  const { frame, store, path, isWhole } = source;
  const element = (await store?.open(path)) ?? null;
  const kept = existing?.columns ?? frame.columns;
  const isCurrent = element?.kind === "group" && encodingOf(element) === "dataframe@0.2.0";
  if (store !== null && isWhole && isCurrent) {
    await copyElement(store, path, sink, to, existing?.removals);
    writeColumns(sink, to, added, await groupsOf(store, path, added.keys()));
    sink.setAttribute(to, "column-order", [...kept, ...added.keys()]);
    await sink.settle();
    return;
  }
  const columns = new Map<string, Column>();
  for (const name of kept) {
    const column = await readable(frame, name, `${path}/${name}`, sink);
    if (column !== null) columns.set(name, column);
  }
  const order = [...columns.keys(), ...added.keys()];
  const indexKey = element?.kind === "group" ? text(element.attribute("_index")) : undefined;
  startFrame(sink, to, order, { index: frame.index, indexKey });
  const made = new Set<string>();
  for (const [name, column] of columns) {
    makeParents(sink, to, name, made);
    if (
      store === null ||
      !isCurrent ||
      !(await asStored(store, `${path}/${name}`, column, sink, `${to}/${name}`))
    )
      writeColumn(sink, `${to}/${name}`, column);
  }
  writeColumns(sink, to, added, made);
  await sink.settle();
}

/** Those of the groups that names with slashes lie in that are stored. */
export async function groupsOf(
  store: ArrayStore,
  path: string,
  names: Iterable<string>,
): Promise<Set<string>> {
  const found = new Set<string>();
  for (const name of names)
    for (const parent of parentsOf(name))
      if ((await store.open(`${path}/${parent}`)) !== null) found.add(parent);
  return found;
}

/** A column of a view; null for one of values that no column has, which is left out. */
async function readable(
  frame: DataFrame,
  name: string,
  path: string,
  sink: ElementSink,
): Promise<Column | null> {
  try {
    return await frame.column(name);
  } catch (error) {
    if (!(error instanceof AtlasmtlError) || error.code !== "UNSUPPORTED") throw error;
    sink.remarks.push({ path, what: `is left out of the output: ${error.message}` });
    return null;
  }
}

/** Writes a column in the encoding of the stored one where a column says less; false if it does not. */
async function asStored(
  store: ArrayStore,
  from: string,
  column: Column,
  sink: ElementSink,
  to: string,
): Promise<boolean> {
  const stored = await store.open(from);
  if (stored?.kind !== "group") return false;
  if (column.kind === "categorical" && encodingOf(stored) === "categorical@0.2.0") {
    const categories = columnStrings(await readColumn(store, `${from}/categories`));
    if (categories.join("\0") !== column.categories.join("\0")) return false;
    startCategorical(sink, to, column.codes, categories.length, column.ordered);
    await copyElement(store, `${from}/categories`, sink, `${to}/categories`);
    return true;
  }
  if (column.kind !== "string" || encodingOf(stored) !== "nullable-string-array@0.1.0") return false;
  sink.createGroup(to);
  copyAttributes(stored, sink, to);
  writeStringArray(
    sink,
    `${to}/values`,
    column.values.map((value) => value ?? ""),
  );
  writeBooleanArray(
    sink,
    `${to}/mask`,
    Uint8Array.from(column.values, (value) => (value === null ? 1 : 0)),
  );
  return true;
}
