/**
 * Runs a whole benchmark: prepares the data once, runs and scores each method, then commits all files at once
 * (docs/specification/5-benchmark.md#runner). Methods that are done wait in a folder of their own, from which an
 * interrupted run goes on.
 * @module
 */

import { platform } from "#platform";
import { fromConfig, toConfig } from "../artifacts/config-values.ts";
import type { FileRecord } from "../artifacts/run-manifest.ts";
import type { AlsoWrite, FileToWrite } from "../core/bytes.ts";
import { type ConfigMap, keyed } from "../core/config.ts";
import { emitJson } from "../core/json.ts";
import { didYouMean } from "../core/nearest.ts";
import { baseName, joinPath, normalizePath } from "../core/paths.ts";
import type { WorkOptions } from "../core/progress.ts";
import { VERSION } from "../core/version.ts";
import { AtlasmtlError, isAtlasmtlError } from "../errors.ts";
import type { Engine } from "../kernels/types.ts";
import { resolveTrainOptions } from "../model/resolve-options.ts";
import type { Warning } from "../model/types.ts";
import { renderReport } from "../output/report/page.ts";
import type { Fact } from "../output/report/types.ts";
import { BENCHMARK_METRICS, METHODS, type Method, TABLES_FOLDER } from "../schema/benchmark.ts";
import { type BenchmarkData, readBenchmarkData, resolvePath } from "./benchmark-cells.ts";
import { benchmarkReport } from "./benchmark-report.ts";
import type { BenchmarkManifest } from "./dataset-manifest.ts";
import { inManifestWords } from "./manifest-words.ts";
import { type MethodResult, methodFolder, progressFolder } from "./method-result.ts";
import { runMethod } from "./run-method.ts";
import { readSourceRun, type SourceRun } from "./source-run.ts";
import { splitCsv } from "./split-file.ts";
import { asCsv, asMarkdown, domainTable, markdownReport, paperTable, summaryTable } from "./tables.ts";

/** Files of a benchmark's folder, besides those of its methods. */
export const BENCHMARK_FILES = {
  metrics: "metrics.json",
  summary: "summary.csv",
  byDomain: "summary_by_domain.csv",
  split: "split.csv",
  markdown: "benchmark_report.md",
  html: "benchmark_report.html",
  tables: TABLES_FOLDER,
} as const;

export interface BenchmarkOptions {
  readonly manifest: BenchmarkManifest;
  /** As given, for the record. */
  readonly manifestPath: string;
  /** The folder that paths in the manifest are relative to. */
  readonly manifestFolder: string;
  /** The folder of the run; results that are already there are reused. */
  readonly outputFolder: string;
  /** In order; all by default. */
  readonly methods?: readonly string[];
  /** A bundle to load instead of training. */
  readonly atlasmtlModel?: string | null;
  /** Digest of the inputs and the code; results of an earlier run are reused only if it is equal. */
  readonly identity: string;
  /** The inputs by their digests. */
  readonly inputs?: readonly FileRecord[];
  /** For the report. */
  readonly provenance?: readonly Fact[];
  readonly command?: readonly string[];
}

export interface BenchmarkResult {
  readonly results: readonly MethodResult[];
  /**
   * The data that all methods used.
   * @internal
   */
  readonly data: BenchmarkData;
  /** Warnings of preparing the data. */
  readonly warnings: readonly Warning[];
  readonly seeds: ReadonlyMap<string, number>;
  /** Files of the methods, by paths relative to the folder of the run. */
  readonly methodFiles: readonly FileRecord[];
}

/** Checks the names of methods. @throws USAGE naming the nearest. */
export function checkMethods(methods: readonly string[]): asserts methods is readonly Method[] {
  for (const name of methods)
    if (!(METHODS as readonly string[]).includes(name))
      throw new AtlasmtlError("USAGE", `there is no method "${name}"${didYouMean(name, METHODS)}`, {
        hint: `use any of ${METHODS.join(", ")}`,
      });
}

