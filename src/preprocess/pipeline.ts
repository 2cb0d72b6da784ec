/** Preprocessing of references and queries: the order of steps (docs/specification/4-preprocessing.md). @module */
import { toColumn } from "../anndata/containers/in-memory.ts";
import { columnLabels } from "../anndata/read/column-values.ts";
import type { AnnData, Column, MatrixName } from "../anndata/types.ts";
import { type ConfigMap, type ConfigValue, keyed } from "../core/config.ts";
import { baseName } from "../core/paths.ts";
import type { WorkOptions } from "../core/progress.ts";
import { AtlasmtlError, type Notice, notice, option, phrase } from "../errors.ts";
import {
  CASES,
  PREPROCESS_KEY,
  PREPROCESS_KEYS,
  PREPROCESS_REPORT,
  VAR_COLUMNS,
} from "../schema/preprocessing.ts";
import { type CountsChoice, chooseCounts } from "./counts.ts";
import { canonicalGenes, examples, type GeneIds, otherTable } from "./gene-ids.ts";
import { viewGenes } from "./gene-view.ts";
import { type Batches, type VariableGenes, variableGenes } from "./hvg.ts";
import { type GenePlan, planGenes, selectGenes } from "./merge-genes.ts";
import { type PreprocessOptions, type PreprocessSettings, resolvePreprocessOptions } from "./options.ts";
import { type FeaturePanel, panelSymbols, panelToConfig } from "./panel.ts";
import { countsReport, genesReport, settingsConfig } from "./preprocess-report.ts";

export interface PreprocessResult {
  /** A view of the input with the genes of the panel; it must not outlive the input. */
  readonly adata: AnnData;
  readonly panel: FeaturePanel;
  /** By the names it has on disk. */
  readonly report: ConfigMap;
  /** What was settled about the names of genes, and which of it is a guess. */
  readonly genes: GeneIds;
  readonly warnings: readonly Notice[];
}

/**
 * Gives a reference canonical genes, finds its counts and chooses its features. The input is not changed; what
 * comes back reads from it as it is asked.
 *
 * ```ts
 * const { adata, panel } = await preprocessReference(reference, { nTopGenes: 2000 });
 * const model = await buildModel(adata, { labelColumns: ["cell_type"] });
 * ```
 * @throws USAGE for a wrong option; BAD_DATA without counts, for genes that cannot be mapped, or of several
 * species; NOT_FOUND for a column that is not there; ABORTED; as `canonicalGenes` and `variableGenes`.
 */
export async function preprocessReference(
  adata: AnnData,
  options: PreprocessOptions = {},
  work: WorkOptions = {},
): Promise<PreprocessResult> {
  const settings = resolvePreprocessOptions(options);
  const batches = settings.featureSpace === "hvg" ? await readBatches(adata, settings) : null;
  const genes = await canonicalGenes(
    { names: adata.var.index, var: adata.var, source: adata.source },
    settings,
  );
  const plan = planGenes(adata.var.index, genes, settings, adata.source);
  const counts = await chooseCounts(adata, settings, work.signal);
  const warnings = [...genesWarnings(genes, plan, adata), ...counts.warnings];
  let chosen = plan;
  let variable: VariableGenes | null = null;
  if (settings.featureSpace === "hvg") {
    if (counts.matrix === null)
      throw new AtlasmtlError("BAD_DATA", "variable genes are chosen by counts, and there are none", {
        where: adata.source,
        hint: phrase`give the layer of counts with ${option("countsLayer")}, or keep all genes with ${option("featureSpace", "whole")}`,
      });
    if (settings.nTopGenes >= plan.names.length)
      warnings.push(
        notice(
          phrase`${option("nTopGenes")} is ${settings.nTopGenes} and there are ${plan.names.length} genes: all of them are kept`,
          { where: adata.source },
        ),
      );
    const all = await viewOf(adata, plan, counts, settings);
    variable = await variableGenes(
      await all.matrix(countsName(counts, settings)),
      settings.nTopGenes,
      batches,
      work,
    );
    const kept = variable.chosen.slice().sort();
    chosen = selectGenes(
      plan,
      Array.from(kept, (gene) => plan.names[gene]),
    );
  }
  const isHvg = variable !== null;
  const panel: FeaturePanel = {
    geneIds: chosen.names,
    geneSymbols: chosen.symbols,
    featureSpace: settings.featureSpace,
    species: genes.naming.species,
    varNamesTypeOriginal: genes.naming.varNamesType,
    geneIdTable: genes.naming.namingCase === CASES.table ? genes.naming.table : null,
    hvgMethod: isHvg ? settings.hvgMethod : null,
    nTopGenes: isHvg ? settings.nTopGenes : null,
    hvgBatchKey: isHvg ? settings.hvgBatchKey : null,
    countsLayer: settings.countsLayer,
    hvgLayerUsed: isHvg ? counts.matrix : null,
    referenceDatasetName: settings.referenceDatasetName ?? baseName(adata.source),
  };
  const report = keyed(PREPROCESS_REPORT, {
    kind: "reference",
    nCells: adata.nObs,
    genes: genesReport(genes, plan, adata.nVars),
    counts: countsReport(counts),
    nFeatures: chosen.names.length,
    nFeaturesMatched: undefined,
    nFeaturesMissing: undefined,
    missingExamples: undefined,
  });
  const view = await viewOf(adata, chosen, counts, settings, outputUns(settings, report, panel));
  return { adata: view, panel, report, genes, warnings };
}

