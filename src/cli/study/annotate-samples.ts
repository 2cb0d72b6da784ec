/** Annotates the samples of a study one after another, and goes on where an earlier run ended. @module */
import { realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { platform } from "#platform";
import { checkOutput } from "../../api/checks.ts";
import { AtlasmtlError, isAtlasmtlError, option, phrase } from "../../api/errors.ts";
import { RUN_MANIFEST_FILES, STUDY_FILES } from "../../api/formats.ts";
import { createPredictEngine } from "../../api/index.ts";
import { webAddress } from "../../api/names.ts";
import { type FileRecord, type Fingerprint, fingerprintFile, readRun } from "../../api/runs.ts";
import { type SampleSummary, studyReport } from "../../api/study.ts";
import { type PredictFileOptions, type Predictor, predictFile } from "../commands/predict.ts";
import type { CommandContext } from "../context.ts";
import { flagWords } from "../options/flag-words.ts";
import { PREDICT_FLAGS } from "../options/options.ts";
import { plural } from "../terminal/print.ts";
import { createProgress } from "../terminal/progress-bar.ts";
import { describeFailure, usageError } from "../terminal/show-error.ts";
import { otherQuery, provenRun, summaryOf } from "./done-sample.ts";
import { sampleNames } from "./sample-names.ts";
import { compositionTable, sampleLine, samplesTable, samplesTsv } from "./tables.ts";
import type { PlannedSample, Study, StudyResult } from "./types.ts";

/** The samples of a study, with places of their own. @throws USAGE for a result that would replace a sample. */
export function planSamples({ queries, outDir, outFormat }: Study): readonly PlannedSample[] {
  const names = sampleNames(queries);
  const places = new Set(
    queries.filter((query) => webAddress(query) === null).map((query) => realPath(query)),
  );
  return queries.map((query, i) => {
    const out = join(outDir, `${names[i]}.${outFormat}`);
    if (places.has(realPath(out)))
      throw usageError(
        phrase`the result ${JSON.stringify(out)} would replace a sample`,
        option("outDir"),
        "choose another folder",
      );
    return { name: names[i], query, out, record: join(outDir, `${names[i]}.${RUN_MANIFEST_FILES.predict}`) };
  });
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

/**
 * Annotates every sample that no record proves done, and writes the tables and the report of all.
 * @throws BAD_DATA after all of them if some failed; ABORTED; IO for a full disk.
 */
export async function annotateSamples(
  study: Study,
  samples: readonly PlannedSample[],
  predictor: Predictor,
  context: CommandContext,
  reportPath: string,
): Promise<void> {
  const { output, signal } = context;
  await checkOutput(reportPath);
  const known = await modelPrints(predictor, signal);
  for (const warning of predictor.model.warnings) output.warn(warning);
  const progress = createProgress(context.common);
  const results: StudyResult[] = [];
  const shared = await createPredictEngine(predictor.options);
  try {
    for (const sample of samples) {
      signal.throwIfAborted();
      const part = `${results.length + 1} of ${samples.length}, ${sample.name}`;
      const onProgress = (report: Parameters<typeof progress.report>[0]): void =>
        progress.report({ ...report, part });
      const result = await annotateOne(sample, predictor, { known, shared, onProgress }, context);
      results.push(result);
      progress.stop();
      output.note(`${results.length}/${samples.length}  ${sampleLine(result)}`);
      if (result.failure !== null) {
        const { what, where, fix } = result.failure;
        output.warn({ message: `${sample.name}: ${what}`, where, hint: fix });
      }
    }
  } finally {
    progress.stop();
    shared.dispose();
  }
  const modelFiles = [...known].map(([path, print]) => ({ path, ...print }));
  await writeStudy(study, results, modelFiles, predictor, context, reportPath);
  tell(study, results, predictor, reportPath, context);
}

async function annotateOne(
  { name, query, out, record }: PlannedSample,
  predictor: Predictor,
  how: Required<Pick<PredictFileOptions, "known" | "shared" | "onProgress">>,
  context: CommandContext,
): Promise<StudyResult> {
  const { signal } = context;
  const sample = { name, query, out, record };
  try {
    const argv = sampleArgv(sample, predictor);
    const proven = await provenSample(sample, predictor, how.known, signal);
    if (proven !== null) return { ...sample, ...proven, status: "skipped", failure: null };
    await refuseOtherResult(sample, signal);
    const done = await predictFile(
      predictor,
      query,
      out,
      { ...how, record: { argv, path: record }, summarise: true },
      context,
    );
    const { outputs } = await readRun(record);
    return { ...sample, status: "done", summary: done.summary, failure: null, outputs };
  } catch (error) {
    if (signal.aborted || isFatal(error)) throw error;
    const failure = describeFailure(error, `atlasmtl predict ${query}`, context.words);
    return { ...sample, status: "failed", summary: null, failure, outputs: [] };
  }
}

/** The summary and the files of a sample that its record proves done; null otherwise. */
export async function provenSample(
  sample: PlannedSample,
  predictor: Predictor,
  files: ReadonlyMap<string, Fingerprint>,
  signal: AbortSignal,
): Promise<(Pick<StudyResult, "outputs"> & { readonly summary: SampleSummary }) | null> {
  // Cells on the web have no checksum.
  if (webAddress(sample.query) !== null) return null;
  const argv = ["atlasmtl", ...sampleArgv(sample, predictor)];
  const proven = await provenRun(sample.record, { argv, besides: MODEL_WORD, files }, signal);
  const summary = proven === null ? null : summaryOf(proven);
  return proven === null || summary === null ? null : { summary, outputs: proven.outputs };
}

/** Digests of the model and the files of options. */
export async function modelPrints(
  { files }: Predictor,
  signal: AbortSignal,
): Promise<Map<string, Fingerprint>> {
  const known = new Map<string, Fingerprint>();
  for (const path of new Set(files)) known.set(path, await fingerprintFile(path, signal));
  return known;
}

/** @throws USAGE if the place holds the result of another sample. */
async function refuseOtherResult({ query, out, record }: PlannedSample, signal: AbortSignal): Promise<void> {
  const other = webAddress(query) === null ? await otherQuery(record, query, signal) : null;
  if (other === null) return;
  throw usageError(
    `${out} is the result of ${other}`,
    query,
    phrase`choose another ${option("outDir")}, or remove that result and its record`,
  );
}

/** The place of the model in {@link sampleArgv}, after the program's name. */
const MODEL_WORD = 3;

/** The command that annotates this sample alone; the number of threads changes no result and is left out. */
function sampleArgv({ query, out }: PlannedSample, { modelPath, flags }: Predictor): readonly string[] {
  const { model: _model, adata: _adata, out: _out, config: _config, ...rest } = flags;
  const options = {
    ...rest,
    outDir: undefined,
    outFormat: undefined,
    dryRun: undefined,
    numThreads: undefined,
  };
  return [
    "predict",
    "--model",
    modelPath,
    "--adata",
    query,
    "--out",
    out,
    ...flagWords(PREDICT_FLAGS, options),
  ];
}

/** True if every further sample would fail in the same way. */
function isFatal(error: unknown): boolean {
  if (isAtlasmtlError(error, "ABORTED")) return true;
  for (let at: unknown = error; at instanceof Error; at = at.cause)
    if (["ENOSPC", "EDQUOT", "EMFILE", "ENOMEM"].includes(String((at as NodeJS.ErrnoException).code)))
      return true;
  return false;
}

async function writeStudy(
  { outDir, queries }: Study,
  results: readonly StudyResult[],
  modelFiles: readonly FileRecord[],
  { modelPath, flags }: Predictor,
  { argv }: CommandContext,
  reportPath: string,
): Promise<void> {
  const folders = new Set(queries.map((query) => dirname(query)));
  const byFolder = flags.groupBy === undefined && folders.size > 1 && folders.size < queries.length;
  const html = await studyReport(
    results.map(({ name, query, summary, failure }) => ({
      name,
      query,
      summary: summary === null || !byFolder ? summary : { ...summary, batches: [ofFolder(query, summary)] },
      error: failure?.what,
    })),
    {
      modelName: modelPath,
      batchName: flags.groupBy ?? "folder",
      files: [
        ...modelFiles.map((file) => ({ ...file, role: "model" })),
        ...results.flatMap(({ outputs }) => outputs.map((file) => ({ ...file, role: "result" }))),
      ],
      command: ["atlasmtl", ...argv],
    },
  );
  const text = (content: string) => [new TextEncoder().encode(content)];
  await platform.files.writeAll([
    { path: join(outDir, STUDY_FILES.samples), bytes: text(samplesTsv(results)) },
    { path: join(outDir, STUDY_FILES.composition), bytes: text(compositionTable(results)) },
    { path: reportPath, bytes: text(html) },
  ]);
}

function ofFolder(query: string, { nCells, labels }: SampleSummary): SampleSummary["batches"][number] {
  return { batch: dirname(query), nCells, unknown: labels.at(-1)?.unknown ?? 0 };
}

function tell(
  { outDir }: Study,
  results: readonly StudyResult[],
  { modelPath }: Predictor,
  report: string,
  { output, argv }: CommandContext,
): void {
  const failed = results.filter(({ status }) => status === "failed");
  const skipped = results.filter(({ status }) => status === "skipped");
  output.note(samplesTable(results));
  output.note(
    `annotated ${plural(results.length - failed.length, "sample")}${skipped.length === 0 ? "" : `, ${skipped.length} of them before`}`,
  );
  for (const path of [join(outDir, STUDY_FILES.samples), join(outDir, STUDY_FILES.composition), report])
    output.note(`wrote  ${path}`);
  output.json({
    command: argv[0],
    model: modelPath,
    out_dir: outDir,
    report,
    n_failed: failed.length,
    samples: results.map(({ name, query, out, status, summary, failure }) => ({
      sample: name,
      query,
      out: status === "failed" ? null : out,
      status,
      n_cells: summary?.nCells ?? null,
      ...(failure === null ? {} : { error: failure }),
    })),
  });
  if (failed.length === 0) return;
  throw new AtlasmtlError(
    "BAD_DATA",
    `${failed.length} of ${plural(results.length, "sample")} could not be annotated: ${failed
      .slice(0, 5)
      .map(({ name }) => name)
      .join(", ")}${failed.length > 5 ? ", …" : ""}`,
    {
      where: join(outDir, STUDY_FILES.samples),
      hint: "mend what its column error says and run the command again: the other samples are not done twice",
    },
  );
}