/**
 * Runs every method on the same cells and genes, and writes the folder of the run. Methods that an earlier run
 * finished with the same identity are not run again.
 *
 * `also` gets the written files, without those of the methods, and returns further files, such as the run manifest.
 * @throws USAGE for an unknown method; NOT_FOUND, BAD_DATA and MISMATCH as reading, training and prediction do;
 * IO when a file cannot be written; ABORTED by the signal.
 */
export async function runBenchmark(
  options: BenchmarkOptions,
  work: WorkOptions & { readonly engine: Engine },
  also: (result: BenchmarkResult) => Promise<AlsoWrite> = async () => () => [],
): Promise<BenchmarkResult> {
  try {
    return await runAndWrite(options, work, also);
  } catch (error) {
    throw isAtlasmtlError(error) && error.options.length > 0
      ? inManifestWords(error, options.manifestPath)
      : error;
  }
}

/** The manifest with the paths of models from the working folder. */
function withPaths(manifest: BenchmarkManifest, folder: string): BenchmarkManifest {
  const { initModelPath, predict } = manifest;
  const { refinementConfig: config } = predict;
  const at = (path: string): string => resolvePath(folder, path);
  return {
    ...manifest,
    initModelPath: initModelPath === null ? null : at(initModelPath),
    predict: isAbsentConfig(config)
      ? predict
      : {
          ...predict,
          refinementConfig:
            "planPath" in config && typeof config.planPath === "string"
              ? { ...config, planPath: at(config.planPath) }
              : "artifactPath" in config && typeof config.artifactPath === "string"
                ? { ...config, artifactPath: at(config.artifactPath) }
                : config,
        },
  };
}

const isAbsentConfig = (value: unknown): value is null | undefined => value === undefined || value === null;

async function runAndWrite(
  options: BenchmarkOptions,
  work: WorkOptions & { readonly engine: Engine },
  also: (result: BenchmarkResult) => Promise<AlsoWrite>,
): Promise<BenchmarkResult> {
  const { outputFolder } = options;
  const manifest = withPaths(options.manifest, options.manifestFolder);
  const methods: readonly string[] = [...new Set(options.methods ?? METHODS)];
  checkMethods(methods);
  const sourceRun = await sourceRunOf(options, methods);
  const data = await readBenchmarkData(manifest, options.manifestFolder, work);
  await platform.files.finish(outputFolder);
  await refuseLink(outputFolder);
  const results: MethodResult[] = [];
  for (const name of methods)
    results.push(
      await runMethod(
        {
          name,
          data,
          manifest,
          atlasmtlModel: options.atlasmtlModel ?? null,
          sourceRun,
          folder: outputFolder,
          identity: options.identity,
        },
        { ...work, config: manifest.methodConfigs.get(name) ?? new Map(), seed: manifest.randomSeed },
      ),
    );
  const result: BenchmarkResult = {
    results,
    data,
    warnings: [...manifest.notices, ...data.warnings, ...(data.preparation?.warnings ?? [])],
    seeds: new Map([
      ["manifest", manifest.randomSeed],
      ...(data.preparation === null ? [] : [["preprocess", data.preparation.seed] as const]),
      ...results.flatMap(({ seeds }) => [...seeds]),
    ]),
    methodFiles: results.flatMap(({ files }) => files),
  };
  const methodFiles = results.flatMap(({ toPlace }) => toPlace);
  const further = await also(result);
  await platform.files.writeAll([...methodFiles, ...(await finalFiles(result, options, work))], (written) =>
    further(written.slice(methodFiles.length)),
  );
  const progress = progressFolder(outputFolder);
  for (const name of methods) await platform.files.discard(progress, methodFolder(name));
  return result;
}

