/** Averages the network's probabilities with those of the model's linear views while the query streams. @module */
import type { Csr, RowRange } from "../core/csr.ts";
import { AtlasmtlError, option, phrase } from "../errors.ts";
import type { ForwardResult } from "../kernels/types.ts";
import { shareOfMeasured } from "../model/components/gene-shares.ts";
import { createValuesCheck } from "../model/components/matrix-values.ts";
import type { LinearViews } from "../model/linear/types.ts";
import { averageProbabilities } from "../model/linear/view-scores.ts";
import type { GeneAlignment } from "./align.ts";
import { measuredGenes } from "./measured-genes.ts";
import { createBlockScorer, type Scores } from "./score-views.ts";
import type { GivenValues } from "./value-plan.ts";

/** Takes rows before they become the network's input, and changes what the network says of them. */
export interface ViewBlocks {
  /** Takes what the views say of all cells of the query, so that they need not be asked again; `firstRow` of them is the first to be added. */
  know(scored: ScoredValues, firstRow: number): void;
  /** Takes aligned rows, with the values that the query's matrix has, in order. */
  add(rows: Csr, firstRow: number): void;
  /** Replaces the logits of a block of rows that were added; `networkWeights` as `averageProbabilities` takes them. */
  average(
    block: ForwardResult,
    firstRow: number,
    networkWeights: readonly number[] | null,
  ): void | Promise<void>;
  /** No more rows come. */
  close(): void;
}

/** What views say of consecutive rows whose values were taken as `values`: by block, then by view. */
export interface ScoredValues {
  readonly values: LinearViews["values"];
  readonly blocks: readonly (readonly Float32Array[])[];
}

/** Rows that were scored and that the network has not seen yet. */
interface ScoredRows {
  readonly firstRow: number;
  readonly nRows: number;
  readonly scores: Scores | Promise<Scores>;
}

/**
 * Scores of the views `linear` for a query. Its first rows say what its values are, or `given` does. Log-normalised values of a query serve a model of counts as well.
 */
export function createViewBlocks(
  linear: LinearViews,
  genes: GeneAlignment,
  given: GivenValues,
  where: string,
  size: { readonly nCells: number; readonly numThreads: number | "max" } = { nCells: 0, numThreads: 1 },
): ViewBlocks {
  const measured = measuredGenes(genes);
  // A model of log-normalised values does not know the shares of counts.
  const share = linear.values === "log1p_cp10k" ? shareOfMeasured(linear.geneShares, measured) : 1;
  const scorer = createBlockScorer(linear, measured, share, size);
  const waiting: ScoredRows[] = [];
  let values: LinearViews["values"] | null = null;
  let known: {
    readonly values: LinearViews["values"];
    readonly of: (rows: RowRange) => Float32Array[];
  } | null = null;

  return {
    know(scored, firstRow) {
      const all = scored.blocks.length === 1 ? scored.blocks[0] : joined(scored.blocks);
      const nOutputs = linear.views[0].heads.reduce((sum, { intercepts }) => sum + intercepts.length, 0);
      known = {
        values: scored.values,
        of: ({ start, end }) =>
          all.map((own) => own.subarray((firstRow + start) * nOutputs, (firstRow + end) * nOutputs)),
      };
    },
    add(rows, firstRow) {
      if (rows.nRows === 0) return;
      if (values === null && rows.indices.length > 0) values = valuesForViews(linear, rows, given, where);
      const taken = values ?? linear.values;
      const scores =
        known?.values === taken
          ? known.of({ start: firstRow, end: firstRow + rows.nRows })
          : scorer.score(rows, taken);
      waiting.push({ firstRow, nRows: rows.nRows, scores });
    },
    average(block, firstRow, networkWeights) {
      while (waiting.length > 0 && waiting[0].firstRow + waiting[0].nRows <= firstRow) waiting.shift();
      const [scored] = waiting;
      if (
        scored === undefined ||
        firstRow < scored.firstRow ||
        firstRow + block.nRows > scored.firstRow + scored.nRows
      )
        throw new AtlasmtlError(
          "BUG",
          `rows ${firstRow} to ${firstRow + block.nRows} have no scores of the views`,
        );
      const from = firstRow - scored.firstRow;
      const average = (scores: Scores): void => {
        const own = scores.map((all) => {
          const width = all.length / scored.nRows;
          return all.subarray(from * width, (from + block.nRows) * width);
        });
        averageProbabilities(block.logits, own, linear, networkWeights);
      };
      const { scores } = scored;
      return scores instanceof Promise ? scores.then(average) : average(scores);
    },
    close: () => scorer.close(),
  };
}

/** The scores of each view for the rows of all blocks. */
function joined(blocks: ScoredValues["blocks"]): Float32Array[] {
  const [first] = blocks;
  return first.map((_, v) => {
    const all = new Float32Array(blocks.reduce((sum, own) => sum + own[v].length, 0));
    let at = 0;
    for (const own of blocks) {
      all.set(own[v], at);
      at += own[v].length;
    }
    return all;
  });
}

/**
 * What views make of rows: `given` says it, or the rows do.
 * @throws BAD_DATA for values that no view can use.
 */
export function valuesForViews(
  linear: LinearViews,
  rows: Csr,
  given: GivenValues,
  where: string,
): LinearViews["values"] {
  if (given !== "unknown") return given === "normalised" ? "as_they_are" : "log1p_cp10k";
  const check = createValuesCheck();
  check.add(rows.data, rows.indices.length);
  const verdict = check.verdict();
  if (verdict === linear.values || (verdict === "as_they_are" && linear.values === "log1p_cp10k"))
    return verdict;
  throw new AtlasmtlError(
    "BAD_DATA",
    verdict === null
      ? "the values are neither counts nor logarithms of normalised counts, which the model's linear views need"
      : "the values look like counts, and the model was trained on log-normalised values",
    {
      where,
      hint: phrase`choose the matrix that the model was trained on the like of by ${option("layer")}`,
    },
  );
}
