/**
 * Group splits as files: a plan in JSON and the side of every cell beside it
 * (docs/specification/4-preprocessing.md#group-splits).
 * @module
 */
import type { AnnData } from "../anndata/types.ts";
import { viewRows } from "../anndata/views/row-view.ts";
import type { FileToWrite } from "../core/bytes.ts";
import { sha256 } from "../core/checksums.ts";
import { type ConfigMap, type ConfigValue, Float } from "../core/config.ts";
import { emitJson, parseJsonObject } from "../core/json.ts";
import { MAX_JSON_BYTES } from "../core/limits.ts";
import { baseName, folderName, joinPath } from "../core/paths.ts";
import { readInput } from "../core/read-input.ts";
import { AtlasmtlError, locate } from "../errors.ts";
import type { CellSplitPlan } from "../preprocess/cell-split.ts";
import type { GroupSplit, GroupSplitPlan, SplitSide } from "../preprocess/group-split.ts";
import type { SplitPart } from "../preprocess/split-options.ts";
import { SCHEMA_VERSION } from "../schema/bundle.ts";
import { SPLIT_PLAN_KEYS as KEYS, SPLIT_COLUMNS, SPLIT_SIDE_KEYS } from "../schema/preprocessing.ts";

const SIDES = ["", "build", "predict"] as const;

/** The largest assignment file: 100 bytes for each of ten million cells. */
const MAX_ASSIGNMENT_BYTES = 1e9;

/**
 * The two files of a split: the plan at `path`, which ends in `.json`, and beside it `NAME_assignment.tsv` with one
 * line
 * for each cell. The plan contains the checksum of the assignment.
 * @throws USAGE for another ending, BAD_DATA for a name of a cell or group with a tab or a line end in it.
 */
export function emitGroupSplit(
  path: string,
  plan: GroupSplitPlan | CellSplitPlan,
  split: GroupSplit,
  adata: AnnData,
): readonly [plan: FileToWrite, assignment: FileToWrite] {
  if (!path.endsWith(".json"))
    throw new AtlasmtlError("USAGE", `got ${JSON.stringify(path)}, expected a name that ends in .json`, {
      where: path,
    });
  const lines = adata.obs.index.map((name, row) => {
    const group = split.groups[row] ?? "";
    if (/[\t\r\n]/.test(name + group))
      throw new AtlasmtlError(
        "BAD_DATA",
        `the name ${JSON.stringify(name)} or its group has a tab or a line end in it`,
        {
          where: `${adata.source} › obs`,
          hint: "rename the cell or the group",
        },
      );
    return `${name}\t${group}\t${SIDES[split.sides[row]]}`;
  });
  const assignment = new TextEncoder().encode(`${[SPLIT_COLUMNS.join("\t"), ...lines].join("\n")}\n`);
  const assignmentPath = path.replace(/\.json$/, "_assignment.tsv");
  const config = new Map([
    ...planToConfig(plan),
    [KEYS.name, nameOf(path)],
    [KEYS.description, describeSplit(plan)],
    [KEYS.dataset, baseName(adata.source)],
    [KEYS.nCells, adata.nObs],
    [KEYS.assignmentPath, baseName(assignmentPath)],
    [KEYS.assignmentSha256, sha256([assignment])],
  ] as [string, ConfigValue][]);
  return [
    { path, bytes: [emitJson(config)] },
    { path: assignmentPath, bytes: [assignment] },
  ];
}

const nameOf = (path: string): string => baseName(path).replace(/\.json$/, "");

/** One sentence for manifests. */
function describeSplit(plan: GroupSplitPlan | CellSplitPlan): string {
  if ("testSize" in plan) {
    const alike = plan.stratify === null ? "" : `, with labels of ${plan.stratify} in the same shares`;
    return `cells: ${plan.build.nCells} to build from and ${plan.predict.nCells} to predict${alike}, drawn with seed ${plan.seed}`;
  }
  const { splitKey, targetLabel, buildSize, predictSize, seed } = plan;
  return (
    `whole groups of ${splitKey}: ${buildSize} cells to build from and ${predictSize} to predict, ` +
    `with labels of ${targetLabel} on both sides, drawn with seed ${seed}`
  );
}

