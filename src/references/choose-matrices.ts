/** Chooses the matrices of several references, whose values must be of one kind. @module */
import { judgeOthers } from "../anndata/judgement/candidates.ts";
import { judgeMatrix } from "../anndata/judgement/judge-matrix.ts";
import type { MatrixJudgement, MatrixVerdict } from "../anndata/judgement/types.ts";
import { matrixName } from "../anndata/read/matrix-name.ts";
import type { MatrixName, Notice } from "../anndata/types.ts";
import { AtlasmtlError, notice, option, phrase } from "../errors.ts";
import type { JoinOptions, ReferenceSource } from "./types.ts";

/** Verdicts that are one kind. */
const COUNTS: readonly MatrixVerdict[] = ["counts", "count_like"];
/** Totals of cells that differ by less are of one normalisation. */
const SAME_TOTAL = 0.1;

export interface ChosenMatrices {
  /** One of each source. */
  readonly names: readonly MatrixName[];
  readonly notes: readonly Notice[];
  readonly warnings: readonly Notice[];
}

interface Judged {
  readonly name: MatrixName;
  /** Null if the matrix was not looked at. */
  readonly judgement: MatrixJudgement | null;
}

/**
 * X of every source, or the matrix of `layer`. Where X are of different kinds and each source has counts, the counts.
 * @throws BAD_DATA for values of different kinds, unless the caller insists; NOT_FOUND for an absent matrix.
 */
export async function chooseMatrices(
  sources: readonly ReferenceSource[],
  { layer, forceInput = false }: JoinOptions,
  signal?: AbortSignal,
): Promise<ChosenMatrices> {
  const asked = matrixName(layer ?? "X");
  const judged: Judged[] = [];
  for (const { adata } of sources)
    judged.push({ name: asked, judgement: await judgeMatrix(await adata.matrix(asked), signal) });
  const names = judged.map(({ name }) => name);
  if (areAlike(judged)) return { names, notes: [], warnings: [] };
  const told = judged.map(({ name, judgement }, s) => textOf(sources[s].name, name, judgement)).join("; ");
  const counted = layer === undefined ? await countsOf(sources, judged, signal) : null;
  if (counted !== null)
    return {
      names: counted,
      notes: [
        notice(
          `the references hold different kinds of values in X, so the counts of each are taken: ${counted.map((name, s) => `${name} of ${sources[s].name}`).join(", ")} (${told})`,
        ),
      ],
      warnings: [],
    };
  const message = `the references hold different kinds of values: ${told}`;
  const hint = phrase`give every reference the same kind, best counts, such as in a layer that ${option("layer")} names`;
  if (forceInput) return { names, notes: [], warnings: [notice(message, { hint })] };
  throw new AtlasmtlError("BAD_DATA", message, {
    where: asked,
    hint: phrase`${hint}; ${option("forceInput", true)} takes the values all the same`,
  });
}

/** The matrix with counts of each source; null if one has none. */
async function countsOf(
  sources: readonly ReferenceSource[],
  judged: readonly Judged[],
  signal?: AbortSignal,
): Promise<MatrixName[] | null> {
  const names: MatrixName[] = [];
  for (const [s, { name, judgement }] of judged.entries()) {
    if (judgement === null || COUNTS.includes(judgement.verdict)) {
      names.push(name);
      continue;
    }
    const others = await judgeOthers(sources[s].adata, name, signal);
    const counts = others.find((other) => other.judgement.verdict === "counts");
    if (counts === undefined) return null;
    names.push(counts.name);
  }
  return names;
}

/** Matrices that were not looked at are taken as they are. */
function areAlike(judged: readonly Judged[]): boolean {
  const seen = judged.flatMap(({ judgement }) =>
    judgement === null || judgement.verdict === "empty" ? [] : [judgement],
  );
  return seen.slice(1).every((other) => isLike(seen[0], other));
}

function isLike(a: MatrixJudgement, b: MatrixJudgement): boolean {
  if (COUNTS.includes(a.verdict)) return COUNTS.includes(b.verdict);
  if (a.verdict !== b.verdict) return false;
  if (a.verdict !== "log1p") return true;
  const isSameLog = a.log?.times === b.log?.times && a.log?.base === b.log?.base;
  if (a.rowTotal === null || b.rowTotal === null) return isSameLog && a.rowTotal === b.rowTotal;
  return isSameLog && Math.abs(a.rowTotal - b.rowTotal) <= SAME_TOTAL * Math.max(a.rowTotal, b.rowTotal);
}

const textOf = (source: string, name: MatrixName, judgement: MatrixJudgement | null): string =>
  `${name} of ${source} ${judgement === null ? "was not looked at" : `looks like ${judgement.verdict} (${judgement.evidence})`}`;
