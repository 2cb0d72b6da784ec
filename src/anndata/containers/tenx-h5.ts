/**
 * 10x Genomics HDF5 files: one `matrix` with typed features (Cell Ranger 3 and later), or a group per genome.
 *
 * Source: 10x Genomics, "HDF5 Feature-Barcode Matrix Format".
 * @module
 */
import { AtlasmtlError, locate } from "../../errors.ts";
import type { ArrayStore } from "../../formats/array-store.ts";
import { toFloat64 } from "../../formats/number-arrays.ts";
import { openArray } from "../read/element-encodings.ts";
import { matrixOf, readStarts } from "../read/matrix.ts";
import { storedSource } from "../read/sequential-array.ts";
import type { Matrix } from "../types.ts";
import { withColumns } from "../views/some-columns.ts";
import type { Container } from "./container.ts";
import { namedFrame, oneMatrix } from "./one-matrix.ts";
import { chooseGenome, type Features, keepGenes } from "./tenx-features.ts";

/** The members of a matrix group in both layouts. */
const MATRIX_PARTS = ["barcodes", "data", "indices", "indptr", "shape"];

export const tenxH5: Container = {
  format: "10x-h5",
  title: "10x Genomics HDF5 (.h5)",
  short: "10x .h5",
  endings: [".h5"],
  preload: async () => (await import("../../formats/hdf5/library.ts")).loadHdf5(),
  async recognises(probed) {
    return probed.isHdf5 && (await matrixGroups(await probed.hdf5())).length > 0;
  },
  async open(probed, options) {
    const store = await probed.hdf5();
    const groups = await matrixGroups(store);
    const hasFeatures = groups.includes("matrix") && (await store.open("matrix/features")) !== null;
    const group = hasFeatures ? "matrix" : (chooseGenome(groups, options.genome, store.name) ?? groups[0]);
    const where = `${store.name} › ${group}`;
    const features = hasFeatures ? await typedFeatures(store, group) : await genomeFeatures(store, group);
    const choice = hasFeatures ? options : { ...options, genome: undefined };
    const kept = await keepGenes(features, `${store.name} › features`, choice);
    const obs = await namedFrame(`${store.name} › barcodes`, {
      index: await strings(store, `${group}/barcodes`),
    });
    return oneMatrix({
      source: store.name,
      input: probed.input,
      format: tenxH5.format,
      obs,
      var: kept.frame,
      notes: kept.notes,
      async matrix() {
        try {
          const matrix = await openCells(store, group, where, features.symbols, obs.index);
          return withColumns(matrix, kept.toColumn, kept.frame.length);
        } catch (error) {
          throw locate(error, where);
        }
      },
      close: () => store.close(),
    });
  },
};

/** The groups at the root that are matrices; none if the file is of another kind. */
async function matrixGroups(store: ArrayStore): Promise<string[]> {
  const root = await store.open("");
  if (root?.kind !== "group" || root.keys.includes("obs")) return [];
  const groups: string[] = [];
  for (const key of root.keys) {
    const group = await store.open(key);
    if (group?.kind === "group" && MATRIX_PARTS.every((part) => group.keys.includes(part))) groups.push(key);
  }
  return groups;
}

async function typedFeatures(store: ArrayStore, group: string): Promise<Features> {
  const at = `${group}/features`;
  const [ids, symbols, types, genomes] = await Promise.all([
    strings(store, `${at}/id`),
    strings(store, `${at}/name`),
    strings(store, `${at}/feature_type`),
    // Features that are not genes may have no genome.
    store.open(`${at}/genome`).then((found) => (found === null ? null : strings(store, `${at}/genome`))),
  ]);
  for (const [name, list] of [
    ["name", symbols],
    ["feature_type", types],
    ["genome", genomes],
  ] as const)
    if (list !== null && list.length !== ids.length)
      throw new AtlasmtlError("BAD_DATA", `there are ${ids.length} ids and ${list.length} of "${name}"`, {
        where: `${store.name} › ${at}`,
      });
  return { ids, symbols, types, genomes };
}

async function genomeFeatures(store: ArrayStore, group: string): Promise<Features> {
  const [ids, symbols] = [
    await strings(store, `${group}/genes`),
    await strings(store, `${group}/gene_names`),
  ];
  if (ids.length !== symbols.length)
    throw new AtlasmtlError("BAD_DATA", `there are ${ids.length} genes and ${symbols.length} gene names`, {
      where: `${store.name} › ${group}`,
    });
  return { ids, symbols, types: null, genomes: null };
}

async function strings(store: ArrayStore, path: string): Promise<string[]> {
  return (await openArray(store, path)).readStrings();
}

/** The genes × cells matrix in CSC is the cells × genes matrix in CSR. */
async function openCells(
  store: ArrayStore,
  group: string,
  where: string,
  genes: readonly string[],
  cells: readonly string[],
): Promise<Matrix> {
  const part = (name: string) => openArray(store, `${group}/${name}`);
  const shape = toFloat64(await (await part("shape")).readNumbers());
  if (shape.length !== 2 || shape[0] !== genes.length || shape[1] !== cells.length)
    throw new AtlasmtlError(
      "BAD_DATA",
      `the matrix is ${shape.join(" × ")}; there are ${genes.length} features and ${cells.length} barcodes`,
    );
  const [data, indices, indptr] = await Promise.all([part("data"), part("indices"), part("indptr")]);
  const nStored = data.shape?.[0] ?? 0;
  if ((indices.shape?.[0] ?? 0) !== nStored)
    throw new AtlasmtlError(
      "BAD_DATA",
      `data holds ${nStored} values and indices ${indices.shape?.[0] ?? 0}`,
    );
  const starts = await readStarts(indptr, cells.length, nStored);
  return matrixOf({
    name: "X",
    where,
    dtype: data.dtype,
    nStored,
    arrays: { storage: "csr", starts, indices: storedSource(indices), data: storedSource(data) },
    frame: {
      nRows: cells.length,
      nCols: genes.length,
      rowNames: async () => cells,
      columnNames: async () => genes,
    },
  });
}
