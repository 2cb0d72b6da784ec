/** How many of the model's genes a query has, and when that is too few (docs/specification/3-prediction.md#gene-alignment). @module */
import { grouped } from "../core/shown.ts";
import { AtlasmtlError, type Notice, notice, option, phrase } from "../errors.ts";
import type { Model } from "../model/types.ts";
import type { GeneAlignment } from "./align.ts";
import { likelyCause, type QuerySide } from "./gene-mismatch.ts";
import type { Warning } from "./types.ts";

/** Below this share of the reference's counts, accuracy falls: docs/preprocessing.md#missing-genes. */
const ENOUGH_COUNTS = 0.8;
/** Below this share of genes, where the counts of the reference are not known. */
const ENOUGH_GENES = 0.7;
const N_EXAMPLES = 3;

export interface GeneOverlap {
  /** How many genes match, always. */
  readonly note: Notice;
  /** Null if there are enough. */
  readonly warning: Warning | null;
}

/**
 * The line about the matched genes, and a warning where missing genes cost accuracy.
 * @throws MISMATCH when no gene of the model is in the query.
 */
export function geneOverlap(
  { toModel, nGenes, nMatched }: GeneAlignment,
  { trainGenes, space, linear, oneVsRest }: Pick<Model, "trainGenes" | "space" | "linear" | "oneVsRest">,
  query: QuerySide,
): GeneOverlap {
  const { isFound, counts, genes, isEnough } = matchedShares({ toModel, nGenes, nMatched }, { space });
  const ofGenes = `${grouped(nMatched)} of the model's ${grouped(nGenes)} genes`;
  const ofCounts = counts === null ? "" : `; they had ${percent(counts)} of the reference's counts`;
  const note = { message: `genes: the query has ${ofGenes}, ${percent(genes)}${ofCounts}` };
  if (isEnough) return { note, warning: null };

  const unmatched = trainGenes.filter((_, gene) => isFound[gene] === 0);
  const { cause, hint, isOtherSet } = likelyCause(query, trainGenes, unmatched, nMatched);
  const examples =
    `query: ${query.unmatched.length === 0 ? "all match" : quoted(query.unmatched)}; ` +
    `model: ${quoted(unmatched)}`;
  const details = { where: `${query.source} › var names`, hint };
  if (nMatched === 0)
    throw new AtlasmtlError(
      "MISMATCH",
      `none of the model's ${nGenes} genes are among the query's ${query.nGenes} (${examples}); likely cause: ${cause}`,
      details,
    );
  // Linear views infer missing genes: docs/preprocessing.md#missing-genes.
  const retrain = isOtherSet === true && !linear && !oneVsRest;
  const measured =
    counts === null ? percent(genes) : `${percent(genes)}, with ${percent(counts)} of the reference's counts`;
  return {
    note,
    warning: notice(
      `the query has ${ofGenes} (${measured}), which costs accuracy (unmatched in the ${examples}); likely cause: ${cause}`,
      retrain
        ? {
            ...details,
            hint: phrase`${hint}; or train a model on the genes that the query has, with ${option("genes")}`,
          }
        : details,
    ),
  };
}

/** How much of the model the query's genes are, and whether that is enough. */
export function matchedShares(
  { toModel, nGenes, nMatched }: Pick<GeneAlignment, "toModel" | "nGenes" | "nMatched">,
  { space }: Pick<Model, "space">,
): {
  readonly isFound: Uint8Array;
  readonly counts: number | null;
  readonly genes: number;
  readonly isEnough: boolean;
} {
  const isFound = new Uint8Array(nGenes);
  for (const gene of toModel) if (gene >= 0) isFound[gene] = 1;
  const counts = shareOfCounts(space?.geneShares, isFound);
  const genes = nGenes === 0 ? 1 : nMatched / nGenes;
  return {
    isFound,
    counts,
    genes,
    isEnough: counts === null ? genes >= ENOUGH_GENES : counts >= ENOUGH_COUNTS,
  };
}

/** Null where the counts of the reference are not known. */
function shareOfCounts(shares: Float32Array | undefined, isFound: Uint8Array): number | null {
  if (shares === undefined) return null;
  let [found, all] = [0, 0];
  shares.forEach((share, gene) => {
    all += share;
    if (isFound[gene] !== 0) found += share;
  });
  return all > 0 ? found / all : null;
}

/** Rounded down, so that 100 % are all. */
const percent = (share: number): string => `${Math.floor(100 * share)} %`;

const quoted = (names: readonly string[]): string =>
  names
    .slice(0, N_EXAMPLES)
    .map((name) => `'${name}'`)
    .join(", ");
