/** `atlasmtl train`: learn from a reference, save the bundle and the run manifest. @module */

import { checkOutput, checkTrainOptions, refuseOverwriting } from "../../api/checks.ts";
import { notice, option, phrase } from "../../api/errors.ts";
import { asModelPath, FILE_SUFFIXES, isArchiveName, MODEL_SUFFIX, matrixName } from "../../api/formats.ts";
import {
  type AnnData,
  adaptModel,
  buildModel,
  type ClassBalanceOptions,
  type Notice,
  type PreprocessOptions,
  type PreprocessResult,
  preprocessReference,
  TrainedModel,
  type TrainOptions,
} from "../../api/index.ts";
import {
  PREPROCESS_KEY,
  RESOURCE_SUMMARY,
  SOURCE_COLUMN,
  TRAIN_CONFIG,
  TRAIN_DETAILS,
} from "../../api/keys.ts";
import { camelName } from "../../api/names.ts";
import { DOCUMENTING_SEED, TRAIN_OPTIONS } from "../../api/option-tables.ts";
import { DEFAULT_TRAIN_OPTIONS, PREPROCESS_DEFAULTS } from "../../api/options.ts";
import { type ConfigMap, toPlain } from "../../api/values.ts";
import type { CommandContext } from "../context.ts";
import { openDataset } from "../open-dataset.ts";
import { readChildCorrection } from "../options/child-correction-file.ts";
import { layerOf } from "../options/dataset-flags.ts";
import { flagName } from "../options/flag.ts";
import { readGeneList } from "../options/gene-list.ts";
import { inlineMapping, isInline } from "../options/inline.ts";
import { inputFiles } from "../options/input-files.ts";
import { givenOptions } from "../options/option-flags.ts";
import { TRAIN_FLAGS, type TrainFlags } from "../options/options.ts";
import { trainPreprocessOptions } from "../options/preprocess-flags.ts";
import { required } from "../options/settings.ts";
import { splitDataset } from "../options/split-flags.ts";
import { fileSummary, prepareRun, recordFiles } from "../provenance.ts";
import { openReferences } from "../references/open-references.ts";
import { labelsOfReferences } from "../references/reference-labels.ts";
import { sampleNames } from "../study/sample-names.ts";
import { genesText } from "../terminal/preprocess-text.ts";
import { byteSize, count, type Output, plural, table } from "../terminal/print.ts";
import { createProgress } from "../terminal/progress-bar.ts";
import { shellWord } from "../terminal/shell-word.ts";
import { usageError } from "../terminal/show-error.ts";
import { trainingText } from "../terminal/training-text.ts";
import { tableFile } from "./predict.ts";

