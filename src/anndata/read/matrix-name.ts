/** Parses the names of matrices in options. @module */
import type { MatrixName } from "../types.ts";

/**
 * The matrix that a `layer` option names: `X`, `raw/X` (or `raw.X`), `layers/counts` or a bare layer name
 * `counts`.
 */
export function matrixName(layer: string): MatrixName {
  if (layer === "X") return "X";
  if (layer === "raw/X" || layer === "raw.X") return "raw/X";
  return layer.startsWith("layers/") ? (layer as MatrixName) : `layers/${layer}`;
}
