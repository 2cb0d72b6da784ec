/** `atlasmtl refine`: find parents whose children the model confuses, and fit their rerankers. @module */

import { checkOutput, refuseOverwriting } from "../../api/checks.ts";
import { option } from "../../api/errors.ts";
import {
  type FittedRefinement,
  fitRefinement,
  type PredictOptions,
  saveRefinement,
} from "../../api/index.ts";
import { refinementPaths } from "../../api/refinement.ts";
import type { CommandContext } from "../context.ts";
import { openDataset } from "../open-dataset.ts";
import { openModel } from "../open-model.ts";
import { layerOf } from "../options/dataset-flags.ts";
import { refuseSwapped } from "../options/model-flags.ts";
import { REFINE_FLAGS, type RefineFlags } from "../options/options.ts";
import { required } from "../options/settings.ts";
import { splitDataset } from "../options/split-flags.ts";
import { fileSummary, prepareRun, recordFiles } from "../provenance.ts";
import { byteSize, count, percent, table } from "../terminal/print.ts";
import { createProgress } from "../terminal/progress-bar.ts";
import { shellWord } from "../terminal/shell-word.ts";
import { usageError } from "../terminal/show-error.ts";
import { readRules, rulesFile } from "./predict.ts";

/** Fits a refinement by the flags. @throws USAGE before any work for a call that cannot succeed. */
export async function runRefine(flags: RefineFlags, context: CommandContext): Promise<void> {
  const { output, signal } = context;
  const {
    model: modelPath,
    adata: data,
    out,
  } = required(flags, REFINE_FLAGS, "refine", ["model", "adata", "out"]);
  refuseSwapped(flags);
  if (!out.endsWith(".pkl"))
    throw usageError(
      `got ${JSON.stringify(out)}, expected a name that ends in .pkl`,
      option("out"),
      "its description and plan go beside it",
    );
  await checkOutput(out);
  const rules = flags.hierarchyRules === undefined ? "derive" : await readRules(flags.hierarchyRules);
  const model = await openModel(modelPath, flags, context);
  const besides = [...model.files, ...rulesFile(flags)];
  const progress = createProgress(context.common);
  const whole = await openDataset(data, flags, output);
  try {
    const part = await splitDataset(whole, flags, "predict", out);
    const { adata } = part;
    const inputPaths = [...(whole.stored?.files ?? [data]), ...part.files, ...besides];
    await refuseOverwriting(Object.values(refinementPaths(out)), inputPaths);
    const inputs = await recordFiles(inputPaths, out, signal);
    const layer = layerOf(flags);
    const predict: PredictOptions = {
      ...(layer === undefined ? {} : { layer }),
      ...(flags.numThreads === undefined ? {} : { numThreads: flags.numThreads }),
    };
    const given = {
      selection: flags.selection,
      topK: flags.topK,
      targetContribution: flags.targetContribution,
      minCells: flags.minCells,
      maxParents: flags.maxParents,
    };
    const fitted = await fitRefinement(
      model,
      adata,
      {
        parentLevel: flags.parentLevel,
        childLevel: flags.childLevel,
        parents: flags.parents,
        hotspots: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
        hierarchyRules: rules === "derive" ? undefined : rules,
        predict,
      },
      { signal, onProgress: progress.report },
    );
    const run = await prepareRun(
      out,
      {
        command: "refine",
        inputs,
        split: part.record,
        seeds: new Map(),
        details: new Map<string, string | ReadonlyMap<string, never>>([
          ["model", modelPath],
          ["out", out],
        ]),
      },
      context,
    );
    await saveRefinement(out, fitted, run.also);
    progress.stop();
    for (const warning of model.warnings) output.warn(warning);
    output.note(summary(fitted));
    output.note(
      table(
        run.outputs().map((file) => ["wrote", file.path, byteSize(file.sizeBytes)]),
        [2],
      ),
    );
    output.note(`wrote  ${run.path()}`);
    output.note(
      `next:  atlasmtl predict --model ${shellWord(modelPath)} --adata QUERY --out OUT ` +
        `--refinement ${shellWord(fitted.record.enabled ? refinementPaths(out).plan : out)}`,
    );
    output.json({
      command: "refine",
      out,
      parent_level: fitted.reranker.parentLevel,
      child_level: fitted.reranker.childLevel,
      hotspots: fitted.hotspots.chosen.map((spot) => ({
        parent: spot.parent,
        n_cells: spot.nCells,
        parent_correct_child_wrong_rate: spot.parentCorrectChildWrongRate,
        score: spot.score,
        contribution: spot.contribution,
      })),
      parents: fitted.reranker.parents.map(({ parent, children, nCells }) => ({
        parent,
        children,
        n_cells: nCells,
      })),
      enabled: fitted.record.enabled,
      refinement_advice: { activate: fitted.advice.activate, note: fitted.advice.note },
      task_weight_advice: {
        activate: fitted.taskWeights.activate,
        note: fitted.taskWeights.note,
        candidates: fitted.taskWeights.candidates,
      },
      outputs: run.outputs().map(fileSummary),
      run_manifest: run.path(),
      warnings: model.warnings.map(output.inWords),
    });
  } finally {
    progress.stop();
    await whole.close();
  }
}

function summary({ hotspots, reranker, record, advice, taskWeights }: FittedRefinement): string {
  const rows = hotspots.chosen.map((spot) => [
    spot.parent,
    count(spot.nCells),
    percent(spot.parentCorrectChildWrongRate),
    percent(spot.contribution),
  ]);
  const head = [reranker.parentLevel, "cells", "child wrong", "of all mistakes"];
  return [
    rows.length === 0 ? "no parent stands out" : table([head, ...rows], [1, 2, 3]),
    `fitted ${reranker.parents.length === 0 ? "nothing" : reranker.parents.map(({ parent }) => parent).join(", ")}`,
    `advice: ${advice.note}`,
    `advice: ${taskWeights.note}`,
    `the plan is ${record.enabled ? "enabled" : "disabled"}`,
  ].join("\n");
}
