/** Sentences for the methods section of a paper, true to the settings of a prediction. @module */
import type { ConfigMap } from "../../core/config.ts";
import { baseName } from "../../core/paths.ts";
import { VERSION } from "../../core/version.ts";
import type { Model } from "../../model/types.ts";
import type { Predictions } from "../../predict/types.ts";
import { ADAPTATION, GENE_MAPPING, PREDICTION_METADATA as KEY } from "../../schema/prediction.ts";
import { REFINEMENT_METADATA_KEYS } from "../../schema/refinement.ts";
import { TRAIN_CONFIG } from "../../schema/training.ts";
import { decimalOf, numberOf } from "./metadata-values.ts";
import { percent, whole } from "./numbers.ts";
import { REFERENCE_ROLE, type ReportInput } from "./types.ts";

/** How to cite the program, as CITATION.cff has it, which a test holds. */
export const CITATION = `the atlasmtl authors, atlasmtl ${VERSION}, github.com/atlasmtl/atlasmtl`;

/** What the sentences call the query, the model and what it was trained on. */
export interface MethodsNames {
  readonly query: string;
  /** Null where it is not known. */
  readonly reference: string | null;
  /** Null where the model has none. */
  readonly model: string | null;
  readonly nGenes: number;
}

/** Files that are named with their checksums; the table of files has all. */
const MAX_FILES = 12;

/** Labels that are named one by one; of more, their number is told. */
const MAX_NAMED = 12;

/** One sentence for each decision that shaped the result, in the order in which they were taken. */
export function methodsSentences(predictions: Predictions, model: Model, names: MethodsNames): string[] {
  const { metadata } = predictions;
  return [
    annotated(predictions, names),
    trained(model, metadata, names),
    genes(model, metadata),
    ...adapted(metadata),
    ...allowed(metadata),
    calibrated(metadata),
    ...smoothed(metadata),
    neighbours(metadata),
    unknown(metadata),
    ...hierarchy(predictions),
    ...refined(metadata),
    ...sets(metadata),
    ...groups(metadata),
    ...transferred(metadata),
    ...outcome(predictions),
  ];
}

/** The sentences, then the SHA-256 of what was read; outputs hold the answer, not the way to it. */
export function methodsParagraph(sentences: readonly string[], files: ReportInput["files"]): string {
  const read = files.filter(({ role }) => role !== "output" && role !== REFERENCE_ROLE);
  const reference = files.filter(({ role }) => role === REFERENCE_ROLE);
  return [
    ...sentences,
    ...checksums("what the model was trained on", reference),
    ...checksums("what was read", read),
  ].join(" ");
}

function checksums(what: string, files: ReportInput["files"]): string[] {
  if (files.length === 0) return [];
  const named = files.slice(0, MAX_FILES).map(({ path, sha256 }) => `${baseName(path)} ${sha256}`);
  const more = files.length > MAX_FILES ? `, and ${files.length - MAX_FILES} more files` : "";
  return [`SHA-256 of ${what}: ${named.join(", ")}${more}.`];
}

function annotated({ obsNames }: Predictions, { query, model, nGenes }: MethodsNames): string {
  const by = model === null ? "" : ` and the model ${model}`;
  return `The ${whole(obsNames.length)} cells (${whole(nGenes)} genes) of ${query} were annotated with atlasmtl ${VERSION} (${CITATION})${by}.`;
}

function trained(
  { labelHeads, trainGenes, linear, trainConfig }: Model,
  metadata: ConfigMap,
  { reference }: MethodsNames,
): string {
  const levels = list(
    labelHeads.map(({ column, classes }) => `${column} (${count(classes.length, "label")})`),
  );
  const size = numberOf(trainConfig.get(TRAIN_CONFIG.ensembleSize)) ?? 1;
  const network = size > 1 ? `the mean of ${whole(size)} neural networks` : "a neural network";
  const views = linear
    ? `, averaged with ${count(linear.views.length, "regularised logistic regression")} per level`
    : "";
  const seed = numberOf(trainConfig.get(TRAIN_CONFIG.randomState));
  const grown =
    metadata.get(KEY.trainConfig) instanceof Map && trainConfig.get(TRAIN_CONFIG.adaptation) instanceof Map;
  const from = reference === null ? "" : `, trained on ${reference},`;
  return `The model${from} predicts ${levels} from ${count(trainGenes.length, "gene")} with ${network}${views}${seed === null ? "" : ` (seed ${seed})`}${grown ? "; it had been adapted to queries after its training" : ""}.`;
}

