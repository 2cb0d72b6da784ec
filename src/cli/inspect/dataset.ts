/** Describes a dataset, so that the user can choose the flags of `train` and `predict`. @module */
import { isPredictionColumn, labelColumnOf } from "../../api/formats.ts";
import {
  type ColumnSummary,
  type DatasetInspection,
  type ElementSummary,
  type InspectedGenes,
  type InspectedMatrix,
  inspectDataset,
  type MatrixJudgement,
  type MatrixSummary,
  type Notice,
  openAnnData,
  type UnreadableSummary,
} from "../../api/index.ts";
import type { OpenOptions } from "../../api/options.ts";
import { count, percent, plural, snakeKeys, table } from "../terminal/print.ts";
import { shellWord } from "../terminal/shell-word.ts";
import { type Description, listed, MAX_ITEMS, type Section } from "./description.ts";

/** Options of inspection. */
export interface InspectWork {
  readonly signal: AbortSignal;
  readonly open: OpenOptions;
  /** Notices as the command line words them. */
  readonly inWords: (notice: Notice) => Notice;
}

/** @throws as `openAnnData`. */
export async function describeDataset(
  path: string,
  { signal, open, inWords }: InspectWork,
): Promise<Description> {
  const adata = await openAnnData(path, open);
  try {
    const inspection = await inspectDataset(adata, { signal });
    const { container, labelColumns, groupColumns, roles: _roles, notices, ...summary } = inspection;
    return {
      kind: "dataset",
      title: `${path}: ${plural(summary.nObs, "cell")} × ${plural(summary.nVars, "gene")}, ${container}`,
      sections: sectionsOf(inspection, notices.map(inWords)),
      next: nextCommands(path, inspection),
      json: {
        ...(snakeKeys(summary) as object),
        container,
        label_columns: labelColumns,
        group_columns: groupColumns,
        notices: notices.map(inWords),
      },
    };
  } finally {
    await adata.close();
  }
}

function sectionsOf(summary: DatasetInspection, notices: readonly Notice[]): Section[] {
  const { matrices } = summary;
  const isPrediction = (name: string): boolean => hasPredictions(summary) && isPredictionColumn(name);
  const of = (role: string) =>
    summary.obs
      .filter(({ name }) => !isPrediction(name))
      .filter((column) => summary.roles.get(column.name) === role)
      .toSorted((a, b) => (role === "other" ? 0 : classesOf(a) - classesOf(b)));
  const sections: Section[] = [
    {
      heading: "Matrices",
      text:
        matrices.length === 0
          ? "none: there is nothing to train on or to predict from"
          : table(
              matrices.map((matrix) => matrixRow(matrix, summary)),
              [1],
            ),
    },
    { heading: "Columns of cells that may be labels", text: classTable(of("label")) },
    { heading: "Groups of cells: donors, batches, conditions", text: classTable(of("group")) },
    { heading: "Other columns of cells", text: table(capped(of("other").map(columnRow))) },
    {
      heading: "Predictions of an earlier run",
      text: classTable(summary.obs.filter(({ name }) => isPrediction(name) && isFinalLabel(name))),
    },
    { heading: "Embeddings (obsm)", text: table(capped(summary.obsm.map(elementRow))) },
    { heading: "Genes", text: geneText(summary.genes) },
    { heading: "Columns of genes", text: table(capped(summary.var.map(columnRow), 6)) },
    { heading: "Unstructured (uns)", text: compact(summary.uns) },
    { heading: "Also there", text: table(capped(summary.other.map(elementRow), 8)) },
    { heading: "Notices", text: notices.map(noticeText).join("\n") },
  ];
  return sections.filter(({ text }) => text !== "");
}

const noticeText = ({ message, hint }: Notice): string =>
  hint === undefined ? message : `${message}\n  fix: ${hint}`;

const isFinalLabel = (name: string): boolean => labelColumnOf("final", name) !== null;

const hasPredictions = ({ obs }: DatasetInspection): boolean => obs.some(({ name }) => isFinalLabel(name));

const isReadable = (column: ColumnSummary | UnreadableSummary): column is ColumnSummary =>
  !("problem" in column);

const classesOf = (column: ColumnSummary | UnreadableSummary): number =>
  isReadable(column) ? (column.nClasses ?? 0) : 0;

function matrixRow(matrix: InspectedMatrix, { nObs, nVars }: DatasetInspection): string[] {
  if (!("look" in matrix)) return [matrix.name, "", "", `cannot be read: ${matrix.problem}`];
  const { name, nRows, nCols, storage, dtype, look, problem } = matrix;
  const size = nRows === nObs && nCols === nVars ? "" : `${count(nRows)} × ${count(nCols)}`;
  const values = problem === null ? lookText(look) : `values cannot be read: ${problem}`;
  return [name, size, `${dtype} ${storage}${filling(matrix)}`, values];
}

function filling({ storage, nStored, nRows, nCols }: MatrixSummary): string {
  if (storage === "dense" || nStored === null || nRows === 0 || nCols === 0) return "";
  return `, ${percent(nStored / (nRows * nCols))} filled`;
}

