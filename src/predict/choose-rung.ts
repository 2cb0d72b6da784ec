/**
 * Chooses how sure the model may be of a query: the rung of its ladder whose held-out cells are as unlike the reference as
 * the query is (docs/specification/3-prediction.md#confidence).
 * @module
 */
import { log } from "../core/math.ts";
import { queryDistances } from "../model/components/query-distances.ts";
import type { Rung } from "../model/linear/types.ts";
import type { Model } from "../model/types.ts";
import { createQueryComponents } from "./query-components.ts";
import type { QueryRows } from "./query-rows.ts";

/**
 * The rung for a query, by a sample of its cells; null where the model has no ladder, or the sample does not say how unlike
 * the reference it is.
 * @throws BAD_DATA for values that cannot be used.
 */
export async function chooseRung(
  model: Model,
  query: Pick<QueryRows, "genes" | "sample" | "given">,
): Promise<Rung | null> {
  const rungs = model.linear?.ladder ?? [];
  const space = model.space ?? null;
  if (rungs.length === 0 || space === null || space.values !== "log1p_cp10k") return null;
  const sample = await query.sample();
  const nCells = sample.reduce((sum, { values }) => sum + values.nRows, 0);
  const cells = createQueryComponents(space, query.genes, nCells, query.given);
  let first = 0;
  for (const { values } of sample) {
    cells.add(values, first);
    first += values.nRows;
  }
  const placed = cells.finish();
  if (placed === null) return null;
  const { shiftScore } = queryDistances(placed.scores, space);
  return shiftScore === null ? null : nearestRung(rungs, placed.depthRatio ?? 1, shiftScore);
}

/** Of the rungs whose depth is nearest, the one whose shift score is. */
function nearestRung(rungs: readonly Rung[], depthRatio: number, shiftScore: number): Rung {
  const far = (a: number, b: number) => Math.abs(log(a) - log(b));
  const depth = nearest(rungs, (rung) => far(rung.depth, Math.max(depthRatio, 1e-6))).depth;
  const asDeep = rungs.filter((rung) => rung.depth === depth);
  return nearest(asDeep, (rung) =>
    rung.shiftScore === null ? Number.POSITIVE_INFINITY : far(rung.shiftScore, Math.max(shiftScore, 1e-6)),
  );
}

/** The first of the least. */
function nearest<T>(items: readonly T[], distance: (item: T) => number): T {
  return items.reduce((best, item) => (distance(item) < distance(best) ? item : best));
}
