/** The references that a model learns from: one file, or several that are joined. @module */
import { readFile } from "node:fs/promises";
import { asFileError, option, phrase } from "../../api/errors.ts";
import {
  type AnnData,
  joinReferences,
  type LabelMapRow,
  type Notice,
  parseLabelMap,
  type TrainOptions,
} from "../../api/index.ts";
import type { CommandContext } from "../context.ts";
import { openDataset } from "../open-dataset.ts";
import { layerOf } from "../options/dataset-flags.ts";
import type { TrainFlags } from "../options/options.ts";
import { sampleNames } from "../study/sample-names.ts";
import { asSubject, usageError } from "../terminal/show-error.ts";
import { labelsOfReferences } from "./reference-labels.ts";

/** What is trained on, and what was opened for it. */
export interface OpenedReferences {
  readonly adata: AnnData;
  readonly opened: readonly AnnData[];
  readonly files: readonly string[];
  /** Options of training that joined references have otherwise than the flags say. */
  readonly options: Partial<TrainOptions>;
  readonly notes: readonly Notice[];
  readonly warnings: readonly Notice[];
}

/** Opens the references; several, or one with a label map, are joined. @throws as `joinReferences`, USAGE for labels of no file. */
export async function openReferences(
  paths: readonly string[],
  flags: TrainFlags,
  { output, signal }: CommandContext,
): Promise<OpenedReferences> {
  const isOne = paths.length === 1 && flags.labelMap === undefined;
  const names = sampleNames(paths);
  const labels = labelsOfReferences(flags.labels ?? [], names, paths);
  const labelMap = flags.labelMap === undefined ? undefined : await readLabelMap(flags.labelMap, names);
  const opened: AnnData[] = [];
  try {
    for (const path of paths) opened.push(await openDataset(path, flags, output));
    const files = [
      ...opened.flatMap(({ stored }, i) => stored?.files ?? [paths[i]]),
      ...(flags.labelMap === undefined ? [] : [flags.labelMap]),
    ];
    if (isOne) return { adata: opened[0], opened, files, options: {}, notes: [], warnings: [] };
    const { adata, labelColumns, notes, warnings } = await joinReferences(
      opened.map((each, i) => ({ name: names[i], adata: each, labelColumns: labels[i] })),
      { labelMap, layer: layerOf(flags), forceInput: flags.forceInput },
      { signal },
    );
    return {
      adata,
      opened,
      files,
      options: { labelColumns, layer: "X" },
      notes,
      warnings: [...warnings, ...coordinateWarning(flags, paths.length)],
    };
  } catch (error) {
    for (const each of opened) await each.close();
    throw error;
  }
}

/** Nothing tells whether arrays of two files are of one embedding. */
function coordinateWarning(flags: TrainFlags, nFiles: number): Notice[] {
  const { coord, latentKey, umapKey, knnReferenceObsmKey } = flags;
  const uses = (coord?.size ?? 0) > 0 || [latentKey, umapKey, knnReferenceObsmKey].some((key) => key);
  if (nFiles < 2 || !uses) return [];
  return [
    {
      message:
        "coordinates of several references are taken as they are, which is right for one embedding of all cells only",
      hint: "leave them out if each reference was embedded by itself",
    },
  ];
}

/** @throws BAD_DATA for text that is no label map, and for names of files that are none of the references. */
export async function readLabelMap(path: string, names: readonly string[]): Promise<readonly LabelMapRow[]> {
  const text = await asSubject("usage", async () => {
    try {
      return await readFile(path, "utf8");
    } catch (error) {
      throw asFileError(error, path, "read");
    }
  });
  const rows = parseLabelMap(text, path);
  const foreign = rows.find(({ file }) => file !== null && !names.includes(file));
  if (foreign !== undefined)
    throw usageError(
      `the label map speaks of ${JSON.stringify(foreign.file)}, which is none of the references (${names.join(", ")})`,
      path,
      phrase`name the files as ${option("adata")} does, without folder and ending`,
    );
  return rows;
}
