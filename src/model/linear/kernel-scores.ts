/** Scores many cells by the linear views of a model on the kernels. @module */
import type { Csr } from "../../core/csr.ts";
import type { Engine } from "../../kernels/types.ts";
import { createKernelProduct } from "../components/matrix-products.ts";
import type { LinearView } from "./types.ts";
import { scoringWeights } from "./view-scores.ts";

/** Scores cells by one view on the kernels, for many of them; sums are of float32. */
export interface KernelViewScorer {
  score(values: Csr): Promise<Float32Array>;
  dispose(): void;
}

/** Like `createViewScorer` for cells of which all genes were measured. */
export async function createKernelViewScorer(view: LinearView, engine: Engine): Promise<KernelViewScorer> {
  const { scale, cap } = view.scaling;
  const { weights, offsets } = scoringWeights(view, null);
  const product = await createKernelProduct(engine, weights, offsets);
  return {
    async score({ data, ...rows }) {
      const scaled = Float32Array.from(rows.indices, (g, e) =>
        Math.min((data === null ? 1 : data[e]) * scale[g], cap[g]),
      );
      const out = new Float32Array(rows.nRows * offsets.length);
      await product.multiply({ ...rows, data: scaled }, out);
      return out;
    },
    dispose: () => product.dispose(),
  };
}
