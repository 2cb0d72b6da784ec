/** What a study will cost, before it runs (docs/specification/6-cli.md#many-samples). @module */
import { stat } from "node:fs/promises";
import { type AnnData, createPredictEngine, openAnnData, predict, viewRows } from "../../api/index.ts";
import type { Predictor } from "../commands/predict.ts";
import type { CommandContext } from "../context.ts";
import { openOptions } from "../options/dataset-flags.ts";
import { byteSize, count, duration, plural, table } from "../terminal/print.ts";
import { describeFailure } from "../terminal/show-error.ts";
import { modelPrints, provenSample } from "./annotate-samples.ts";
import type { PlannedSample } from "./types.ts";

/** Cells of the two trials, from which the time of a sample and that of a cell follow. */
const [FEW, MANY] = [32, 512];
/** Bytes of a second of reading and writing, of a disk that is not fast. */
const DISK = 100e6;
/** Without a model no trial can run: seconds per cell on one core, and per stored value of training. */
const [USUAL_CELL, USUAL_TRAINING] = [0.5e-3, 12e-6];
/** Bytes that the result of a cell holds in memory for each label column, and besides. */
const [LABEL_BYTES, CELL_BYTES] = [64, 200];

/** One sample in the plan. */
interface Estimated {
  readonly name: string;
  readonly query: string;
  readonly state: "done" | "to do" | "unreadable";
  readonly nCells: number;
  readonly sizeBytes: number;
  readonly error: string | null;
}

/** Says what would be done, how long it takes and how much memory it needs; nothing is written. */
export async function estimateStudy(
  samples: readonly PlannedSample[],
  predictor: Predictor | null,
  references: readonly string[],
  context: CommandContext,
): Promise<void> {
  const { output } = context;
  const plan: Estimated[] = [];
  const known = predictor === null ? new Map() : await modelPrints(predictor, context.signal);
  for (const sample of samples) {
    const isDone =
      predictor !== null && (await provenSample(sample, predictor, known, context.signal)) !== null;
    plan.push(await lookAt(sample, isDone, predictor, context));
  }
  const todo = plan.filter(({ state }) => state === "to do");
  const costs =
    predictor === null || todo.length === 0
      ? { fixed: 0.2, cell: USUAL_CELL }
      : await trial(todo[0].query, predictor, context);
  let training = 0;
  for (const reference of references) training += await trainingSeconds(reference, context);
  const seconds = todo.reduce(
    (sum, { nCells, sizeBytes }) => sum + costs.fixed + nCells * costs.cell + (2 * sizeBytes) / DISK,
    training,
  );
  const largest = Math.max(0, ...todo.map(({ nCells }) => nCells));
  const nLabels = predictor?.model.data.labelHeads.length ?? 3;
  const memory = process.memoryUsage().rss + largest * (CELL_BYTES + nLabels * LABEL_BYTES);
  const disk = todo.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const nCells = todo.reduce((sum, { nCells }) => sum + nCells, 0);
  output.result(
    table(
      [
        ["sample", "state", "cells", "size", "file"],
        ...plan.map(({ name, state, nCells, sizeBytes, query, error }) => [
          name,
          state,
          count(nCells),
          byteSize(sizeBytes),
          error ?? query,
        ]),
      ],
      [2, 3],
    ),
  );
  output.result(
    `${plural(todo.length, "sample")} of ${count(plan.length)} to do, ${plural(nCells, "cell")}${training === 0 ? "" : ", after training a model"}: about ${duration(seconds)}, ${byteSize(memory)} of memory and ${byteSize(disk)} of disk`,
  );
  output.json({
    command: context.argv[0],
    dry_run: true,
    n_to_do: todo.length,
    n_cells: nCells,
    seconds,
    training_seconds: training,
    memory_bytes: memory,
    disk_bytes: disk,
    samples: plan.map(({ name, query, state, nCells: cells, error }) => ({
      sample: name,
      query,
      state,
      n_cells: cells,
      error,
    })),
  });
}

async function lookAt(
  { name, query }: PlannedSample,
  isDone: boolean,
  predictor: Predictor | null,
  context: CommandContext,
): Promise<Estimated> {
  const { size } = await stat(query).catch(() => ({ size: 0 }));
  try {
    const adata = await openAnnData(query, openOptions(predictor?.flags ?? {}));
    const { nObs } = adata;
    await adata.close();
    return { name, query, state: isDone ? "done" : "to do", nCells: nObs, sizeBytes: size, error: null };
  } catch (error) {
    if (context.signal.aborted) throw error;
    const { what } = describeFailure(error, query, context.words);
    return { name, query, state: "unreadable", nCells: 0, sizeBytes: size, error: what };
  }
}

/** The seconds of a sample and of a cell, by annotating some cells of one sample. */
async function trial(
  query: string,
  { model, options, flags }: Predictor,
  { signal }: CommandContext,
): Promise<{ readonly fixed: number; readonly cell: number }> {
  const shared = await createPredictEngine(options);
  const adata = await openAnnData(query, openOptions(flags));
  const seconds = async (n: number): Promise<number> => {
    const cells = await firstCells(adata, n);
    const began = performance.now();
    await predict(model, cells, options, { signal, shared });
    return (performance.now() - began) / 1000;
  };
  try {
    await seconds(FEW); // the first one also loads code and the reference
    const [few, many] = [await seconds(FEW), await seconds(MANY)];
    const cell = Math.max(1e-6, (many - few) / Math.max(1, Math.min(MANY, adata.nObs) - FEW));
    return { fixed: Math.max(0.05, few - FEW * cell), cell };
  } catch (error) {
    if (signal.aborted) throw error;
    return { fixed: 0.2, cell: USUAL_CELL };
  } finally {
    await adata.close();
    shared.dispose();
  }
}

const firstCells = (adata: AnnData, n: number): Promise<AnnData> =>
  viewRows(
    adata,
    Uint32Array.from({ length: Math.min(n, adata.nObs) }, (_, row) => row),
  );

async function trainingSeconds(reference: string, { signal }: CommandContext): Promise<number> {
  const adata = await openAnnData(reference);
  try {
    signal.throwIfAborted();
    const { nStored, nRows, nCols } = await adata.matrix();
    return (nStored ?? nRows * nCols * 0.1) * USUAL_TRAINING;
  } finally {
    await adata.close();
  }
}
