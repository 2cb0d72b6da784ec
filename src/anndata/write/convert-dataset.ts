/** Copies a whole dataset from one container to another. @module */
import { throwIfAborted, type WorkOptions } from "../../core/progress.ts";
import { AtlasmtlError, locateOnce } from "../../errors.ts";
import type { ArrayStore } from "../../formats/array-store.ts";
import { openDataFrame } from "../read/dataframe.ts";
import type { AnnData, Matrix, MatrixName, Notice } from "../types.ts";
import type { Additions } from "./additions.ts";
import { type Existing, examine } from "./append.ts";
import { checkAdditions } from "./check-additions.ts";
import { copyAnnotation } from "./copy-annotation.ts";
import { copyElement, copyFields, type ElementSink, writeAdditions } from "./copy-elements.ts";
import { tagDict, tagRoot, tagSparse, writeDense, writeDict, writeSetting } from "./write-elements.ts";
import { writeReshaped } from "./write-reshaped.ts";

/** The groups of an AnnData besides obs, var and X; other elements are copied unchanged. */
const GROUPS = ["obsm", "varm", "obsp", "varp", "uns"] as const;

/** Members of the root that are written by name, including those of anndata before 0.7. */
const KNOWN: readonly string[] = [
  ...GROUPS,
  "layers",
  "obs",
  "var",
  "X",
  "raw",
  "raw.X",
  "raw.var",
  "raw.cat",
  "raw.varm",
];

/**
 * Writes all of `adata` and `additions` into `sink`. Matrices are copied as stored; a matrix that can only be
 * read by rows, such as one of a view with other genes, becomes CSR of float32. Returns what had to be left
 * out.
 * @throws MISMATCH for results with another number of rows, USAGE for names that no container allows, ABORTED
 * by the signal; the errors of `copyElement`.
 */
export async function convertDataset(
  adata: AnnData,
  additions: Additions,
  sink: ElementSink,
  work: WorkOptions = {},
): Promise<readonly Notice[]> {
  try {
    await convert(adata, additions, sink, work);
  } catch (error) {
    throw locateOnce(error, adata.source);
  }
  return sink.remarks.map(({ path, what }) => ({
    message: `${path} ${what}`,
    where: `${adata.source} › ${path}`,
  }));
}

async function convert(
  dataset: AnnData,
  given: Additions,
  sink: ElementSink,
  work: WorkOptions,
): Promise<void> {
  const { reshaped, selected } = dataset;
  // Features that are no genes, such as antibodies, are left out when cells are labelled, not when they are written.
  const whole = dataset.knownGenes?.whole ?? dataset;
  const adata = reshaped === undefined ? whole : dataset;
  const additions =
    reshaped === undefined ? given : { ...given, uns: new Map([...reshaped.uns, ...(given.uns ?? [])]) };
  const store = adata.stored?.store ?? null;
  const root = (await store?.open("")) ?? null;
  const rootKeys = root?.kind === "group" ? root.keys : [];
  const existing = await examineView(adata, store, additions);
  checkAdditions(additions, adata.nObs, existing.indexKey);
  const copyMatrix = async (name: MatrixName, from: string): Promise<void> => {
    if (store !== null && selected === undefined && (reshaped === undefined || name === "raw/X"))
      await copyElement(store, from, sink, `/${name}`);
    else await streamMatrix(await (name === "raw/X" ? whole : adata).matrix(name), sink, work);
  };
  tagRoot(sink);
  const obs = { frame: adata.obs, store, path: "obs", isWhole: selected === undefined };
  await copyAnnotation(obs, sink, "/obs", additions.obs, existing);
  const vars = { frame: adata.var, store, path: "var", isWhole: reshaped === undefined };
  await copyAnnotation(vars, sink, "/var");
  const nStored = async (frame: "obs" | "var"): Promise<number> =>
    store === null ? 0 : (await openDataFrame(store, frame)).length;
  const newCells = selected && {
    from: Int32Array.from(selected),
    nStored: await nStored("obs"),
    names: adata.obs.index,
  };
  const newGenes = reshaped && {
    from: reshaped.varFrom,
    nStored: await nStored("var"),
    names: adata.var.index,
  };
  const newRows = { obsm: newCells, obsp: newCells, varm: newGenes, varp: newGenes, uns: undefined };
  for (const group of GROUPS) {
    const rows = newRows[group];
    if (rows !== undefined && store !== null && group !== "uns") {
      writeDict(sink, `/${group}`);
      await writeReshaped(store, group, rows, sink, existing.removals.get(group));
      continue;
    }
    const element = (await store?.open(group)) ?? null;
    if (store !== null && element?.kind === "group")
      await copyElement(store, group, sink, `/${group}`, existing.removals);
    else if (element?.kind === "array" && element.element === "compound")
      await copyFields(element, sink, `/${group}`, existing.removals.get(group));
    else {
      writeDict(sink, `/${group}`);
      await fillGroup(adata, group, sink, existing);
    }
    tagDict(sink, `/${group}`);
  }
  if (adata.hasX) await copyMatrix("X", "X");
  writeDict(sink, "/layers");
  for (const key of adata.layerKeys) await copyMatrix(`layers/${key}`, `layers/${key}`);
  if (adata.hasRaw && store !== null)
    await copyRaw(store, rootKeys.includes("raw") ? "raw/" : "raw.", sink, copyMatrix);
  if (store !== null)
    for (const key of rootKeys) if (!KNOWN.includes(key)) await copyElement(store, key, sink, `/${key}`);
  await writeAdditions(sink, additions);
  await sink.settle();
}

