/** Genes of one species for those of another (docs/specification/3-prediction.md#gene-alignment). @module */
import { AtlasmtlError } from "../errors.ts";
import { plainBytes } from "../formats/compression/gzip.ts";
import type { Species } from "../schema/preprocess-options.ts";
import { geneId } from "./gene-table.ts";

/** One-to-one orthologues. */
export interface Orthologues {
  /** For reports. */
  readonly name: string;
  /** Per id of a gene the id of its orthologue. */
  readonly of: ReadonlyMap<string, string>;
}

/**
 * The packaged orthologues of human and mouse, read on first use: the pairs of HCOP that most resources agree on, seen
 * from either gene (decision record 22).
 * @throws UNSUPPORTED for another pair of species.
 */
export async function orthologues(from: Species, to: Species): Promise<Orthologues> {
  if (!(from === "human" && to === "mouse") && !(from === "mouse" && to === "human"))
    throw new AtlasmtlError("UNSUPPORTED", `there is no table of orthologues of ${from} and ${to}`, {
      hint: "predict with a model of the query's species; human and mouse are carried over to each other",
    });
  const { PACKED } = await import("./gene-tables/human-mouse.ts");
  const bytes = Uint8Array.from(atob(PACKED), (character) => character.charCodeAt(0));
  const [steps, mouse] = new TextDecoder().decode(plainBytes(bytes)).split("\n\n") as [string, string];
  const others = mouse.split("\n");
  const of = new Map<string, string>();
  let number = 0;
  for (const [i, step] of steps.split("\n").entries()) {
    number += Number(step);
    const [human, other] = [geneId("human", number), geneId("mouse", Number(others[i]))];
    if (from === "human") of.set(human, other);
    else of.set(other, human);
  }
  return { name: "HCOP", of };
}
