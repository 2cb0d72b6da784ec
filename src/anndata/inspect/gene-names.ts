/** Recognises gene names, for hints. @module */

/** Genes that almost every human or mouse expression matrix contains. */
const COMMON_GENES: ReadonlySet<string> = new Set([
  "ACTB",
  "B2M",
  "GAPDH",
  "MALAT1",
  "RPLP0",
  "RPL13",
  "RPS6",
  "EEF1A1",
  "TMSB4X",
  "FTL",
  "CD3E",
  "TP53",
]);

const ENSEMBL_ID = /^ENS[A-Z]*G\d{6,}/;

/** True if at least half of `names` are Ensembl ids, or two of them are common genes. */
export function looksLikeGenes(names: readonly string[]): boolean {
  if (names.length === 0) return false;
  const nIds = names.reduce((n, name) => n + (ENSEMBL_ID.test(name) ? 1 : 0), 0);
  if (nIds * 2 >= names.length) return true;
  return names.reduce((n, name) => n + (COMMON_GENES.has(name.toUpperCase()) ? 1 : 0), 0) >= 2;
}
