/** `atlasmtl predict`: annotate a query and write the result and the run manifest. @module */
import { stat } from "node:fs/promises";
import { platform } from "#platform";
import { checkDatasetOutput } from "../../anndata/write/write-annotated.ts";
import { locate } from "../../api/errors.ts";
import { containerByName, RESULT_ENDINGS, WRITTEN_ENDINGS, writtenContainer } from "../../api/formats.ts";
import {
  type AnnData,
  type DeepestLabels,
  type Notice,
  type PredictedSets,
  type PredictionResult,
  type PredictOptions,
  predict,
  type RefinementConfig,
  TrainedModel,
} from "../../api/index.ts";
import { DEFAULT_WRITE_MODE } from "../../api/options.ts";
import type { ConfigMap } from "../../api/values.ts";
import { loadModel } from "../../artifacts/load.ts";
import type { FileRecord } from "../../artifacts/run-manifest.ts";
import type { AlsoWrite, FileToWrite, WrittenFile } from "../../core/bytes.ts";
import { additionNames, type ToAnnDataOptions } from "../../output/to-anndata.ts";
import { type HierarchyRules, parseHierarchyRules } from "../../predict/hierarchy-rules.ts";
import { resolvePredictOptions } from "../../predict/options.ts";
import { planSets, setSizes } from "../../predict/prediction-sets.ts";
import { UNKNOWN } from "../../predict/unknown.ts";
import { filesOf } from "../bundle-files.ts";
import type { CommandContext } from "../context.ts";
import { openDataset } from "../open-dataset.ts";
import { readYaml } from "../options/config-file.ts";
import { layerOf } from "../options/dataset-flags.ts";
import { flagName } from "../options/flag.ts";
import { PREDICT_FLAGS, type PredictFlags } from "../options/options.ts";
import { readRefinement } from "../options/refinement-file.ts";
import { required } from "../options/settings.ts";
import { splitDataset } from "../options/split-flags.ts";
import { fileSummary, fingerprint, prepareRun, recordFiles } from "../provenance.ts";
import { inFlagWords } from "../terminal/in-flags.ts";
import { byteSize, count, percent, plural, shellWord, table } from "../terminal/print.ts";
import { createProgress } from "../terminal/progress-bar.ts";
import { usageError } from "../terminal/show-error.ts";

/** Annotates as the flags say. @throws USAGE before any work for a call that cannot succeed. */
export async function runPredict(flags: PredictFlags, context: CommandContext): Promise<void> {
  const { output, signal } = context;
  const modelPath = required(flags.model, "model", "predict");
  const data = required(flags.adata, "adata", "predict");
  const out = required(flags.out, "out", "predict");
  checkEnding(out);
  // A result that carries the query with it; null for a table.
  const container = writtenContainer(out);
  const { size } = await stat(data).catch(() => ({ size: 0 })); // a missing file is reported when it is opened
  await platform.files.checkWritable(out, container === null ? 0 : size, container?.isFolderOf);
  warnOfIdleFlags(flags, out, context);
  // Compiles beside the loading of the model; a failure is reported when the file is opened.
  containerByName(data)
    ?.preload?.()
    .catch(() => undefined);
  const bundle = await loadModel(modelPath, { signal, verifyChecksums: flags.noVerify !== true });
  const model = new TrainedModel(bundle.model, bundle.warnings);
  if (flags.report !== undefined) await platform.files.checkWritable(flags.report);
  const refinement = flags.refinement === undefined ? null : await readRefinement(flags.refinement);
  const options = await predictOptions(flags, model, refinement?.config ?? null, context);
  const { predictionSets, deepestLabel } = resolvePredictOptions(options, model.data);
  if (predictionSets !== null) planSets(model.data, predictionSets);

  const progress = createProgress(context.common);
  const whole = await openDataset(data, flags, output);
  try {
    const part = await splitDataset(whole, flags, "predict", out);
    const { adata } = part;
    if (container !== null)
      await checkDatasetOutput(
        adata,
        out,
        additionNames(model.data, adata, {
          ...annotation(flags),
          deepestLabel,
          predictionSets: predictionSets !== null,
        }),
      );
    if (flags.groupBy !== undefined) await adata.obs.column(flags.groupBy);
    const inputPaths = [
      ...part.files,
      ...(whole.stored?.files ?? [data]),
      ...filesOf(bundle),
      ...rulesFile(flags),
      ...tableFile(flags),
      ...(refinement?.files ?? []),
    ];
    const inputs = recordFiles(inputPaths, out, signal);
    inputs.catch(() => undefined); // awaited below; until then a failure must not end the process
    const result = await predict(model, adata, options, { signal, onProgress: progress.report });
    const inputRecords = await inputs;
    const run = await prepareRun(
      out,
      {
        command: "predict",
        inputs: inputRecords,
        seeds: new Map(),
        details: runDetails(modelPath, out, flags, result),
        split: part.record,
      },
      context,
    );
    const report = await reportOf(result, adata, model, flags, inputRecords, context);
    const leftOut = await write(result, adata, out, flags, signal, (written) => {
      const besides = report === null ? [] : [report(written)];
      return [...besides, ...run.also([...written, ...besides.map(fingerprint)])];
    });
    progress.stop();
    const outputs = run.outputs();
    const warnings = [...model.warnings, ...result.warnings, ...leftOut];
    for (const warning of warnings) output.warn(inFlagWords(warning, PREDICT_FLAGS));
    output.note(summary(result));
    output.note(`wrote  ${out}  ${byteSize(outputs[0].sizeBytes)}`);
    output.note(`wrote  ${run.path}`);
    if (flags.report !== undefined) output.note(`wrote  ${flags.report}`);
    if (container !== null) output.note(`next:  atlasmtl inspect ${shellWord(out)}`);
    output.json({
      command: "predict",
      model: modelPath,
      out,
      n_cells: result.data.obsNames.length,
      labels: result.data.labels.map((label) => ({ column: label.column, ...shares(label) })),
      ...(result.data.deepest === undefined ? {} : { deepest_label: deepestShares(result.data.deepest) }),
      outputs: outputs.map(fileSummary),
      run_manifest: run.path,
      report: flags.report ?? null,
      warnings,
    });
  } finally {
    progress.stop();
    await whole.close();
  }
}

