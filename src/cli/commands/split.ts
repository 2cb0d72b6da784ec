/** `atlasmtl split`: a plan of whole groups, and the side of every cell. @module */
import { platform } from "#platform";
import { checkOutput, refuseOverwriting } from "../../api/checks.ts";
import {
  emitGroupSplit,
  makeGroupSplitPlan,
  materializeGroupSplit,
  type SplitSide,
  type WrittenFile,
} from "../../api/index.ts";
import type { CommandContext } from "../context.ts";
import { listed } from "../inspect/description.ts";
import { openDataset } from "../open-dataset.ts";
import { SPLIT_COMMAND_FLAGS, type SplitCommandFlags } from "../options/options.ts";
import { required } from "../options/settings.ts";
import { fileSummary, prepareRun, recordFiles } from "../provenance.ts";
import { count, plural, table } from "../terminal/print.ts";
import { shellWord } from "../terminal/shell-word.ts";

/** Splits a dataset by the flags. @throws USAGE before any work for a call that cannot succeed. */
export async function runSplit(flags: SplitCommandFlags, context: CommandContext): Promise<void> {
  const { output, signal } = context;
  const {
    adata: data,
    out,
    ...asked
  } = required(flags, SPLIT_COMMAND_FLAGS, "split", [
    ...(["adata", "out"] as const),
    ...(["splitKey", "targetLabel", "buildSize", "predictSize"] as const),
  ]);
  const { splitKey, targetLabel, buildSize, predictSize } = asked;
  const { seed, nCandidates } = flags;
  const options = { splitKey, targetLabel, buildSize, predictSize, seed, nCandidates };
  await checkOutput(out);
  const adata = await openDataset(data, flags, output);
  try {
    const inputPaths = adata.stored?.files ?? [data];
    const inputs = await recordFiles(inputPaths, out, signal);
    const plan = await makeGroupSplitPlan(adata, options);
    const split = await materializeGroupSplit(adata, plan);
    const files = emitGroupSplit(out, plan, split, adata);
    await refuseOverwriting(
      files.map(({ path }) => path),
      inputPaths,
    );
    const run = await prepareRun(
      out,
      { command: "split", inputs, seeds: new Map([["seed", plan.seed]]), details: new Map([["out", out]]) },
      context,
    );
    let written: readonly WrittenFile[] = [];
    await platform.files.writeAll(files, (outputs) => {
      written = outputs;
      return run.also(outputs);
    });
    for (const message of plan.warnings) output.warn({ message });
    output.note(
      table([
        ["build", ...sideRow(plan.build, plan.buildSize)],
        ["predict", ...sideRow(plan.predict, plan.predictSize)],
      ]),
    );
    if (plan.unusedGroups.length > 0) output.note(`left over: ${plan.unusedGroups.join(", ")}`);
    for (const { path } of written) output.note(`wrote  ${path}`);
    output.note(`wrote  ${run.path}`);
    output.note(
      `next:  atlasmtl train --adata ${shellWord(data)} --split ${shellWord(out)} --out model/model.pth --labels ${shellWord(plan.targetLabel)}`,
    );
    output.json({
      command: "split",
      out,
      build: sideJson(plan.build),
      predict: sideJson(plan.predict),
      unused_groups: plan.unusedGroups,
      outputs: written.map(fileSummary),
      run_manifest: run.path,
      warnings: plan.warnings,
    });
  } finally {
    await adata.close();
  }
}

function sideRow({ groups, nCells, labelCounts }: SplitSide, size: number): string[] {
  return [
    `${count(size)} of ${plural(nCells, "cell")}`,
    plural(labelCounts.size, "label"),
    `groups ${listed(groups, 8)}`,
  ];
}

function sideJson({ groups, nCells, labelCounts }: SplitSide) {
  return { groups, n_cells: nCells, label_counts: Object.fromEntries(labelCounts) };
}
