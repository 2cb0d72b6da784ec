/** Naming a matrix the way a caller does. @module */
import type { MatrixName } from "../types.ts";

/** The matrix a `layer` option means: `X`, `raw/X` (or `raw.X`), `layers/counts` or a bare layer name `counts`. */
export function matrixName(layer: string): MatrixName {
  if (layer === "X") return "X";
  if (layer === "raw/X" || layer === "raw.X") return "raw/X";
  return layer.startsWith("layers/") ? (layer as MatrixName) : `layers/${layer}`;
}
