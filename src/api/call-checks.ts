/** Checks of the arguments of calls from JavaScript, where no compiler looks at them. @module */
import type { AnnData } from "../anndata/types.ts";
import { AtlasmtlError } from "../errors.ts";
import type { TrainedModel } from "./trained-model.ts";

/** @throws USAGE unless a call that takes a model and a dataset has got them, in this order. */
export function requireModelAndData(call: string, model: unknown, adata: unknown): void {
  if (isModel(model) && isDataset(adata)) return;
  if (isModel(adata) && isDataset(model))
    throw new AtlasmtlError("USAGE", `${call} got the dataset first, expected the model first`, {
      hint: `swap the two: ${call}(model, adata)`,
    });
  if (!isModel(model))
    throw new AtlasmtlError("USAGE", `${call} got ${kindOf(model)} as the model, expected a TrainedModel`, {
      hint: `load it first: ${call}(await TrainedModel.load("model.pth"), adata)`,
    });
  requireData(call, adata);
}

/** @throws USAGE unless a call has got a model. */
export function requireModel(call: string, model: unknown): void {
  if (isModel(model)) return;
  throw new AtlasmtlError("USAGE", `${call} got ${kindOf(model)} as the model, expected a TrainedModel`, {
    hint: `load it first: ${call}(await TrainedModel.load("model.pth"))`,
  });
}

/** @throws USAGE unless a call has got a dataset. */
export function requireData(call: string, adata: unknown): asserts adata is AnnData {
  if (isDataset(adata)) return;
  throw new AtlasmtlError("USAGE", `${call} got ${kindOf(adata)} as the dataset, expected an open one`, {
    hint: 'open it first: await openAnnData("cells.h5ad")',
  });
}

function isModel(value: unknown): boolean {
  return Array.isArray((value as Partial<TrainedModel> | null | undefined)?.data?.labelHeads);
}

function isDataset(value: unknown): boolean {
  const { obs, var: vars, nObs } = (value ?? {}) as Partial<AnnData>;
  return typeof nObs === "number" && typeof obs === "object" && typeof vars === "object";
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") return `the text ${JSON.stringify(value.slice(0, 80))}`;
  if (isDataset(value)) return "a dataset";
  if (isModel(value)) return "a model";
  return value instanceof Promise
    ? "a promise"
    : typeof value === "object"
      ? "another object"
      : `a ${typeof value}`;
}
