/** Writes the result of preprocessing; `preprocess.ts` loads this module on first use. @module */
import type { WriteDatasetOptions } from "../anndata/containers/container.ts";
import { WRITTEN_ENDINGS } from "../anndata/containers/containers.ts";
import type { Notice } from "../anndata/types.ts";
import { writeDataset } from "../anndata/write/write-annotated.ts";
import type { FileToWrite } from "../core/bytes.ts";
import type { ConfigMap, ConfigValue } from "../core/config.ts";
import { emitJson } from "../core/json.ts";
import type { PreprocessResult } from "../preprocess/pipeline.ts";
import { PREPROCESS_KEY, PREPROCESS_KEYS } from "../schema/preprocessing.ts";
import { emitFeaturePanel } from "./feature-panel.ts";
import { fingerprint } from "./runs.ts";

export interface SavePreprocessedOptions extends WriteDatasetOptions {
  /** The group split that the dataset is one side of; see `splitRecord`. */
  readonly split?: ConfigMap | null | undefined;
}

/** As `savePreprocessed` of the entry. */
export async function savePreprocessed(
  path: string,
  result: PreprocessResult,
  { split, also, ...work }: SavePreprocessedOptions = {},
): Promise<readonly Notice[]> {
  const [, panelPath, reportPath] = preprocessedPaths(path);
  const besides: readonly FileToWrite[] = [
    { path: panelPath, bytes: [emitFeaturePanel(result.panel)] },
    { path: reportPath, bytes: [emitJson(result.report)] },
  ];
  const uns = new Map([[PREPROCESS_KEY, await preprocessRecord(result, split ?? null)]]);
  return writeDataset(
    result.adata,
    path,
    { uns },
    {
      ...work,
      also: async (written) => [
        ...besides,
        ...((await also?.([...written, ...besides.map(fingerprint)])) ?? []),
      ],
    },
  );
}

/** The files that are written for the dataset `path`: itself, its panel and its report. */
export function preprocessedPaths(path: string): readonly [dataset: string, panel: string, report: string] {
  const ending = WRITTEN_ENDINGS.find((each) => path.toLowerCase().endsWith(each)) ?? "";
  const stem = path.slice(0, path.length - ending.length);
  return [path, `${stem}_feature_panel.json`, `${stem}_preprocess_report.json`];
}

/** The record that the dataset keeps: settings, report and panel of preprocessing, and the split it is one side of. */
export async function preprocessRecord(
  { adata }: PreprocessResult,
  split: ConfigMap | null = null,
): Promise<ConfigMap> {
  const said = (await adata.uns(PREPROCESS_KEY)) as ConfigMap;
  return split === null ? said : new Map<string, ConfigValue>([...said, [PREPROCESS_KEYS.split, split]]);
}
