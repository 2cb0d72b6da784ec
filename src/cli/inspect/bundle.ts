/** Describes a bundle. @module */
import { TrainedModel } from "../../api/index.ts";
import { inspectModel, type ModelInspection } from "../../api/inspect.ts";
import { TRAIN_CONFIG } from "../../api/keys.ts";
import { count, plural, table } from "../terminal/print.ts";
import { shellWord } from "../terminal/shell-word.ts";
import { type Description, listed, type Section, shortText } from "./description.ts";

/** Settings of training that usually differ between models; keys of `train_config`. */
const SETTINGS = [
  TRAIN_CONFIG.preset,
  TRAIN_CONFIG.numEpochs,
  TRAIN_CONFIG.epochsCompleted,
  TRAIN_CONFIG.batchSize,
  TRAIN_CONFIG.learningRate,
  TRAIN_CONFIG.optimizerName,
  TRAIN_CONFIG.valFraction,
  TRAIN_CONFIG.randomState,
  TRAIN_CONFIG.lastTrainLoss,
  TRAIN_CONFIG.lastValLoss,
  TRAIN_CONFIG.calibration,
  TRAIN_CONFIG.imported,
] as const;

/** @throws as `TrainedModel.load`. */
export async function describeBundle(path: string): Promise<Description> {
  const model = await TrainedModel.load(path, { verifyChecksums: false });
  const inspection = await inspectModel(model);
  const { labels, coordinates, trainConfig: config, warnings } = inspection;
  const settings = SETTINGS.filter((name) => config[name] !== undefined && config[name] !== null);
  const sections: Section[] = [
    {
      heading: "Labels, coarse to fine",
      text: table(
        labels.map(({ column, classes }) => [
          column,
          plural(classes.length, "class", "classes"),
          listed(classes, 5),
        ]),
        [1],
      ),
    },
    { heading: "Network", text: table(networkRows(inspection, model.data.trainGenes)) },
  ];
  if (coordinates.length > 0)
    sections.push({
      heading: "Coordinates",
      text: table(
        coordinates.map(({ name, obsmKey, dimensions }) => [name, obsmKey, plural(dimensions, "dimension")]),
      ),
    });
  sections.push({
    heading: "Training",
    text: table(settings.map((name) => [name, shortText(config[name])])),
  });
  if (warnings.length > 0)
    sections.push({ heading: "Warnings", text: warnings.map(({ message }) => message).join("\n") });
  return {
    kind: "bundle",
    title: `${path}: a trained model`,
    sections,
    next: `atlasmtl predict --model ${shellWord(path)} --adata QUERY.h5ad --out ANNOTATED.h5ad`,
    json: {
      labels,
      n_genes: inspection.nGenes,
      normalize: inspection.normalize,
      input_transform: inspection.inputTransform,
      trained_on: inspection.trainedOn,
      hidden_sizes: inspection.hiddenSizes,
      dropout_rate: inspection.dropoutRate,
      coordinates: coordinates.map(({ name, obsmKey, dimensions }) => ({
        name,
        obsm_key: obsmKey,
        dimensions,
      })),
      linear_views: inspection.linearViews,
      child_correction: inspection.childCorrection !== null,
      reference_storage: inspection.referenceStorage,
      has_reference: inspection.hasReference,
      written_by: inspection.writtenBy,
      train_config: config,
      warnings,
    },
  };
}

function networkRows(inspection: ModelInspection, genes: readonly string[]): string[][] {
  const { nGenes, normalize, inputTransform, hiddenSizes, dropoutRate, linearViews } = inspection;
  const { childCorrection, referenceStorage, hasReference } = inspection;
  const corrected =
    childCorrection === null
      ? "no"
      : childCorrection.parents === null
        ? "yes"
        : `for ${listed(childCorrection.parents, 5)}`;
  return [
    ["genes", `${count(nGenes)}: ${listed(genes, 4)}`],
    ...(normalize === "none" ? [] : [["normalisation", `${normalize} of the query's counts`]]),
    ["input transform", inputTransform],
    ...(inspection.trainedOn === null ? [] : [["trained on", inspection.trainedOn]]),
    ...(hiddenSizes.length === 0
      ? [["hidden layers", "none: a linear model, in which each class has a probability of its own"]]
      : [["hidden layers", `${hiddenSizes.join(", ")}, dropout ${dropoutRate}`]]),
    ["linear views", linearViews.length === 0 ? "no" : linearViews.join(", ")],
    ["child correction", corrected],
    ["reference", `${referenceStorage}, ${hasReference ? "there" : "not there: KNN needs it"}`],
    ...(inspection.writtenBy === null ? [] : [["written by", inspection.writtenBy]]),
  ];
}
