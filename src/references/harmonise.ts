/** Proposes a label map for several references (docs/specification/2-training.md#proposed-label-maps). @module */
import { columnLabels } from "../anndata/read/column-values.ts";
import type { AnnData, Notice } from "../anndata/types.ts";
import { viewRows } from "../anndata/views/row-view.ts";
import { shown } from "../core/shown.ts";
import { AtlasmtlError, notice } from "../errors.ts";
import { type TrainWork, train } from "../model/train.ts";
import { predict } from "../predict/predict.ts";
import type { PredictedLabels } from "../predict/types.ts";
import { UNKNOWN } from "../predict/unknown.ts";
import type { PresetName } from "../schema/training-options.ts";
import { joinReferences } from "./join.ts";
import { readReferenceLabels } from "./join-labels.ts";
import { type CrossTable, type LabelMatch, type LabelPair, pairLabels } from "./label-pairs.ts";
import type { JoinOptions, LabelMapRow, ReferenceSource } from "./types.ts";

/** A proposed row of a label map, and why. */
export interface LabelProposal extends LabelMapRow {
  readonly file: string;
  readonly column: string;
  readonly match: LabelMatch;
  /** Labels of the references before, or of the next one for those of the first. */
  readonly others: readonly string[];
  /** Share of the cells of the label that a model of the others gives them, 0 to 1. */
  readonly share: number;
  /** Share of the cells of these labels that a model of its own reference gives the label. */
  readonly shareBack: number;
  readonly nCells: number;
}

export interface HarmoniseOptions extends Omit<JoinOptions, "labelMap"> {
  /** Of the models that predict one reference from the other; by default none. */
  readonly preset?: PresetName | undefined;
  readonly randomState?: number | undefined;
}

export interface HarmonisedLabels {
  /** A row for each label of each reference and level. */
  readonly rows: readonly LabelProposal[];
  readonly notes: readonly Notice[];
  readonly warnings: readonly Notice[];
}

type Rows = Map<string, LabelProposal>;

/**
 * Compares each reference with those before it, joined: a model of each predicts the other's cells, at every level.
 * @throws USAGE for fewer than two references; the errors of {@link joinReferences}, training and prediction; ABORTED.
 */
export async function harmoniseLabels(
  sources: readonly ReferenceSource[],
  { preset, randomState, ...options }: HarmoniseOptions,
  work: TrainWork,
): Promise<HarmonisedLabels> {
  if (sources.length < 2)
    throw new AtlasmtlError("USAGE", "there is one reference only, so no labels to bring together", {
      hint: "name two or more",
    });
  const rows: Rows = new Map();
  const warnings: Notice[] = [];
  await addUnmatched(rows, sources[0]);
  for (const [s, next] of sources.entries()) {
    if (s === 0) continue;
    const joined = await joinReferences(
      sources.slice(0, s + 1),
      { ...options, labelMap: [...rows.values()] },
      work.signal,
    );
    const { labelColumns } = joined;
    const nBefore = joined.adata.nObs - next.adata.nObs;
    const before = await viewRows(joined.adata, consecutive(0, nBefore));
    const own = await viewRows(joined.adata, consecutive(nBefore, joined.adata.nObs));
    const settings = {
      labelColumns,
      preset,
      randomState,
      missingLabels: "ignore",
      ...forced(options),
    } as const;
    const [ofBefore, ofOwn] = [
      await crossPredict(before, own, settings, work),
      await crossPredict(own, before, settings, work),
    ];
    for (const level of labelColumns.keys()) {
      const pairs = pairLabels(ofOwn[level].sure, ofBefore[level].sure, {
        first: ofOwn[level].guessed,
        second: ofBefore[level].guessed,
      });
      const known = new Set(pairs.first.map(({ label }) => label));
      for (const pair of pairs.first) tellOfEarlier(rows, sources.slice(0, s), level, pair);
      for (const pair of pairs.second) {
        const row = proposal(next, level, pair);
        rows.set(keyOf(row), row);
        if (pair.match !== "same" && row.to !== null && known.has(row.to)) warnings.push(sameName(row));
      }
    }
  }
  const whole = await joinReferences(sources, { ...options, labelMap: [...rows.values()] }, work.signal);
  return { rows: [...rows.values()], notes: whole.notes, warnings: [...warnings, ...whole.warnings] };
}

