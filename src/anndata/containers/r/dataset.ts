/** What an R object holds, and the dataset that is made of it. @module */
import type { FileInput } from "../../../core/bytes.ts";
import { didYouMean } from "../../../core/nearest.ts";
import { AtlasmtlError, type Notice } from "../../../errors.ts";
import type { RFile } from "../../../formats/rds/open.ts";
import type { RValue } from "../../../formats/rds/types.ts";
import type { MatrixFrame } from "../../read/matrix.ts";
import type { AnnData, Matrix, MatrixName } from "../../types.ts";
import { oneMatrix } from "../one-matrix.ts";
import { reductionsOf } from "./coordinates.ts";
import { frameOf, type RTable, rowsNamed } from "./frames.ts";
import { findMatrix, isEmpty, openRMatrix, type RMatrix } from "./matrices.ts";
import { badObject } from "./objects.ts";

/** One matrix by its name in R. */
export interface FoundMatrix {
  readonly nGenes: number;
  readonly nCells: number;
  open(name: MatrixName, where: string, frame: MatrixFrame): Promise<Matrix>;
}

export interface FoundObject {
  readonly file: RFile;
  readonly input: FileInput | null;
  readonly format: string;
  /** The object in the words of its users, such as `Seurat object`. */
  readonly title: string;
  readonly part?: string;
  readonly cells: readonly string[];
  readonly genes: readonly string[];
  readonly matrices: ReadonlyMap<string, FoundMatrix>;
  /** The names of matrices that become X, the best first. */
  readonly usual: readonly string[];
  readonly cellTable: RTable;
  readonly geneTable: RTable;
  readonly reductions: ReadonlyMap<string, RValue>;
  readonly notices: readonly Notice[];
  readonly notes: readonly Notice[];
}

/** @throws BAD_DATA for an object without a matrix of its cells and genes. */
export async function datasetOf(found: FoundObject): Promise<AnnData> {
  const { file, input, format, cells, genes, matrices, usual } = found;
  const { name } = file;
  const notices: Notice[] = [...found.notices];
  const fitting = new Map<string, FoundMatrix>();
  for (const [key, matrix] of matrices) {
    if (matrix.nCells === cells.length && matrix.nGenes === genes.length) fitting.set(key, matrix);
    else
      notices.push({
        message: `left out ${key}: it has ${matrix.nGenes} genes and ${matrix.nCells} cells of ${genes.length} and ${cells.length}`,
        where: name,
      });
  }
  const main = usual.find((key) => fitting.has(key)) ?? [...fitting.keys()][0];
  if (main === undefined)
    throw badObject(
      `this ${found.title} has no matrix of its ${genes.length} genes and ${cells.length} cells`,
      "in R, keep counts or normalised values in the object before saveRDS",
    );
  for (const [names, what] of [
    [cells, "cell"],
    [genes, "gene"],
  ] as const)
    if (names.length === 0)
      throw badObject(`this ${found.title} has no ${what}s`, "save an object with cells and genes");
  const obs = await frameOf(
    file,
    `${name} › obs`,
    cells,
    found.cellTable.columns,
    rowsNamed(found.cellTable.rowNames, cells, `${name} › obs`),
  );
  const vars = await frameOf(
    file,
    `${name} › var`,
    genes,
    found.geneTable.columns,
    rowsNamed(found.geneTable.rowNames, genes, `${name} › var`),
  );
  const { obsm, notices: left } = await reductionsOf(file, found.reductions, cells);
  const shape: MatrixFrame = {
    nRows: cells.length,
    nCols: genes.length,
    rowNames: async () => cells,
    columnNames: async () => genes,
  };
  const opener = (key: string, as: MatrixName) => () => fitting.get(key)!.open(as, `${name} › ${key}`, shape);
  const layers = [...fitting.keys()].filter((key) => key !== main);
  const adata = oneMatrix({
    source: name,
    input,
    format,
    obs: obs.frame,
    var: vars.frame,
    matrix: opener(main, "X"),
    nameOfX: `layers/${main}`,
    layers: new Map(layers.map((key) => [key, opener(key, `layers/${key}`)])),
    obsm,
    notices: [...notices, ...obs.notices, ...vars.notices, ...left],
    notes: [
      ...found.notes,
      ...(main === usual[0] ? [] : [{ message: `X is ${main} of this ${found.title}`, where: name }]),
    ],
    close: () => file.close(),
  });
  return found.part === undefined ? adata : { ...adata, stored: { ...adata.stored!, part: found.part } };
}

/** The matrices of a list that can be read; a message says why another cannot. @throws the reason, if none can be read. */
export async function matricesOf(
  file: RFile,
  items: ReadonlyMap<string, RValue>,
): Promise<{ readonly found: ReadonlyMap<string, RMatrix>; readonly notices: readonly Notice[] }> {
  const found = new Map<string, RMatrix>();
  const refused: AtlasmtlError[] = [];
  for (const [key, value] of items) {
    try {
      const matrix = await findMatrix(file, value, key);
      if (matrix !== null && !isEmpty(matrix)) found.set(key, matrix);
    } catch (error) {
      if (!(error instanceof AtlasmtlError && error.code === "UNSUPPORTED")) throw error;
      refused.push(error);
    }
  }
  if (found.size === 0 && refused.length > 0) throw refused[0];
  const notices = refused.map(({ message, where, hint }) => ({
    message: `left out ${where}: ${message}`,
    where: file.name,
    ...(hint === undefined ? {} : { hint }),
  }));
  return { found, notices };
}

/** A matrix that is stored in one piece. */
export function stored(file: RFile, matrix: RMatrix): FoundMatrix {
  const { nGenes, nCells } = matrix;
  return { nGenes, nCells, open: (name, where, frame) => openRMatrix(file, matrix, name, where, frame) };
}

/** @throws NOT_FOUND unless `asked` is one of `names`. */
export function checkPart(asked: string, names: readonly string[], title: string): void {
  if (!names.includes(asked))
    throw new AtlasmtlError(
      "NOT_FOUND",
      `there is no "${asked}" in this ${title}${didYouMean(asked, names)}`,
      {
        hint: `there is: ${names.join(", ")}`,
      },
    );
}
