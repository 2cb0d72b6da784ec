/** Opens an R object that holds cells: which kind it is, and the dataset that it becomes. @module */
import { AtlasmtlError, locate, type Notice } from "../../../errors.ts";
import { openR, type RFile } from "../../../formats/rds/open.ts";
import { looksLikeGenes } from "../../inspect/gene-names.ts";
import type { AnnData } from "../../types.ts";
import type { OpenOptions, Probe } from "../probe.ts";
import { datasetOf, type FoundObject, stored } from "./dataset.ts";
import { isExperiment, readExperiment } from "./experiment.ts";
import { findMatrix, isEmpty } from "./matrices.ts";
import { badObject, classOf, described, dimNames, shapeOf } from "./objects.ts";
import { isSeurat, readSeurat } from "./seurat.ts";

export async function openRds(probed: Probe, options: OpenOptions, format: string): Promise<AnnData> {
  const file = await openR(probed.takeSource());
  try {
    return await datasetOf({ ...(await find(file, options)), input: probed.input, format });
  } catch (error) {
    await file.close();
    throw locate(error, probed.name);
  }
}

async function find(file: RFile, options: OpenOptions): Promise<Omit<FoundObject, "input" | "format">> {
  if (isSeurat(file.root)) return readSeurat(file, options);
  if (isExperiment(file.root)) return readExperiment(file, options);
  if ((await shapeOf(file, file.root)) !== null) return readMatrix(file);
  throw await notRead(file);
}

/** A matrix of genes × cells by itself. */
async function readMatrix(file: RFile): Promise<Omit<FoundObject, "input" | "format">> {
  const matrix = await findMatrix(file, file.root, "matrix");
  if (matrix === null || isEmpty(matrix))
    throw badObject("the matrix is empty", "save a matrix with genes and cells");
  const [genes, named] = [await dimNames(file, file.root, 0), await dimNames(file, file.root, 1)];
  if (genes === null)
    throw badObject(
      "the rows of the matrix, which are genes, have no names",
      "in R, name them: rownames(x) <- genes",
    );
  const notices: Notice[] = [];
  if (named === null)
    notices.push({ message: "the cells have no names: they are numbered", where: file.name });
  else if (looksLikeGenes(named) && !looksLikeGenes(genes))
    notices.push({
      message: `the names of the cells look like genes: ${named.slice(0, 3).join(", ")}`,
      where: file.name,
      hint: "in R, genes are the rows of such a matrix: write t(x)",
    });
  const empty = { columns: new Map(), rowNames: null };
  return {
    file,
    title: "matrix",
    cells: named ?? Array.from({ length: matrix.nCells }, (_, cell) => String(cell + 1)),
    genes,
    matrices: new Map([["counts", stored(file, matrix)]]),
    usual: ["counts"],
    cellTable: empty,
    geneTable: empty,
    reductions: new Map(),
    notices,
    notes: [],
  };
}

async function notRead(file: RFile): Promise<AtlasmtlError> {
  const { names } = await classOf(file, file.root);
  const message = `the file holds ${await described(file, file.root)}, and no object of cells and genes`;
  let hint = "save a Seurat object, a SingleCellExperiment, or a matrix of genes and cells: saveRDS(x, file)";
  if (names.includes("seurat"))
    hint = "this is an object of Seurat 2: in R, saveRDS(UpdateSeuratObject(x), file)";
  else if (names.includes("data.frame"))
    hint = "in R, save it as a matrix with genes in rows: saveRDS(as.matrix(x), file)";
  else if (file.root?.kind === "list") hint = "save its objects one by one: saveRDS(x[[1]], file)";
  return new AtlasmtlError("UNSUPPORTED", message, { hint });
}