/** Trains a model by the flags. @throws USAGE before any work for a call that cannot succeed. */
export async function runTrain(flags: TrainFlags, context: CommandContext): Promise<void> {
  const { output, signal } = context;
  const { adata: given, out } = required(flags, TRAIN_FLAGS, "train", ["adata", "out", "labels"]);
  const paths = await inputFiles(given);
  checkSeveral(paths, flags);
  const childCorrection =
    flags.childCorrection === undefined ? null : await readChildCorrection(flags.childCorrection);
  const { genes, files: geneFiles } = await readGeneList(flags, output);
  // A column has the name that it has in the first reference.
  const [labelColumns] = labelsOfReferences(flags.labels ?? [], sampleNames(paths), paths);
  // The references are the domains, unless a column is named.
  const domainKey = flags.domainKey ?? (paths.length > 1 && flags.domainLossWeight ? SOURCE_COLUMN : null);
  const asked = { ...(await trainOptions(flags)), labelColumns, domainKey, childCorrection, genes };
  const preprocessing = trainPreprocessOptions(flags);
  if (genes !== null && preprocessing !== null) checkWholeSpace(preprocessing);
  checkModelOutput(out, flags.referencePath);
  checkTrainOptions(asked, { adapts: flags.adaptTo !== undefined });
  for (const path of [out, flags.referencePath]) if (path !== undefined) await checkOutput(path);
  const initial = flags.initModel === undefined ? null : await TrainedModel.load(flags.initModel, { signal });
  const options: TrainOptions =
    initial === null ? asked : { ...asked, initModel: initial.data, initModelPath: flags.initModel };

  const progress = createProgress(context.common);
  const references = await openReferences(paths, flags, context);
  const whole = references.adata;
  const queries: AnnData[] = [];
  const closeAll = async () => {
    for (const each of [...references.opened, ...queries]) await each.close();
  };
  const orClose = <T>(work: Promise<T>): Promise<T> =>
    work.catch(async (error: unknown) => {
      await closeAll();
      throw error;
    });
  const part = await orClose(splitDataset(whole, flags, "build", out));
  const { adata } = part;
  const doesPreprocess = preprocessing !== null && !(await orClose(wasPreprocessed(adata, context.config)));
  await orClose(openQueries(flags, output, queries));
  const inputPaths = [
    ...references.files,
    ...part.files,
    ...(initial?.files ?? []),
    ...tableFile(flags),
    ...geneFiles,
    ...(flags.adaptTo ?? []).flatMap((path, q) => queries[q].stored?.files ?? [path]),
  ];
  const written = bundlePaths(out, flags.referencePath);
  const fromModel = flags.inPlace === true ? (initial?.files ?? []) : [];
  const settings = [flags.config, flags.childCorrection].filter(
    (path): path is string => path !== undefined && !isInline(path),
  );
  const kept = [...inputPaths, ...settings].filter((path) => !fromModel.includes(path));
  await orClose(refuseOverwriting(written, kept, { canBeInPlace: initial !== null }));
  const inputs = recordFiles(inputPaths, out, signal);
  inputs.catch(() => undefined); // awaited below; a rejection before that must not end the process
  let model: TrainedModel;
  let told: PreprocessResult | null = null;
  try {
    if (doesPreprocess) {
      told = await preprocessReference(adata, preprocessing, { signal, onProgress: progress.report });
      output.note(genesText(told));
    }
    const work = { signal, onProgress: progress.report };
    model = await buildModel(told?.adata ?? adata, { ...options, ...references.options }, work);
    if (queries.length > 0) model = await adaptModel(model, queries, matrixOf(flags), work);
  } finally {
    progress.stop();
    await closeAll();
  }
  const inputRecords = await inputs;
  signal.throwIfAborted();
  const run = await prepareRun(
    out,
    {
      command: "train",
      inputs: inputRecords,
      seeds: new Map(Object.entries(model.seeds)),
      details: runDetails(out, flags, model),
      split: part.record,
    },
    context,
  );
  await model.save(out, { referencePath: flags.referencePath, also: run.also });
  const files = run.outputs().map(fileSummary);

  const config = toPlain(model.data.trainConfig) as Readonly<Record<string, unknown>>;
  const warnings = [
    ...seedWarning(flags, context),
    ...references.warnings,
    ...(told?.warnings ?? []),
    ...model.warnings,
  ];
  for (const warning of warnings) output.warn(warning);
  const notes = [...references.notes, ...model.notes].map(output.inWords);
  for (const { message } of notes) output.note(message);
  if (context.config?.shown.summary !== false) output.note(summary(model, config));
  output.note(
    table(
      files.map((file) => ["wrote", file.path, byteSize(file.size), `sha256 ${file.sha256.slice(0, 12)}…`]),
      [2],
    ),
  );
  output.note(`wrote  ${run.path()}`);
  output.note(`next:  atlasmtl predict --model ${shellWord(out)} --adata QUERY.h5ad --out ANNOTATED.h5ad`);
  output.json({
    command: "train",
    out,
    labels: model.data.labelHeads.map(({ column, classes }) => ({ column, n_classes: classes.length })),
    n_genes: model.data.trainGenes.length,
    epochs_completed: config[TRAIN_CONFIG.epochsCompleted],
    train_seconds: config[TRAIN_CONFIG.trainSeconds],
    last_train_loss: config[TRAIN_CONFIG.lastTrainLoss],
    last_val_loss: config[TRAIN_CONFIG.lastValLoss],
    outputs: files,
    run_manifest: run.path(),
    notes,
    warnings: warnings.map(output.inWords),
  });
}

/** A `seed` only documents; the original's users may take it for the seed of the training. */
function seedWarning({ randomState }: TrainFlags, { config }: CommandContext): readonly Notice[] {
  const seed = config?.documentation.get(DOCUMENTING_SEED);
  if (seed === undefined || seed === (randomState ?? DEFAULT_TRAIN_OPTIONS.randomState)) return [];
  return [
    notice(phrase`${DOCUMENTING_SEED} only documents a run, and ${option("randomState")} seeds it`, {
      where: `${config?.path} › ${DOCUMENTING_SEED}`,
      hint: phrase`set ${option("randomState")} to train with this seed`,
    }),
  ];
}

/** @throws USAGE for what goes with one reference only. */
function checkSeveral(paths: readonly string[], flags: TrainFlags): void {
  if (paths.length < 2 || flags.split === undefined) return;
  throw usageError(
    phrase`${option("split")} is a plan for the cells of one file, and ${option("adata")} names ${paths.length}`,
    option("split"),
    "split each file, and train on the parts",
  );
}

/** Opens what the model adapts to, before it is trained. @throws NOT_FOUND for a file or a matrix that is not there. */
async function openQueries(flags: TrainFlags, output: Output, into: AnnData[]): Promise<void> {
  for (const path of flags.adaptTo ?? []) {
    const query = await openDataset(path, {}, output);
    into.push(query);
    await query.matrix(matrixName(matrixOf(flags).layer ?? "X"));
  }
}

/** True if the record of a run is fed back with the reference as that run had it after preprocessing. */
async function wasPreprocessed(
  { unsKeys, var: genes }: AnnData,
  config: CommandContext["config"],
): Promise<boolean> {
  const left = config?.preprocessedGenes ?? null;
  return (
    left !== null &&
    unsKeys.includes(PREPROCESS_KEY) &&
    left.length === genes.index.length &&
    left.every((gene, i) => gene === genes.index[i])
  );
}