const forced = ({ forceInput }: JoinOptions) => (forceInput === undefined ? {} : { forceInput });

const keyOf = ({ file, column, label }: LabelMapRow): string => JSON.stringify([file, column, label]);

function consecutive(start: number, end: number): Uint32Array {
  return Uint32Array.from({ length: end - start }, (_, i) => start + i);
}

async function addUnmatched(rows: Rows, source: ReferenceSource): Promise<void> {
  for (const column of source.labelColumns) {
    const { codes, classes } = await readReferenceLabels(source, column);
    const sizes = new Uint32Array(classes.length);
    for (const code of codes) if (code >= 0) sizes[code]++;
    classes.forEach((label, code) => {
      const row: LabelProposal = {
        ...{ file: source.name, column, label, to: label },
        ...{ match: "unmatched", others: [], share: 0, shareBack: 0, nCells: sizes[code] },
      };
      rows.set(keyOf(row), row);
    });
  }
}

function proposal({ name, labelColumns }: ReferenceSource, level: number, pair: LabelPair): LabelProposal {
  const to = pair.match === "same" ? pair.others[0] : pair.match === "coarser" ? null : pair.label;
  return { ...pair, file: name, column: labelColumns[level], to };
}

/** What the next reference says of labels of those before it; a coarser one is taken away, as its parts are labels now. */
function tellOfEarlier(
  rows: Rows,
  sources: readonly ReferenceSource[],
  level: number,
  { label, nCells: _nCells, ...said }: LabelPair,
): void {
  for (const [key, row] of rows) {
    const isOfLevel = sources.some(
      ({ name, labelColumns }) => name === row.file && labelColumns[level] === row.column,
    );
    if (!isOfLevel || row.to !== label) continue;
    // A match with one reference is not undone by another that lacks the type.
    if (row.match !== "unmatched" && said.match === "unmatched") continue;
    rows.set(key, { ...row, ...said, to: said.match === "coarser" ? null : row.to });
  }
}

function sameName({ file, column, label, others, share }: LabelProposal): Notice {
  const instead = others.length === 0 ? "" : `; most like ${shown(others[0])} (${Math.round(100 * share)} %)`;
  return notice(
    `${shown(label)} is a label of ${file} and of a reference before it, and their cells are not predicted as each other${instead}`,
    {
      where: `${file} › obs › ${column}`,
      hint: "labels of one name become one: give one of them another name if they are two types",
    },
  );
}

interface CrossPrediction {
  readonly sure: CrossTable;
  /** With the likeliest label of Unknown cells: to a model that learnt ten cells of a type, all others are Unknown. */
  readonly guessed: CrossTable;
}

/** At each level, what a model of `reference` says of the cells of `query`. */
async function crossPredict(
  reference: AnnData,
  query: AnnData,
  options: Parameters<typeof train>[1],
  work: TrainWork,
): Promise<readonly CrossPrediction[]> {
  const { model } = await train(reference, options, work);
  const { labels } = await predict(model, query, { autoAdapt: false }, work);
  return Promise.all(
    labels.map(async ({ column, final, knn }) => {
      const own = columnLabels(await query.obs.column(column));
      return { sure: crossTable(own, final), guessed: crossTable(own, knn) };
    }),
  );
}

/** Unknown is none of the predicted labels, and counts in the sizes. */
function crossTable(own: PredictedLabels, final: PredictedLabels): CrossTable {
  const predicted = final.categories.filter((label) => label !== UNKNOWN);
  const place = final.categories.map((label) => predicted.indexOf(label));
  const counts = new Uint32Array(own.categories.length * predicted.length);
  const sizes = new Uint32Array(own.categories.length);
  own.codes.forEach((code, row) => {
    if (code < 0) return;
    sizes[code]++;
    const to = final.codes[row] < 0 ? -1 : place[final.codes[row]];
    if (to >= 0) counts[code * predicted.length + to]++;
  });
  return { labels: own.categories, predicted, counts, sizes };
}
