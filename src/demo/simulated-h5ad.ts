/** A part of a simulated atlas as the bytes of an `.h5ad`, on any host. @module */
import type { Column, DataFrame } from "../anndata/types.ts";
import type { FrameData } from "../anndata/write/write-frame.ts";
import { emitH5ad } from "../anndata/write/write-h5ad.ts";
import { createSimulation, type Part, type SimulationOptions, simulateCells } from "./simulate.ts";
import { simulatedAnnData } from "./simulated-anndata.ts";

/** Simulates and writes; all of it is in memory. */
export async function simulateH5ad(
  part: Part,
  options: Partial<SimulationOptions> = {},
): Promise<Uint8Array> {
  const simulation = createSimulation(options);
  const { obs, var: genes, nObs } = simulatedAnnData(simulation, part);
  return emitH5ad({
    X: simulateCells(simulation, part, 0, nObs).counts,
    obs: await frameData(obs),
    var: await frameData(genes),
  });
}

async function frameData(frame: DataFrame): Promise<FrameData> {
  const columns = new Map<string, Column>();
  for (const name of frame.columns) columns.set(name, await frame.column(name));
  return { index: frame.index, columns };
}
