/** Several references as one, as a caller sees it. @module */
import type { WorkOptions } from "../core/progress.ts";
import type { JoinedReferences, JoinOptions, LabelMapRow, ReferenceSource } from "../references/types.ts";
import { requireData } from "./call-checks.ts";

export type { JoinedReferences, JoinOptions, LabelMapRow, ReferenceSource };

/**
 * Joins several labelled datasets to one that {@link buildModel} trains on: on the genes that all have, whatever each calls
 * them, with labels by a map (docs/specification/2-training.md#several-references). Matrices are read from the sources while training
 * streams them, so keep them open. The obs column `source_reference` names the source of each cell.
 *
 * ```ts
 * const a = await openAnnData("a.h5ad");
 * const b = await openAnnData("b.h5ad");
 * const joined = await joinReferences(
 *   [
 *     { name: "a", adata: a, labelColumns: ["cell_type"] },
 *     { name: "b", adata: b, labelColumns: ["celltype"] },
 *   ],
 *   { labelMap: parseLabelMap("label\tto\nCD14+ Mono\tMono_CD14") },
 * );
 * const model = await buildModel(joined.adata, { labelColumns: joined.labelColumns });
 * ```
 * @throws USAGE for sources that cannot be told apart or have other numbers of label columns; MISMATCH without a shared
 * gene; BAD_DATA for values of different kinds; NOT_FOUND for a column or matrix that is not there.
 */
export async function joinReferences(
  sources: readonly ReferenceSource[],
  options: JoinOptions = {},
  work: Pick<WorkOptions, "signal"> = {},
): Promise<JoinedReferences> {
  for (const { adata } of sources) requireData("joinReferences", adata);
  // Loaded on first use: most pages only predict.
  const { joinReferences: join } = await import("../references/join.ts");
  return join(sources, options, work.signal);
}
