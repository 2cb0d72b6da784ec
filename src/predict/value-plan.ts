/**
 * Decides what is done to the values of a query, from what the model needs, what the caller says and what the values look
 * like (docs/specification/3-prediction.md#values).
 * @module
 */
import type { MatrixJudgement, MatrixVerdict } from "../anndata/judgement/types.ts";
import { logName, MAX_LOG } from "../anndata/judgement/verdict.ts";
import { TARGET_SUM } from "../core/normalize.ts";
import { grouped } from "../core/shown.ts";
import { type Notice, notice, option, type Phrase, phrase } from "../errors.ts";
import { type ReferenceMatrix, referenceMatrix, referenceText } from "../model/matrix-record.ts";
import { normalizationOf } from "../model/normalization.ts";
import type { Model } from "../model/types.ts";
import { planAllGenes } from "./all-genes.ts";
import type { PredictSettings } from "./options.ts";
import type { GivenValues, LogTarget, PlannedValues, ValuePlan, ValueProblem } from "./planned-values.ts";

export type { GivenValues, LogTarget, PlannedValues, ValuePlan, ValueProblem };

/** Parts of a model that decide what it needs. */
export type ValueNeeds = Pick<Model, "inputTransform" | "trainConfig" | "oneVsRest"> & {
  readonly linear?: Pick<NonNullable<Model["linear"]>, "values"> | null | undefined;
  readonly space?: Pick<NonNullable<Model["space"]>, "values"> | null | undefined;
};

type ValueSettings = Pick<PredictSettings, "inputTransform" | "normalize">;

/** Verdicts that mean the same to a model. */
const FAMILY: Readonly<Partial<Record<MatrixVerdict, string>>> = {
  counts: "counts",
  count_like: "counts",
  log1p: "log",
  size_normalised: "size",
  scaled: "scaled",
  dense_positive: "dense",
  binary: "binary",
};
/** Values that are in proportion to the counts of a cell. */
const PROPORTIONAL: readonly MatrixVerdict[] = ["counts", "count_like", "size_normalised"];
/** Totals of cells that differ by less are of one normalisation. */
const SAME_TOTAL = 0.1;