function genes({ trainGenes, inputTransform }: Model, metadata: ConfigMap): string {
  const matched = numberOf(metadata.get(KEY.nGenesMatched)) ?? 0;
  const mapping = mapOf(metadata, KEY.geneMapping);
  const mapped = numberOf(mapping.get(GENE_MAPPING.nMatchedMapped)) ?? 0;
  const orthologues = numberOf(mapping.get(GENE_MAPPING.nOrthologues)) ?? 0;
  const ways = [
    ...(mapped > 0 ? [`with their names mapped, ${whole(mapped)}`] : []),
    ...(orthologues > 0 ? [`${whole(orthologues)} by one-to-one orthologues`] : []),
  ];
  const values = [
    ...(metadata.get(KEY.normalize) === "log1p_cp10k"
      ? ["counts were scaled to 10,000 per cell and log1p-transformed"]
      : []),
    ...((metadata.get(KEY.inputTransform) ?? inputTransform) === "binary"
      ? ["the network saw which genes are expressed, not how much"]
      : []),
  ];
  const had = matched === trainGenes.length ? "all" : whole(matched);
  return `The query had ${had} of these genes${ways.length === 0 ? "" : ` (${ways.join("; ")})`}${had === "all" ? "" : "; the others counted as zero"}${values.length === 0 ? "" : `; ${values.join("; ")}`}.`;
}

function adapted(metadata: ConfigMap): string[] {
  const nCells = numberOf(mapOf(metadata, KEY.adaptation).get(ADAPTATION.nCells));
  if (nCells === null) return [];
  return [
    `Before that, its logistic regressions were adapted to the surest of ${count(nCells, "cell")} of the query, without labels.`,
  ];
}

function allowed(metadata: ConfigMap): string[] {
  const named = (key: string): string | null => {
    const given: unknown = metadata.get(key);
    if (!Array.isArray(given)) return null;
    return given.length > MAX_NAMED ? count(given.length, "label") : list(given.map(String));
  };
  const [only, without] = [named(KEY.onlyLabels), named(KEY.excludeLabels)];
  if (only === null && without === null) return [];
  const parts = [
    ...(only === null ? [] : [`only ${only} and what lies under and above them could be given`]),
    ...(without === null ? [] : [`${without} and what lies under them could not be given`]),
  ];
  return [`Of the labels, ${parts.join(", and ")}; the others were removed before the softmax.`];
}

function calibrated(metadata: ConfigMap): string {
  if (metadata.get(KEY.calibrationApplied) !== true)
    return "Confidence is the largest probability, which was not calibrated.";
  const rung =
    metadata.get(KEY.calibrationRung) === undefined
      ? ""
      : ", by the held-out cells that are as unlike the reference as the query is";
  return `Confidence is the largest probability, calibrated by temperature scaling on held-out reference cells${rung}.`;
}

function smoothed(metadata: ConfigMap): string[] {
  if (metadata.get(KEY.consensus) === undefined) return [];
  return [
    `Probabilities were smoothed: a share of ${decimalOf(metadata, KEY.consensusWeight)} is the mean of the ${String(metadata.get(KEY.consensusK))} nearest cells of the query.`,
  ];
}

function neighbours(metadata: ConfigMap): string {
  const mode = metadata.get(KEY.knnCorrection);
  if (mode === "off") return "Nearest reference cells were not asked.";
  const k = String(metadata.get(KEY.knnK));
  const who =
    metadata.get(KEY.knnReferenceMode) === "prototypes"
      ? "nearest centroids of reference labels"
      : "nearest reference cells";
  const vote =
    metadata.get(KEY.knnVoteMode) === "distance_weighted"
      ? "voted by the inverse of their distance"
      : "voted";
  const cells =
    mode === "all"
      ? "for every cell"
      : `for cells of low confidence (below ${decimalOf(metadata, KEY.confidenceHigh)}, or a margin below ${decimalOf(metadata, KEY.marginThreshold)})`;
  const effect =
    mode === "second_opinion" ? "as a second opinion that leaves the label" : "and their label was taken";
  return `The ${k} ${who} in ${String(metadata.get(KEY.knnSpaceUsed))} ${vote} ${cells}, ${effect}.`;
}

