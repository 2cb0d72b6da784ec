/** Group splits as files: a plan in JSON and the side of every cell beside it (contract 4 §4). @module */
import { platform } from "#platform";
import { viewRows } from "./anndata/row-view.ts";
import type { AnnData } from "./anndata/types.ts";
import { emitJson, parseJsonObject } from "./artifacts/json.ts";
import { SCHEMA_VERSION } from "./artifacts/schema.ts";
import type { FileToWrite } from "./core/bytes.ts";
import type { ConfigMap, ConfigValue } from "./core/config.ts";
import { baseName, folderName, joinPath } from "./core/paths.ts";
import { AtlasmtlError, locate } from "./errors.ts";
import { MAX_JSON_BYTES } from "./formats/limits.ts";
import type { GroupSplit, GroupSplitPlan, SplitPart, SplitSide } from "./preprocess/split.ts";

const HEADER = "cell_id\tgroup\tsplit";
const SIDES = ["", "build", "predict"] as const;

/** Bytes of an assignment at most: a hundred for each of ten million cells. */
const MAX_ASSIGNMENT_BYTES = 1e9;

/** Keys of a plan's file that name its assignment. */
const FILE_KEYS = { path: "assignment_path", sha256: "assignment_sha256" } as const;

/**
 * The two files of a split: `path`, a plan that ends in `.json`, and the assignment `NAME_assignment.tsv` beside it,
 * one line for each cell, whose checksum the plan has.
 * @throws USAGE for another ending, BAD_DATA for a name of a cell or group with a tab or a line end in it.
 */
export function emitGroupSplit(
  path: string,
  plan: GroupSplitPlan,
  split: GroupSplit,
  adata: AnnData,
): readonly [plan: FileToWrite, assignment: FileToWrite] {
  if (!path.endsWith(".json"))
    throw new AtlasmtlError("USAGE", `a plan is written to NAME.json; this path ends in another suffix`, {
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
    return `${name}\t${group}\t${SIDES[split.sides[row]!]}`;
  });
  const assignment = new TextEncoder().encode(`${[HEADER, ...lines].join("\n")}\n`);
  const assignmentPath = path.replace(/\.json$/, "_assignment.tsv");
  const config = new Map([
    ...planToConfig(plan),
    ["dataset", baseName(adata.source)],
    ["n_cells", adata.nObs],
    [FILE_KEYS.path, baseName(assignmentPath)],
    [FILE_KEYS.sha256, sha256(assignment)],
  ] as [string, ConfigValue][]);
  return [
    { path, bytes: [emitJson(config)] },
    { path: assignmentPath, bytes: [assignment] },
  ];
}

function planToConfig(plan: GroupSplitPlan): [string, ConfigValue][] {
  const side = ({ groups, nCells, labelCounts }: SplitSide): ConfigMap =>
    new Map<string, ConfigValue>([
      ["groups", groups],
      ["n_cells", nCells],
      ["n_labels", labelCounts.size],
      ["label_counts", labelCounts],
    ]);
  return [
    ["schema_version", SCHEMA_VERSION],
    ["split_key", plan.splitKey],
    ["target_label", plan.targetLabel],
    ["build_size", plan.buildSize],
    ["predict_size", plan.predictSize],
    ["seed", plan.seed],
    ["n_candidates", plan.nCandidates],
    ["n_valid_candidates", plan.nValidCandidates],
    ["build", side(plan.build)],
    ["predict", side(plan.predict)],
    ["unused_groups", plan.unusedGroups],
    ["warnings", plan.warnings],
  ];
}

/** One part of a split that was read. */
export interface ReadSplit {
  /** A view of the cells of the part; it must not outlive the dataset. */
  readonly adata: AnnData;
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
  const [name, checksum] = [plan.get(FILE_KEYS.path), plan.get(FILE_KEYS.sha256)];
  if (typeof name !== "string" || typeof checksum !== "string")
    throw new AtlasmtlError("BAD_FORMAT", "this is no plan of a split: it names no assignment", {
      where: planPath,
      hint: "give the .json that atlasmtl split wrote",
    });
  const assignmentPath = joinPath(folderName(planPath), baseName(name));
  const text = await read(assignmentPath, MAX_ASSIGNMENT_BYTES, (bytes) => {
    const found = sha256(bytes);
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
  return { adata: await viewRows(adata, Uint32Array.from(rows)), planPath, assignmentPath };
}

async function read<T>(path: string, maxBytes: number, parse: (bytes: Uint8Array) => T): Promise<T> {
  const source = await platform.openFile(path);
  try {
    if (source.byteLength > maxBytes)
      throw new AtlasmtlError(
        "LIMIT",
        `the file has ${source.byteLength} bytes; at most ${maxBytes} are read`,
      );
    return parse(await source.read(0, source.byteLength));
  } catch (error) {
    throw locate(error, path);
  } finally {
    await source.close();
  }
}

function sha256(bytes: Uint8Array): string {
  const sha = platform.createSha256();
  sha.update(bytes);
  return sha.hex();
}