/** Plans the values of the matrix `where`, which messages name; `judgement` is null if it was not looked at. */
export function planValues(
  model: ValueNeeds,
  settings: ValueSettings,
  judgement: MatrixJudgement | null,
  where: string,
): PlannedValues {
  if (model.oneVsRest) return planAllGenes(settings, judgement, where);
  const reference = referenceMatrix(model);
  const own = normalizationOf(model);
  const normalize = settings.normalize ?? own;
  const transform = settings.inputTransform ?? model.inputTransform;
  const verdict = judgement?.verdict ?? null;
  const isProportional = verdict !== null && PROPORTIONAL.includes(verdict);
  const target = targetOf(reference, judgement);
  const isConvertible = isProportional || (verdict === "log1p" && target.isOther);
  // A caller who says what the values are, and not what the model has anyway, is believed.
  const isTold = settings.normalize !== null;

  const ownValues = model.linear?.values ?? model.space?.values ?? null;
  const network =
    transform === "binary"
      ? "expressed"
      : normalize === "log1p_cp10k"
        ? "log1p_cp10k"
        : !isTold && model.inputTransform === "float" && reference?.verdict === "log1p" && isConvertible
          ? "target"
          : "values";
  const others = othersOf();
  const usesCounts = network === "log1p_cp10k" || network === "target" || others.others !== "values";
  const undo =
    verdict === "log1p" && usesCounts && settings.normalize !== "log1p_cp10k" ? judgement!.log : null;
  const plan: ValuePlan = {
    undo,
    network,
    ...others,
    target: network === "target" || others.others === "target" ? target.scale : null,
    whole: null,
  };
  const problem = judgement === null ? null : findProblem(judgement);
  if (judgement === null || problem !== null)
    return { plan, problem, isJudged: judgement !== null, notes: [], warnings: [] };
  return { plan, problem, isJudged: true, ...remarks(judgement) };

  function othersOf(): Pick<ValuePlan, "others" | "given"> {
    if (ownValues === null) return { others: "values", given: "unknown" };
    if (own === "log1p_cp10k" && settings.normalize === "none")
      return { others: "values", given: "normalised" };
    if (ownValues === "log1p_cp10k") {
      const isCounted = verdict === null || verdict === "counts" || verdict === "count_like";
      if (normalize === "log1p_cp10k" || isProportional || verdict === "log1p" || verdict === "binary")
        return { others: "counts", given: isCounted ? "counts" : "proportional" };
      // These are refused, or the caller insists.
      if (verdict === "dense_positive" || verdict === "unclear")
        return settings.normalize === null && judgement!.statistics.range[1] > MAX_LOG
          ? { others: "counts", given: "proportional" }
          : { others: "values", given: "normalised" };
      return { others: "values", given: "unknown" };
    }
    if (reference !== null && reference.verdict !== "log1p") return { others: "values", given: "unknown" };
    if (isConvertible) return { others: "target", given: "normalised" };
    return { others: "values", given: verdict === "log1p" ? "normalised" : "unknown" };
  }

  function findProblem({ verdict: found, evidence, statistics }: MatrixJudgement): ValueProblem | null {
    const isSame = reference !== null && FAMILY[reference.verdict] === FAMILY[found];
    const looks = `${where} looks like ${found} (${evidence})`;
    const eitherWay = phrase`if they are counts, say so by ${option("normalize", "log1p_cp10k")}; if they are log1p of 10,000 counts per cell, by ${option("normalize", "none")}`;
    const byLayer = phrase`choose the matrix with counts by ${option("layer")}`;
    const problem = (needs: string | Phrase, fix = byLayer, canForce = true): ValueProblem => ({
      message: phrase`${looks}, and ${needs}`,
      fix,
      canForce,
    });
    if (network === "expressed") {
      if (found === "scaled")
        return problem(
          "the model takes which genes are above zero, so that values below zero cannot be used",
          byLayer,
          false,
        );
      if (found === "dense_positive" && !isSame)
        return problem("the model takes which genes are above zero: they would all be");
      if (found === "unclear" && model.linear?.values === "log1p_cp10k" && !isTold)
        return problem("the linear views of the model normalise counts", eitherWay);
      return null;
    }
    if (network === "log1p_cp10k") {
      if (found === "scaled") return problem("the model normalises counts", byLayer, false);
      if (found === "dense_positive") return problem("the model normalises counts");
      if (found === "log1p" && isTold)
        return problem(
          phrase`${option("normalize", "log1p_cp10k")} takes counts`,
          phrase`leave ${option("normalize")} out: the logarithm is then taken back`,
        );
      if (found === "unclear" && !isTold) return problem("the model normalises counts", eitherWay);
      return null;
    }
    if (network === "target") return null;
    if (own === "log1p_cp10k") {
      const isImpossible = statistics.range[1] > MAX_LOG;
      if (found === "log1p" || found === "unclear" || found === "empty") return null;
      return problem(
        phrase`${option("normalize", "none")} says that they are logarithms${isImpossible ? `, which stay below ${MAX_LOG}` : ""}`,
        PROPORTIONAL.includes(found)
          ? phrase`leave ${option("normalize")} out: the model normalises them`
          : byLayer,
        found !== "scaled" || isImpossible,
      );
    }
    if (model.inputTransform === "binary" || reference === null || isSame) return null;
    if (FAMILY[found] === undefined || FAMILY[reference.verdict] === undefined) return null;
    return problem(
      `the model was trained on ${referenceText(reference)}`,
      reference.verdict === "log1p" && isTold
        ? phrase`leave ${option("normalize")} out: values are then normalised as the reference's are`
        : phrase`choose the matrix that the model was trained on the like of by ${option("layer")}`,
    );
  }

  function remarks(found: MatrixJudgement): Pick<PlannedValues, "notes" | "warnings"> {
    const notes: Notice[] = [];
    const warnings: Notice[] = [];
    const looks = `it looks like ${found.verdict} (${found.evidence})`;
    const say = (text: string | Phrase, isLoud = false): void => {
      (isLoud ? warnings : notes).push(notice(text, { where }));
    };
    if (settings.inputTransform !== null && settings.inputTransform !== model.inputTransform)
      say(
        phrase`${option("inputTransform", settings.inputTransform)} gives the network other values than it was trained on (${model.inputTransform}): labels may be wrong at high confidence`,
        true,
      );
    if (network === "values" && own === "log1p_cp10k" && isTold) {
      const { log, rowTotal } = found;
      const isLike =
        found.verdict === "log1p" &&
        found.isSure &&
        log?.base === Math.E &&
        log.times === 1 &&
        (rowTotal === null || isNear(rowTotal, TARGET_SUM));
      if (!isLike)
        say(
          phrase`${option("normalize", "none")} says that ${where} holds log1p of ${TARGET_SUM} counts per cell, but ${looks}; leave it out, and the values are normalised as the model's`,
          true,
        );
      return { notes, warnings };
    }
    if (found.verdict === "unclear" && network === "log1p_cp10k")
      say(
        phrase`${where} was normalised as counts, as ${option("normalize", "log1p_cp10k")} says, but ${looks}`,
        true,
      );
    if (!usesCounts) return { notes, warnings };
    if (found.verdict === "binary" && reference?.verdict !== "binary")
      say(
        `${where} holds ${found.evidence}, and the model takes how much a gene is expressed as well: labels are less sure`,
        true,
      );
    const isTarget = plan.target !== null;
    const as = isTarget
      ? `normalised as the reference's, ${logName(plan.target!)} of ${grouped(Math.round(plan.target!.total))} per cell`
      : "normalised as counts";
    const isLoud = !found.isSure;
    if (found.verdict === "log1p" && undo !== null)
      say(`${where}: ${looks}; the logarithm was taken back and the values ${as}`, isLoud);
    else if (found.verdict === "size_normalised" || found.verdict === "count_like")
      say(`${where}: ${looks}; it was ${as}`, isLoud);
    else if (isTarget) say(`${where}: ${looks}; it was ${as}`);
    return { notes, warnings };
  }
}

/** The logarithm of a reference, and whether the query's is another. */
function targetOf(
  reference: ReferenceMatrix | null,
  judgement: MatrixJudgement | null,
): { readonly scale: LogTarget; readonly isOther: boolean } {
  const log = reference?.log ?? { base: Math.E, times: 1 };
  const total = reference?.rowTotal ?? TARGET_SUM;
  const queryTotal = judgement?.rowTotal ?? null;
  const factor = queryTotal === null || (reference?.rowTotal ?? null) === null ? null : total / queryTotal;
  const query = judgement?.log ?? null;
  const isOther =
    reference !== null &&
    query !== null &&
    (query.base !== log.base ||
      query.times !== log.times ||
      (factor !== null && !isNear(queryTotal!, total)));
  return { scale: { ...log, total, factor }, isOther };
}

function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) <= SAME_TOTAL * b;
}
