/**
 * Seurat objects of versions 3, 4 and 5.
 *
 * Source: the reference of the R package SeuratObject, classes `Seurat`, `Assay`, `Assay5`, `LogMap` and `DimReduc`.
 * @module
 */
import type { AtlasmtlError, Notice } from "../../../errors.ts";
import type { RFile } from "../../../formats/rds/open.ts";
import type { RValue } from "../../../formats/rds/types.ts";
import { SEURAT } from "../../../schema/r-objects.ts";
import { choose } from "../parts.ts";
import type { OpenOptions } from "../probe.ts";
import { type FoundMatrix, type FoundObject, matricesOf, stored } from "./dataset.ts";
import { tableOf } from "./frames.ts";
import { joinParts, openRMatrix, type RMatrix } from "./matrices.ts";
import { badObject, dimNames, itemsOf, namesOf, shapeOf, slot } from "./objects.ts";

const TITLE = "Seurat object";

export const isSeurat = (value: RValue): boolean =>
  value?.kind === "s4" &&
  [SEURAT.assays, SEURAT.cells, SEURAT.active].every((name) => slot(value, name) !== null);

interface Assay {
  readonly cells: readonly string[];
  readonly genes: readonly string[];
  readonly geneTable: RValue;
  readonly matrices: ReadonlyMap<string, FoundMatrix>;
  readonly notices: readonly Notice[];
}

export async function readSeurat(
  file: RFile,
  { modality }: OpenOptions,
): Promise<Omit<FoundObject, "input" | "format">> {
  const { root } = file;
  const assays = await itemsOf(file, slot(root, SEURAT.assays));
  const active = (await namesOf(file, slot(root, SEURAT.active)))?.[0] ?? "";
  const usual = [...SEURAT.usual, active.toLowerCase()];
  const { path, notes } = choose(SEURAT.assays, [...assays.keys()], {
    name: "modality",
    container: TITLE,
    usual,
    asked: modality,
  });
  const chosen = path.slice(SEURAT.assays.length + 1);
  const value = assays.get(chosen)!;
  const assay =
    slot(value, SEURAT.layers) === null ? await readAssay(file, value) : await readLayers(file, value);
  const cellTable = await tableOf(file, slot(root, SEURAT.cells));
  const identities = slot(root, SEURAT.identities);
  const columns = new Map(cellTable.columns);
  if (!columns.has(SEURAT.identityColumn) && !(await isColumnOf(file, identities, columns)))
    columns.set(SEURAT.identityColumn, identities);
  const reductions = new Map<string, RValue>();
  for (const [name, reduction] of await itemsOf(file, slot(root, SEURAT.reductions)))
    reductions.set(`X_${name}`, slot(reduction, SEURAT.embeddings));
  return {
    file,
    title: TITLE,
    ...(assays.size > 1 ? { part: `${SEURAT.assays}/${chosen}` } : {}),
    ...assay,
    usual: [SEURAT.counts, SEURAT.data],
    cellTable: { ...cellTable, columns },
    geneTable: await tableOf(file, assay.geneTable),
    reductions,
    notes,
  };
}

/** True if the identities are one of the columns, such as the clusters, or no factor at all. */
async function isColumnOf(
  file: RFile,
  factor: RValue,
  columns: ReadonlyMap<string, RValue>,
): Promise<boolean> {
  if (factor?.kind !== "vector" || factor.type !== "integer") return true;
  const levels = await namesOf(file, slot(factor, "levels"));
  const codes = await file.numbers(factor);
  for (const column of columns.values()) {
    if (column?.kind !== "vector" || column.type !== "integer" || column.length !== factor.length) continue;
    const others = await namesOf(file, slot(column, "levels"));
    if (others === null || others.join("\n") !== levels?.join("\n")) continue;
    const values = await file.numbers(column);
    if (values.every((value, i) => value === codes[i])) return true;
  }
  return false;
}

/** An assay of Seurat 3 or 4: each matrix has the names of its genes and cells. */
async function readAssay(file: RFile, assay: RValue): Promise<Assay> {
  const items = new Map([SEURAT.counts, SEURAT.data].map((name) => [name, slot(assay, name)]));
  const { found, notices } = await matricesOf(file, items);
  const main = found.get(SEURAT.data) ?? found.get(SEURAT.counts);
  const cells = main && (await dimNames(file, main.value, 1));
  const genes = main && (await dimNames(file, main.value, 0));
  if (!cells || !genes) throw noMatrix();
  return {
    cells,
    genes,
    geneTable: slot(assay, SEURAT.features),
    matrices: new Map([...found].map(([name, matrix]) => [name, stored(file, matrix)])),
    notices,
  };
}

const noMatrix = (): AtlasmtlError =>
  badObject(
    "the assay holds neither counts nor normalised values",
    "in R, keep counts or data when an object is made small: DietSeurat(x, layers = c('counts', 'data'))",
  );