async function predictOptions(
  flags: PredictFlags,
  model: TrainedModel,
  refinementConfig: RefinementConfig | null,
  { output }: CommandContext,
): Promise<PredictOptions> {
  const {
    model: _model,
    adata: _adata,
    out: _out,
    config: _config,
    noVerify: _noVerify,
    writeMode: _writeMode,
    skipMetadata: _skipMetadata,
    layer: _layer,
    useRaw: _useRaw,
    genome: _genome,
    varNames: _varNames,
    genesIn: _genesIn,
    split: _split,
    splitPart: _splitPart,
    includeCoords,
    report,
    groupBy: _groupBy,
    noCalibration,
    hierarchyRules,
    refinement: _refinement,
    ...sameName
  } = flags;
  const layer = layerOf(flags);
  let { knnCorrection } = flags;
  if (knnCorrection === undefined) {
    knnCorrection = (await model.data.hasReference()) ? "low_conf_only" : "off";
    if (knnCorrection === "off")
      output.note("note: the model's reference is not there, so KNN correction is off");
  }
  return {
    ...sameName,
    ...(layer === undefined ? {} : { layer }),
    knnCorrection,
    refinementConfig,
    // The report draws the cells by them.
    keepCoords: includeCoords === true || report !== undefined,
    ...(noCalibration === true ? { applyCalibration: false } : {}),
    ...(hierarchyRules === undefined ? {} : { hierarchyRules: await readRules(hierarchyRules) }),
  };
}

/** The rules in a file, or the word `derive`. @throws BAD_FORMAT located in the file. */
export async function readRules(rules: string): Promise<HierarchyRules | "derive"> {
  if (rules === "derive") return rules;
  const content = await readYaml(rules);
  try {
    return parseHierarchyRules(content);
  } catch (error) {
    throw locate(error, rules);
  }
}

export function rulesFile({ hierarchyRules }: Pick<PredictFlags, "hierarchyRules">): string[] {
  return hierarchyRules === undefined || hierarchyRules === "derive" ? [] : [hierarchyRules];
}

export function tableFile({ geneIdTable }: Pick<PredictFlags, "geneIdTable">): string[] {
  return geneIdTable === undefined ? [] : [geneIdTable];
}

function warnOfIdleFlags(flags: PredictFlags, out: string, { output }: CommandContext): void {
  if (flags.groupBy !== undefined && flags.report === undefined)
    output.warn({ message: "--group-by has no effect without --report", hint: "add --report FILE.html" });
  if (writtenContainer(out) !== null) return;
  for (const key of ["includeCoords", "skipMetadata"] as const)
    if (flags[key] === true)
      output.warn({
        message: `${flagName(key)} has no effect on a ${endingOf(out)} result`,
        hint: `write an ${WRITTEN_ENDINGS.join(" or a ")}`,
      });
}

const endingOf = (out: string): string | undefined => RESULT_ENDINGS.find((ending) => out.endsWith(ending));

function checkEnding(out: string): void {
  if (endingOf(out) !== undefined) return;
  throw usageError(
    `got ${JSON.stringify(out)}, expected a name that ends in ${RESULT_ENDINGS.join(", ")}`,
    "--out",
    "the end of the name chooses the format",
  );
}

