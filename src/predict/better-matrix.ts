/** Names the matrix of a query that fits a model better than the one that was read. @module */
import { type Candidate, judgeOthers, matrixNames } from "../anndata/judgement/candidates.ts";
import { matrixName } from "../anndata/read/matrix-name.ts";
import type { AnnData, MatrixName } from "../anndata/types.ts";
import { grouped } from "../core/shown.ts";
import { type Notice, notice, option, type Phrase, phrase } from "../errors.ts";
import type { PredictSettings } from "./options.ts";
import { planValues, type ValueNeeds } from "./value-plan.ts";

/** Another matrix is named if it has this share of the model's genes more. */
const MORE_GENES = 0.05;

type Needs = ValueNeeds & { readonly trainGenes: readonly string[] };

/**
 * The fix for a matrix that a model cannot use: the one of the others that it can use and that has most of its genes;
 * null if there is none.
 */
export async function fittingMatrix(
  model: Needs,
  adata: AnnData,
  settings: PredictSettings,
  signal?: AbortSignal,
): Promise<Phrase | null> {
  const others = await judgeOthers(adata, matrixName(settings.layer), signal);
  const best = await bestOf(others, model, adata, settings);
  return best === null ? null : phrase`choose ${option("layer", bare(best.name))}: ${factsOf(best, model)}`;
}

/**
 * A warning if a matrix with other genes, such as raw, has clearly more of the model's genes than the one that is read.
 */
export async function completerMatrix(
  model: Needs,
  adata: AnnData,
  settings: PredictSettings,
  signal?: AbortSignal,
): Promise<{ readonly warning: Notice; readonly hint: Phrase } | null> {
  const name = matrixName(settings.layer);
  const other = name === "raw/X" ? "X" : "raw/X";
  if (!matrixNames(adata).includes(other)) return null;
  const inModel = new Set(model.trainGenes);
  const [own, more] = [await nGenesOf(adata, name, inModel), await nGenesOf(adata, other, inModel)];
  if (more - own < MORE_GENES * inModel.size) return null;
  const others = (await judgeOthers(adata, name, signal)).filter((candidate) => candidate.name === other);
  const best = await bestOf(others, model, adata, settings);
  if (best === null) return null;
  const hint = phrase`choose ${option("layer", bare(other))}`;
  const where = `${adata.source} › ${name}`;
  const message = `${name} has ${grouped(own)} of the model's ${grouped(inModel.size)} genes; ${factsOf(best, model)}`;
  return { warning: notice(message, { where, hint }), hint };
}

interface Fitting extends Candidate {
  readonly nGenes: number;
}

async function bestOf(
  candidates: readonly Candidate[],
  model: Needs,
  adata: AnnData,
  settings: PredictSettings,
): Promise<Fitting | null> {
  const inModel = new Set(model.trainGenes);
  let best: Fitting | null = null;
  for (const candidate of candidates) {
    const { problem, warnings } = planValues(model, settings, candidate.judgement, candidate.name);
    if (problem !== null || warnings.length > 0 || candidate.judgement.verdict === "empty") continue;
    const nGenes = await nGenesOf(adata, candidate.name, inModel);
    if (best === null || nGenes > best.nGenes) best = { ...candidate, nGenes };
  }
  return best;
}

/** How many of the model's genes a matrix has; 0 if its names cannot be read, which concerns who reads it. */
async function nGenesOf(adata: AnnData, name: MatrixName, inModel: ReadonlySet<string>): Promise<number> {
  const names = await adata.varNames(name).catch(() => []);
  return new Set(names.filter((gene) => inModel.has(gene))).size;
}

function factsOf({ name, judgement, nGenes }: Fitting, { trainGenes }: Needs): string {
  return `${name} looks like ${judgement.verdict} (${judgement.evidence}) and has ${grouped(nGenes)} of the model's ${grouped(trainGenes.length)} genes`;
}

const bare = (name: MatrixName): string => name.replace(/^layers\//, "");
