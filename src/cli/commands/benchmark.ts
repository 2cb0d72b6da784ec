/** `atlasmtl benchmark`: compare methods on one dataset and write the folder of the run. @module */

import { dirname, join } from "node:path";
import { runBenchmark } from "../../api/benchmark.ts";
import {
  BENCHMARK_FILES,
  benchmarkIdentity,
  benchmarkInputs,
  benchmarkScores,
  checkBenchmarkMethods,
  parseBenchmarkManifest,
} from "../../api/benchmark-run.ts";
import { checkOutput, refuseOverwriting } from "../../api/checks.ts";
import { locate, option } from "../../api/errors.ts";
import { bundleAt } from "../../api/formats.ts";
import type { BenchmarkManifest, BenchmarkResult } from "../../api/index.ts";
import { BENCHMARK_DETAILS } from "../../api/keys.ts";
import type { ConfigValue } from "../../api/values.ts";
import { codeDigest } from "../code-digest.ts";
import type { CommandContext } from "../context.ts";

import { BENCHMARK_FLAGS, type BenchmarkFlags } from "../options/options.ts";
import { required } from "../options/settings.ts";
import { readYaml } from "../options/yaml.ts";
import { type PreparedRun, prepareRun, recordFiles } from "../provenance.ts";
import { percent, plural, table } from "../terminal/print.ts";
import { createProgress } from "../terminal/progress-bar.ts";
import { asSubject } from "../terminal/show-error.ts";

/** A generous estimate of the size of the files of a run. */
const RUN_BYTES = 64e6;

/** Runs the benchmark of a manifest. @throws USAGE for a manifest or method that is wrong, before any work. */
export async function runBenchmarkCommand(flags: BenchmarkFlags, context: CommandContext): Promise<void> {
  const { common, output, signal, argv, startedAt } = context;
  const { datasetManifest: manifestPath, outputDir: folder } = required(flags, BENCHMARK_FLAGS, "benchmark", [
    "datasetManifest",
    "outputDir",
  ]);
  if (flags.methods !== undefined) {
    try {
      checkBenchmarkMethods(flags.methods);
    } catch (error) {
      throw locate(error, option("methods"));
    }
  }
  const manifest = withDevice(await readBenchmarkManifest(manifestPath), flags.device);
  const manifestFolder = dirname(manifestPath);
  const metricsPath = join(folder, BENCHMARK_FILES.metrics);
  await checkOutput(metricsPath, RUN_BYTES);
  const model = flags.atlasmtlModel === undefined ? undefined : await bundleAt(flags.atlasmtlModel);
  const inputPaths = [manifestPath, ...benchmarkInputs(manifest, manifestFolder, model)];
  await refuseOverwriting(
    Object.values(BENCHMARK_FILES).map((name) => join(folder, name)),
    inputPaths,
  );
  const inputs = await recordFiles(inputPaths, metricsPath, signal);
  const digest = codeDigest();
  const identity = benchmarkIdentity(digest, inputs);
  const progress = createProgress(common);
  let prepared: PreparedRun | undefined;
  let result: BenchmarkResult;
  try {
    result = await runBenchmark(
      {
        manifest,
        manifestPath,
        manifestFolder,
        outputFolder: folder,
        numThreads: flags.numThreads,
        ...(flags.methods === undefined ? {} : { methods: flags.methods }),
        atlasmtlModel: model ?? null,
        identity,
        inputs,
        provenance: [
          { name: "Code", value: `sha256 ${digest}`, isCode: true },
          { name: "Started", value: startedAt.toISOString() },
        ],
        command: ["atlasmtl", ...argv],
      },
      { signal, onProgress: progress.report },
      async (done) => {
        prepared = await prepareRun(
          metricsPath,
          {
            command: "benchmark",
            inputs,
            seeds: done.seeds,
            earlierOutputs: done.methodFiles,
            split: new Map([
              ["name", manifest.splitName],
              ["description", manifest.splitDescription],
            ]),
            splitFile: BENCHMARK_FILES.split,
            details: new Map<string, ConfigValue>([
              [BENCHMARK_DETAILS.datasetManifest, manifestPath],
              [BENCHMARK_DETAILS.methods, done.results.map(({ name }) => name)],
              ...datasetDetails(manifest),
              [BENCHMARK_DETAILS.executable, process.execPath],
            ]),
            namesArtifacts: true,
            documentation: manifest.documentation,
          },
          context,
        );
        return prepared.also;
      },
    );
  } finally {
    progress.stop();
  }
  for (const warning of result.warnings) output.warn(warning);
  for (const { warnings } of result.results) for (const warning of warnings) output.warn(warning);
  for (const level of manifest.labelColumns) output.result(levelTable(result, level, output.heading));
  const resumed = result.results.filter(({ isResumed }) => isResumed).map(({ name }) => name);
  if (resumed.length > 0) output.note(`taken from an earlier run: ${resumed.join(", ")}`);
  output.note(`wrote  ${folder}  ${plural(result.results.length, "method")}`);
  output.note(`report:  ${join(folder, BENCHMARK_FILES.html)}`);
  output.json({
    command: "benchmark",
    output_dir: folder,
    methods: result.results.map(({ name, isResumed }) => ({ name, resumed: isResumed })),
    metrics: metricsPath,
    report: join(folder, BENCHMARK_FILES.html),
    run_manifest: prepared?.path() ?? null,
  });
}

/** A device on the command line wins over the manifest's. */
function withDevice(manifest: BenchmarkManifest, device: BenchmarkFlags["device"]): BenchmarkManifest {
  if (device === undefined) return manifest;
  const { train, predict } = manifest;
  return { ...manifest, train: { ...train, device }, predict: { ...predict, device } };
}

/** What the manifest says of the data, in the record of the run. */
function datasetDetails(manifest: BenchmarkManifest): readonly (readonly [string, ConfigValue])[] {
  const { datasetName, version, protocolVersion, referenceSubset, querySubset, domainKey, train } = manifest;
  return [
    [BENCHMARK_DETAILS.datasetName, datasetName],
    [BENCHMARK_DETAILS.datasetVersion, version],
    [BENCHMARK_DETAILS.protocolVersion, protocolVersion],
    [BENCHMARK_DETAILS.referenceSubset, referenceSubset],
    [BENCHMARK_DETAILS.querySubset, querySubset],
    [BENCHMARK_DETAILS.domainKey, domainKey],
    [BENCHMARK_DETAILS.device, train.device ?? "auto"],
  ];
}

function levelTable({ results }: BenchmarkResult, level: string, heading: (text: string) => string): string {
  const rows = results.map((result) => {
    const { accuracy, macroF1, coverage, ece } = benchmarkScores(result, level);
    const share = (value: number | null): string => (value === null ? "–" : percent(value));
    const decimal = (value: number | null): string => (value === null ? "–" : value.toFixed(3));
    return [result.name, share(accuracy), decimal(macroF1), share(coverage), decimal(ece)];
  });
  const head = ["method", "accuracy", "macro F1", "covered", "ECE"];
  return `${heading(level)}\n${table([head, ...rows], [1, 2, 3, 4])}\n`;
}

/** Reads and checks a dataset manifest. @throws USAGE, NOT_FOUND, BAD_FORMAT located in the file. */
export async function readBenchmarkManifest(path: string): Promise<BenchmarkManifest> {
  return parseBenchmarkManifest(await asSubject("usage", () => readYaml(path)), path);
}
