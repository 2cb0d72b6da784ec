/** The genes of the labels as comma-separated text. @module */
import { pythonFloat32 } from "../core/float-text.ts";
import type { LabelGene, LabelGenes } from "../model/genes/types.ts";
import type { QueryGene, QueryLabelGenes } from "../predict/explain-query.ts";
import { LABEL_GENES_TABLE as KEYS } from "../schema/label-genes.ts";
import { quotedCsv } from "./csv-text.ts";

/** A row for each gene, the best of a class first; the columns of the query only where one was explained. */
export function labelGenesCsv(columns: readonly (LabelGenes | QueryLabelGenes)[]): Uint8Array {
  const { queryExpressing, nQueryCells, ...ofReference } = KEYS;
  const hasQuery = columns.some(({ classes }) => classes.some((own) => "nQueryCells" in own));
  const rows: (readonly string[])[] = [
    [...Object.values(ofReference), ...(hasQuery ? [queryExpressing, nQueryCells] : [])],
  ];
  for (const { column, classes } of columns)
    for (const own of classes)
      own.genes.forEach((gene, i) => {
        rows.push([
          ...[column, own.label, own.parent ?? "", String(i + 1), gene.gene],
          ...[gene.score, gene.expressing, gene.siblingsExpressing].map((x) =>
            x === null ? "" : pythonFloat32(x),
          ),
          ...[own.nCells, own.nSiblingCells].map((n) => String(n ?? "")),
          ...("nQueryCells" in own ? [shareText(gene), String(own.nQueryCells)] : []),
        ]);
      });
  return new TextEncoder().encode(rows.map((row) => `${row.map(quotedCsv).join(",")}\n`).join(""));
}

const shareText = (gene: LabelGene | QueryGene): string =>
  "queryExpressing" in gene && gene.queryExpressing !== null
    ? pythonFloat32(Math.fround(gene.queryExpressing))
    : "";
