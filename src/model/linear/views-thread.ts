/**
 * The code of a thread that scores cells by the linear views of a model. scripts/build-kernels.mjs makes a text of it, which
 * `src/predict/score-views.ts` starts.
 * @module
 */
import type { Csr } from "../../core/csr.ts";
import type { ComponentValues } from "../components/types.ts";
import { type RowSums, rowSums, type WeightTable } from "../components/weighted-sums.ts";
import type { ViewInput } from "./types.ts";
import { viewValues } from "./view-values.ts";

/** A view for cells whose measured genes are known. */
export interface ReadyView extends WeightTable {
  readonly input: ViewInput;
}

/** What a thread gets first. */
export interface ViewsSetup {
  readonly views: readonly ReadyView[];
}

/** Rows to score. */
export interface ViewsTask {
  readonly id: number;
  readonly rows: Csr;
  readonly values: ComponentValues;
  readonly share: number;
}

let views: readonly ReadyView[] = [];
let scorers: readonly RowSums[] = [];

/** Keeps a setup, or scores the rows of a task and replies; a failure is told without its reason. */
export function scoreRows(
  message: ViewsSetup | ViewsTask,
  reply: (message: unknown, transfer: readonly ArrayBufferLike[]) => void,
): void {
  if ("views" in message) {
    views = message.views;
    scorers = views.map(rowSums);
    return;
  }
  const { id, rows, values, share } = message;
  let scores: Float32Array[];
  try {
    scores = views.map(({ input }, v) => scorers[v](viewValues(rows, input, values, share)));
  } catch {
    reply({ id, result: null }, []);
    return;
  }
  reply(
    { id, result: scores },
    scores.map(({ buffer }) => buffer),
  );
}