/**
 * Gives a query the genes of a panel, in its order; genes it lacks are zero. The input is not changed.
 *
 * ```ts
 * const { adata } = await preprocessQuery(query, panel);
 * const result = await predict(model, adata);
 * ```
 * The species is that of the panel unless `options` say another. A query whose names the panel has itself, as
 * ids or symbols, needs no other table.
 * @throws MISMATCH when the query has none of the panel's genes, or is of another species; as
 * {@link preprocessReference}.
 */
export async function preprocessQuery(
  adata: AnnData,
  panel: FeaturePanel,
  options: PreprocessOptions = {},
  work: WorkOptions = {},
): Promise<PreprocessResult> {
  const settings = resolvePreprocessOptions({ ...options, species: options.species ?? panel.species });
  if (settings.species !== "infer" && settings.species !== panel.species)
    throw new AtlasmtlError(
      "MISMATCH",
      `the panel is of ${panel.species}, the query is said to be of ${settings.species}`,
      {
        where: adata.source,
        hint: phrase`give a query of the panel's species, or predict from the query as it is with ${option("orthologues", true)}`,
      },
    );
  const genes = await canonicalGenes(
    { names: adata.var.index, var: adata.var, source: adata.source },
    settings,
    { idOf: panelSymbols(panel) },
  );
  const plan = planGenes(adata.var.index, genes, settings, adata.source);
  const counts = await chooseCounts(adata, settings, work.signal);
  const aligned = selectGenes(plan, panel.geneIds);
  const nMissing = aligned.first.reduce((n, gene) => n + (gene < 0 ? 1 : 0), 0);
  const nMatched = panel.geneIds.length - nMissing;
  const missing = panel.geneIds.filter((_, out) => aligned.first[out] < 0);
  if (nMatched === 0)
    throw new AtlasmtlError(
      "MISMATCH",
      `none of the panel's ${panel.geneIds.length} genes is among the query's ${plan.names.length} (panel: ${examples(panel.geneIds)}; query: ${examples(plan.names)})`,
      {
        where: `${adata.source} › var names`,
        hint: "check that query and panel are of one species and assay",
      },
    );
  const warnings = [...genesWarnings(genes, plan, adata), ...counts.warnings];
  if (nMatched < nMissing)
    warnings.push({
      message: `${nMatched} of the panel's ${panel.geneIds.length} genes are in the query; missing ones, such as ${examples(missing)}, count as zero`,
      where: adata.source,
    });
  const tables = otherTable(panel, genes.naming, nMissing, `${adata.source} › var names`);
  if (tables !== null) warnings.push(tables);
  const report = keyed(PREPROCESS_REPORT, {
    kind: "query",
    nCells: adata.nObs,
    genes: genesReport(genes, plan, adata.nVars),
    counts: countsReport(counts),
    nFeatures: panel.geneIds.length,
    nFeaturesMatched: nMatched,
    nFeaturesMissing: nMissing,
    missingExamples: missing.slice(0, 10),
  });
  const named = { ...aligned, symbols: panel.geneSymbols };
  const present: Column = {
    kind: "boolean",
    values: Uint8Array.from(aligned.first, (gene) => (gene < 0 ? 0 : 1)),
    missing: null,
  };
  const view = await viewOf(adata, named, counts, settings, outputUns(settings, report, panel), present);
  return { adata: view, panel, report, genes, warnings };
}

