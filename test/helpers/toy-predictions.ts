/** Predictions of three cells that use every kind of value, for tests of output. */
import { expect } from "vitest";
import { type ConfigValue, Float } from "../../src/core/config.ts";
import type { LabelPrediction, Predictions } from "../../src/predict/types.ts";
import { dense } from "./predict-fixtures.ts";

function prediction(column: string, categories: readonly string[]): LabelPrediction {
  return {
    column,
    raw: { codes: Int32Array.of(0, 1, 1), categories },
    conf: Float32Array.of(0.40960884, 1, 0.00001),
    margin: Float32Array.of(0.2, 1, 0.5),
    isLowConf: Uint8Array.of(1, 0, 0),
    knn: { codes: Int32Array.of(1, 1, 1), categories },
    knnVoteFrac: Float32Array.of(8 / 15, Number.NaN, Number.NaN),
    isLowKnnConf: Uint8Array.of(1, 0, 0),
    usedKnn: Uint8Array.of(1, 0, 0),
    isUnknown: Uint8Array.of(1, 0, 0),
    unknownReasons: Int32Array.of(1, -1, -1),
    final: { codes: Int32Array.of(2, 1, 1), categories: [...categories, "Unknown"] },
    second: { codes: Int32Array.of(1, 0, 0), categories },
    secondConf: Float32Array.of(0.2, 0, 0.5),
  };
}

export function toyPredictions(): Predictions {
  return {
    obsNames: ["cell-0", 'a "quoted", name', "ñ"],
    labels: [prediction("group", ["T cell", "B, naive"]), prediction("kind", ["x", "😀"])],
    coords: new Map([
      [
        "umap",
        dense([
          [1, 2],
          [3, 4],
          [5, 6],
        ]),
      ],
    ]),
    spaces: ["umap", "latent_internal"],
    metadata: new Map<string, ConfigValue>([
      ["knn_k", 15],
      ["confidence_high", new Float(0.7)],
      ["train_config", new Map([["num_epochs", 3]])],
    ]),
    warnings: [],
  };
}

/** {@link toyPredictions} with prediction sets in every column. */
export function toyPredictionsWithSets(): Predictions {
  const toy = toyPredictions();
  const labels = toy.labels.map((label) => ({
    ...label,
    sets: { codes: Int32Array.of(1, 0, 1), members: [[1], [1, 0]], categories: label.raw.categories },
  }));
  return { ...toy, labels };
}

/** What a reader of a table of {@link toyPredictions} in mode `full` must find. */
export function expectToyRows(rows: readonly object[]): void {
  expect(rows).toHaveLength(3);
  expect(rows[0]).toMatchObject({
    obs_name: "cell-0",
    pred_group_raw: "T cell",
    conf_group: Math.fround(0.40960884),
    is_low_conf_group: true,
    knn_vote_frac_group: Math.fround(8 / 15),
    pred_group: "Unknown",
  });
  expect(rows[2]).toMatchObject({
    obs_name: "ñ",
    pred_kind: "😀",
    used_knn_kind: false,
    knn_vote_frac_kind: null,
  });
}

/** The metadata of {@link toyPredictions} as plain values. */
export const TOY_METADATA = { knn_k: 15, confidence_high: 0.7, train_config: { num_epochs: 3 } };
