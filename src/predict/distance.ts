/** Which cells are unlike the reference (docs/specification/3-prediction.md#distance). @module */
import { AtlasmtlError, option, phrase } from "../errors.ts";
import type { Model } from "../model/types.ts";
import { type DistancePlan, notMeasured } from "./measured-distances.ts";
import type { PredictSettings } from "./options.ts";

/**
 * Plans the distances of a query of which `nCells` cells are read. Without an option `unknown`, distances are used where the model has a component
 * space, unless the caller gives an open-set threshold; how the query as a whole lies off the reference is measured anyway.
 * @throws MISMATCH if distances are asked for and the model has no space, and from `finish` if the query's values are of
 * another kind than the reference's.
 */
export async function planDistances(
  model: Model,
  settings: PredictSettings,
  nCells: number,
): Promise<DistancePlan> {
  const { unknown } = settings;
  const space = model.space ?? null;
  if (unknown === "distance" && space === null)
    throw new AtlasmtlError(
      "MISMATCH",
      phrase`${option("unknown", "distance")} needs a component space, and this model has none`,
      {
        hint: phrase`train it again with this version on counts or log-normalised values, or predict with ${option("unknown", "confidence")}`,
        subject: "artifact",
      },
    );
  if (space === null)
    return {
      start: () => undefined,
      know: () => undefined,
      cells: () => null,
      finish: async () => notMeasured(unknown),
    };
  // Loaded on first use: models of the Python original have no component space.
  const { measureDistances } = await import("./measure-distances.ts");
  return measureDistances(space, settings, nCells, Boolean(model.linear));
}
