/** Proposals for labels of several references, as a caller sees it. @module */
import type { WorkOptions } from "../core/progress.ts";
import { createEngine } from "../kernels/engine.ts";
import type { HarmonisedLabels, HarmoniseOptions, LabelProposal } from "../references/harmonise.ts";
import type { LabelMatch } from "../references/label-pairs.ts";
import type { ReferenceSource } from "../references/types.ts";
import { requireData } from "./call-checks.ts";

export type { HarmonisedLabels, HarmoniseOptions, LabelMatch, LabelProposal };

/**
 * Proposes what labels of several references are one type: a model of each predicts the cells of the other, at every level
 * (docs/specification/2-training.md#proposed-label-maps). The rows are a label map for {@link joinReferences}; look at them first.
 *
 * ```ts
 * const [a, b] = [await openAnnData("a.h5ad"), await openAnnData("b.h5ad")];
 * const { rows } = await harmoniseLabels([
 *   { name: "a", adata: a, labelColumns: ["cell_type"] },
 *   { name: "b", adata: b, labelColumns: ["celltype"] },
 * ]);
 * for (const { file, label, to, match, share } of rows) console.log(file, label, to, match, share);
 * ```
 * @throws USAGE for fewer than two references; the errors of {@link joinReferences} and {@link buildModel}; ABORTED.
 */
export async function harmoniseLabels(
  sources: readonly ReferenceSource[],
  options: HarmoniseOptions & { readonly numThreads?: number | "max" | undefined } = {},
  work: WorkOptions = {},
): Promise<HarmonisedLabels> {
  for (const { adata } of sources) requireData("harmoniseLabels", adata);
  const { numThreads = "max", ...chosen } = options;
  const engine = await createEngine({ numThreads });
  try {
    // Loaded on first use: most pages only predict.
    const { harmoniseLabels: harmonise } = await import("../references/harmonise.ts");
    return await harmonise(sources, chosen, { ...work, engine });
  } finally {
    engine.dispose();
  }
}
