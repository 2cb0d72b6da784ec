/**
 * Reads Loom files: HDF5 with a matrix of genes × cells, layers of that size, and the attributes of both.
 *
 * Source: linnarssonlab.org, "Loom file format specs", versions 2.0.1 and 3.0.0.
 * @module
 */
import { throwIfAborted } from "../../core/progress.ts";
import { AtlasmtlError, locate, type Notice, option, phrase } from "../../errors.ts";
import type { ArrayStore, StoredArray } from "../../formats/array-store.ts";
import { toFloat32, toFloat64 } from "../../formats/number-arrays.ts";
import type { EntryBatch } from "../../formats/text/entries.ts";
import { LOOM } from "../../schema/containers.ts";
import { columnStrings } from "../read/column-values.ts";
import { frame, listed } from "../read/dataframe.ts";
import { openArray } from "../read/element-encodings.ts";
import { matrixOf } from "../read/matrix.ts";
import type { AnnData, Column, DataFrame, Matrix, MatrixName } from "../types.ts";
import { entryArrays } from "./entry-matrix.ts";
import { oneMatrix } from "./one-matrix.ts";
import type { OpenOptions, Probe } from "./probe.ts";

const { genes: GENES, cells: CELLS } = LOOM.groups;

/** Cells that are numbered where no attribute names them; nothing else shows that there are as many as declared. */
const MAX_NUMBERED = 1 << 24;

/** Values that are read at once, unless a row of chunks has more. */
const BLOCK_VALUES = 1 << 21;

/** The dataset of a Loom file. @throws BAD_FORMAT for a matrix of other than two dimensions. */
export async function openLoom(
  probed: Probe,
  { varNames = "gene_symbols" }: OpenOptions,
  format: string,
): Promise<AnnData> {
  const store = await probed.hdf5();
  const { shape } = await openArray(store, "matrix");
  if (shape?.length !== 2)
    throw new AtlasmtlError("BAD_FORMAT", "the matrix of a Loom file has two dimensions, genes and cells", {
      where: `${store.name} › matrix`,
    });
  const [nGenes, nCells] = shape;
  const notices: Notice[] = [];
  const cells = await attributesOf(store, CELLS, nCells);
  const genes = await attributesOf(store, GENES, nGenes);
  const obs = await frameOf(cells, LOOM.cellNames, notices);
  const vars = await frameOf(
    genes,
    varNames === "gene_ids" ? LOOM.ids : [...LOOM.symbols, ...LOOM.ids],
    notices,
  );
  const layers = await store.open("layers");
  const layerKeys = layers?.kind === "group" ? layers.keys : [];
  const matrix = (path: string, name: MatrixName): Promise<Matrix> => openCells(store, path, name, obs, vars);
  return oneMatrix({
    source: store.name,
    input: probed.input,
    format,
    obs,
    var: vars,
    notices,
    matrix: () => matrix("matrix", "X"),
    layers: new Map(layerKeys.map((key) => [key, () => matrix(`layers/${key}`, `layers/${key}`)])),
    close: () => store.close(),
  });
}

interface Attributes {
  readonly where: string;
  readonly length: number;
  readonly arrays: ReadonlyMap<string, StoredArray>;
  /** Turns stored text into text. */
  readonly decode: (text: string) => string;
}

/** Those attributes that have one value per gene or cell. */
async function attributesOf(store: ArrayStore, group: string, length: number): Promise<Attributes> {
  const arrays = new Map<string, StoredArray>();
  const element = await store.open(group);
  for (const key of element?.kind === "group" ? element.keys : []) {
    const array = await store.open(`${group}/${key}`);
    const isColumn = array?.kind === "array" && array.shape?.length === 1 && array.shape[0] === length;
    if (isColumn && array.element !== "other" && array.element !== "compound") arrays.set(key, array);
  }
  // Version 3 says so at attrs/LOOM_SPEC_VERSION; before it, text is ASCII in which other characters are entities.
  const isCurrent = (await store.open("attrs/LOOM_SPEC_VERSION")) !== null;
  return {
    where: `${store.name} › ${group}`,
    length,
    arrays,
    decode: isCurrent ? (text) => text : decodeEntities,
  };
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function decodeEntities(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(
    /&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|lt|gt|quot|apos));/gi,
    (all, decimal, hex, name) => {
      if (name !== undefined) return ENTITIES[name.toLowerCase()];
      const point = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
      return point <= 0x10ffff ? String.fromCodePoint(point) : all;
    },
  );
}

