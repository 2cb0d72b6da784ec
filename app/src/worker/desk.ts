/** What is open in the worker. */
import { type AnnData, AtlasmtlError, type PredictionResult, type TrainedModel } from "atlasmtl";
import type { AnnotateSettings, Role, TrainSettings } from "./views.ts";

export interface OpenDataset {
  readonly name: string;
  readonly adata: AnnData;
}

export interface OpenModel {
  readonly name: string;
  readonly model: TrainedModel;
  /** How it was trained here; null for a model that was opened. */
  readonly trained: { readonly reference: string; readonly settings: TrainSettings } | null;
}

export interface Annotation {
  readonly result: PredictionResult;
  readonly settings: AnnotateSettings;
  readonly query: OpenDataset;
  readonly model: OpenModel;
}

class Desk {
  private readonly datasets = new Map<Role, OpenDataset>();
  model: OpenModel | null = null;
  annotation: Annotation | null = null;

  find(role: Role): OpenDataset | null {
    return this.datasets.get(role) ?? null;
  }

  need(role: Role): OpenDataset {
    return this.find(role) ?? missing(`there is no ${role} yet`);
  }

  needModel(): OpenModel {
    return this.model ?? missing("there is no model yet");
  }

  needAnnotation(): Annotation {
    return this.annotation ?? missing("there is no result yet");
  }

  async put(role: Role, dataset: OpenDataset): Promise<void> {
    await this.close(role);
    this.datasets.set(role, dataset);
  }

  async close(what: Role | "model"): Promise<null> {
    if (what !== "reference") this.annotation = null;
    if (what === "model") this.model = null;
    else {
      await this.find(what)?.adata.close();
      this.datasets.delete(what);
    }
    return null;
  }
}

function missing(message: string): never {
  throw new AtlasmtlError("USAGE", message);
}

export const desk = new Desk();
