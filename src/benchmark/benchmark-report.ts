/** The report of a benchmark. @module */
import type { FileRecord } from "../artifacts/run-manifest.ts";
import type { ConfigMap, ConfigValue } from "../core/config.ts";
import { chooseEmbedding } from "../output/report/embedding-points.ts";
import { runtimeFacts } from "../output/report/from-prediction.ts";
import { bytes, whole } from "../output/report/numbers.ts";
import type { Fact, ReportInput, ReportMethod } from "../output/report/types.ts";
import { METHOD_ENTRY } from "../schema/benchmark.ts";
import type { BenchmarkData } from "./benchmark-cells.ts";
import type { BenchmarkManifest } from "./dataset-manifest.ts";
import { logNormalised } from "./matrices.ts";
import type { MethodResult } from "./method-result.ts";
import { METHOD_DESCRIPTIONS } from "./methods/names.ts";
import { firstTwoComponents } from "./pca.ts";
import { DECISION_FILES } from "./policies.ts";

/** Files of a method that do not belong to its model. */
const DECISIONS: readonly string[] = [DECISION_FILES.taskWeights, DECISION_FILES.refinement];

/** Facts of the report beside the results. */
export interface BenchmarkReportContext {
  readonly files: readonly (FileRecord & { readonly role: string })[];
  readonly provenance: readonly Fact[];
  readonly command: readonly string[];
}

/** Collects the content of the report of a benchmark. */
export async function benchmarkReport(
  results: readonly MethodResult[],
  data: BenchmarkData,
  manifest: BenchmarkManifest,
  context: BenchmarkReportContext,
  signal?: AbortSignal,
): Promise<ReportInput> {
  const own = await chooseEmbedding(data.query, new Map());
  const seeds = new Map(results.flatMap((result) => [...result.seeds]));
  return {
    title: `Benchmark of ${manifest.datasetName}`,
    summary: `${whole(results.length)} methods trained on ${whole(data.reference.nObs)} cells and tested on ${whole(data.query.nObs)} others.`,
    facts: facts(data, manifest),
    warnings: [...(data.preparation?.warnings ?? []), ...results.flatMap(({ warnings }) => warnings)],
    truths: data.truths,
    groups: data.domains,
    embedding: own ?? {
      name: "the two directions in which the log-normalised values vary most (principal components)",
      points: await firstTwoComponents(logNormalised(data.shared, "query"), signal),
    },
    methods: results.map(reportMethod),
    files: context.files,
    provenance: [
      ...context.provenance,
      ...[...seeds].map(([purpose, seed]) => ({
        name: `Seed: ${purpose}`,
        value: String(seed),
        isCode: true,
      })),
    ],
    command: context.command,
  };
}

function reportMethod({ name, entry, labels, reasons, coordinates }: MethodResult): ReportMethod {
  const sizes = entry.get(METHOD_ENTRY.artifactSizes);
  const policies = entry.get(METHOD_ENTRY.policyDag);
  const total =
    sizes instanceof Map
      ? [...(sizes as ConfigMap)]
          .filter(([file]) => file !== "predictions.csv" && !DECISIONS.includes(file))
          .reduce((sum, [, size]) => sum + Number(size), 0)
      : 0;
  const named = (phase: string, list: readonly Fact[]): Fact[] =>
    list.map(({ name: what, value }) => ({ name: `${phase}: ${what.toLowerCase()}`, value }));
  return {
    name,
    description: METHOD_DESCRIPTIONS.get(name) ?? null,
    labels,
    reasons,
    coordinates,
    costs: [
      ...named("Training", runtimeFacts(entry.get(METHOD_ENTRY.trainUsage))),
      ...named("Prediction", runtimeFacts(entry.get(METHOD_ENTRY.predictUsage))),
      ...(total === 0 ? [] : [{ name: "Model on disk", value: bytes(total) }]),
    ],
    settings: new Map<string, ConfigValue>([
      ["train", entry.get(METHOD_ENTRY.trainConfigUsed) ?? null],
      ["predict", entry.get(METHOD_ENTRY.predictConfigUsed) ?? null],
      ["input", entry.get(METHOD_ENTRY.inputContract) ?? null],
      ...(policies instanceof Map && policies.size > 0 ? [["policies", policies] as const] : []),
    ]),
  };
}

function facts(data: BenchmarkData, manifest: BenchmarkManifest): Fact[] {
  const side = (path: string, n: number, subset: BenchmarkManifest["querySubset"]): string =>
    `${path}: ${whole(n)} cells${subset.size === 0 ? "" : `, where ${[...subset].map(([column, values]) => `${column} is ${values.join(" or ")}`).join(" and ")}`}`;
  const list: Fact[] = [
    {
      name: "Reference",
      value: side(manifest.referencePath, data.reference.nObs, manifest.referenceSubset),
    },
    { name: "Query", value: side(manifest.queryPath, data.query.nObs, manifest.querySubset) },
    {
      name: "Genes on both sides",
      value: `${whole(data.shared.genes.length)} of ${whole(data.reference.nVars)} in the reference and ${whole(data.query.nVars)} in the query`,
    },
    {
      name: "Labels of the reference",
      value: manifest.labelColumns
        .map((column) => `${column}: ${whole(data.referenceLabels.get(column)?.categories.length ?? 0)}`)
        .join(" · "),
    },
  ];
  if (data.preparation !== null) list.push({ name: "Preprocessing", value: data.preparation.summary });
  if (manifest.splitName !== null)
    list.push({
      name: "Split",
      value: `${manifest.splitName}${manifest.splitDescription === null ? "" : `: ${manifest.splitDescription}`}`,
    });
  if (manifest.domainKey !== null) list.push({ name: "Groups", value: manifest.domainKey });
  return list;
}
