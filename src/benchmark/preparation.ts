/**
 * The preprocessing that all methods of a benchmark share (docs/specification/4-preprocessing.md and
 * docs/specification/5-benchmark.md#dataset-manifest).
 * @module
 */
import type { AnnData } from "../anndata/types.ts";
import type { ConfigMap } from "../core/config.ts";
import { emitJson } from "../core/json.ts";
import type { WorkOptions } from "../core/progress.ts";
import { AtlasmtlError, inWords } from "../errors.ts";
import type { Warning } from "../predict/types.ts";
import { type PreprocessOptions, resolvePreprocessOptions } from "../preprocess/options.ts";
import { panelToConfig } from "../preprocess/panel.ts";
import { preprocessQuery, preprocessReference } from "../preprocess/pipeline.ts";
import { PREPROCESS_KEY, PREPROCESS_REPORT } from "../schema/preprocessing.ts";
import { manifestWords } from "./manifest-words.ts";
import { tablePath } from "./preprocess-keys.ts";

/** Reference and query with the genes of one panel, and a description of the preprocessing. */
export interface Preparation {
  readonly reference: AnnData;
  readonly query: AnnData;
  /** The record of preprocessing for the model, with its panel. */
  readonly record: ConfigMap;
  /** Files of the run's folder by name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly warnings: readonly Warning[];
  /** A description for the report. */
  readonly summary: string;
  readonly seed: number;
}

/** Names of the files that preprocessing writes to the folder of the run. */
export const PREPARATION_FILES = {
  panel: "preprocess/feature_panel.json",
  reference: "preprocess/reference_report.json",
  query: "preprocess/query_report.json",
} as const;

/**
 * Preprocesses the reference, then the query with the panel of the reference, so that the query does not influence the
 * features. A relative path of a gene table is relative to `folder`. The returned datasets read from the inputs.
 * @throws as `preprocessReference` and `preprocessQuery`.
 */
export async function prepareSides(
  sides: { readonly reference: AnnData; readonly query: AnnData },
  asked: PreprocessOptions,
  folder: string,
  work: WorkOptions,
): Promise<Preparation> {
  const table = tablePath(asked, folder);
  const options = table === null ? asked : { ...asked, geneIdTable: table };
  const reference = await preprocessReference(sides.reference, options, work);
  const query = await preprocessQuery(sides.query, reference.panel, options, work);
  const { panel } = reference;
  const record = await reference.adata.uns(PREPROCESS_KEY);
  if (!(record instanceof Map)) throw new AtlasmtlError("BUG", "preprocessing left no record");
  const nMissing = Number(query.report.get(PREPROCESS_REPORT.nFeaturesMissing));
  return {
    reference: reference.adata,
    query: query.adata,
    record: record as ConfigMap,
    files: new Map([
      [PREPARATION_FILES.panel, emitJson(panelToConfig(panel))],
      [PREPARATION_FILES.reference, emitJson(reference.report)],
      [PREPARATION_FILES.query, emitJson(query.report)],
    ]),
    warnings: [...reference.warnings, ...query.warnings].map((warning) => inWords(warning, manifestWords)),
    summary: `${panel.featureSpace === "hvg" ? `the ${panel.geneIds.length} most variable genes of the reference` : `all ${panel.geneIds.length} genes of the reference`} (${panel.species}), for all methods; the query lacks ${nMissing} of them, which count as zero`,
    seed: resolvePreprocessOptions(options).randomState,
  };
}
