/** Trains a model on the reference, or opens one. */
import {
  buildModel,
  type FileSetInput,
  inspectModel,
  TrainedModel,
  type TrainOptions,
  type WorkOptions,
} from "atlasmtl";
import { desk, type OpenModel } from "./desk.ts";
import { note, warning } from "./notes.ts";
import { sharedGenes } from "./shared-genes.ts";
import type { Effort, ModelSeen, TrainSettings } from "./views.ts";

/** The training options of each effort. */
export const EFFORTS: Readonly<Record<Effort, TrainOptions["preset"]>> = {
  quick: "fast",
  standard: null,
  best: "best",
};

/** The options that a user's choices mean; the command line takes the same. */
export const trainOptions = ({
  labelColumns,
  layer,
  effort,
  missingLabels,
  learnsMap,
}: TrainSettings): TrainOptions => ({
  labelColumns,
  layer,
  missingLabels,
  preset: EFFORTS[effort],
  embed: learnsMap ? "umap" : null,
});

export async function train(settings: TrainSettings, work: WorkOptions): Promise<ModelSeen> {
  const { name, adata } = desk.need("reference");
  const model = await buildModel(adata, { ...trainOptions(settings), numThreads: "max" }, work);
  return takeModel({ id: crypto.randomUUID(), name: "model", model, trained: { reference: name, settings } });
}

/** Opens a model from its files; `known` is what is known of a model that was used before. */
export async function openModel(
  files: FileSetInput,
  work: WorkOptions,
  known: Pick<OpenModel, "id" | "trained"> = { id: crypto.randomUUID(), trained: null },
): Promise<ModelSeen> {
  const model = await TrainedModel.load(files, { signal: work.signal });
  return takeModel({ ...known, name: modelFile(model).replace(MODEL_ENDING, ""), model });
}

const MODEL_ENDING = /\.(pth|zip|pkl)$/i;

/** The file by which a model was opened: its `.pth`, or its archive. */
export function modelFile({ files }: TrainedModel): string {
  const path = files.find((each) => each.endsWith(".pth")) ?? files[0] ?? "model.pth";
  return path.replace(/^.*\//, "");
}

async function takeModel(opened: OpenModel): Promise<ModelSeen> {
  await desk.close("model");
  desk.model = opened;
  const { labels, nGenes, trainedOn, hasReference, warnings } = await inspectModel(opened.model);
  return {
    name: opened.name,
    labels,
    nGenes,
    trainedOn,
    hasReference,
    nSharedGenes: await sharedGenes(),
    notes: [...warnings.map(warning), ...opened.model.notes.map(note)],
  };
}
