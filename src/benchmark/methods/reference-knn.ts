/** Labels cells by a KNN vote on the matrix. @module */

import { type ConfigValue, Float } from "../../core/config.ts";
import { startRuntimeMeter } from "../../core/runtime-meter.ts";
import { chosenCells, visitNeighbours } from "../../predict/neighbours.ts";
import { plainLabels } from "../../predict/plain-labels.ts";
import { createBallot } from "../../predict/vote.ts";
import { REFERENCE_KNN } from "../../schema/benchmark.ts";
import { denseOf } from "../matrices.ts";
import { type MethodOutcome, type MethodWork, plainOutcome, type SharedData } from "./types.ts";
import { usageOf } from "./usage.ts";

const KNN_DEFAULTS = { k: 15 } as const;

/**
 * Labels each cell by the distance-weighted vote of its `k` nearest reference cells, level by level; the
 * confidence is the winner's share (docs/specification/5-benchmark.md#methods).
 */
export async function runReferenceKnn(data: SharedData, work: MethodWork): Promise<MethodOutcome> {
  const meter = startRuntimeMeter();
  const k = Math.round(work.config.get("k") ?? KNN_DEFAULTS.k);
  const binary = data.inputTransform === "binary";
  const reference = denseOf(data.shared.reference, binary);
  const queries = denseOf(data.shared.query, binary);
  const polls = data.labelColumns.map((column) => {
    const { codes, categories } = data.referenceLabels.get(column)!;
    return {
      column,
      codes,
      categories,
      ballot: createBallot("distance_weighted", categories.length),
      winners: new Int32Array(queries.nRows).fill(-1),
      shares: new Float32Array(queries.nRows).fill(Number.NaN),
    };
  });
  await visitNeighbours(
    { reference, queries, cells: chosenCells(queries.nRows, null), k },
    (cells, neighbours) => {
      meter.sample();
      cells.forEach((cell, row) => {
        for (const poll of polls) {
          const { code, share } = poll.ballot(poll.codes, neighbours, row);
          poll.winners[cell] = code;
          poll.shares[cell] = share;
        }
      });
    },
    work,
  );
  return plainOutcome({
    labels: polls.map(({ column, winners, categories, shares }) =>
      plainLabels(column, winners, categories, shares),
    ),
    predictUsage: usageOf(meter, "predict", queries.nRows, work.engine.numThreads),
    predictConfig: new Map<string, ConfigValue>([
      [REFERENCE_KNN.k, k],
      [REFERENCE_KNN.voteMode, "distance_weighted"],
      [REFERENCE_KNN.distanceFloor, new Float(1e-6)],
    ]),
    normalisation: binary ? "expressed or not" : "values as stored",
    warnings: [],
  });
}
