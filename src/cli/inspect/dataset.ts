/** What is in an annotated matrix, so that the flags of `train` and `predict` can be chosen. @module */
import {
  type AnnDataSummary,
  type ColumnSummary,
  describeAnnData,
  type MatrixSummary,
  type UnreadableSummary,
} from "../../anndata/describe.ts";
import { openAnnData } from "../../anndata/open.ts";
import type { AnnData, ElementSummary } from "../../anndata/types.ts";
import { count, percent, plural, shellWord, snakeKeys, table } from "../print.ts";
import { type Description, listed, MAX_ITEMS, type Section } from "./description.ts";

/** Rows of a matrix that are looked at to tell counts from other values. */
const SAMPLE_ROWS = 256;
/** A column with more classes than this names cells, not types. */
const MAX_LABEL_CLASSES = 1000;
const LABEL_WORDS =
  /type|label|lineage|class|cluster|subset|annot|ident|louvain|leiden|state|level|(^|_)l\d/i;

/** @throws what opening throws: the file is no HDF5 or no AnnData. */
export async function describeDataset(path: string, signal: AbortSignal): Promise<Description> {
  const adata = await openAnnData(path);
  try {
    const summary = await describeAnnData(adata);
    const values = await Promise.all(summary.matrices.map((matrix) => valuesOf(adata, matrix, signal)));
    const geneNames = await adata.varNames().catch(() => []);
    const labels = labelColumns(summary);
    return {
      kind: "dataset",
      title: `${path}: ${plural(summary.nObs, "cell")} × ${plural(summary.nVars, "gene")}`,
      sections: sectionsOf(summary, values, geneNames),
      next: nextCommands(path, summary, values, labels),
      json: { ...(snakeKeys(summary) as object), label_columns: labels },
    };
  } finally {
    await adata.close();
  }
}

function sectionsOf(
  summary: AnnDataSummary,
  values: readonly string[],
  geneNames: readonly string[],
): Section[] {
  const matrices = summary.matrices.map((matrix, i) =>
    isUnreadable(matrix)
      ? [matrix.name, `cannot be read: ${matrix.problem}`]
      : [
          matrix.name,
          `${count(matrix.nRows)} × ${count(matrix.nCols)}`,
          matrix.storage,
          matrix.dtype,
          filling(matrix),
          values[i]!,
        ],
  );
  const labelRows = summary.obs.filter(isLabelLike).map((column) => [
    column.name,
    plural(column.nClasses ?? 0, "class", "classes"),
    column.nMissing === 0 ? "" : `${count(column.nMissing)} missing`,
    listed(
      column.classes.map(({ name, count: cells }) => `${shortName(name)} (${count(cells)})`),
      4,
    ),
  ]);
  const others = summary.obs.filter((column) => !isLabelLike(column));
  const sections: Section[] = [
    { heading: "Matrices", text: table(matrices, [1]) },
    { heading: "Columns of cells that may be labels", text: table(capped(labelRows), [1, 2]) },
    { heading: "Other columns of cells", text: table(capped(others.map(columnRow))) },
    { heading: "Arrays of cells (obsm)", text: table(capped(summary.obsm.map(elementRow))) },
    { heading: "Genes", text: geneNames.length === 0 ? "" : listed(geneNames.map(shortName), 6) },
    { heading: "Columns of genes", text: table(capped(summary.var.map(columnRow))) },
    { heading: "Unstructured (uns)", text: table(capped(summary.uns.map(elementRow))) },
    { heading: "Also there", text: table(capped(summary.other.map(elementRow))) },
  ];
  return sections.filter(({ text }) => text !== "");
}

function isUnreadable(item: object): item is UnreadableSummary {
  return "problem" in item;
}

function isLabelLike(column: ColumnSummary | UnreadableSummary): column is ColumnSummary {
  if (isUnreadable(column) || column.kind === "number") return false;
  const nClasses = column.nClasses ?? 0;
  const nCells = column.classes.reduce((sum, item) => sum + item.count, 0) + column.nMissing;
  return nClasses >= 1 && nClasses <= MAX_LABEL_CLASSES && (nClasses < nCells / 2 || nCells < 20);
}