function unknown(metadata: ConfigMap): string {
  if (metadata.get(KEY.unknown) === "off") return "No cell was left Unknown.";
  const target = metadata.get(KEY.targetAccuracy) !== undefined;
  const rules = [
    target
      ? `its confidence is below that from which labels of held-out cells are right with a share of ${decimalOf(metadata, KEY.targetAccuracy)}`
      : `its confidence is below ${decimalOf(metadata, KEY.confidenceLow)}`,
    ...(metadata.get(KEY.knnCorrection) === "off"
      ? []
      : [`confidence is low and its neighbours agree to less than ${decimalOf(metadata, KEY.knnConfLow)}`]),
    ...(metadata.get(KEY.unknown) === "distance"
      ? [
          `it is farther from every class than all but ${decimalOf(metadata, KEY.knownLoss)} of held-out reference cells`,
        ]
      : []),
    ...(metadata.get(KEY.opensetMethod) === undefined
      ? []
      : [
          `its distance to the reference (${String(metadata.get(KEY.opensetMethod))}) is above ${decimalOf(metadata, KEY.opensetThreshold)}`,
        ]),
    ...(metadata.get(KEY.hierarchyEnforced) === true
      ? ["its label contradicts that of the level above"]
      : []),
  ];
  return `A cell is Unknown where ${list(rules, "or")}, or where it has no counts in the genes of the model.`;
}

function hierarchy({ labels, metadata }: Predictions): string[] {
  if (labels.length < 2 || metadata.get(KEY.coherentProbabilities) !== true) return [];
  return [
    "The probability of a label is the sum of those of the labels under it, so that labels agree from level to level.",
  ];
}

function refined(metadata: ConfigMap): string[] {
  const refinement = mapOf(metadata, KEY.refinement);
  return refinement.get(REFINEMENT_METADATA_KEYS.applied) === true
    ? ["Labels were then refined within their parents."]
    : [];
}

function sets(metadata: ConfigMap): string[] {
  if (metadata.get(KEY.predictionSetsCoverage) === undefined) return [];
  return [
    `Conformal prediction sets hold the true label with a probability of ${decimalOf(metadata, KEY.predictionSetsCoverage)}.`,
  ];
}

function groups(metadata: ConfigMap): string[] {
  const by = metadata.get(KEY.consensusBy);
  if (by === undefined) return [];
  const least = numberOf(metadata.get(KEY.minProp)) ?? 0;
  const mixed =
    least === 0
      ? ""
      : `; where less than ${decimalOf(metadata, KEY.minProp)} of its cells have it, it is Heterogeneous`;
  return [`Each group of ${String(by)} has the label with the largest mean probability${mixed}.`];
}

function transferred(metadata: ConfigMap): string[] {
  const columns: unknown = metadata.get(KEY.transfer);
  if (!Array.isArray(columns) || columns.length === 0) return [];
  return [
    `${list(columns.map(String))} of the reference cells ${columns.length === 1 ? "was" : "were"} carried over by the ${String(metadata.get(KEY.knnK))} nearest of them.`,
  ];
}

function outcome({ labels }: Predictions): string[] {
  const finest = labels.at(-1);
  if (finest === undefined || finest.isUnknown.length === 0) return [];
  const unknownCells = finest.isUnknown.reduce((sum, flag) => sum + flag, 0);
  return [
    `On the level ${finest.column}, ${percent(unknownCells / finest.isUnknown.length).replace("\u00a0", " ")} of the cells are Unknown.`,
  ];
}

const count = (n: number, noun: string): string => `${whole(n)} ${noun}${n === 1 ? "" : "s"}`;

function list(parts: readonly string[], word = "and"): string {
  return parts.length < 2
    ? parts.join("")
    : `${parts.slice(0, -1).join(", ")} ${word} ${parts[parts.length - 1]}`;
}

function mapOf(metadata: ConfigMap, key: string): ConfigMap {
  const value = metadata.get(key);
  return value instanceof Map ? (value as ConfigMap) : new Map();
}