/** What is below a link would be written, and removed, in another folder. @throws USAGE */
async function refuseLink(outputFolder: string): Promise<void> {
  const progress = progressFolder(outputFolder);
  if ((await platform.files.list(progress)) === null) return;
  const [real, run] = await Promise.all(
    [progress, outputFolder].map((path) => platform.files.realPath?.(path) ?? path),
  );
  if (normalizePath(real) !== normalizePath(progressFolder(run)))
    throw new AtlasmtlError("USAGE", "a link stands where the run keeps what it has finished", {
      where: progress,
      hint: "remove the link",
    });
}

/** The earlier run whose scores the policy of the manifest uses; null for none. */
async function sourceRunOf(
  { manifest, manifestFolder, outputFolder }: BenchmarkOptions,
  methods: readonly string[],
): Promise<SourceRun | null> {
  const given = manifest.policies.taskWeights?.sourceRun ?? null;
  if (given === null || !methods.includes("atlasmtl")) return null;
  const folder = resolvePath(manifestFolder, given);
  if (normalizePath(folder) === normalizePath(outputFolder))
    throw new AtlasmtlError("USAGE", "task_weight_policy_source_run is the folder that this run writes", {
      where: given,
      hint: "write this run into another folder",
    });
  return readSourceRun(folder, manifest.labelColumns);
}

async function finalFiles(
  result: BenchmarkResult,
  options: BenchmarkOptions,
  work: WorkOptions,
): Promise<FileToWrite[]> {
  const { manifest, outputFolder } = options;
  const { results, data } = result;
  const text = (name: string, content: string): FileToWrite => ({
    path: joinPath(outputFolder, name),
    bytes: [new TextEncoder().encode(content)],
  });
  const report = await benchmarkReport(
    results,
    data,
    manifest,
    {
      files: [
        ...(options.inputs ?? []).map((file) => ({ ...file, role: "input" })),
        ...result.methodFiles.map((file) => ({ ...file, role: "output" })),
      ],
      provenance: [{ name: "Software", value: `atlasmtl ${VERSION}` }, ...(options.provenance ?? [])],
      command: options.command ?? [],
    },
    work.signal,
  );
  const splitSeed = result.results.find(({ name }) => name === "atlasmtl")?.seeds.get("split") ?? null;
  const { labelColumns } = manifest;
  const { valFraction, linearViews } = resolveTrainOptions({ ...manifest.train, labelColumns }).options;
  const { byDomain, summary, split, markdown, html, tables, metrics } = BENCHMARK_FILES;
  return [
    ...[...(data.preparation?.files ?? [])].map(([name, bytes]) => ({
      path: joinPath(outputFolder, name),
      bytes: [bytes],
    })),
    text(split, splitCsv(data, { valFraction, splitSeed, linearViews })),
    text(summary, asCsv(summaryTable(results, manifest.labelColumns))),
    text(byDomain, asCsv(domainTable(results, manifest.labelColumns))),
    ...manifest.labelColumns.flatMap((level, l) => {
      const rows = paperTable(results, level);
      const name = `${tables}/${l + 1}_${level.replace(/[^\w.-]+/g, "_").slice(0, 60)}`;
      return [text(`${name}.csv`, asCsv(rows)), text(`${name}.md`, asMarkdown(rows))];
    }),
    text(markdown, markdownReport(results, manifest.labelColumns, report.title)),
    text(html, renderReport(report)),
    {
      path: joinPath(outputFolder, metrics),
      bytes: [emitJson(toConfig(fromConfig(metricsOf(result, options))))],
    },
  ];
}

/** The content of `metrics.json`. */
function metricsOf({ results }: BenchmarkResult, options: BenchmarkOptions): ConfigMap {
  return keyed(BENCHMARK_METRICS, {
    protocolVersion: options.manifest.protocolVersion,
    datasetManifest: baseName(options.manifestPath),
    identity: options.identity,
    inputs: (options.inputs ?? []).map(({ path, sizeBytes, sha256 }) => ({ path, size: sizeBytes, sha256 })),
    results: results.map(({ entry }) => entry),
  });
}