/** Columns whose names say that they are labels, fewest classes first; two classes or more. */
function labelColumns({ obs }: AnnDataSummary): string[] {
  const candidates = obs.filter(isLabelLike).filter(({ nClasses }) => (nClasses ?? 0) >= 2);
  const named = candidates.filter(({ name }) => LABEL_WORDS.test(name));
  return (named.length > 0 ? named : candidates.slice(0, 1))
    .toSorted((a, b) => (a.nClasses ?? 0) - (b.nClasses ?? 0))
    .filter(({ nClasses }, i, sorted) => nClasses !== sorted[i - 1]?.nClasses) // one of each level
    .slice(0, 4)
    .map(({ name }) => name);
}

function columnRow(column: ColumnSummary | UnreadableSummary): string[] {
  if (isUnreadable(column)) return [column.name, `cannot be read: ${column.problem}`];
  const { name, dtype, range, nClasses, nMissing } = column;
  const shown = range !== null ? `${shortNumber(range[0])} to ${shortNumber(range[1])}` : "";
  const classes = nClasses === null ? shown : plural(nClasses, "value");
  return [name, dtype, nMissing === 0 ? classes : `${classes}, ${count(nMissing)} missing`];
}

function elementRow({ path, encoding, dtype, shape }: ElementSummary): string[] {
  return [path, shape === null ? "" : shape.map(count).join(" × "), dtype ?? "", encoding];
}

function capped(rows: readonly string[][]): string[][] {
  if (rows.length <= MAX_ITEMS) return [...rows];
  return [...rows.slice(0, MAX_ITEMS - 1), [`and ${rows.length - MAX_ITEMS + 1} more`]];
}

function filling({ storage, nStored, nRows, nCols }: MatrixSummary): string {
  if (storage === "dense" || nStored === null || nRows === 0 || nCols === 0) return "";
  return `${percent(nStored / (nRows * nCols))} stored`;
}

/** What the first rows of a matrix hold: counts, or values from … to …. */
async function valuesOf(
  adata: AnnData,
  matrix: MatrixSummary | UnreadableSummary,
  signal: AbortSignal,
): Promise<string> {
  if (isUnreadable(matrix)) return "";
  try {
    const { nRows, rows } = await bound(adata, matrix);
    let least = 0;
    let most = 0;
    let isWhole = true;
    for await (const { csr } of rows({ end: Math.min(SAMPLE_ROWS, nRows), signal }))
      for (const value of csr.data ?? []) {
        if (value < least) least = value;
        if (value > most) most = value;
        if (isWhole && !Number.isInteger(value)) isWhole = false;
      }
    if (most === 0 && least === 0) return "all zero so far";
    if (least < 0) return `scaled: ${shortNumber(least)} to ${shortNumber(most)}`;
    return isWhole ? `counts up to ${count(most)}` : `up to ${shortNumber(most)}`;
  } catch (error) {
    if (signal.aborted) throw error;
    return `first rows cannot be read: ${(error as Error).message}`;
  }
}

async function bound(adata: AnnData, { name }: MatrixSummary) {
  const matrix = await adata.matrix(name);
  return { nRows: matrix.nRows, rows: matrix.rows.bind(matrix) };
}

function nextCommands(
  path: string,
  { obs, matrices }: AnnDataSummary,
  values: readonly string[],
  labels: readonly string[],
): string | null {
  if (obs.some(({ name }) => name.startsWith("pred_"))) return null; // an annotated query
  // Scaled values are refused by the default transform; another matrix may do.
  const usable = matrices.find((_, i) => /^(counts )?up to/.test(values[i]!))?.name ?? "X";
  const data = `--adata ${shellWord(path)}${usable === "X" ? "" : ` --layer ${shellWord(usable)}`}`;
  const predict = `atlasmtl predict --model MODEL.pth ${data} --out ANNOTATED.h5ad`;
  if (labels.length === 0) return predict;
  return `atlasmtl train ${data} --out model/model.pth --labels ${labels.map(shellWord).join(" ")}\n${predict}`;
}

function shortName(text: string): string {
  return text.length > 30 ? `${text.slice(0, 29)}…` : text;
}

function shortNumber(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? count(value) : value.toPrecision(4);
}
