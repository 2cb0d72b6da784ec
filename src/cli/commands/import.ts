/** `atlasmtl import`: a bundle of a model that CellTypist trained. @module */
import { checkOutput, refuseOverwriting } from "../../api/checks.ts";
import { option } from "../../api/errors.ts";
import { TrainedModel } from "../../api/index.ts";
import { IMPORT_DETAILS, TRAIN_CONFIG } from "../../api/keys.ts";
import { keyed } from "../../api/values.ts";
import type { CommandContext } from "../context.ts";
import { readNames } from "../options/gene-list.ts";
import { IMPORT_FLAGS, type ImportFlags } from "../options/options.ts";
import { required } from "../options/settings.ts";
import { fileSummary, prepareRun, recordFiles } from "../provenance.ts";
import { byteSize, plural } from "../terminal/print.ts";
import { shellWord } from "../terminal/shell-word.ts";
import { usageError } from "../terminal/show-error.ts";

/** Reads the model as data and saves it. @throws USAGE for a path that is no pickle, or an output that cannot be written. */
export async function runImport(path: string, flags: ImportFlags, context: CommandContext): Promise<void> {
  const { output, signal } = context;
  const { out } = required(flags, IMPORT_FLAGS, "import", ["out"]);
  if (!path.endsWith(".pkl"))
    throw usageError(
      `got ${JSON.stringify(path)}, expected a model of CellTypist, which ends in .pkl`,
      "atlasmtl import",
      "other models need no import: give them to predict",
    );
  if (!/[^/\\]\.(pth|zip)$/.test(out))
    throw usageError(
      `got ${JSON.stringify(out)}, expected a name that ends in .pth, or in .zip for one file`,
      option("out"),
      "the other files of the bundle go beside a .pth",
    );
  await checkOutput(out);
  const genes = flags.genes === undefined ? null : await readNames(flags.genes);
  const model = await TrainedModel.load(path, {
    signal,
    celltypist: { genes, labelColumn: flags.labelColumn },
  });
  const inputPaths = [path, ...(flags.genes === undefined ? [] : [flags.genes])];
  await refuseOverwriting([out], inputPaths);
  const [{ column, classes }] = model.data.labelHeads;
  const run = await prepareRun(
    out,
    {
      command: "import",
      inputs: await recordFiles(inputPaths, out, signal),
      seeds: new Map(),
      details: keyed(IMPORT_DETAILS, {
        model: path,
        out,
        labels: [column],
        imported: model.data.trainConfig.get(TRAIN_CONFIG.imported) ?? null,
      }),
    },
    context,
  );
  await model.save(out, { also: run.also });
  const outputs = run.outputs();
  output.note(`${plural(classes.length, "cell type")}, ${plural(model.data.trainGenes.length, "gene")}`);
  for (const file of outputs) output.note(`wrote  ${file.path}  ${byteSize(file.sizeBytes)}`);
  output.note(`wrote  ${run.path()}`);
  output.note(`next:  atlasmtl predict --model ${shellWord(out)} --adata QUERY.h5ad --out ANNOTATED.h5ad`);
  output.json({
    command: "import",
    model: path,
    out,
    label_column: column,
    n_classes: classes.length,
    n_genes: model.data.trainGenes.length,
    outputs: outputs.map(fileSummary),
    run_manifest: run.path(),
  });
}