/** What of the result goes into an `.h5ad`. */
function annotation(flags: PredictFlags): ToAnnDataOptions {
  return {
    mode: flags.writeMode ?? DEFAULT_WRITE_MODE,
    includeCoords: flags.includeCoords === true,
    includeMetadata: flags.skipMetadata !== true,
  };
}

async function write(
  result: PredictionResult,
  adata: AnnData,
  out: string,
  flags: PredictFlags,
  signal: AbortSignal,
  also: AlsoWrite,
): Promise<readonly Notice[]> {
  const mode = flags.writeMode ?? DEFAULT_WRITE_MODE;
  signal.throwIfAborted();
  if (writtenContainer(out) !== null) return result.toAnnData(adata, out, annotation(flags), also);
  await result.toTable(out, mode, also);
  return [];
}

/** Makes the report file once the digests of the result are known; null when none was asked for. */
async function reportOf(
  result: PredictionResult,
  adata: AnnData,
  model: TrainedModel,
  flags: PredictFlags,
  inputs: readonly FileRecord[],
  { argv, startedAt }: CommandContext,
): Promise<((written: readonly WrittenFile[]) => FileToWrite) | null> {
  const { report: path, groupBy } = flags;
  if (path === undefined) return null;
  const { predictionReport } = await import("../../output/report/from-prediction.ts");
  const { renderReport } = await import("../../output/report/page.ts");
  const report = await predictionReport(result.data, adata, model.data, {
    groupBy,
    modelName: flags.model,
    command: ["atlasmtl", ...argv],
    provenance: [{ name: "Started", value: startedAt.toISOString() }],
  });
  return (written) => {
    const files = [
      ...inputs.map((file) => ({ ...file, role: "input" })),
      ...written.map((file) => ({ ...file, role: "output" })),
    ];
    return { path, bytes: [new TextEncoder().encode(renderReport({ ...report, files }))] };
  };
}

function runDetails(model: string, out: string, flags: PredictFlags, result: PredictionResult): ConfigMap {
  const { metadata } = result.data;
  return new Map([
    ["model", model],
    ["out", out],
    ["device", flags.device ?? "auto"],
    ["prediction_metadata", metadata],
    ["preprocess", metadata.get("preprocess") ?? null],
  ]);
}

type Label = PredictionResult["data"]["labels"][number];

/** Shares of all cells, and the mean confidence; null without cells. */
function shares(label: Label): Readonly<Record<string, number | null>> {
  const mean = (values: ArrayLike<number>): number | null => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[i];
    return values.length === 0 ? null : sum / values.length;
  };
  return {
    mean_confidence: mean(label.conf),
    low_confidence: mean(label.isLowConf),
    used_knn: mean(label.usedKnn),
    unknown: mean(label.isUnknown),
    ...(label.sets === undefined ? {} : ofSets(label.sets)),
  };
}

function ofSets(sets: PredictedSets): Readonly<Record<string, number>> {
  const { meanSize, single } = setSizes(sets);
  return { mean_set_size: meanSize, single_label: single };
}

/** Share of the cells whose deepest label is of each column, and of those that have none; null without cells. */
function deepestShares({ columns }: DeepestLabels): Readonly<Record<string, number | null>> {
  const { codes, categories } = columns;
  const share = (code: number): number | null =>
    codes.length === 0 ? null : codes.reduce((n, own) => n + (own === code ? 1 : 0), 0) / codes.length;
  return Object.fromEntries([
    ...categories.map((column, code) => [column, share(code)] as const),
    [UNKNOWN, share(-1)] as const,
  ]);
}

function summary({ data }: PredictionResult): string {
  const shown = (value: number | null | undefined): string =>
    typeof value === "number" ? percent(value) : "";
  const hasSets = data.labels.some(({ sets }) => sets !== undefined);
  const rows = data.labels.map((label) => {
    const { mean_confidence, low_confidence, used_knn, unknown, mean_set_size, single_label } = shares(label);
    const labels = new Set(label.final.codes).size;
    const cells = [mean_confidence?.toFixed(3) ?? "", shown(low_confidence), shown(used_knn), shown(unknown)];
    const sets = hasSets ? [mean_set_size?.toFixed(2) ?? "", shown(single_label)] : [];
    return [label.column, count(labels), ...cells, ...sets];
  });
  const head = ["column", "labels", "mean confidence", "low confidence", "by KNN", "Unknown"];
  if (hasSets) head.push("labels in set", "only one");
  const deepest =
    data.deepest === undefined
      ? ""
      : `\ndeepest label: ${Object.entries(deepestShares(data.deepest))
          .map(([column, share]) => `${column} ${shown(share)}`)
          .join(", ")}`;
  return `annotated ${plural(data.obsNames.length, "cell")}\n${table([head, ...rows], [1, 2, 3, 4, 5, 6, 7])}${deepest}`;
}
