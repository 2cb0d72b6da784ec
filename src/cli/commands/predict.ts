/** `atlasmtl predict`: annotate a query and write the result and the run manifest. @module */

import { stat } from "node:fs/promises";
import {
  checkAnnotation,
  checkOutput,
  checkPredictOptions,
  checkTransfer,
  refuseOverwriting,
} from "../../api/checks.ts";
import { locate, notice, option, phrase } from "../../api/errors.ts";
import { containerByName, RESULT_ENDINGS, WRITTEN_ENDINGS, writtenContainer } from "../../api/formats.ts";
import {
  type AlsoWrite,
  type AnnData,
  type FileToWrite,
  type HierarchyRules,
  type LabelSummary,
  type Notice,
  type PredictEngine,
  type PredictionResult,
  type PredictionSummary,
  type PredictOptions,
  type PredictWork,
  type Progress,
  parseHierarchyRules,
  predict,
  type RefinementConfig,
  type SampleSummary,
  type ToAnnDataOptions,
  type TrainedModel,
  type TransferSummary,
  type WrittenFile,
} from "../../api/index.ts";
import { PREDICT_DETAILS } from "../../api/keys.ts";
import { PREDICT_OPTIONS } from "../../api/option-tables.ts";
import { DEFAULT_WRITE_MODE } from "../../api/options.ts";
import { type NamedRefinement, readRefinement } from "../../api/refinement-file.ts";
import { type FileRecord, type Fingerprint, fingerprint, trainingInputs } from "../../api/runs.ts";
import { sampleToConfig } from "../../api/study.ts";
import type { ConfigMap } from "../../api/values.ts";
import type { CommandContext } from "../context.ts";
import { openDataset } from "../open-dataset.ts";
import { openModel } from "../open-model.ts";

import { layerOf } from "../options/dataset-flags.ts";
import { flagName } from "../options/flag.ts";
import { inlineMapping, isInline } from "../options/inline.ts";
import { inputFiles } from "../options/input-files.ts";
import { labelFiles, readLabelList } from "../options/label-list.ts";
import { refuseSwapped } from "../options/model-flags.ts";
import { givenOptions } from "../options/option-flags.ts";
import { PREDICT_FLAGS, type PredictFlags } from "../options/options.ts";
import { required } from "../options/settings.ts";
import { splitDataset } from "../options/split-flags.ts";
import { readYaml } from "../options/yaml.ts";
import { fileSummary, prepareRun, recordFiles } from "../provenance.ts";
import { byteSize, count, percent, plural, table } from "../terminal/print.ts";
import { createProgress } from "../terminal/progress-bar.ts";
import { retrainCommand } from "../terminal/retrain.ts";
import { shellWord } from "../terminal/shell-word.ts";
import { usageError } from "../terminal/show-error.ts";
import { unknownLines } from "../terminal/unknown-lines.ts";

/** Annotates a query by the flags. @throws USAGE before any work for a call that cannot succeed. */
export async function runPredict(flags: PredictFlags, context: CommandContext): Promise<void> {
  const {
    model: modelPath,
    adata,
    out,
  } = required(flags, PREDICT_FLAGS, "predict", ["model", "adata", "out"]);
  const [data, ...others] = await inputFiles(adata);
  if (others.length > 0)
    throw usageError(
      phrase`${option("adata")} names ${others.length + 1} files, and ${option("out")} one result`,
      option("adata"),
      phrase`write ${option("outDir", "DIR")} instead of ${option("out")}`,
    );
  refuseSwapped({ model: modelPath, adata: data });
  await checkResult(data, out, flags);
  warnOfIdleFlags(flags, out, context);
  preloadContainer(data);
  const predictor = await openPredictor(modelPath, flags, context);
  await predictAndTell("predict", predictor, data, out, {}, context);
}

