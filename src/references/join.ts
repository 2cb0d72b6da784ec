/** Several references as one dataset; it shows the order of steps (docs/specification/2-training.md#several-references). @module */
import type { Column } from "../anndata/types.ts";
import { shown } from "../core/shown.ts";
import { AtlasmtlError, locateOnce } from "../errors.ts";
import { SOURCE_COLUMN } from "../schema/references.ts";
import { chooseMatrices } from "./choose-matrices.ts";
import { joinLabels } from "./join-labels.ts";
import { joinNames } from "./same-cells.ts";
import { shareGenes } from "./shared-genes.ts";
import { stackCells } from "./stacked.ts";
import type { JoinedReferences, JoinOptions, ReferenceSource } from "./types.ts";

/**
 * Joins `sources`: the genes that all have, the labels by the label map, and a column that names the source of each cell.
 * @throws USAGE for sources that cannot be told apart or have other numbers of label columns; MISMATCH without a shared
 * gene; BAD_DATA for values of different kinds; NOT_FOUND for a column or matrix that is not there.
 */
export async function joinReferences(
  sources: readonly ReferenceSource[],
  options: JoinOptions = {},
  signal?: AbortSignal,
): Promise<JoinedReferences> {
  checkSources(sources);
  const labels = await joinLabels(sources, options.labelMap ?? []);
  const chosen = await chooseMatrices(sources, options, signal);
  const named = await Promise.all(
    sources.map(async ({ name, adata }, s) => {
      const matrix = chosen.names[s];
      try {
        return {
          matrix: await adata.matrix(matrix),
          names: await adata.varNames(matrix),
          var: matrix === "raw/X" ? ((await adata.rawVar?.()) ?? null) : adata.var,
          source: name,
        };
      } catch (error) {
        throw locateOnce(error, adata.source);
      }
    }),
  );
  const genes = await shareGenes(named);
  const parts = sources.map(({ name, adata }, s) => ({
    name,
    adata,
    index: adata.obs.index,
    matrix: genes.matrices[s],
  }));
  const cells = await joinNames(parts, signal);
  const adata = await stackCells({
    source: sources.map(({ name }) => name).join(" + "),
    parts,
    genes: genes.names,
    index: cells.index,
    columns: new Map([...labels.columns, [SOURCE_COLUMN, sourceColumn(sources)]]),
  });
  const steps = [genes, chosen, labels, cells];
  return {
    adata,
    labelColumns: sources[0].labelColumns,
    notes: steps.flatMap(({ notes }) => notes),
    warnings: steps.flatMap(({ warnings }) => warnings),
  };
}

function sourceColumn(sources: readonly ReferenceSource[]): Column {
  const codes = sources.flatMap(({ adata }, s) => new Array<number>(adata.nObs).fill(s));
  return {
    kind: "categorical",
    codes: Int32Array.from(codes),
    categories: sources.map(({ name }) => name),
    ordered: false,
  };
}

function checkSources(sources: readonly ReferenceSource[]): void {
  if (sources.length === 0) throw new AtlasmtlError("USAGE", "there is no reference to join");
  const names = sources.map(({ name }) => name);
  const twice = names.find((name, s) => names.indexOf(name) < s);
  if (twice !== undefined)
    throw new AtlasmtlError("USAGE", `two references are called ${shown(twice)}`, {
      hint: "give each a name of its own",
    });
  const [first] = sources;
  for (const { name, labelColumns } of sources)
    if (labelColumns.length === 0 || labelColumns.length !== first.labelColumns.length)
      throw new AtlasmtlError(
        "USAGE",
        `${first.name} has ${first.labelColumns.length} label columns (${first.labelColumns.join(", ")}), ${name} ${labelColumns.length} (${labelColumns.join(", ")})`,
        { hint: "give each reference a column for every level, coarse to fine, in one order" },
      );
}
