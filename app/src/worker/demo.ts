/** The demonstration: a simulated lung, a labelled reference and a query with a cell type that the reference lacks. */
import { openAnnData, simulateH5ad, type WorkOptions } from "atlasmtl";
import { takeDataset, takeQueryFile } from "./dataset.ts";
import type { OpenDataset } from "./desk.ts";
import type { DatasetSeen, Role } from "./views.ts";

const SIZES = { nReference: 1500, nQuery: 1000, nGenes: 1000 } as const;

export async function openDemo(work: WorkOptions): Promise<{ reference: DatasetSeen; query: DatasetSeen }> {
  const [reference, query] = [await make("reference", work), await make("query", work)];
  return {
    reference: await takeDataset("reference", reference.dataset, reference.size, work),
    query: await takeDataset("query", query.dataset, query.size, work),
  };
}

/** The query of the example again, for a result of an earlier visit. */
export async function openDemoQuery(work: WorkOptions): Promise<DatasetSeen> {
  const { dataset, size } = await make("query", work);
  return takeQueryFile(dataset, size, work);
}

async function make(part: Role, work: WorkOptions): Promise<{ dataset: OpenDataset; size: number }> {
  const file = new File([new Uint8Array(await simulateH5ad(part, SIZES, work))], `demo-${part}.h5ad`);
  return { dataset: { name: file.name, adata: await openAnnData(file), isDemo: true }, size: file.size };
}
