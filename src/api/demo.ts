/**
 * The whole job end to end on a simulated atlas: files, training, prediction, evaluation.
 * @module
 */

import { platform } from "#platform";
import { openAnnData } from "../anndata/open.ts";
import type { AnnData } from "../anndata/types.ts";
import { writeDataset } from "../anndata/write/write-annotated.ts";
import type { WorkOptions } from "../core/progress.ts";
import { LEVELS } from "../demo/cell-types.ts";
import { createSimulation, type Simulation, type SimulationOptions } from "../demo/simulate.ts";
import { simulatedAnnData } from "../demo/simulated-anndata.ts";
import { AtlasmtlError } from "../errors.ts";
import { type BehaviourMetrics, scoreBehaviour } from "../evaluate/behaviour.ts";
import { type FullPathMetrics, scoreFullPath } from "../evaluate/hierarchy-metrics.ts";
import { type LabelMetrics, scoreLabels } from "../evaluate/metrics.ts";
import type { PredictedLabels, Warning } from "../predict/types.ts";
import { buildModel } from "./build-model.ts";
import { predict } from "./predict.ts";
import type { PredictionResult } from "./prediction-result.ts";
import type { PredictionSummary } from "./prediction-summary.ts";
import { TrainedModel } from "./trained-model.ts";

export interface DemoOptions {
  /** Where the files go; created when missing, files of an earlier demonstration are replaced. */
  readonly folder: string;
  readonly simulation?: Partial<SimulationOptions>;
  readonly numEpochs?: number;
  readonly randomState?: number;
}

/** Paths of what the demonstration leaves. */
export interface DemoFiles {
  readonly reference: string;
  readonly query: string;
  readonly model: string;
  readonly annotated: string;
  readonly predictions: string;
  readonly report: string;
}

/** How well one label column was predicted. */
export interface DemoLevel {
  readonly column: string;
  readonly nClasses: number;
  /** Over query cells of types that the reference has. */
  readonly known: LabelMetrics;
  /** Over all query cells; those of the unseen type cannot be right where their label is new. */
  readonly all: LabelMetrics;
  readonly behaviour: BehaviourMetrics;
  /** Cells of the unseen type that are Unknown in this column. */
  readonly nUnseenUnknown: number;
}

export interface DemoSummary {
  readonly files: DemoFiles;
  readonly atlas: SimulationOptions;
  readonly levels: readonly DemoLevel[];
  /** Over query cells of types that the reference has. */
  readonly fullPath: FullPathMetrics;
  readonly unseen: {
    /** Null when the query has no unseen type. */
    readonly type: string | null;
    readonly nCells: number;
    /** Unknown in the finest label column. */
    readonly nUnknown: number;
  };
  /** What `atlasmtl predict` tells of the prediction. */
  readonly told: PredictionSummary;
  readonly warnings: readonly Warning[];
  /** Wall-clock time of each step. */
  readonly seconds: { readonly simulate: number; readonly train: number; readonly predict: number };
}

/**
 * Simulates an atlas, trains on its reference, annotates its query and scores the result against the truth.
 *
 * ```ts
 * const { levels, unseen } = await runDemo({ folder: "demo" });
 * console.log(levels.at(-1)!.known.accuracy, `${unseen.nUnknown} of ${unseen.nCells} unseen cells Unknown`);
 * ```
 * Everything goes through files, as a user's own data would. The result depends on the options only.
 * @throws USAGE for an option out of its range, IO when a file cannot be written, ABORTED by the signal.
 */