/** Annotates `data`, and says what came of it. */
export async function predictAndTell(
  command: "predict" | "merge",
  predictor: Predictor,
  data: string,
  out: string,
  how: PredictFileOptions,
  context: CommandContext,
): Promise<void> {
  const { output } = context;
  const { modelPath, flags } = predictor;
  const container = writtenContainer(out);
  const progress = createProgress(context.common);
  let predicted: PredictedFile;
  try {
    predicted = await predictFile(predictor, data, out, { onProgress: progress.report, ...how }, context);
  } finally {
    progress.stop();
  }
  const { result, leftOut, outputs, runPath } = predicted;
  const warnings = [...predictor.model.warnings, ...result.warnings, ...leftOut];
  for (const warning of warnings) output.warn(warning);
  for (const { message } of result.notes.map(output.inWords)) output.note(message);
  const told = result.summary();
  if (context.config?.shown.summary !== false) output.note(summaryText(told));
  output.note(`wrote  ${out}  ${byteSize(outputs[0].sizeBytes)}`);
  output.note(`wrote  ${runPath}`);
  if (flags.report !== undefined) output.note(`wrote  ${flags.report}`);
  const retrain = retrainCommand(warnings, predictor.model, modelPath, data);
  if (retrain !== null) output.note(`next:  ${retrain}`);
  if (container !== null) output.note(`next:  atlasmtl inspect ${shellWord(out)}`);
  output.json({
    command,
    model: modelPath,
    out,
    n_cells: result.data.obsNames.length,
    no_counts: told.noCounts,
    labels: told.labels.map(labelJson),
    ...(told.groups === undefined ? {} : { groups: groupsJson(result) }),
    ...(told.deepest === undefined ? {} : { deepest_label: told.deepest }),
    ...(told.transferred === undefined ? {} : { transferred: told.transferred.map(transferJson) }),
    outputs: outputs.map(fileSummary),
    run_manifest: runPath,
    report: flags.report ?? null,
    notes: result.notes.map(output.inWords),
    warnings: warnings.map(output.inWords),
  });
}

/** @throws USAGE for an output of another ending, or that cannot be written. */
export async function checkResult(
  data: string,
  out: string,
  { skipMatrices = false }: Pick<PredictFlags, "skipMatrices">,
): Promise<void> {
  checkEnding(out);
  const { size } = await stat(data).catch(() => ({ size: 0 })); // a missing file is reported when it is opened
  await checkOutput(out, writtenContainer(out) === null || skipMatrices ? 0 : size);
}

/** A model that is loaded once, with the checked options of its predictions. */
export interface Predictor {
  readonly model: TrainedModel;
  readonly modelPath: string;
  readonly flags: PredictFlags;
  readonly options: PredictOptions;
  /** What is read besides the query: the model, and the files of options. */
  readonly files: readonly string[];
}

/** Loads the model and the files of the options. @throws USAGE for options that the model cannot predict with. */
export async function openPredictor(
  modelPath: string,
  flags: PredictFlags,
  context: CommandContext,
): Promise<Predictor> {
  const model = await openModel(modelPath, flags, context);
  if (flags.report !== undefined) await checkOutput(flags.report);
  const refinement = flags.refinement === undefined ? null : await refinementOf(flags.refinement);
  const options = await predictOptions(flags, model, refinement?.config ?? null, context);
  checkPredictOptions(model, options);
  await checkTransfer(model, options);
  const files = [
    ...model.files,
    ...rulesFile(flags),
    ...tableFile(flags),
    ...(await labelFiles(flags)),
    ...(refinement?.files ?? []),
  ];
  return { model, modelPath, flags, options, files };
}

/** How one file of several is annotated. */
export interface PredictFileOptions {
  readonly onProgress?: (progress: Progress) => void;
  /** The command that the record names, and where the record goes. */
  readonly record?: { readonly argv: readonly string[]; readonly path: string };
  /** Digests of files that every query reads. */
  readonly known?: ReadonlyMap<string, Fingerprint>;
  readonly shared?: PredictEngine;
  /** Summarise the result in the record. */
  readonly summarise?: boolean;
  /** What the result is made by; `predict` by default. */
  readonly predict?: (adata: AnnData, work: PredictWork) => Promise<PredictionResult>;
}

export interface PredictedFile {
  readonly result: PredictionResult;
  /** What the result could not carry over. */
  readonly leftOut: readonly Notice[];
  readonly outputs: readonly WrittenFile[];
  readonly runPath: string;
  /** Null unless it was asked for. */
  readonly summary: SampleSummary | null;
}

