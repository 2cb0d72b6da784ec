/** What preprocessing did, by the names that reports have on disk. @module */
import { type ConfigMap, type ConfigValue, Float } from "../core/config.ts";
import type { CountsChoice, CountsSummary } from "./counts.ts";
import type { GeneIds } from "./gene-ids.ts";
import type { GenePlan } from "./merge-genes.ts";
import type { PreprocessSettings } from "./options.ts";

/** Names of a list that a report shows. */
const N_EXAMPLES = 10;

/** The settings by their snake_case names; a table in memory is only said to be one. */
export function settingsConfig(settings: PreprocessSettings): ConfigMap {
  const entries = Object.entries(settings).map(([key, value]): [string, ConfigValue] => {
    const name = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (key === "countsConfirmFraction") return [name, new Float(settings.countsConfirmFraction)];
    if (key === "geneIdTable" && value !== null && typeof value !== "string") return [name, "(in memory)"];
    return [name, value as ConfigValue];
  });
  return new Map(entries);
}

/** Genes: which case applied and what became of them. */
export function genesReport(genes: GeneIds, plan: GenePlan, nInput: number): ConfigMap {
  const { naming, unmapped, nStripped, causes } = genes;
  return new Map<string, ConfigValue>([
    ["case", naming.namingCase],
    ["species", naming.species],
    ["species_guessed", naming.guessed.species],
    ["var_names_type", naming.varNamesType],
    ["var_names_type_guessed", naming.guessed.varNamesType],
    ["ensembl_column", naming.column],
    ["name_prefix", naming.prefix],
    ["gene_id_table", naming.table],
    ["n_input_genes", nInput],
    ["n_output_genes", plan.names.length],
    ["n_versions_stripped", nStripped],
    ["n_unmapped", unmapped.length],
    ["unmapped_examples", unmapped.slice(0, N_EXAMPLES)],
    ["unmapped_causes", causes],
    ["n_dropped", plan.nDropped],
    ["n_duplicated_ids", plan.duplicated.length],
    ["duplicated_examples", plan.duplicated.slice(0, N_EXAMPLES)],
  ]);
}

/** Counts: where they are and what the sample showed. */
export function countsReport(choice: CountsChoice): ConfigMap {
  return new Map<string, ConfigValue>([
    ["counts_matrix", choice.matrix],
    ["materialized_from_x", choice.isMaterialised],
    ["summary", choice.summary === null ? null : summaryConfig(choice.summary)],
  ]);
}

function summaryConfig(summary: CountsSummary): ConfigMap {
  const { status, shape, sampledValues, hasNegative } = summary;
  const float = (value: number): Float => new Float(value);
  return new Map<string, ConfigValue>([
    ["status", status],
    ["shape", [...shape]],
    ["sampled_values", sampledValues],
    ["nonzero_rate", float(summary.nonzeroRate)],
    ["integer_fraction", float(summary.integerFraction)],
    ["has_negative", hasNegative],
    ["min", float(summary.min)],
    ["p1", float(summary.p1)],
    ["p5", float(summary.p5)],
    ["p50", float(summary.p50)],
    ["p95", float(summary.p95)],
    ["max", float(summary.max)],
  ]);
}
