/** Chooses the coordinates at which a report draws the cells. @module */
import type { AnnData } from "../../anndata/types.ts";
import type { DenseMatrix } from "../../core/dense.ts";
import type { WorkOptions } from "../../core/progress.ts";
import { LATENT_INTERNAL } from "../../schema/bundle.ts";
import type { ReportEmbedding } from "./types.ts";

/** Usual two-dimensional embeddings, in order of preference. */
const DRAWN_KEYS = ["X_umap", "X_tsne", "X_draw_graph_fa"];

/**
 * The query's embedding if it has one, else the one that the model predicts, else the first two principal
 * components of the model's latent space; null if there is none.
 * @throws ABORTED by the signal.
 */
export async function chooseEmbedding(
  adata: Pick<AnnData, "obsmKeys" | "obsm">,
  coords: ReadonlyMap<string, DenseMatrix>,
  { signal }: Pick<WorkOptions, "signal"> = {},
): Promise<ReportEmbedding | null> {
  const key = DRAWN_KEYS.find((each) => adata.obsmKeys.includes(each));
  if (key !== undefined) {
    const points = await adata.obsm(key);
    if (points.nCols === 2) return { name: `the query's own ${key}`, points };
  }
  const umap = coords.get("umap");
  if (umap?.nCols === 2) return { name: "the UMAP coordinates that the model predicts", points: umap };
  const latent = coords.get(LATENT_INTERNAL);
  if (latent === undefined || latent.nRows === 0) return null;
  // Loaded on first use: most queries and models have a map.
  const { principalPlane } = await import("./principal-plane.ts");
  return {
    name: "the two directions in which the model's latent space varies most (principal components)",
    points: await principalPlane(latent, signal),
  };
}
