/** `atlasmtl preprocess`: canonical genes, counts and features of a reference or a query. @module */

import { checkDataset, checkPreprocessOptions, refuseOverwriting } from "../../api/checks.ts";
import { option, phrase } from "../../api/errors.ts";
import { bundleAt, WRITTEN_ENDINGS, writtenContainer } from "../../api/formats.ts";
import {
  type FeaturePanel,
  featurePanelOf,
  type Notice,
  type PreprocessResult,
  preprocessQuery,
  preprocessReference,
  readFeaturePanel,
  TrainedModel,
  type WrittenFile,
} from "../../api/index.ts";
import { didYouMean } from "../../api/names.ts";
import { preprocessedPaths, preprocessRecord, savePreprocessed } from "../../api/save-preprocessed.ts";
import type { ConfigMap, ConfigValue } from "../../api/values.ts";
import type { CommandContext } from "../context.ts";
import { openDataset } from "../open-dataset.ts";
import { PREPROCESS_COMMAND_FLAGS, type PreprocessCommandFlags } from "../options/options.ts";
import { PREPROCESS_KINDS, preprocessOptions } from "../options/preprocess-flags.ts";
import { required } from "../options/settings.ts";
import { splitDataset } from "../options/split-flags.ts";
import { fileSummary, prepareRun, recordFiles } from "../provenance.ts";
import { genesText } from "../terminal/preprocess-text.ts";
import { byteSize, table } from "../terminal/print.ts";
import { createProgress } from "../terminal/progress-bar.ts";
import { shellWord } from "../terminal/shell-word.ts";
import { usageError } from "../terminal/show-error.ts";
import { tableFile } from "./predict.ts";

type Kind = (typeof PREPROCESS_KINDS)[number];

/** Preprocesses a dataset by the flags. @throws USAGE before any work for a call that cannot succeed. */
export async function runPreprocess(
  given: string,
  flags: PreprocessCommandFlags,
  context: CommandContext,
): Promise<void> {
  const { output, signal } = context;
  const kind = kindOf(given);
  const panelKeys = kind === "query" ? (["panel"] as const) : [];
  const {
    adata: data,
    out,
    panel,
  } = required(flags, PREPROCESS_COMMAND_FLAGS, `preprocess ${kind}`, ["adata", "out", ...panelKeys]);
  if (writtenContainer(out) === null)
    throw usageError(
      `got ${JSON.stringify(out)}, expected a name that ends in ${WRITTEN_ENDINGS.join(" or ")}`,
      option("out"),
      "the end of the name chooses the format",
    );
  const settings = preprocessOptions(flags);
  checkPreprocessOptions(settings);
  if (kind === "reference" && flags.panel !== undefined)
    throw usageError(
      phrase`${option("panel")} is for queries`,
      option("panel"),
      "leave it out: a reference makes its panel",
    );
  const chosen = kind === "query" ? await panelFrom(panel, signal) : null;

  const progress = createProgress(context.common);
  const whole = await openDataset(data, flags, output);
  try {
    const part = await splitDataset(whole, flags, kind === "reference" ? "build" : "predict", out);
    const { adata } = part;
    const files = whole.stored?.files ?? [data];
    const besides = [...part.files, ...(chosen?.files ?? []), ...tableFile(flags)];
    const written = preprocessedPaths(out);
    await refuseOverwriting(written, besides);
    if (flags.inPlace !== true) await refuseOverwriting(written, files, { canBeInPlace: true });
    const inputs = await recordFiles([...files, ...besides], out, signal);
    const work = { signal, onProgress: progress.report };
    const result =
      chosen === null
        ? await preprocessReference(adata, settings, work)
        : await preprocessQuery(adata, chosen.panel, settings, work);
    const { inPlace } = flags;
    await checkDataset(result.adata, out, { inPlace });
    const {
      files: saved,
      manifest,
      leftOut,
    } = await write(result, kind, out, { inputs, split: part.record, inPlace, context });
    progress.stop();
    const warnings = [...result.warnings, ...leftOut];
    for (const warning of warnings) output.warn(warning);
    output.note(genesText(result));
    output.note(
      table(
        saved.map((file) => ["wrote", file.path, byteSize(file.sizeBytes)]),
        [2],
      ),
    );
    output.note(`wrote  ${manifest}`);
    output.note(
      kind === "reference"
        ? `next:  atlasmtl train --adata ${shellWord(out)} --out model/model.pth --labels COLUMN`
        : `next:  atlasmtl predict --model MODEL.pth --adata ${shellWord(out)} --out ANNOTATED.h5ad`,
    );
    output.json({
      command: "preprocess",
      kind,
      out,
      n_features: result.panel.geneIds.length,
      species: result.panel.species,
      case: result.genes.naming.namingCase,
      outputs: saved.map(fileSummary),
      run_manifest: manifest,
      warnings: warnings.map(output.inWords),
    });
  } finally {
    progress.stop();
    await whole.close();
  }
}

function kindOf(given: string): Kind {
  const found = PREPROCESS_KINDS.find((kind) => kind === given);
  if (found !== undefined) return found;
  throw usageError(
    `got ${JSON.stringify(given)}, expected ${PREPROCESS_KINDS.join(" or ")}${didYouMean(given, PREPROCESS_KINDS)}`,
    "atlasmtl preprocess",
    "write atlasmtl preprocess reference or atlasmtl preprocess query",
  );
}

/** The panel of a panel file or of a model. */
async function panelFrom(
  path: string,
  signal: AbortSignal,
): Promise<{ panel: FeaturePanel; files: readonly string[] }> {
  const file = await bundleAt(path);
  if (!/(\.pth|_manifest\.json)$/.test(file)) return { panel: await readFeaturePanel(path), files: [path] };
  const model = await TrainedModel.load(file, { signal });
  const panel = featurePanelOf(model);
  if (panel !== null) return { panel, files: model.files };
  throw usageError(
    "the model carries no feature panel",
    path,
    phrase`it was trained without preprocessing: predict from the query as it is, with ${option("autoGenes", true)} if its genes are called by other names`,
  );
}

interface Provenance {
  readonly inputs: Awaited<ReturnType<typeof recordFiles>>;
  readonly split: ConfigMap | null;
  readonly inPlace: boolean | undefined;
  readonly context: CommandContext;
}

/** Dataset, panel, report and run manifest, all or none. */
async function write(
  result: PreprocessResult,
  kind: Kind,
  out: string,
  { inputs, split, inPlace, context }: Provenance,
): Promise<{ files: readonly WrittenFile[]; manifest: string; leftOut: readonly Notice[] }> {
  const run = await prepareRun(
    out,
    {
      command: "preprocess",
      inputs,
      split,
      seeds: new Map(),
      details: new Map<string, ConfigValue>([
        ["kind", kind],
        ["out", out],
        ["case", result.genes.naming.namingCase],
        ["preprocess", await preprocessRecord(result, split)],
      ]),
    },
    context,
  );
  const leftOut = await savePreprocessed(out, result, {
    split,
    inPlace,
    signal: context.signal,
    also: run.also,
  });
  return { files: run.outputs(), manifest: run.path(), leftOut };
}
