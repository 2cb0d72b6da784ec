/** What is in a bundle. @module */
import { type Model, TrainedModel } from "../../api/index.ts";
import { type PlainValue, toPlain } from "../../api/values.ts";
import { normalizationOf } from "../../model/normalization.ts";
import { count, plural, shellWord, table } from "../terminal/print.ts";
import { type Description, listed, type Section, shortText } from "./description.ts";

/** Settings of training that tell models apart, by their names in `train_config`. */
const SETTINGS = [
  "preset",
  "num_epochs",
  "epochs_completed",
  "batch_size",
  "learning_rate",
  "optimizer_name",
  "val_fraction",
  "random_state",
  "last_train_loss",
  "last_val_loss",
  "calibration",
] as const;

/** @throws what loading throws. */
export async function describeBundle(path: string): Promise<Description> {
  const model = await TrainedModel.load(path, { verifyChecksums: false });
  const { labelHeads, coordHeads, trainGenes, inputTransform, shape, dropoutRate, trainConfig } = model.data;
  const hasReference = await model.data.hasReference();
  const config = toPlain(trainConfig) as { readonly [key: string]: PlainValue | undefined };
  const settings = SETTINGS.filter((name) => config[name] !== undefined && config[name] !== null);
  const normalize = normalizationOf(model.data);
  const network = [
    ["genes", `${count(trainGenes.length)}: ${listed(trainGenes, 4)}`],
    ...(normalize === "none" ? [] : [["normalisation", `${normalize} of the query's counts`]]),
    ["input transform", inputTransform],
    ["hidden layers", `${shape.hiddenSizes.join(", ")}, dropout ${dropoutRate}`],
    ["child correction", childCorrection(model.data.childCorrection)],
  ];
  const reference = `${model.data.referenceStorage}, ${hasReference ? "there" : "not there: KNN needs it"}`;
  const sections: Section[] = [
    {
      heading: "Labels, coarse to fine",
      text: table(
        labelHeads.map(({ column, classes }) => [
          column,
          plural(classes.length, "class", "classes"),
          listed(classes, 5),
        ]),
        [1],
      ),
    },
    { heading: "Network", text: table([...network, ["reference", reference]]) },
  ];
  if (coordHeads.length > 0)
    sections.push({
      heading: "Coordinates",
      text: table(coordHeads.map((head) => [head.name, head.obsmKey, plural(head.mean.length, "dimension")])),
    });
  sections.push({
    heading: "Training",
    text: table(settings.map((name) => [name, shortText(config[name])])),
  });
  if (model.warnings.length > 0)
    sections.push({ heading: "Warnings", text: model.warnings.map(({ message }) => message).join("\n") });
  return {
    kind: "bundle",
    title: `${path}: a trained model`,
    sections,
    next: `atlasmtl predict --model ${shellWord(path)} --adata QUERY.h5ad --out ANNOTATED.h5ad`,
    json: {
      labels: labelHeads.map(({ column, classes }) => ({ column, classes })),
      n_genes: trainGenes.length,
      normalize,
      input_transform: inputTransform,
      hidden_sizes: shape.hiddenSizes,
      dropout_rate: dropoutRate,
      coordinates: coordHeads.map((head) => ({
        name: head.name,
        obsm_key: head.obsmKey,
        dimensions: head.mean.length,
      })),
      child_correction: model.data.childCorrection !== null,
      reference_storage: model.data.referenceStorage,
      has_reference: hasReference,
      train_config: config,
      warnings: model.warnings,
    },
  };
}

function childCorrection(correction: Model["childCorrection"]): string {
  if (correction === null) return "no";
  const parents = correction.config.get("hotspot_parents");
  return Array.isArray(parents) ? `for ${listed(parents.map(String), 5)}` : "yes";
}