/** Annotates `data` and writes the result with its run manifest. */
export async function predictFile(
  { model, modelPath, flags, options, files: besides }: Predictor,
  data: string,
  out: string,
  { onProgress, record, known, shared, summarise = false, predict: make }: PredictFileOptions,
  context: CommandContext,
): Promise<PredictedFile> {
  const { output, signal } = context;
  const container = writtenContainer(out);
  const whole = await openDataset(data, flags, output);
  try {
    const part = await splitDataset(whole, flags, "predict", out);
    const { adata } = part;
    if (container !== null)
      await checkAnnotation(model, adata, {
        ...annotation(flags),
        path: out,
        deepestLabel: options.deepestLabel,
        predictionSets: options.predictionSets,
        probabilities: options.probabilities,
        consensusBy: options.consensusBy,
        transfer: options.transfer,
        matchMode: options.matchMode,
        unknown: options.unknown,
        opensetMethod: options.opensetMethod,
      });
    for (const column of [flags.groupBy, flags.consensusBy])
      if (column !== undefined) await adata.obs.column(column);
    const queryFiles = whole.stored?.files ?? [data];
    const isInPlace = container !== null && flags.inPlace === true;
    const inputPaths = [...part.files, ...queryFiles, ...besides];
    const written = flags.report === undefined ? [out] : [out, flags.report];
    const settings = flags.config === undefined ? [] : [flags.config];
    await refuseOverwriting(written, [...part.files, ...besides, ...settings]);
    if (!isInPlace) await refuseOverwriting(written, queryFiles, { canBeInPlace: container !== null });
    const inputs = recordFiles(inputPaths, out, signal, known);
    inputs.catch(() => undefined); // awaited below; a rejection before that must not end the process
    const work = { signal, onProgress, shared };
    const result = await (make?.(adata, work) ?? predict(model, adata, options, work));
    const inputRecords = await inputs;
    const summary = summarise ? await result.summariseSample(adata, flags.groupBy) : null;
    const run = await prepareRun(
      out,
      {
        command: "predict",
        inputs: inputRecords,
        seeds: new Map(),
        details: runDetails(modelPath, out, flags, result, summary),
        split: part.record,
      },
      { ...context, ...(record && { argv: record.argv }) },
      record?.path,
    );
    const report = await reportOf(result, adata, model, flags, inputRecords, { onProgress }, context);
    const leftOut = await write(result, adata, out, flags, signal, async (written) => {
      const besides = report === null ? [] : [report(written)];
      return [...besides, ...(await run.also([...written, ...besides.map(fingerprint)]))];
    });
    return { result, leftOut, outputs: run.outputs(), runPath: run.path(), summary };
  } finally {
    await whole.close();
  }
}

/** Compiles HDF5 while the model loads; opening the file reports a failure. */
export function preloadContainer(data: string): void {
  containerByName(data)
    ?.preload?.()
    .catch(() => undefined);
}

async function predictOptions(
  flags: PredictFlags,
  model: TrainedModel,
  refinementConfig: RefinementConfig | null,
  { output }: CommandContext,
): Promise<PredictOptions> {
  const {
    refinementConfig: _refinement,
    keepCoords: includeCoords,
    hierarchyRules,
    onlyLabels,
    excludeLabels,
    ...given
  } = givenOptions(PREDICT_OPTIONS, flags);
  const layer = layerOf(flags);
  let { knnCorrection } = flags;
  if (knnCorrection === undefined) {
    knnCorrection = (await model.data.hasReference()) ? usualCorrection(model) : "off";
    if (knnCorrection === "off" && model.data.oneVsRest)
      output.note(
        "note: a model of CellTypist has no reference cells: no KNN vote, no distance to the reference",
      );
    else if (knnCorrection === "off")
      output.note("note: the model's reference is not there, so KNN correction is off");
  }
  return {
    ...given,
    ...(layer === undefined ? {} : { layer }),
    knnCorrection,
    refinementConfig,
    // The report plots the cells at these coordinates.
    keepCoords: includeCoords === true || flags.report !== undefined,
    ...(onlyLabels === undefined ? {} : { onlyLabels: await readLabelList(onlyLabels) }),
    ...(excludeLabels === undefined ? {} : { excludeLabels: await readLabelList(excludeLabels) }),
    ...(hierarchyRules === undefined ? {} : { hierarchyRules: await readRules(hierarchyRules) }),
  };
}

/** A network alone takes the neighbours' label where it is unsure; with linear views the mean is right more often than they are. */
function usualCorrection(model: TrainedModel): "second_opinion" | "low_conf_only" {
  return model.data.linear ? "second_opinion" : "low_conf_only";
}

/** The refinement that a file names, or a text that is its settings. */
async function refinementOf(text: string): Promise<NamedRefinement> {
  const settings = await inlineMapping(text, flagName("refinement"));
  if (settings === null) return readRefinement(text, readYaml);
  // Paths of settings that stand in no file are relative to the working folder.
  const place = ".";
  const { config, files } = await readRefinement(place, async (path) =>
    path === place ? settings : readYaml(path),
  );
  return { config, files: files.filter((path) => path !== place) };
}

/**
 * The rules in a file or in a text that is the mapping itself, or the word `derive`.
 * @throws BAD_FORMAT located in the file.
 */
