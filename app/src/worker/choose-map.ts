/** Where the cells of a result are drawn. */
import type { AnnData, DenseMatrix } from "atlasmtl";

const KNOWN = ["X_umap", "X_tsne", "X_draw_graph_fa"];

export interface ChosenMap {
  readonly name: string;
  /** Two numbers for each cell. */
  readonly points: Float32Array;
}

/** The query's own map if it has one, else the two dimensions of the model's space in which cells differ most. */
export async function chooseMap(
  adata: AnnData,
  coords: ReadonlyMap<string, DenseMatrix>,
  nCells: number,
): Promise<ChosenMap> {
  const key = KNOWN.find((name) => adata.obsmKeys.includes(name));
  const own = key === undefined ? null : await adata.obsm(key);
  if (own !== null && own.nCols >= 2) return { name: key!, points: plane(own, 0, 1) };
  const latent = coords.get("umap") ?? coords.get("latent_internal");
  if (latent === undefined || latent.nCols < 2) return { name: "", points: new Float32Array(2 * nCells) };
  const [x, y] = widest(latent);
  return { name: "latent", points: plane(latent, x, y) };
}

function plane({ nRows, nCols, data }: DenseMatrix, x: number, y: number): Float32Array {
  const points = new Float32Array(2 * nRows);
  for (let row = 0; row < nRows; row++) {
    points[2 * row] = data[row * nCols + x];
    points[2 * row + 1] = data[row * nCols + y];
  }
  return points;
}

function widest({ nRows, nCols, data }: DenseMatrix): number[] {
  const spread = Array.from({ length: nCols }, (_, column) => {
    let [sum, squares] = [0, 0];
    for (let row = 0; row < nRows; row++) {
      const value = data[row * nCols + column];
      sum += value;
      squares += value * value;
    }
    return squares - (sum * sum) / Math.max(1, nRows);
  });
  return spread
    .map((_, column) => column)
    .sort((a, b) => spread[b] - spread[a])
    .slice(0, 2);
}
