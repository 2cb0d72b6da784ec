/** Whether the values of a reference are what training needs (docs/specification/2-training.md#values-of-the-matrix). @module */
import { judgeOthers } from "../anndata/judgement/candidates.ts";
import type { MatrixJudgement, MatrixVerdict } from "../anndata/judgement/types.ts";
import type { AnnData, MatrixName } from "../anndata/types.ts";
import { AtlasmtlError, notice, option, type Phrase, phrase } from "../errors.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import type { Warning } from "./types.ts";

type ValueOptions = Pick<
  ResolvedTrainOptions,
  "normalize" | "inputTransform" | "countThinning" | "forceInput"
>;

interface Finding {
  readonly message: Phrase;
  readonly fix: Phrase;
}

/** Verdicts that normalisation takes. */
const COUNTS: readonly MatrixVerdict[] = ["counts", "count_like"];

/**
 * Checks the matrix `name`, which looks like `judgement`.
 * @throws BAD_DATA for values that training cannot use, unless the caller insists; it names the matrix that fits.
 */
export async function checkTrainValues(
  adata: AnnData,
  name: MatrixName,
  judgement: MatrixJudgement,
  options: ValueOptions,
  signal?: AbortSignal,
): Promise<Warning[]> {
  const problem = findProblem(name, judgement, options);
  if (problem === null) return remarks(name, judgement, options);
  const { message, fix } = problem;
  const other = (await judgeOthers(adata, name, signal)).find((candidate) =>
    COUNTS.includes(candidate.judgement.verdict),
  );
  const hint =
    other === undefined
      ? fix
      : phrase`choose ${option("layer", other.name.replace(/^layers\//, ""))}, which looks like ${other.judgement.verdict} (${other.judgement.evidence})`;
  if (options.forceInput) return [notice(message, { where: name, hint })];
  throw new AtlasmtlError("BAD_DATA", message, {
    where: name,
    hint: phrase`${hint}; ${option("forceInput", true)} takes the values all the same`,
  });
}

function findProblem(
  name: string,
  { verdict, evidence }: MatrixJudgement,
  { normalize, inputTransform }: ValueOptions,
): Finding | null {
  const looks = `${name} looks like ${verdict} (${evidence})`;
  const byLayer = phrase`choose the matrix with counts by ${option("layer")}`;
  if (normalize === "log1p_cp10k") {
    if (COUNTS.includes(verdict) || verdict === "empty" || verdict === "binary") return null;
    return {
      message: phrase`${option("normalize", normalize)} takes counts, and ${looks}`,
      fix: phrase`${byLayer}, or set ${option("normalize", "none")}${verdict === "log1p" ? ", which takes the logarithms as they are" : ""}`,
    };
  }
  // Values below zero are refused where they are met, with their gene and cell.
  if (inputTransform === "binary" && verdict === "dense_positive")
    return {
      message: phrase`${looks}, and ${option("inputTransform", inputTransform)} takes which genes are above zero: they would all be`,
      fix: byLayer,
    };
  return null;
}

function remarks(
  name: string,
  { verdict, evidence }: MatrixJudgement,
  { normalize, inputTransform }: ValueOptions,
): Warning[] {
  const looks = `${name} looks like ${verdict} (${evidence})`;
  if (normalize === "log1p_cp10k") {
    if (verdict === "count_like") return [notice(`${looks}; it was normalised as counts`, { where: name })];
    if (verdict === "binary")
      return [
        notice(
          phrase`${looks}, and ${option("normalize", normalize)} takes counts: what is left is how many genes a cell has`,
          {
            where: name,
            hint: phrase`choose the matrix with counts by ${option("layer")}`,
          },
        ),
      ];
    return [];
  }
  if (inputTransform !== "float" || !(COUNTS.includes(verdict) || verdict === "size_normalised")) return [];
  return [
    notice(
      phrase`${looks}, and ${option("inputTransform", inputTransform)} takes it as it is: large values and the depth of the cells will count for most`,
      {
        where: name,
        hint: phrase`set ${option("normalize", "log1p_cp10k")}, or choose logarithms by ${option("layer")}`,
      },
    ),
  ];
}
