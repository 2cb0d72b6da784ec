/** Which genes of the model a query has. @module */
import type { GeneAlignment } from "./align.ts";

const measuredOf = new WeakMap<GeneAlignment, Uint8Array>();

/** A byte for each gene of the model, 1 if the query has it; the same array for the same alignment. */
export function measuredGenes(alignment: GeneAlignment): Uint8Array {
  const known = measuredOf.get(alignment);
  if (known !== undefined) return known;
  const measured = new Uint8Array(alignment.nGenes);
  for (const gene of alignment.toModel) if (gene >= 0) measured[gene] = 1;
  measuredOf.set(alignment, measured);
  return measured;
}
