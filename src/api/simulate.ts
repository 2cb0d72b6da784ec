/** Simulated datasets, for demonstrations and tests. @module */
import type { WorkOptions } from "../core/progress.ts";
import type { SimulationOptions } from "../demo/simulate.ts";

export type { SimulationOptions };

/**
 * One half of a simulated lung atlas as the bytes of an `.h5ad`, on any host: counts, four label columns, donors with batch
 * effects and, in the query, a cell type that the reference lacks. Equal options give equal cells.
 *
 * ```ts
 * const reference = await openAnnData(await simulateH5ad("reference", { nReference: 1000 }));
 * const query = await openAnnData(await simulateH5ad("query", { nQuery: 500 }));
 * ```
 * @throws USAGE for a size below its bound or an unseen type that is not among the types; ABORTED by the signal.
 */
export async function simulateH5ad(
  part: "reference" | "query",
  options: Partial<SimulationOptions> = {},
  work: Pick<WorkOptions, "signal"> = {},
): Promise<Uint8Array> {
  return (await import("../demo/simulated-h5ad.ts")).simulateH5ad(part, options, work);
}
