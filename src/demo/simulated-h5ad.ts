/** A part of a simulated atlas as the bytes of an `.h5ad`, on any host. @module */
import { readCompactCsr } from "../anndata/read/whole-matrix.ts";
import type { Column, DataFrame } from "../anndata/types.ts";
import type { FrameData } from "../anndata/write/write-frame.ts";
import { emitH5ad } from "../anndata/write/write-h5ad.ts";
import type { WorkOptions } from "../core/progress.ts";
import { createSimulation, type Part, type SimulationOptions } from "./simulate.ts";
import { simulatedAnnData } from "./simulated-anndata.ts";

/** Simulates and writes; all of it is in memory. @throws ABORTED by the signal. */
export async function simulateH5ad(
  part: Part,
  options: Partial<SimulationOptions>,
  { signal }: Pick<WorkOptions, "signal">,
): Promise<Uint8Array> {
  const simulation = createSimulation(options);
  const adata = simulatedAnnData(simulation, part);
  const { obs, var: genes } = adata;
  return emitH5ad({
    X: await readCompactCsr(await adata.matrix("X"), { binary: false, signal }),
    obs: await frameData(obs),
    var: await frameData(genes),
  });
}

async function frameData(frame: DataFrame): Promise<FrameData> {
  const columns = new Map<string, Column>();
  for (const name of frame.columns) columns.set(name, await frame.column(name));
  return { index: frame.index, columns };
}
