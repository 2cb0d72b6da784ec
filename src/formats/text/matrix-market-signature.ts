/** How a Matrix Market file begins; apart from its reader, which loads on first use. @module */

/** True if a file begins like a Matrix Market file. */
export function isMatrixMarket(head: Uint8Array): boolean {
  return [..."%%MatrixMarket"].every((char, i) => head[i] === char.charCodeAt(0));
}