function planToConfig(plan: GroupSplitPlan | CellSplitPlan): [string, ConfigValue][] {
  const side = ({ groups, nCells, labelCounts }: SplitSide): ConfigMap =>
    new Map<string, ConfigValue>([
      [SPLIT_SIDE_KEYS.groups, groups],
      [SPLIT_SIDE_KEYS.nCells, nCells],
      [SPLIT_SIDE_KEYS.nLabels, labelCounts.size],
      [SPLIT_SIDE_KEYS.labelCounts, labelCounts],
    ]);
  if ("testSize" in plan) {
    const { testSize } = plan;
    return [
      [KEYS.schemaVersion, SCHEMA_VERSION],
      [KEYS.testSize, Number.isInteger(testSize) ? testSize : new Float(testSize)],
      [KEYS.stratify, plan.stratify],
      [KEYS.seed, plan.seed],
      [KEYS.build, side({ groups: [], ...plan.build })],
      [KEYS.predict, side({ groups: [], ...plan.predict })],
      [KEYS.warnings, plan.warnings],
    ];
  }
  return [
    [KEYS.schemaVersion, SCHEMA_VERSION],
    [KEYS.splitKey, plan.splitKey],
    [KEYS.targetLabel, plan.targetLabel],
    [KEYS.buildSize, plan.buildSize],
    [KEYS.predictSize, plan.predictSize],
    [KEYS.seed, plan.seed],
    [KEYS.nCandidates, plan.nCandidates],
    [KEYS.nValidCandidates, plan.nValidCandidates],
    [KEYS.build, side(plan.build)],
    [KEYS.predict, side(plan.predict)],
    [KEYS.unusedGroups, plan.unusedGroups],
    [KEYS.warnings, plan.warnings],
  ];
}

/** One part of a split that was read. */
export interface ReadSplit {
  /** A view of the cells of the part; it must not outlive the dataset. */
  readonly adata: AnnData;
  /** Name and description in the plan. Without a name it is that of the file; without a description it is null. */
  readonly name: string;
  readonly description: string | null;
  /** The two files, for run manifests. */
  readonly planPath: string;
  readonly assignmentPath: string;
}

/**
 * The cells of `adata` on one side of the split whose plan is at `planPath` (Node). Cells are found by their names.
 * @throws NOT_FOUND or BAD_FORMAT for a file that is no plan, CHECKSUM for an assignment that changed, MISMATCH
 * when cells of that side are not in `adata` or have one name.
 */
export async function readGroupSplit(adata: AnnData, planPath: string, part: SplitPart): Promise<ReadSplit> {
  const plan = await read(planPath, MAX_JSON_BYTES, (bytes) => parseJsonObject(bytes));
  const [file, checksum] = [plan.get(KEYS.assignmentPath), plan.get(KEYS.assignmentSha256)];
  if (typeof file !== "string" || typeof checksum !== "string")
    throw new AtlasmtlError("BAD_FORMAT", "this is no plan of a split: it names no assignment", {
      where: planPath,
      hint: "give the .json that atlasmtl split wrote",
    });
  const assignmentPath = joinPath(folderName(planPath), baseName(file));
  const text = await read(assignmentPath, MAX_ASSIGNMENT_BYTES, (bytes) => {
    const found = sha256([bytes]);
    if (found !== checksum)
      throw new AtlasmtlError("CHECKSUM", `the plan says sha256 ${checksum}; the file has ${found}`, {
        hint: "make the split again, or restore the file",
      });
    return new TextDecoder().decode(bytes);
  });
  const wanted = new Set<string>();
  let nWanted = 0;
  for (const line of text.split("\n").slice(1)) {
    const [cell, , side] = line.split("\t");
    if (side !== part || cell === undefined) continue;
    nWanted++;
    wanted.add(cell);
  }
  const rows: number[] = [];
  adata.obs.index.forEach((cell, row) => {
    if (wanted.has(cell)) rows.push(row);
  });
  if (rows.length !== nWanted || wanted.size !== nWanted)
    throw new AtlasmtlError(
      "MISMATCH",
      `the split has ${nWanted} cells of ${part}; ${rows.length} of ${adata.nObs} cells here have their names`,
      {
        where: `${adata.source} › obs names`,
        hint: "use the dataset that was split, with a name of its own for every cell",
      },
    );
  const [name, description] = [plan.get(KEYS.name), plan.get(KEYS.description)];
  return {
    adata: await viewRows(adata, Uint32Array.from(rows)),
    name: typeof name === "string" ? name : nameOf(planPath),
    description: typeof description === "string" ? description : null,
    planPath,
    assignmentPath,
  };
}

async function read<T>(path: string, maxBytes: number, parse: (bytes: Uint8Array) => T): Promise<T> {
  const { bytes } = await readInput(path, maxBytes);
  try {
    return parse(bytes);
  } catch (error) {
    throw locate(error, path);
  }
}
