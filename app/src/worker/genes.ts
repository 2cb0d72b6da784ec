/** What the genes say: the expression of one in every cell, and those that drive the labels. */
import { AtlasmtlError, explainModel, explainQuery, type MatrixName, type WorkOptions } from "atlasmtl";
import { predictOptions } from "./annotate.ts";
import { desk } from "./desk.ts";
import type { GeneView, LabelGenesView } from "./views.ts";

const GENES_PER_LABEL = 8;

/** The names of the query's genes. */
export async function geneNames(): Promise<readonly string[]> {
  const { query, settings } = desk.needQueryFile();
  return query.adata.varNames(settings.layer as MatrixName);
}

/** Reads one column of the matrix that was annotated, block by block. @throws NOT_FOUND */
export async function geneExpression(gene: string, { signal }: WorkOptions): Promise<GeneView> {
  const { query, settings } = desk.needQueryFile();
  const names = await geneNames();
  const column = names.findIndex((name) => name.toLowerCase() === gene.trim().toLowerCase());
  if (column < 0)
    throw new AtlasmtlError("NOT_FOUND", `there is no gene '${gene}'`, {
      where: query.name,
      hint: "write it as the file does; the list under the box offers its names",
    });
  const values = new Float32Array(query.adata.nObs);
  const matrix = await query.adata.matrix(settings.layer as MatrixName);
  for await (const { firstRow, csr } of matrix.rows({ signal }))
    for (let row = 0; row < csr.nRows; row++)
      for (let e = csr.indptr[row]; e < csr.indptr[row + 1]; e++)
        if (csr.indices[e] === column) values[firstRow + row] = csr.data === null ? 1 : csr.data[e];
  const highest = values.reduce((most, value) => Math.max(most, value), 0);
  // Logarithms, so that a few cells with many counts do not hide the others; for colours only.
  const scale = Math.log1p(highest) || 1;
  return {
    gene: names[column],
    highest,
    values: values.map((value) => Math.log1p(Math.max(0, value)) / scale),
  };
}

export async function labelGenes(work: WorkOptions): Promise<LabelGenesView[]> {
  const { query, model, result, settings } = desk.needQueryFile();
  await explainModel(model.model);
  const columns = await explainQuery(model.model, query.adata, result, predictOptions(settings), work);
  return columns.map(({ column, classes }) => ({
    column,
    labels: classes.map(({ label, genes }) => ({
      label,
      genes: genes.slice(0, GENES_PER_LABEL).map(({ gene, expressing, queryExpressing }) => ({
        gene,
        inReference: expressing,
        inQuery: queryExpressing,
      })),
    })),
  }));
}
