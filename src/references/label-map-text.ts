/** A proposed label map as text with tabs (docs/specification/2-training.md#proposed-label-maps). @module */
import { shown } from "../core/shown.ts";
import { AtlasmtlError } from "../errors.ts";
import { LABEL_MAP, PROPOSAL } from "../schema/references.ts";
import type { LabelProposal } from "./harmonise.ts";

/** Between the labels that make up a coarser one. */
const BETWEEN = " | ";

/**
 * The rows as text to edit, which `parseLabelMap` reads: a line for each label, in the order of the rows.
 *
 * ```ts
 * const source = { name: "a", adata: await openAnnData("a.h5ad"), labelColumns: ["cell_type"] };
 * const other = { name: "b", adata: await openAnnData("b.h5ad"), labelColumns: ["celltype"] };
 * const { rows } = await harmoniseLabels([source, other]);
 * const text = labelMapText(rows); // to be written as map.tsv, looked at, and read by parseLabelMap
 * ```
 * @throws BAD_DATA for a label that such a text cannot hold.
 */
export function labelMapText(rows: readonly LabelProposal[]): string {
  const head = [...Object.values(LABEL_MAP), ...Object.values(PROPOSAL)];
  const lines = rows.map(({ file, column, label, to, match, others, share, shareBack, nCells }) => {
    const texts = [file, column, label, to ?? "", match, others.join(BETWEEN)];
    const unusable = texts.find((text) => /[\t\r\n]/.test(text));
    if (unusable !== undefined)
      throw new AtlasmtlError(
        "BAD_DATA",
        `${shown(unusable)} has a tab or a line break, which a table with tabs cannot hold`,
        {
          hint: "rename the label",
        },
      );
    return [...texts, share.toFixed(3), shareBack.toFixed(3), String(nCells)];
  });
  return `${[head, ...lines].map((fields) => fields.join("\t")).join("\n")}\n`;
}
