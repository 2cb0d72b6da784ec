/** `atlasmtl split`: a plan of whole groups or of single cells, and the side of every cell. @module */
import { platform } from "#platform";
import { checkOutput, refuseOverwriting } from "../../api/checks.ts";
import { option, phrase } from "../../api/errors.ts";
import {
  type AnnData,
  type CellSplitSide,
  emitGroupSplit,
  type GroupSplitOptions,
  makeCellSplit,
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
import { usageError } from "../terminal/show-error.ts";

/** Splits a dataset by the flags. @throws USAGE before any work for a call that cannot succeed. */
export async function runSplit(flags: SplitCommandFlags, context: CommandContext): Promise<void> {
  const { output, signal } = context;
  const isOfCells = flags.testSize !== undefined || flags.stratify !== undefined;
  const groupFlags = ["splitKey", "targetLabel", "buildSize", "predictSize"] as const;
  const mixed = [...groupFlags, "nCandidates" as const].find((key) => flags[key] !== undefined);
  if (isOfCells && mixed !== undefined)
    throw usageError(
      phrase`${option(mixed)} divides whole groups, and ${option(flags.stratify === undefined ? "testSize" : "stratify")} single cells`,
      option(mixed),
      "leave one of the two out",
    );
  const grouped = isOfCells
    ? null
    : required(flags, SPLIT_COMMAND_FLAGS, "split", ["adata", "out", ...groupFlags]);
  const { adata: data, out } = grouped ?? required(flags, SPLIT_COMMAND_FLAGS, "split", ["adata", "out"]);
  const divide =
    grouped === null
      ? (adata: AnnData) => makeCellSplit(adata, flags)
      : groupDivision({ ...flags, ...grouped });
  await checkOutput(out);
  const adata = await openDataset(data, flags, output);
  try {
    const inputPaths = adata.stored?.files ?? [data];
    const inputs = await recordFiles(inputPaths, out, signal);
    const { plan, split } = await divide(adata);
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
        ["build", ...sideRow(plan.build, "buildSize" in plan ? plan.buildSize : null)],
        ["predict", ...sideRow(plan.predict, "predictSize" in plan ? plan.predictSize : null)],
      ]),
    );
    const unused = "unusedGroups" in plan ? plan.unusedGroups : [];
    if (unused.length > 0) output.note(`left over: ${unused.join(", ")}`);
    const labels = "targetLabel" in plan ? plan.targetLabel : plan.stratify;
    for (const { path } of written) output.note(`wrote  ${path}`);
    output.note(`wrote  ${run.path()}`);
    output.note(
      `next:  atlasmtl train --adata ${shellWord(data)} --split ${shellWord(out)} --out model/model.pth --labels ${labels === null ? "COLUMN" : shellWord(labels)}`,
    );
    output.json({
      command: "split",
      out,
      build: sideJson(plan.build),
      predict: sideJson(plan.predict),
      unused_groups: unused,
      outputs: written.map(fileSummary),
      run_manifest: run.path(),
      warnings: plan.warnings,
    });
  } finally {
    await adata.close();
  }
}

/** Divides whole groups. */
function groupDivision(options: GroupSplitOptions) {
  const { splitKey, targetLabel, buildSize, predictSize, seed, nCandidates } = options;
  return async (adata: AnnData) => {
    const plan = await makeGroupSplitPlan(adata, {
      ...{ splitKey, targetLabel, buildSize, predictSize },
      ...{ seed, nCandidates },
    });
    return { plan, split: await materializeGroupSplit(adata, plan) };
  };
}

/** `size` is what was drawn of the cells of whole groups. */
function sideRow(side: SplitSide | CellSplitSide, size: number | null): string[] {
  const { nCells, labelCounts } = side;
  return [
    size === null ? plural(nCells, "cell") : `${count(size)} of ${plural(nCells, "cell")}`,
    labelCounts.size === 0 ? "" : plural(labelCounts.size, "label"),
    "groups" in side ? `groups ${listed(side.groups, 8)}` : "",
  ];
}

function sideJson(side: SplitSide | CellSplitSide) {
  const { nCells, labelCounts } = side;
  return {
    ...("groups" in side ? { groups: side.groups } : {}),
    n_cells: nCells,
    label_counts: Object.fromEntries(labelCounts),
  };
}