export async function runDemo(options: DemoOptions, work: WorkOptions = {}): Promise<DemoSummary> {
  const simulation = createSimulation(options.simulation);
  const files = demoFiles(options.folder);
  const clock = createClock();
  await writeDataset(simulatedAnnData(simulation, "reference"), files.reference, {}, work);
  await writeDataset(simulatedAnnData(simulation, "query"), files.query, {}, work);
  const simulate = clock();

  await trainAndSave(files, options, work);
  const train = clock();

  const query = await openAnnData(files.query);
  try {
    const model = await TrainedModel.load(files.model);
    const result = await predict(model, query, { knnCorrection: "second_opinion" }, work);
    await result.toAnnData(query, files.annotated);
    await result.toCsv(files.predictions);
    const seconds = { simulate, train, predict: clock() };
    const scores = await score(result, query, simulation);
    const truths = new Map<string, PredictedLabels>();
    for (const level of LEVELS) truths.set(level, await labelsOf(query, level));
    const told = { title: "A simulated atlas, annotated", truths, groupBy: "donor", modelName: files.model };
    const html = await result.toReport(query, model, told, work);
    await platform.files.writeAll([{ path: files.report, bytes: [new TextEncoder().encode(html)] }]);
    return {
      files,
      atlas: simulation.options,
      ...scores,
      told: result.summary(),
      warnings: result.warnings,
      seconds,
    };
  } finally {
    await query.close();
  }
}

function demoFiles(folder: string): DemoFiles {
  const at = (name: string): string => `${folder.replace(/[/\\]+$/, "") || "."}/${name}`;
  return {
    reference: at("reference.h5ad"),
    query: at("query.h5ad"),
    model: at("model/model.pth"),
    annotated: at("annotated.h5ad"),
    predictions: at("predictions.csv"),
    report: at("report.html"),
  };
}

/** Seconds since the last call. */
function createClock(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const seconds = (now - last) / 1000;
    last = now;
    return seconds;
  };
}

/** Trains and saves the bundle. */
async function trainAndSave(
  files: DemoFiles,
  { numEpochs, randomState }: DemoOptions,
  work: WorkOptions,
): Promise<void> {
  const reference = await openAnnData(files.reference);
  try {
    const model = await buildModel(reference, { labelColumns: LEVELS, numEpochs, randomState }, work);
    await model.save(files.model);
  } finally {
    await reference.close();
  }
}

async function score(
  result: PredictionResult,
  query: AnnData,
  { unseen, paths }: Simulation,
): Promise<Pick<DemoSummary, "levels" | "fullPath" | "unseen">> {
  const truths = await Promise.all(LEVELS.map((level) => labelsOf(query, level)));
  const finest = truths.at(-1)!;
  const unseenType = unseen < 0 ? null : paths[unseen].at(-1)!;
  const unseenCode = unseenType === null ? -1 : finest.categories.indexOf(unseenType);
  const isUnseen = Array.from(finest.codes, (code) => code >= 0 && code === unseenCode);
  const knownTruths = truths.map(({ codes, categories }) => ({
    codes: codes.map((code, cell) => (isUnseen[cell] ? -1 : code)),
    categories,
  }));
  const levels = result.data.labels.map((prediction, i): DemoLevel => {
    const { column, conf, final, raw, isUnknown } = prediction;
    return {
      column,
      nClasses: raw.categories.length,
      known: scoreLabels(knownTruths[i], final, conf),
      all: scoreLabels(truths[i], final, conf),
      behaviour: scoreBehaviour(truths[i], prediction),
      nUnseenUnknown: isUnseen.filter((flag, cell) => flag && isUnknown[cell] === 1).length,
    };
  });
  return {
    levels,
    fullPath: scoreFullPath(
      result.data.labels.map(({ final }, i) => ({ truth: knownTruths[i], predicted: final })),
    ),
    unseen: {
      type: unseenType,
      nCells: isUnseen.filter(Boolean).length,
      nUnknown: levels.at(-1)!.nUnseenUnknown,
    },
  };
}

async function labelsOf(adata: AnnData, name: string): Promise<PredictedLabels> {
  const column = await adata.obs.column(name);
  if (column.kind === "categorical") return column;
  throw new AtlasmtlError("BUG", `column '${name}' came back as ${column.kind}`, { where: adata.source });
}