/** A frame whose index is the first of `candidates` that is there; the others are its columns. */
async function frameOf(
  { where, length, arrays, decode }: Attributes,
  candidates: readonly string[],
  notices: Notice[],
): Promise<DataFrame> {
  const indexKey = candidates.find((name) => arrays.has(name));
  const read = async (name: string): Promise<Column> => columnOf(arrays.get(name)!, decode);
  if (indexKey === undefined && !where.endsWith(CELLS))
    throw new AtlasmtlError(
      "BAD_FORMAT",
      `no attribute names the genes: ${candidates.join(", ")} are looked for`,
      {
        where,
        hint:
          arrays.size === 0
            ? "write the file again with names of genes"
            : phrase`attributes of genes: ${listed([...arrays.keys()])}; rename one, or choose ${option("varNames", "gene_symbols")}`,
      },
    );
  if (indexKey === undefined && length > MAX_NUMBERED)
    throw new AtlasmtlError("LIMIT", `${length} cells without names are declared; at most ${MAX_NUMBERED}`, {
      where,
    });
  if (indexKey === undefined)
    notices.push({
      message: `no attribute names the cells, such as ${candidates[0]}: they are numbered`,
      where,
    });
  return frame({
    where,
    length,
    columns: [...arrays.keys()].filter((name) => name !== indexKey),
    readIndex: async () =>
      indexKey === undefined
        ? Array.from({ length }, (_, cell) => String(cell))
        : columnStrings(await read(indexKey)),
    readColumn: read,
  });
}

async function columnOf(array: StoredArray, decode: (text: string) => string): Promise<Column> {
  if (array.element === "string") return { kind: "string", values: (await array.readStrings()).map(decode) };
  const values = await array.readNumbers();
  return array.element === "boolean"
    ? { kind: "boolean", values: values as Uint8Array, missing: null }
    : { kind: "number", dtype: array.dtype, values: toFloat64(values), missing: null };
}

/** A matrix of genes × cells as one of cells × genes. */
async function openCells(
  store: ArrayStore,
  path: string,
  name: MatrixName,
  obs: DataFrame,
  vars: DataFrame,
): Promise<Matrix> {
  const where = `${store.name} › ${path}`;
  try {
    const array = await openArray(store, path);
    // Names that cannot be read mean sizes that are only declared.
    const [nGenes, nCells] = [vars.index.length, obs.index.length];
    if (array.shape?.join() !== [nGenes, nCells].join())
      throw new AtlasmtlError(
        "BAD_DATA",
        `it is ${array.shape?.join(" × ")}; there are ${nGenes} genes and ${nCells} cells`,
      );
    return matrixOf({
      name,
      where,
      dtype: array.dtype,
      nStored: null,
      arrays: entryArrays({ storage: "dense", nCells, scan: (signal) => entriesOf(array, signal) }),
      frame: {
        nRows: nCells,
        nCols: nGenes,
        rowNames: async () => obs.index,
        columnNames: async () => vars.index,
      },
    });
  } catch (error) {
    throw locate(error, where);
  }
}

/** The values that are not zero, gene by gene; whole chunks are read, so that none is decompressed twice. */
async function* entriesOf(array: StoredArray, signal: AbortSignal | undefined): AsyncGenerator<EntryBatch> {
  const [nGenes = 0, nCells = 0] = array.shape ?? [];
  const chunkGenes = array.chunks?.[0] ?? 1;
  const step = chunkGenes * Math.max(1, Math.floor(BLOCK_VALUES / Math.max(nCells * chunkGenes, 1)));
  const [cells, genes] = [new Int32Array(nCells), new Int32Array(nCells)];
  const entries = new Float32Array(nCells);
  for (let first = 0; first < nGenes; first += step) {
    throwIfAborted(signal);
    const end = Math.min(first + step, nGenes);
    const values = toFloat32(await array.readNumbers(first, end));
    for (let gene = first; gene < end; gene++) {
      let length = 0;
      const at = (gene - first) * nCells;
      for (let cell = 0; cell < nCells; cell++) {
        const value = values[at + cell];
        if (value === 0) continue;
        cells[length] = cell;
        entries[length++] = value;
      }
      genes.fill(gene, 0, length);
      yield { length, cells, genes, values: entries };
    }
  }
}