export async function readRules(rules: string): Promise<HierarchyRules | "derive"> {
  if (rules === "derive") return rules;
  const place = isInline(rules) ? flagName("hierarchyRules") : rules;
  const content = (await inlineMapping(rules, place)) ?? (await readYaml(rules));
  try {
    return parseHierarchyRules(content);
  } catch (error) {
    throw locate(error, place);
  }
}

export function rulesFile({ hierarchyRules }: Pick<PredictFlags, "hierarchyRules">): string[] {
  return hierarchyRules === undefined || hierarchyRules === "derive" || isInline(hierarchyRules)
    ? []
    : [hierarchyRules];
}

export function tableFile({ geneIdTable }: Pick<PredictFlags, "geneIdTable">): string[] {
  return geneIdTable === undefined ? [] : [geneIdTable];
}

export function warnOfIdleFlags(flags: PredictFlags, out: string, { output }: CommandContext): void {
  if (flags.groupBy !== undefined && flags.report === undefined)
    output.warn(
      notice(phrase`${option("groupBy")} has no effect without ${option("report")}`, {
        hint: phrase`add ${option("report", "FILE.html")}`,
      }),
    );
  for (const [key, owner] of [
    ["consensusK", "consensus"],
    ["consensusWeight", "consensus"],
    ["minProp", "consensusBy"],
  ] as const)
    if (flags[key] !== undefined && flags[owner] === undefined)
      output.warn(notice(phrase`${option(key)} has no effect without ${option(owner)}`));
  if (flags.guardFormulas === true && !/\.csv(\.gz)?$/.test(out))
    output.warn(
      notice(phrase`${option("guardFormulas")} has no effect on a ${endingOf(out) ?? "table"} result`, {
        hint: "spreadsheets take the texts of a .csv for formulas only",
      }),
    );
  if (writtenContainer(out) !== null) return;
  for (const key of ["skipMetadata", "skipMatrices"] as const)
    if (flags[key] === true)
      output.warn(
        notice(phrase`${option(key)} has no effect on a ${endingOf(out) ?? "table"} result`, {
          hint: `write an ${WRITTEN_ENDINGS.join(" or a ")}`,
        }),
      );
}

const endingOf = (out: string): string | undefined => RESULT_ENDINGS.find((ending) => out.endsWith(ending));

function checkEnding(out: string): void {
  if (endingOf(out) !== undefined) return;
  throw usageError(
    `got ${JSON.stringify(out)}, expected a name that ends in ${RESULT_ENDINGS.join(", ")}`,
    option("out"),
    "the end of the name chooses the format",
  );
}