function lookText(look: MatrixJudgement | null): string {
  return look === null ? "not looked at: large, and stored by columns" : `${look.verdict}: ${look.evidence}`;
}

function classTable(columns: readonly (ColumnSummary | UnreadableSummary)[]): string {
  const rows = columns.filter(isReadable).map(({ name, nClasses, nMissing, classes }) => [
    shortName(name),
    plural(nClasses ?? 0, "class", "classes"),
    nMissing === 0 ? "" : `${count(nMissing)} missing`,
    listed(
      classes.map((item) => `${shortName(item.name, 24)} (${count(item.count)})`),
      3,
    ),
  ]);
  return table(capped(rows), [1, 2]);
}

function geneText({ names, namespace, isVersioned, species, prefix, alternatives }: InspectedGenes): string {
  if (names.length === 0) return "";
  const nRepeated = names.length - new Set(names).size;
  const kinds = {
    ensembl: isVersioned ? "Ensembl ids with versions" : "Ensembl ids",
    symbol: "symbols",
    entrez: "Entrez ids (numbers)",
    mixed: "Ensembl ids and other names, mixed",
    unknown: "names of no kind that is known",
  };
  const others = alternatives.map(
    ({ column, namespace: kind }) =>
      `${kind === "ensembl" ? "Ensembl ids" : kind === "symbol" ? "symbols" : "names"} in var column ${column}`,
  );
  const facts = [
    kinds[namespace],
    ...(species === null ? [] : [`probably ${species}`]),
    ...(prefix === null ? [] : [`each after ${prefix}`]),
    ...(nRepeated === 0 ? [] : [`${plural(nRepeated, "name")} more than once`]),
    ...others,
  ];
  return `${facts.join("; ")}\n${listed(
    names.slice(0, 6).map((name) => shortName(name)),
    6,
  )}${names.length > 6 ? ", …" : ""}`;
}

function columnRow(column: ColumnSummary | UnreadableSummary): string[] {
  if (!isReadable(column)) return [column.name, "", `cannot be read: ${column.problem}`];
  const { name, dtype, range, nClasses, nMissing, kind, classes } = column;
  const numbers = range === null ? "" : `${shortNumber(range[0])} to ${shortNumber(range[1])}`;
  const isTrue = classes.find((item) => item.name === "True")?.count ?? 0;
  const shown =
    kind === "boolean" ? `${count(isTrue)} true` : nClasses === null ? numbers : plural(nClasses, "value");
  return [shortName(name), dtype, nMissing === 0 ? shown : `${shown}, ${count(nMissing)} missing`];
}

function elementRow({ path, encoding, dtype, shape }: ElementSummary): string[] {
  return [
    path.replace(/^(obsm|uns)\//, ""),
    shape === null ? "" : shape.map(count).join(" × "),
    dtype ?? "",
    encoding,
  ];
}

/** Names only, as the content of uns rarely matters for a choice. */
function compact(elements: readonly ElementSummary[]): string {
  return elements.length === 0
    ? ""
    : listed(
        elements.map(({ path }) => path.slice("uns/".length)),
        MAX_ITEMS,
      );
}

function capped(rows: readonly string[][], most = MAX_ITEMS): string[][] {
  if (rows.length <= most) return [...rows];
  return [...rows.slice(0, most - 1), [`and ${rows.length - most + 1} more`]];
}

function nextCommands(path: string, summary: DatasetInspection): string | null {
  const { matrices, labelColumns: labels } = summary;
  if (matrices.length === 0) return null;
  if (hasPredictions(summary)) return null; // an annotated query
  const data = `--adata ${shellWord(path)}${matrixFlag(matrices)}`;
  const predict = `atlasmtl predict --model MODEL.pth ${data} --out ANNOTATED.h5ad`;
  if (labels.length === 0) return predict;
  return `atlasmtl train ${data} --out model/model.pth --labels ${labels.map(shellWord).join(" ")}\n${predict}`;
}

/** Verdicts from which a model can be trained, the best first. */
const USABLE: readonly MatrixJudgement["verdict"][] = [
  "counts",
  "count_like",
  "log1p",
  "size_normalised",
  "binary",
];

/** The flag that chooses a matrix: none if X is usable or unclear, else the matrix that is. */
function matrixFlag(matrices: readonly InspectedMatrix[]): string {
  const verdictOf = (matrix: InspectedMatrix): MatrixJudgement["verdict"] | "unreadable" =>
    "look" in matrix && matrix.problem === null ? (matrix.look?.verdict ?? "unclear") : "unreadable";
  const x = matrices.find(({ name }) => name === "X");
  if (x !== undefined && ["unclear", ...USABLE].includes(verdictOf(x))) return "";
  const other = USABLE.map((verdict) => matrices.find((matrix) => verdictOf(matrix) === verdict)).find(
    (matrix) => matrix !== undefined,
  );
  if (other === undefined) return "";
  return other.name === "raw/X" ? " --use-raw" : ` --layer ${shellWord(other.name.replace(/^layers\//, ""))}`;
}

function shortName(text: string, most = 30): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (size < 1e15 && (Number.isInteger(value) || size >= 1e4)) return count(Math.round(value));
  return value.toPrecision(4);
}
