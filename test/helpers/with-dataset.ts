import { openAnnData } from "../../src/anndata/open.ts";
import type { AnnData } from "../../src/anndata/types.ts";

/** Opens a dataset for `work` and closes it. */
export async function withDataset<T>(path: string, work: (adata: AnnData) => Promise<T>): Promise<T> {
  const adata = await openAnnData(path);
  try {
    return await work(adata);
  } finally {
    await adata.close();
  }
}
