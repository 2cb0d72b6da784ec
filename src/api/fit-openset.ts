/** Fitting the open-set threshold as a caller sees it (docs/specification/3-prediction.md#open-set). @module */

import { columnLabels } from "../anndata/read/column-values.ts";
import type { AnnData } from "../anndata/types.ts";
import type { WorkOptions } from "../core/progress.ts";
import { AtlasmtlError, option, phrase } from "../errors.ts";
import {
  checkOpensetQuantile,
  chooseOpensetThreshold,
  DEFAULT_OPENSET_QUANTILE,
  type OpensetThreshold,
} from "../evaluate/openset-threshold.ts";
import { requireCommonLabels } from "../evaluate/vocabulary.ts";
import { createEngine } from "../kernels/engine.ts";
import type { Warning } from "../model/types.ts";
import type { PredictOptions } from "../predict/options.ts";
import type { OpensetMethod } from "../schema/prediction-options.ts";
import { requireModelAndData } from "./call-checks.ts";
import type { TrainedModel } from "./trained-model.ts";

export interface FitOpensetOptions {
  /** The distance whose threshold is fitted; by default `nn_distance`. */
  readonly method?: OpensetMethod | undefined;
  /** The label column that separates known from unseen types; by default the finest. */
  readonly labelColumn?: string | undefined;
  /** The smallest share of known cells below the threshold, above 0, up to 1; see `chooseOpensetThreshold`. */
  readonly quantile?: number | undefined;
  /**
   * How the cells are read and compared: layer, KNN space, `opensetLabelColumn`, threads. `prototype` uses the
   * centroids of `labelColumn` by default. Prediction uses the coarsest column, which has too few centroids to
   * recognise an unseen fine type.
   */
  readonly predict?: PredictOptions | undefined;
}

/** A fitted threshold, and everything that prediction needs to measure the same distance. */
export interface FittedOpenset extends OpensetThreshold {
  readonly settings: OpensetSettings;
  /** What prediction warned of, such as cells that the model was trained on. */
  readonly warnings: readonly Warning[];
}

/** Options of prediction. */
export interface OpensetSettings {
  readonly opensetMethod: OpensetMethod;
  readonly opensetThreshold: number;
  readonly opensetLabelColumn?: string;
  readonly knnSpace?: string;
  readonly knnQueryObsmKey?: string;
}

/** Options that change a distance, besides the method. */
const COMPARISON = ["opensetLabelColumn", "knnSpace", "knnQueryObsmKey"] as const;

/**
 * Fits `opensetThreshold` on labelled cells that the model was not trained on.
 *
 * ```ts
 * // model was trained without some types; heldOut has cells of those and of known types
 * const { settings } = await fitOpensetThreshold(model, heldOut, { labelColumn: "cell_type" });
 * await predict(model, query, settings);
 * ```
 * A type is unseen if it is not a class of the model. Cells without a label are ignored.
 * @throws USAGE for a column that is not the model's or a wrong option; NOT_FOUND for a column or reference that
 * is not there; BAD_DATA without known cells; as `predict` for what it reads; ABORTED.
 */
export async function fitOpensetThreshold(
  model: TrainedModel,
  adata: AnnData,
  options: FitOpensetOptions = {},
  work: WorkOptions = {},
): Promise<FittedOpenset> {
  requireModelAndData("fitOpensetThreshold", model, adata);
  const heads = model.data.labelHeads;
  const { method = "nn_distance", labelColumn = heads.at(-1)!.column } = options;
  const head = heads.find(({ column }) => column === labelColumn);
  if (head === undefined)
    throw new AtlasmtlError(
      "USAGE",
      phrase`${option("labelColumn")} is "${labelColumn}", expected one of ${heads.map(({ column }) => column).join(", ")}`,
    );
  const { quantile = DEFAULT_OPENSET_QUANTILE } = options;
  checkOpensetQuantile(quantile);
  const labels = columnLabels(await adata.obs.column(labelColumn));
  requireCommonLabels(
    labelColumn,
    labels,
    head.classes,
    "the model",
    `${adata.source} › obs › ${labelColumn}`,
  );
  const isKnown = labels.categories.map((name) => head.classes.includes(name));
  const asked: PredictOptions =
    method === "prototype"
      ? { ...options.predict, opensetLabelColumn: options.predict?.opensetLabelColumn ?? labelColumn }
      : (options.predict ?? {});
  const { predict } = await import("../predict/predict.ts");
  const engine = await createEngine({ numThreads: options.predict?.numThreads ?? "max" });
  try {
    const { opensetScores: scores, warnings } = await predict(
      model.data,
      adata,
      {
        ...asked,
        knnCorrection: "off",
        opensetMethod: method,
        opensetThreshold: 0,
        keepCoords: false,
      },
      { ...work, engine },
    );
    if (scores === undefined) throw new AtlasmtlError("BUG", "open-set scoring gave no distances");
    const cells = (known: boolean) => scores.filter((_, i) => isKnown[labels.codes[i]] === known);
    const fitted = chooseOpensetThreshold(cells(true), cells(false), quantile);
    const compared = COMPARISON.flatMap((name) => {
      const value = asked[name];
      return value === undefined || value === null ? [] : [[name, value] as const];
    });
    const settings: OpensetSettings = {
      opensetMethod: method,
      opensetThreshold: fitted.threshold,
      ...Object.fromEntries(compared),
    };
    return { ...fitted, settings, warnings };
  } finally {
    engine.dispose();
  }
}
