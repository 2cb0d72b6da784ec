/** Fitting the open-set threshold as a caller sees it (contract 3 §4). @module */
import { columnLabels } from "./anndata/column-values.ts";
import type { AnnData } from "./anndata/types.ts";
import type { WorkOptions } from "./core/progress.ts";
import { AtlasmtlError } from "./errors.ts";
import {
  chooseOpensetThreshold,
  DEFAULT_OPENSET_QUANTILE,
  type OpensetThreshold,
} from "./evaluate/openset-threshold.ts";
import { createEngine } from "./kernels/engine.ts";
import type { OpensetMethod, PredictOptions } from "./predict/options.ts";
import { predict } from "./predict/predict.ts";
import type { TrainedModel } from "./trained-model.ts";

export interface FitOpensetOptions {
  /** The distance to fit; by default `nn_distance`. */
  readonly method?: OpensetMethod | undefined;
  /** The label column that tells known from unseen types; by default the finest. */
  readonly labelColumn?: string | undefined;
  /** Without cells of unseen types: the share of known cells to keep, above 0, up to 1. */
  readonly quantile?: number | undefined;
  /** How the cells are read and compared: layer, KNN space, `opensetLabelColumn`, threads. */
  readonly predict?: PredictOptions | undefined;
}

/**
 * Fits `opensetThreshold` on labelled cells that the model was not trained on.
 *
 * ```ts
 * // model was trained without some types; heldOut has cells of those and of known types
 * const { threshold } = await fitOpensetThreshold(model, heldOut, { labelColumn: "cell_type" });
 * await predict(model, query, { opensetMethod: "nn_distance", opensetThreshold: threshold });
 * ```
 * Types that are no class of the model are the unseen ones; cells without a label are left out.
 * @throws USAGE for a column that is not the model's or a wrong option; NOT_FOUND for a column or reference that
 * is not there; BAD_DATA without known cells; as `predict` for what it reads; ABORTED.
 */
export async function fitOpensetThreshold(
  model: TrainedModel,
  adata: AnnData,
  options: FitOpensetOptions = {},
  work: WorkOptions = {},
): Promise<OpensetThreshold> {
  const heads = model.data.labelHeads;
  const { method = "nn_distance", labelColumn = heads.at(-1)!.column } = options;
  const head = heads.find(({ column }) => column === labelColumn);
  if (head === undefined)
    throw new AtlasmtlError(
      "USAGE",
      `labelColumn is "${labelColumn}"; expected one of ${heads.map(({ column }) => column).join(", ")}`,
    );
  const { quantile = DEFAULT_OPENSET_QUANTILE } = options;
  if (!(quantile > 0 && quantile <= 1))
    throw new AtlasmtlError("USAGE", `quantile is ${quantile}; expected a share above 0, up to 1`);
  const labels = columnLabels(await adata.obs.column(labelColumn));
  const isKnown = labels.categories.map((name) => head.classes.includes(name));
  const engine = await createEngine({ numThreads: options.predict?.numThreads ?? "max" });
  try {
    const { opensetScores: scores } = await predict(
      model.data,
      adata,
      {
        ...options.predict,
        knnCorrection: "off",
        opensetMethod: method,
        opensetThreshold: 0,
        keepCoords: false,
      },
      { ...work, engine },
    );
    if (scores === undefined) throw new AtlasmtlError("BUG", "open-set scoring gave no distances");
    const cells = (known: boolean) => scores.filter((_, i) => isKnown[labels.codes[i]!] === known);
    return chooseOpensetThreshold(cells(true), cells(false), quantile);
  } finally {
    engine.dispose();
  }
}
