/** Which genes of the model a query has. @module */
import type { GeneAlignment } from "./align.ts";

/** A byte for each gene of the model, 1 if the query has it. */
export function measuredGenes({ toModel, nGenes }: GeneAlignment): Uint8Array {
  const measured = new Uint8Array(nGenes);
  for (const gene of toModel) if (gene >= 0) measured[gene] = 1;
  return measured;
}
