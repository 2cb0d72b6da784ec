/** What preprocessing did, by the names that reports have on disk. @module */
import { type ConfigMap, Float, keyed } from "../core/config.ts";
import { storedOptions } from "../core/option-config.ts";
import { optionKeys } from "../schema/option.ts";
import { PREPROCESS_OPTIONS } from "../schema/preprocess-options.ts";
import { COUNTS_REPORT, COUNTS_SUMMARY, GENES_REPORT } from "../schema/preprocessing.ts";
import type { CountsChoice, CountsSummary } from "./counts.ts";
import { type GeneIds, namingFields } from "./gene-ids.ts";
import type { GenePlan } from "./merge-genes.ts";
import type { PreprocessSettings } from "./options.ts";

/** Names of a list that a report shows. */
const N_EXAMPLES = 10;

/** The settings by their snake_case names; a table in memory is only said to be one. */
export function settingsConfig(settings: PreprocessSettings): ConfigMap {
  const { geneIdTable } = settings;
  const table = geneIdTable === null || typeof geneIdTable === "string" ? geneIdTable : "(in memory)";
  return keyed(optionKeys(PREPROCESS_OPTIONS), {
    ...storedOptions(PREPROCESS_OPTIONS, settings),
    geneIdTable: table,
  });
}

/** Genes: which case applied and what became of them. */
export function genesReport(genes: GeneIds, plan: GenePlan, nInput: number): ConfigMap {
  const { naming, unmapped, nStripped, nFormer, causes } = genes;
  return keyed(GENES_REPORT, {
    ...namingFields(naming),
    namePrefix: naming.prefix,
    nInputGenes: nInput,
    nOutputGenes: plan.names.length,
    nVersionsStripped: nStripped,
    nFormerSymbols: nFormer,
    nUnmapped: unmapped.length,
    unmappedExamples: unmapped.slice(0, N_EXAMPLES),
    unmappedCauses: causes,
    nDropped: plan.nDropped,
    nDuplicatedIds: plan.duplicated.length,
    duplicatedExamples: plan.duplicated.slice(0, N_EXAMPLES),
  });
}

/** Counts: where they are and what the sample showed. */
export function countsReport(choice: CountsChoice): ConfigMap {
  return keyed(COUNTS_REPORT, {
    countsMatrix: choice.matrix,
    materializedFromX: choice.isMaterialised,
    summary: choice.summary === null ? null : summaryConfig(choice.summary),
  });
}

function summaryConfig(summary: CountsSummary): ConfigMap {
  const { status, shape, sampledValues, hasNegative } = summary;
  const float = (value: number): Float => new Float(value);
  return keyed(COUNTS_SUMMARY, {
    status: status,
    shape: [...shape],
    sampledValues: sampledValues,
    nonzeroRate: float(summary.nonzeroRate),
    integerFraction: float(summary.integerFraction),
    hasNegative: hasNegative,
    min: float(summary.min),
    p1: float(summary.p1),
    p5: float(summary.p5),
    p50: float(summary.p50),
    p95: float(summary.p95),
    max: float(summary.max),
  });
}