/** The parts of the result that go into an `.h5ad`. */
function annotation(flags: PredictFlags): ToAnnDataOptions {
  return {
    mode: flags.writeMode ?? DEFAULT_WRITE_MODE,
    includeCoords: flags.includeCoords === true,
    includeMetadata: flags.skipMetadata !== true,
    skipMatrices: flags.skipMatrices,
    inPlace: flags.inPlace,
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
  signal.throwIfAborted();
  if (writtenContainer(out) !== null) return result.toAnnData(adata, out, annotation(flags), also);
  const { writeMode: mode = DEFAULT_WRITE_MODE, includeCoords, guardFormulas } = flags;
  return result.toTable(out, { mode, includeCoords, guardFormulas }, also);
}

/** Makes the report file once the digests of the result are known; null when none was asked for. */
async function reportOf(
  result: PredictionResult,
  adata: AnnData,
  model: TrainedModel,
  flags: PredictFlags,
  inputs: readonly FileRecord[],
  { onProgress }: Pick<PredictFileOptions, "onProgress">,
  { argv, signal }: CommandContext,
): Promise<((written: readonly WrittenFile[]) => FileToWrite) | null> {
  const { report: path, groupBy } = flags;
  if (path === undefined) return null;
  const told = { groupBy, modelName: flags.model, command: ["atlasmtl", ...argv] };
  const render = await result.prepareReport(adata, model, told, { signal, onProgress });
  const reference = flags.model === undefined ? [] : await trainingInputs(flags.model, inputs);
  return (written) => {
    const files = [
      ...inputs.map((file) => ({ ...file, role: "input" })),
      ...reference,
      ...written.map((file) => ({ ...file, role: "output" })),
    ];
    return { path, bytes: [new TextEncoder().encode(render(files))] };
  };
}

function runDetails(
  model: string,
  out: string,
  flags: PredictFlags,
  result: PredictionResult,
  summary: SampleSummary | null,
): ConfigMap {
  const { metadata } = result.data;
  return new Map([
    ["model", model],
    ["out", out],
    ["device", flags.device ?? "auto"],
    ["engine", result.engine],
    [PREDICT_DETAILS.predictionMetadata, metadata],
    ["preprocess", metadata.get("preprocess") ?? null],
    ...(summary === null
      ? []
      : ([[PREDICT_DETAILS.sampleSummary, sampleToConfig(summary)]] satisfies [string, ConfigMap][])),
  ]);
}

/** For `--json`. */
function labelJson(label: LabelSummary): Readonly<Record<string, string | number | null>> {
  const { column, meanConfidence, lowConfidence, usedKnn, unknown, sets } = label;
  return {
    column,
    mean_confidence: meanConfidence,
    low_confidence: lowConfidence,
    used_knn: usedKnn,
    unknown,
    ...(sets === undefined ? {} : { mean_set_size: sets.meanSize, single_label: sets.single }),
  };
}

/** For `--json`: for each group its label at every level. */
function groupsJson({ data }: PredictionResult): Readonly<Record<string, unknown>>[] {
  const { groups } = data;
  if (groups === undefined) return [];
  return groups.groups.categories.map((name, group) => ({
    group: name,
    n_cells: groups.sizes[group],
    labels: groups.levels.map(({ column, labels, share }) => ({
      column,
      label: labels.categories[labels.codes[group]],
      share: share[group],
    })),
  }));
}

/** For `--json`. */
function transferJson(column: TransferSummary): Readonly<Record<string, unknown>> {
  return column.kind === "number"
    ? { column: column.column, mean: column.mean, mean_spread: column.meanSpread }
    : { column: column.column, n_labels: column.nLabels, mean_share: column.meanShare };
}

/** One line on what neighbours carried over. */
function transferLine(columns: PredictionSummary["transferred"]): string {
  if (columns === undefined) return "";
  const shown = (value: number | null): string => (value === null ? "none" : String(+value.toPrecision(4)));
  const texts = columns.map((column) =>
    column.kind === "number"
      ? `${column.column} mean ${shown(column.mean)}, spread ${shown(column.meanSpread)}`
      : `${column.column} ${plural(column.nLabels, "label")}${column.meanShare === null ? "" : `, ${percent(column.meanShare)} of the vote`}`,
  );
  return `\ntransferred from the nearest reference cells: ${texts.join("; ")}`;
}

/** One line on the labels of groups. */
function groupLine(groups: PredictionSummary["groups"]): string {
  if (groups === undefined) return "";
  const levels = groups.levels.map(({ column, nLabels, heterogeneous, unknown }) => {
    const others = [
      ...(heterogeneous === 0 ? [] : [`${count(heterogeneous)} heterogeneous`]),
      ...(unknown === 0 ? [] : [`${count(unknown)} Unknown`]),
    ];
    return `${column} ${[plural(nLabels, "label"), ...others].join(", ")}`;
  });
  return `\n${plural(groups.nGroups, "group")} of ${groups.by}: ${levels.join("; ")}`;
}

function summaryText({ nCells, noCounts, labels, groups, deepest, transferred }: PredictionSummary): string {
  const shown = (value: number | null | undefined): string =>
    typeof value === "number" ? percent(value) : "";
  const hasSets = labels.some(({ sets }) => sets !== undefined);
  const rows = labels.map(({ column, nLabels, meanConfidence, lowConfidence, usedKnn, unknown, sets }) => {
    const cells = [meanConfidence?.toFixed(3) ?? "", shown(lowConfidence), shown(usedKnn), shown(unknown)];
    const ofSets = hasSets ? [sets?.meanSize.toFixed(2) ?? "", shown(sets?.single)] : [];
    return [column, count(nLabels), ...cells, ...ofSets];
  });
  const head = ["column", "labels", "mean confidence", "low confidence", "by KNN", "Unknown"];
  if (hasSets) head.push("labels in set", "only one");
  const byDepth =
    deepest === undefined
      ? ""
      : `\ndeepest label: ${Object.entries(deepest)
          .map(([column, share]) => `${column} ${shown(share)}`)
          .join(", ")}`;
  const empty =
    noCounts === 0 ? "" : `, ${count(noCounts)} of them Unknown for want of counts in the model's genes`;
  return `annotated ${plural(nCells, "cell")}${empty}\n${table([head, ...rows], [1, 2, 3, 4, 5, 6, 7])}${byDepth}${unknownLines(
    labels,
  )
    .map((line) => `\n${line}`)
    .join("")}${groupLine(groups)}${transferLine(transferred)}`;
}