/** The matrix of the reference, of which the queries have the like. */
function matrixOf(flags: TrainFlags): { readonly layer?: string } {
  const layer = layerOf(flags);
  return layer === undefined ? {} : { layer };
}

/** The options of the library for the flags. */
export async function trainOptions(flags: TrainFlags): Promise<TrainOptions> {
  const {
    initModelPath: _initModel,
    childCorrection: _childCorrection,
    genes: _genes,
    labelColumns: _labels,
    coordTargets,
    embed,
    classWeighting,
    classBalancedSampling,
    ...given
  } = givenOptions(TRAIN_OPTIONS, flags);
  const { latentKey, umapKey, noCoords, classWeightingMode } = flags;
  const targets = new Map(coordTargets ?? []);
  for (const [name, key] of [
    ["latent", latentKey],
    ["umap", umapKey],
  ] as const) {
    if (key === undefined) continue;
    if (targets.has(name) && targets.get(name) !== key)
      throw usageError(
        `the coordinates "${name}" are given twice: ${targets.get(name)} and ${key}`,
        `--coord and --${name}-key`,
        "keep one of the two",
      );
    targets.set(name, key);
  }
  const layer = layerOf(flags);
  return {
    ...given,
    ...(layer === undefined ? {} : { layer }),
    labelColumns: required(flags, TRAIN_FLAGS, "train", ["labels"]).labels,
    ...(noCoords === true ? {} : { coordTargets: targets, ...(embed === undefined ? {} : { embed }) }),
    ...(classWeighting === undefined && classWeightingMode === undefined
      ? {}
      : {
          classWeighting: {
            ...(await classBalance(classWeighting, "classWeighting")),
            ...(classWeightingMode === undefined ? {} : { mode: classWeightingMode }),
          },
        }),
    ...(classBalancedSampling === undefined
      ? {}
      : { classBalancedSampling: await classBalance(classBalancedSampling, "classBalancedSampling") }),
  };
}

/** A label column, or a mapping with `label_column` and `mode`; the library checks them. */
async function classBalance(text: string | undefined, name: string): Promise<ClassBalanceOptions> {
  const given = text === undefined ? null : await inlineMapping(text, flagName(name));
  if (given === null) return { labelColumn: text };
  return Object.fromEntries([...given].map(([key, value]) => [camelName(String(key)), value]));
}

/** Variable genes would be chosen before the listed ones are. */
function checkWholeSpace({ featureSpace = PREPROCESS_DEFAULTS.featureSpace }: PreprocessOptions): void {
  if (featureSpace === "whole") return;
  throw usageError(
    phrase`${option("genes")} and the choice of variable genes would leave out genes one after the other`,
    option("genes"),
    phrase`keep all that are listed with ${option("featureSpace", "whole")}`,
  );
}

function checkModelOutput(out: string, referencePath: string | undefined): void {
  if (isArchiveName(out) && referencePath !== undefined)
    throw usageError(
      phrase`${option("out")} ${out} holds the reference, which ${option("referencePath")} would put elsewhere`,
      option("referencePath"),
      "leave it out, or write a .pth",
    );
  if (/[^/\\]\.\w+$/.test(out) && (isArchiveName(out) || out.endsWith(MODEL_SUFFIX))) return;
  throw usageError(
    `got ${JSON.stringify(out)}, expected a name that ends in .pth, or in .zip for one file`,
    option("out"),
    `write ${shellWord(asModelPath(out))}`,
  );
}

/** Every file that the bundle may have. */
function bundlePaths(out: string, referencePath: string | undefined): readonly string[] {
  if (isArchiveName(out)) return [out];
  const stem = out.slice(0, -MODEL_SUFFIX.length);
  const { reference, ...suffixes } = FILE_SUFFIXES;
  return [out, referencePath ?? stem + reference, ...Object.values(suffixes).map((suffix) => stem + suffix)];
}

function runDetails(out: string, flags: TrainFlags, model: TrainedModel): ConfigMap {
  const { trainConfig, labelHeads } = model.data;
  return new Map([
    ["out", out],
    ["labels", labelHeads.map(({ column }) => column)],
    ["device", flags.device ?? "auto"],
    ["engine", model.engine],
    [TRAIN_DETAILS.trainConfig, trainConfig],
    ["preprocess", trainConfig.get("preprocess") ?? null],
  ]);
}

function summary(model: TrainedModel, config: Readonly<Record<string, unknown>>): string {
  const heads = model.data.labelHeads.map(({ column, classes }) => `${column} (${count(classes.length)})`);
  const resources = (config[TRAIN_CONFIG.resourceSummary] ?? {}) as Readonly<Record<string, unknown>>;
  const nObs = resources[RESOURCE_SUMMARY.nObs];
  const cells = typeof nObs === "number" ? `${plural(nObs, "cell")} × ` : "";
  return [
    trainingText(config),
    `learned ${heads.join(", ")} from ${cells}${plural(model.data.trainGenes.length, "gene")}`,
  ].join("\n");
}
