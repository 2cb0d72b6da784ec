/** Holds out reference cells for the decisions of policies, so that no label of the query influences them. @module */

import type { AnnData } from "../anndata/types.ts";
import { selectObs } from "../anndata/views/select-cells.ts";
import type { WorkOptions } from "../core/progress.ts";
import { streamKey } from "../core/rng.ts";
import type { PolicyFeatures } from "../evaluate/advice.ts";
import { measurePolicyFeatures } from "../evaluate/advice-features.ts";
import type { HotspotOptions, Hotspots } from "../evaluate/hotspots.ts";
import { keepEveryClass, splitValidation } from "../model/validation-split.ts";
import type { HierarchyRules } from "../predict/hierarchy-rules.ts";
import type { LabelPrediction, PredictedLabels } from "../predict/types.ts";
import type { SharedData } from "./methods/types.ts";

/** Share of the reference that is held out. */
const DEVELOPMENT_FRACTION = 0.2;

/** Cells with their true labels by column. */
export interface LabelledCells {
  readonly adata: AnnData;
  readonly truth: ReadonlyMap<string, PredictedLabels>;
}

/** The reference in two parts: models are trained on one and compared on the other. */
export interface DevelopmentSplit {
  readonly fit: LabelledCells;
  readonly development: LabelledCells;
  /** The seed, and the key of its stream. */
  readonly seed: number;
}

/** Divides the reference by `seed`. @throws BAD_DATA for a reference of too few cells. */
export async function splitDevelopment(
  { reference, referenceLabels }: SharedData,
  seed: number,
  work: WorkOptions,
): Promise<DevelopmentSplit> {
  const key = streamKey(seed, "policy development");
  const drawn = splitValidation(reference.nObs, DEVELOPMENT_FRACTION, key);
  const { train, val } = keepEveryClass(drawn, [...referenceLabels.values()]);
  const part = async (rows: Uint32Array): Promise<LabelledCells> => ({
    adata: await selectObs(reference, rows, { signal: work.signal }),
    truth: new Map(
      [...referenceLabels].map(([column, { codes, categories }]) => [
        column,
        { codes: Int32Array.from(rows, (row) => codes[row]), categories },
      ]),
    ),
  });
  return { fit: await part(train), development: await part(val), seed };
}

/** Features of final labels, with Unknown as a label, for the two finest columns. */
export function featuresOf(
  labels: readonly LabelPrediction[],
  cells: LabelledCells,
  columns: readonly string[],
  rules: HierarchyRules,
  settings: HotspotOptions,
): { readonly features: PolicyFeatures; readonly hotspots: Hotspots } {
  return measurePolicyFeatures(
    { truth: cells.truth, predicted: new Map(labels.map(({ column, final }) => [column, final])) },
    { parentLevel: columns.at(-2)!, childLevel: columns.at(-1)!, rules },
    columns.length,
    settings,
  );
}
