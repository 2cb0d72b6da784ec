/**
 * Carries obs columns of the reference over to the query by its nearest reference cells
 * (docs/specification/3-prediction.md#transferred-columns). @module
 */
import { didYouMean } from "../core/nearest.ts";
import { AtlasmtlError, option, phrase } from "../errors.ts";
import type { Neighbours } from "../kernels/types.ts";
import type { Model, Reference, ReferenceColumn } from "../model/types.ts";
import type { KnnVoteMode } from "../schema/prediction-options.ts";
import type { NeighbourWatch } from "./neighbours.ts";
import type { PredictSettings } from "./options.ts";
import type { Transferred, TransferredColumn } from "./types.ts";
import { createBallot, voiceOf } from "./vote.ts";

/** The columns that a prediction carries over, while the neighbours of its cells are found. */
export interface Transfer {
  readonly take: NeighbourWatch;
  /** `isEmpty` marks cells that have no place, and so no neighbours; null if all have one. */
  finish(isEmpty: Uint8Array | null): Transferred;
}

/** A column being carried over. */
interface Carrier {
  readonly result: TransferredColumn;
  readonly take: (cell: number, neighbours: Neighbours, row: number) => void;
  readonly clear: (cell: number) => void;
}

/**
 * Reads the columns of `transfer` for `nObs` cells; null if there are none.
 * @throws NOT_FOUND for a column that the bundle does not keep, and like `model.reference`.
 */
export async function planTransfer(
  model: Model,
  { transfer, knnVoteMode }: Pick<PredictSettings, "transfer" | "knnVoteMode">,
  nObs: number,
): Promise<Transfer | null> {
  if (transfer === null) return null;
  const reference = await model.reference();
  const carriers = transfer.map((column) => {
    const values = columnOf(reference, column);
    return values.kind === "number"
      ? numberCarrier(column, values.values, knnVoteMode, nObs)
      : labelCarrier(column, values, knnVoteMode, nObs);
  });
  const distance = new Float32Array(nObs).fill(Number.NaN);
  return {
    take: (cells, neighbours) => {
      cells.forEach((cell, row) => {
        distance[cell] = meanDistance(neighbours, row);
        for (const carrier of carriers) carrier.take(cell, neighbours, row);
      });
    },
    finish: (isEmpty) => {
      isEmpty?.forEach((flag, cell) => {
        if (flag === 0) return;
        distance[cell] = Number.NaN;
        for (const carrier of carriers) carrier.clear(cell);
      });
      return { columns: carriers.map(({ result }) => result), distance };
    },
  };
}

/** @throws NOT_FOUND for the first column that the reference does not keep. */
export function requireColumns(reference: Reference, columns: readonly string[]): void {
  for (const column of columns) columnOf(reference, column);
}

function columnOf({ labels, columns = new Map() }: Reference, column: string): ReferenceColumn {
  const kept = columns.get(column);
  if (kept !== undefined) return kept;
  const label = labels.get(column);
  if (label !== undefined) return { kind: "label", ...label };
  const names = [...labels.keys(), ...columns.keys()];
  throw new AtlasmtlError(
    "NOT_FOUND",
    `the model keeps no column "${column}" of its reference cells, it keeps ${names.join(", ")}${didYouMean(column, names)}`,
    {
      where: "reference › columns",
      hint: phrase`train again with ${option("keepColumns", [column])}, or transfer one of these`,
    },
  );
}

function meanDistance({ k, distances }: Neighbours, row: number): number {
  let sum = 0;
  for (let j = row * k; j < (row + 1) * k; j++) sum += distances[j];
  return sum / k;
}

/** Weighted mean and standard deviation over the neighbours that have a value. */
function numberCarrier(column: string, values: Float64Array, mode: KnnVoteMode, nObs: number): Carrier {
  const mean = new Float32Array(nObs).fill(Number.NaN);
  const spread = new Float32Array(nObs).fill(Number.NaN);
  return {
    result: { column, kind: "number", mean, spread },
    take: (cell, { k, indices, distances }, row) => {
      const [start, end] = [row * k, (row + 1) * k];
      let [total, sum] = [0, 0];
      for (let j = start; j < end; j++) {
        const value = values[indices[j]];
        if (Number.isNaN(value)) continue;
        const voice = voiceOf(mode, distances[j]);
        total += voice;
        sum += voice * value;
      }
      if (total === 0) return;
      const centre = sum / total;
      let squares = 0;
      for (let j = start; j < end; j++) {
        const value = values[indices[j]];
        if (!Number.isNaN(value)) squares += voiceOf(mode, distances[j]) * (value - centre) ** 2;
      }
      mean[cell] = centre;
      spread[cell] = Math.sqrt(squares / total);
    },
    clear: (cell) => {
      mean[cell] = Number.NaN;
      spread[cell] = Number.NaN;
    },
  };
}

/** The vote of the neighbours that have a category. */
function labelCarrier(
  column: string,
  { codes: own, categories }: Extract<ReferenceColumn, { kind: "label" }>,
  mode: KnnVoteMode,
  nObs: number,
): Carrier {
  const codes = new Int32Array(nObs).fill(-1);
  const share = new Float32Array(nObs).fill(Number.NaN);
  const ballot = createBallot(mode, categories.length, "leftOut");
  return {
    result: { column, kind: "label", labels: { codes, categories }, share },
    take: (cell, neighbours, row) => {
      const verdict = ballot(own, neighbours, row);
      if (verdict.code < 0) return;
      codes[cell] = verdict.code;
      share[cell] = verdict.share;
    },
    clear: (cell) => {
      codes[cell] = -1;
      share[cell] = Number.NaN;
    },
  };
}