/** An assay of Seurat 5: layers without names, and for each which of all genes and cells it has. */
async function readLayers(file: RFile, assay: RValue): Promise<Assay> {
  const items = await itemsOf(file, slot(assay, SEURAT.layers));
  const wanted = new Map([...items].filter(([name]) => name.split(".", 2).join(".") !== SEURAT.scaled));
  const { found, notices } = await matricesOf(file, wanted);
  const cellMap = await logMap(file, slot(assay, SEURAT.layerCells), "cells");
  const geneMap = await logMap(file, slot(assay, SEURAT.layerFeatures), "features");
  if (found.size === 0) throw noMatrix();
  const pieces = [...found].map(([name, matrix]) => pieceOf(name, matrix, cellMap, geneMap));
  const matrices = new Map<string, FoundMatrix>();
  const left = [...notices];
  for (const name of new Set(pieces.map(({ base }) => base))) {
    const group = pieces.filter(({ base }) => base === name);
    const covered = new Uint8Array(cellMap.names.length);
    for (const { cells } of group) for (const cell of cells) covered[cell]++;
    if (covered.every((n) => n === 1)) matrices.set(name, joined(file, group, cellMap, geneMap));
    else
      left.push({
        message: `left out ${group.map((piece) => piece.name).join(", ")}: together they have not each cell once`,
        where: file.name,
        hint: "in R, join them before saveRDS: JoinLayers(x)",
      });
  }
  if (matrices.size === 0)
    throw badObject(left.at(-1)!.message, "in R, join the layers before saveRDS: JoinLayers(x)");
  return {
    cells: cellMap.names,
    genes: geneMap.names,
    geneTable: slot(assay, SEURAT.layerGenes),
    matrices,
    notices: left,
  };
}

interface LogMap {
  readonly names: readonly string[];
  /** The positions that a layer has. */
  of(layer: string): Int32Array;
}

async function logMap(file: RFile, value: RValue, what: string): Promise<LogMap> {
  const shape = await shapeOf(file, value);
  const [names, layers] = [await dimNames(file, value, 0), await dimNames(file, value, 1)];
  if (value?.kind !== "vector" || shape === null || names?.length !== shape[0] || layers?.length !== shape[1])
    throw badObject(`the assay does not say which ${what} its layers have`, "in R, check it: validObject(x)");
  const bits = await file.numbers(value);
  if (bits.length !== shape[0] * shape[1])
    throw badObject(
      `the table of ${what} is ${shape.join(" × ")} and has ${bits.length} values`,
      "in R, check it: validObject(x)",
    );
  return {
    names,
    of(layer) {
      const at = layers.indexOf(layer) * names.length;
      const positions: number[] = [];
      if (at >= 0) for (let i = 0; i < names.length; i++) if (bits[at + i] === 1) positions.push(i);
      return Int32Array.from(positions);
    },
  };
}

interface Piece {
  readonly name: string;
  /** The layer that it is a part of: `counts` of `counts.1`. */
  readonly base: string;
  readonly matrix: RMatrix;
  readonly cells: Int32Array;
  readonly genes: Int32Array;
}

function pieceOf(name: string, matrix: RMatrix, cellMap: LogMap, geneMap: LogMap): Piece {
  const [cells, genes] = [cellMap.of(name), geneMap.of(name)];
  if (cells.length !== matrix.nCells || genes.length !== matrix.nGenes)
    throw badObject(
      `layer ${name} is ${matrix.nGenes} × ${matrix.nCells}; the assay names ${genes.length} genes and ${cells.length} cells for it`,
      "in R, check the object: validObject(x)",
    );
  const base = [SEURAT.counts, SEURAT.data].find((base) => name.startsWith(`${base}.`)) ?? name;
  return { name, base, matrix, cells, genes };
}

function joined(file: RFile, pieces: readonly Piece[], cellMap: LogMap, geneMap: LogMap): FoundMatrix {
  const [nCells, nGenes] = [cellMap.names.length, geneMap.names.length];
  const [first] = pieces;
  // Positions ascend, so a piece with all of them has them in order.
  if (first.cells.length === nCells && first.genes.length === nGenes) return stored(file, first.matrix);
  return {
    nGenes,
    nCells,
    async open(name, where, frame) {
      const parts = [];
      for (const { name: part, matrix, cells, genes } of pieces) {
        const own = {
          nRows: cells.length,
          nCols: genes.length,
          rowNames: async () => Array.from(cells, (cell) => cellMap.names[cell]),
          columnNames: async () => Array.from(genes, (gene) => geneMap.names[gene]),
        };
        parts.push({
          matrix: await openRMatrix(file, matrix, name, `${file.name} › ${part}`, own),
          cells,
          genes,
        });
      }
      return joinParts(parts, name, where, frame);
    },
  };
}