async function copyRaw(
  store: ArrayStore,
  prefix: string,
  sink: ElementSink,
  copyMatrix: (name: MatrixName, from: string) => Promise<void>,
): Promise<void> {
  sink.createGroup("/raw");
  sink.setAttribute("/raw", "encoding-type", "raw");
  sink.setAttribute("/raw", "encoding-version", "0.1.0");
  const path = `${prefix}var`;
  await copyAnnotation(
    { frame: await openDataFrame(store, path), store, path, isWhole: true },
    sink,
    "/raw/var",
  );
  const varm = await store.open(`${prefix}varm`);
  if (varm?.kind === "group") await copyElement(store, `${prefix}varm`, sink, "/raw/varm");
  else if (varm?.element === "compound") await copyFields(varm, sink, "/raw/varm");
  else writeDict(sink, "/raw/varm");
  await copyMatrix("raw/X", `${prefix}X`);
}

/** The content of a group if the container has none to copy. */
async function fillGroup(
  adata: AnnData,
  group: (typeof GROUPS)[number],
  sink: ElementSink,
  existing: Existing,
): Promise<void> {
  const gone = existing.removals.get(group);
  if (group === "obsm")
    for (const key of adata.obsmKeys)
      if (!gone?.has(key)) writeDense(sink, `/obsm/${key}`, await adata.obsm(key));
  if (group === "uns")
    for (const key of adata.unsKeys) {
      if (!gone?.has(key)) writeSetting(sink, `/uns/${key}`, await adata.uns(key));
    }
  await sink.settle();
}

/** Like `examine`, also for obs that is not stored as a group. */
async function examineView(
  adata: AnnData,
  store: ArrayStore | null,
  additions: Additions,
): Promise<Existing> {
  if (store !== null && (await store.open("obs"))?.kind === "group") return examine(store, additions);
  const replaced = (name: string): boolean =>
    (additions.obs?.has(name) ?? false) || (additions.removeObs?.(name) ?? false);
  const gone = (
    keys: readonly string[],
    added?: ReadonlyMap<string, unknown>,
    others?: (key: string) => boolean,
  ) => new Set(keys.filter((key) => added?.has(key) || others?.(key)));
  const uns = gone(adata.unsKeys, additions.uns, additions.removeUns);
  return {
    indexKey: "_index",
    nObs: adata.nObs,
    columns: adata.obs.columns.filter((name) => !replaced(name)),
    mended: [],
    removals: new Map([
      ["obsm", gone(adata.obsmKeys, additions.obsm, additions.removeObsm)],
      ["uns", new Set([...uns, ...(await oldCategories(adata))])],
    ]),
  };
}

/** Where anndata before 0.7 kept the categories of columns; they go with their columns now. */
async function oldCategories({ obs, var: vars, unsKeys }: AnnData): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const frame of [obs, vars])
    for (const name of frame.columns) {
      const key = `${name}_categories`;
      if (unsKeys.includes(key) && (await frame.column(name)).kind === "categorical") found.add(key);
    }
  return found;
}

async function streamMatrix(
  matrix: Matrix,
  sink: ElementSink,
  { signal, onProgress }: WorkOptions,
): Promise<void> {
  const path = `/${matrix.name}`;
  sink.createGroup(path);
  tagSparse(sink, path, matrix);
  const data = sink.grow(`${path}/data`, "float32");
  const indices = sink.grow(`${path}/indices`, "int32");
  const indptr = sink.grow(`${path}/indptr`, "int64");
  let stored = 0;
  let rows = 0;
  await indptr.append(BigInt64Array.of(0n));
  for await (const { csr } of matrix.rows({ numThreads: "max", signal })) {
    throwIfAborted(signal);
    await data.append(csr.data ?? new Float32Array(csr.indices.length).fill(1));
    await indices.append(Int32Array.from(csr.indices));
    const before = stored;
    await indptr.append(BigInt64Array.from(csr.indptr.subarray(1), (end) => BigInt(before + end)));
    stored += csr.indices.length;
    rows += csr.nRows;
    onProgress?.({ phase: "write", done: rows, total: matrix.nRows });
  }
  if (rows !== matrix.nRows)
    throw new AtlasmtlError("BAD_DATA", `${rows} rows came of ${matrix.nRows}`, { where: matrix.name });
  for (const array of [data, indices, indptr]) await array.finish();
}