/** The layer of counts that an output gets where it has none: its key and the matrix it is taken from. */
function addedLayer({ matrix, isMaterialised }: CountsChoice, countsLayer: string) {
  if (matrix === "raw/X") return ["counts", matrix] as const;
  const key = countsLayer.replace(/^layers\//, "");
  return isMaterialised && matrix !== null && key !== "X" ? ([key, matrix] as const) : null;
}

/** The matrix of counts in an output. */
function countsName(counts: CountsChoice, { countsLayer }: PreprocessSettings): MatrixName {
  const added = addedLayer(counts, countsLayer);
  return added === null ? (counts.matrix ?? "X") : `layers/${added[0]}`;
}

function outputUns(
  settings: PreprocessSettings,
  report: ConfigMap,
  panel: FeaturePanel,
): Map<string, ConfigMap> {
  return new Map([
    [
      PREPROCESS_KEY,
      new Map<string, ConfigValue>([
        [PREPROCESS_KEYS.config, settingsConfig(settings)],
        [PREPROCESS_KEYS.report, report],
        [PREPROCESS_KEYS.featurePanel, panelToConfig(panel)],
      ]),
    ],
  ]);
}

function viewOf(
  adata: AnnData,
  plan: GenePlan,
  counts: CountsChoice,
  settings: PreprocessSettings,
  uns?: ReadonlyMap<string, ConfigMap>,
  present?: Column,
): Promise<AnnData> {
  const names = adata.var.index;
  const columns = new Map<string, Column>([
    [VAR_COLUMNS.ensemblId, { kind: "string", values: plan.ids }],
    [VAR_COLUMNS.symbol, { kind: "string", values: plan.symbols }],
    [VAR_COLUMNS.originalName, { kind: "string", values: Array.from(plan.first, (at) => names[at] ?? null) }],
    [VAR_COLUMNS.groupSize, toColumn(plan.groupSize)],
  ]);
  if (present !== undefined) columns.set(VAR_COLUMNS.present, present);
  const { duplicatePolicy, countsLayer } = settings;
  return viewGenes(adata, plan, { duplicatePolicy, columns, addLayer: addedLayer(counts, countsLayer), uns });
}

async function readBatches(adata: AnnData, { hvgBatchKey }: PreprocessSettings): Promise<Batches | null> {
  if (hvgBatchKey === null) return null;
  const { codes, categories } = columnLabels(await adata.obs.column(hvgBatchKey));
  const nMissing = codes.reduce((n, code) => n + (code < 0 ? 1 : 0), 0);
  if (nMissing > 0)
    throw new AtlasmtlError(
      "BAD_DATA",
      `${nMissing} of ${codes.length} cells have no value in column "${hvgBatchKey}"`,
      {
        where: `${adata.source} › obs › ${hvgBatchKey}`,
        hint: phrase`fill the column, or choose another ${option("hvgBatchKey")}`,
      },
    );
  const used = [...new Set(codes)].sort((a, b) => a - b);
  const place = new Map(used.map((code, batch) => [code, batch]));
  return { codes: codes.map((code) => place.get(code)!), names: used.map((code) => categories[code]) };
}

function genesWarnings(genes: GeneIds, plan: GenePlan, adata: AnnData): Notice[] {
  const warnings: Notice[] = [];
  const where = `${adata.source} › var names`;
  if (genes.unmapped.length * 5 > adata.nVars)
    warnings.push(
      notice(
        `${genes.unmapped.length} of ${adata.nVars} genes have no ${genes.naming.species} Ensembl id, such as ${examples(genes.unmapped)}`,
        {
          where,
          hint: phrase`check species and names; a table of other names can be given with ${option("geneIdTable")}`,
        },
      ),
    );
  for (const cause of genes.causes) warnings.push({ message: `of the genes without an id, ${cause}`, where });
  if (plan.duplicated.length > 0 && genes.naming.namingCase === CASES.table)
    warnings.push({
      message: `${plan.duplicated.length === 1 ? "1 id has" : `${plan.duplicated.length} ids have`} several genes, such as ${examples(plan.duplicated)}; they were merged`,
      where,
    });
  return warnings;
}
