/** The demonstration: a simulated lung, a labelled reference and a query with a cell type that the reference lacks. */
import { openAnnData, simulateH5ad, type WorkOptions } from "atlasmtl";
import { takeDataset } from "./dataset.ts";
import type { DatasetSeen } from "./views.ts";

const SIZES = { nReference: 1500, nQuery: 1000, nGenes: 1000 } as const;

export async function openDemo(work: WorkOptions): Promise<{ reference: DatasetSeen; query: DatasetSeen }> {
  return { reference: await open("reference", work), query: await open("query", work) };
}

async function open(part: "reference" | "query", work: WorkOptions): Promise<DatasetSeen> {
  const bytes = await simulateH5ad(part, SIZES);
  const name = `demo-${part}.h5ad`;
  const file = new File([new Uint8Array(bytes)], name);
  return takeDataset(part, name, file.size, await openAnnData(file), work);
}
