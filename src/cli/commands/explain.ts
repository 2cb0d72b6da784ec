/** `atlasmtl explain`: the genes that drive each label. @module */

import { platform } from "#platform";
import { checkOutput, refuseOverwriting } from "../../api/checks.ts";
import { option, phrase } from "../../api/errors.ts";
import {
  explainModel,
  explainQuery,
  type LabelGenes,
  labelGenesCsv,
  predict,
  type QueryLabelGenes,
  type TrainedModel,
} from "../../api/index.ts";
import type { CommandContext } from "../context.ts";
import { openDataset } from "../open-dataset.ts";
import { openModel } from "../open-model.ts";
import { layerOf } from "../options/dataset-flags.ts";
import { refuseSwapped } from "../options/model-flags.ts";
import { DEFAULT_TOP_GENES, EXPLAIN_FLAGS, type ExplainFlags } from "../options/options.ts";
import { required } from "../options/settings.ts";
import { snakeKeys } from "../terminal/print.ts";
import { createProgress } from "../terminal/progress-bar.ts";
import { usageError } from "../terminal/show-error.ts";

type Explained = readonly (LabelGenes | QueryLabelGenes)[];

/** Prints the genes of each label, those of a query beside those of the reference, and writes them as a table. */
export async function runExplain(flags: ExplainFlags, context: CommandContext): Promise<void> {
  const { output } = context;
  const { model: modelPath } = required(flags, EXPLAIN_FLAGS, "explain", ["model"]);
  refuseSwapped(flags);
  const { adata, predictions, out, top = DEFAULT_TOP_GENES } = flags;
  if (predictions !== undefined && adata === undefined)
    throw usageError(
      phrase`${option("predictions")} is given without ${option("adata")}`,
      option("predictions"),
      phrase`add ${option("adata")}, the query that was annotated`,
    );
  if (top < 1)
    throw usageError(
      phrase`${option("top")} is ${top}, expected 1 or more`,
      option("top"),
      "give a number of genes",
    );
  if (out !== undefined) {
    if (!/\.csv$/.test(out))
      throw usageError(
        `got ${JSON.stringify(out)}, expected a name that ends in .csv`,
        option("out"),
        "a table is written, with a row for each gene",
      );
    await checkOutput(out);
  }
  const model = await openModel(modelPath, flags, context);
  const given = [adata, predictions].filter((path) => path !== undefined);
  if (out !== undefined) await refuseOverwriting([out], [...given, ...model.files]);
  const reference = await explainModel(model);
  const columns = chosenColumns(reference, flags.labels);
  const all: Explained =
    adata === undefined ? reference : await ofQuery(model, adata, columns, flags, context);
  const explained = all
    .filter(({ column }) => columns.includes(column))
    .map((level) => ({
      ...level,
      classes: level.classes.map((own) => ({ ...own, genes: own.genes.slice(0, top) })),
    }));
  if (out !== undefined) await platform.files.writeAll([{ path: out, bytes: [labelGenesCsv(explained)] }]);
  output.result(explained.map((level) => levelText(level, output.heading)).join("\n\n"));
  if (out !== undefined) output.note(`wrote  ${out}`);
  output.json({ command: "explain", out: out ?? null, label_columns: snakeKeys(explained) });
}

function chosenColumns(levels: Explained, labels: readonly string[] | undefined): readonly string[] {
  const known = levels.map(({ column }) => column);
  const unknown = labels?.find((column) => !known.includes(column));
  if (unknown !== undefined)
    throw usageError(
      `the model has no label column ${JSON.stringify(unknown)}`,
      option("labels"),
      `its label columns are ${known.join(", ")}`,
    );
  return labels ?? known;
}

/** With the shares of query cells, whose labels are read from a file or predicted. */
async function ofQuery(
  model: TrainedModel,
  path: string,
  columns: readonly string[],
  flags: ExplainFlags,
  { common, output, signal }: CommandContext,
): Promise<readonly QueryLabelGenes[]> {
  const progress = createProgress(common);
  const adata = await openDataset(path, flags, output);
  try {
    const layer = layerOf(flags);
    const options = {
      ...(layer === undefined ? {} : { layer }),
      ...(flags.autoGenes === undefined ? {} : { autoGenes: flags.autoGenes }),
      ...(flags.numThreads === undefined ? {} : { numThreads: flags.numThreads }),
    };
    const work = { signal, onProgress: progress.report };
    const labels = flags.predictions ?? (await predict(model, adata, options, work));
    return await explainQuery(model, adata, labels, { ...options, labelColumns: columns }, work);
  } finally {
    progress.stop();
    await adata.close();
  }
}

/** One label column: a line for each class, with the mean shares of cells that express its genes. */
function levelText({ column, classes }: Explained[number], heading: (text: string) => string): string {
  const lines = classes.map((own) => {
    if (own.genes.length === 0) return `  ${own.label}: no gene tells it from other labels`;
    const names = own.genes.map(({ gene }) => gene).join(", ");
    const shares = sharesOf(own);
    return `  ${own.label}: ${names}${shares === "" ? "" : `: expressed in ${shares}`}`;
  });
  return [heading(column), ...lines].join("\n");
}

function sharesOf({ genes, ...own }: Explained[number]["classes"][number]): string {
  const mean = (values: readonly (number | null)[]): string =>
    `${Math.round((100 * values.reduce<number>((sum, value) => sum + (value ?? 0), 0)) / values.length)} %`;
  const reference = `${mean(genes.map(({ expressing }) => expressing))} in the reference`;
  const siblings = `${mean(genes.map(({ siblingsExpressing }) => siblingsExpressing))} of ${own.parent === null ? "all other cells" : `other ${own.parent}`} there`;
  const here = genes.flatMap((gene) =>
    "queryExpressing" in gene && gene.queryExpressing !== null ? [gene.queryExpressing] : [],
  );
  const inQuery = !("nQueryCells" in own)
    ? ""
    : here.length === 0
      ? "no cell here, "
      : `${mean(here)} here, `;
  // A model of CellTypist knows of no reference cells.
  if (own.nCells === null) return inQuery.replace(/, $/, "");
  return `${inQuery}${reference}, ${siblings}`;
}
