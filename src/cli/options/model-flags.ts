/** Checks of the flags that name a model and a dataset. @module */
import { option, phrase } from "../../api/errors.ts";
import { containerByName, isArchiveName } from "../../api/formats.ts";
import { usageError } from "../terminal/show-error.ts";

/** A zip archive whose name says no more may hold either. */
const isDatasetName = (path: string): boolean =>
  containerByName(path) !== null && (!isArchiveName(path) || path.endsWith(".zarr.zip"));
const isModelName = (path: string): boolean => /(\.pth|_manifest\.json)$/.test(path);

/** @throws USAGE where the dataset is given as the model, or the model as the dataset. */
export function refuseSwapped({ model, adata }: { readonly model?: string; readonly adata?: string }): void {
  if (model === undefined || adata === undefined) return;
  if (isDatasetName(model) && isModelName(adata))
    throw usageError(
      phrase`${option("model")} is ${model}, a dataset, and ${option("adata")} is ${adata}, a model`,
      phrase`${option("model")} and ${option("adata")}`,
      phrase`swap the two: ${option("model", adata)} ${option("adata", model)}`,
    );
  if (isDatasetName(model))
    throw usageError(
      phrase`${option("model")} is ${model}, which has the name of a dataset`,
      option("model"),
      "give the .pth of a model, its _manifest.json, its folder or its .zip",
    );
  if (isModelName(adata))
    throw usageError(
      phrase`${option("adata")} is ${adata}, which has the name of a model`,
      option("adata"),
      phrase`give a dataset; a model goes to ${option("model")}`,
    );
}
