/** What is open in the worker. */
import { type AnnData, AtlasmtlError, type PredictionResult, type TrainedModel } from "atlasmtl";
import type { QueryCells } from "./query-cells.ts";
import type { AnnotateSettings, ResultView, Role, TrainSettings } from "./views.ts";

export interface OpenDataset {
  readonly name: string;
  readonly adata: AnnData;
  /** True for the example, which needs no file. */
  readonly isDemo: boolean;
}

export interface OpenModel {
  /** Of this model alone. */
  readonly id: string;
  readonly name: string;
  readonly model: TrainedModel;
  /** How it was trained here; null for a model that was opened. */
  readonly trained: { readonly reference: string; readonly settings: TrainSettings } | null;
}

export interface Annotation {
  readonly result: PredictionResult;
  readonly settings: AnnotateSettings;
  readonly query: OpenDataset;
  /** False for a result of an earlier visit whose file is not open: the query has its cells' names, groups and map only. */
  readonly hasQueryFile: boolean;
  readonly cells: QueryCells;
  readonly model: OpenModel;
  /** What the page draws of the query itself. */
  readonly drawn: Pick<ResultView, "groups" | "points" | "pointsName"> & {
    /** The obsm array of the query that the points are; null for points of the model. */
    readonly obsmKey: string | null;
  };
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

  /** The query's own file, which a result of an earlier visit lacks. */
  needQueryFile(): Annotation {
    const annotation = this.needAnnotation();
    if (annotation.hasQueryFile) return annotation;
    throw new AtlasmtlError("USAGE", "the file of the query is not open", {
      where: annotation.query.name,
      hint: "give it on the Result screen",
    });
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
