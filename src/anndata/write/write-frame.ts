/** Writes tables of named rows, such as obs and var, in the current layout. @module */
import { AtlasmtlError } from "../../errors.ts";
import type { ElementWriter } from "../../formats/element-writer.ts";
import type { Column } from "../types.ts";
import type { AddedTable } from "./additions.ts";
import { isName, tag, UNUSABLE_NAME, writeArray, writeColumn } from "./write-elements.ts";

/** The usual name of an index. */
const INDEX = "_index";

export interface FrameData {
  readonly index: readonly string[];
  readonly columns?: ReadonlyMap<string, Column>;
  /** The name of the index, if no column has it. */
  readonly indexKey?: string | undefined;
}

export function writeFrame(file: ElementWriter, path: string, frame: FrameData): void {
  const { columns = new Map<string, Column>() } = frame;
  startFrame(file, path, [...columns.keys()], frame);
  writeColumns(file, path, columns);
}

/** Writes a table of cells with columns that may be float32 as they are. */
export function writeTable(file: ElementWriter, path: string, table: AddedTable): void {
  for (const write of tableSteps(file, path, table)) write();
}

/** The steps of {@link writeTable}, after each of which a writer may let go of what it holds. */
export function* tableSteps(
  file: ElementWriter,
  path: string,
  { index, columns }: AddedTable,
): Generator<() => void> {
  startFrame(file, path, [...columns.keys()], { index });
  const made = new Set<string>();
  for (const [name, own] of columns) {
    makeParents(file, path, name, made);
    const at = `${path}/${name}`;
    yield () => {
      const column = typeof own === "function" ? own() : own;
      if (column instanceof Float32Array) writeArray(file, at, column, [column.length]);
      else writeColumn(file, at, column);
    };
  }
}

/** Writes the group and the index of a frame; columns of these names follow. */
export function startFrame(
  file: ElementWriter,
  path: string,
  names: readonly string[],
  { index, indexKey }: FrameData,
): void {
  // SeuratDisk leaves a column of the usual name beside its own index.
  const candidates = [indexKey ?? INDEX, INDEX, "index"];
  let key = candidates.find((name) => !names.includes(name)) ?? "index_";
  while (names.includes(key)) key += "_";
  file.createGroup(path);
  tag(file, path, "dataframe", "0.2.0");
  file.setAttribute(path, "_index", key);
  file.setAttribute(path, "column-order", names);
  writeColumn(file, `${path}/${key}`, { kind: "string", values: index });
}

/** Writes columns into a frame; `made`: paths of the groups in it that are there already. */
export function writeColumns(
  file: ElementWriter,
  path: string,
  columns: ReadonlyMap<string, Column>,
  made = new Set<string>(),
): void {
  for (const [name, column] of columns) {
    makeParents(file, path, name, made);
    writeColumn(file, `${path}/${name}`, column);
  }
}

/** The groups that a name with slashes lies in, in HDF5 and in anndata, from the outermost on. */
export function parentsOf(name: string): string[] {
  const steps = name.split("/");
  return steps.slice(1).map((_, i) => steps.slice(0, i + 1).join("/"));
}

/** Creates the groups of a column's name that are not in `made`. @throws USAGE for a name that cannot be one. */
export function makeParents(file: ElementWriter, path: string, name: string, made: Set<string>): void {
  if (!name.split("/").every(isName))
    throw new AtlasmtlError("USAGE", `"${name}" cannot be the name of a column in an .h5ad file`, {
      where: path.slice(1),
      hint: UNUSABLE_NAME,
    });
  for (const parent of parentsOf(name)) {
    if (!made.has(parent)) file.createGroup(`${path}/${parent}`);
    made.add(parent);
  }
}
