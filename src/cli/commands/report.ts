/** `atlasmtl report`: the report of a run that was made before. @module */
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { platform } from "#platform";
import { AtlasmtlError, asFileError } from "../../api/errors.ts";
import { columnName, labelColumnOf, writtenContainer } from "../../api/formats.ts";
import { openAnnData } from "../../api/index.ts";
import { parseRunManifest, type ReadRunManifest, RUN_MANIFEST_FILES } from "../../api/runs.ts";
import { BENCHMARK_FILES } from "../../benchmark/run-all.ts";
import { openCellTable, readPredictions } from "../../output/read-predictions.ts";
import { chooseEmbedding } from "../../output/report/embedding-points.ts";
import { renderReport } from "../../output/report/page.ts";
import type { CommandContext } from "../context.ts";
import { shellWord } from "../terminal/print.ts";

/** Writes the report of a benchmark or of a prediction. @throws NOT_FOUND when the run has none to make. */
export async function runReport(path: string, out: string | null, context: CommandContext): Promise<void> {
  const { output } = context;
  const { file, folder } = await findManifest(path);
  const to = out ?? join(folder, "report.html");
  await platform.files.checkWritable(to);
  const manifest = await readManifest(file);
  const html =
    manifest.content.get("command") === "benchmark"
      ? await readFile(join(folder, BENCHMARK_FILES.html))
      : new TextEncoder().encode(await reportOfPrediction(manifest, folder, file, context));
  await platform.files.writeAll([{ path: to, bytes: [html] }]);
  output.note(`wrote  ${to}`);
  output.note(`check the run with:  atlasmtl verify ${shellWord(folder)}`);
  output.json({ command: "report", run: path, report: to });
}

async function findManifest(path: string): Promise<{ file: string; folder: string }> {
  try {
    if (!(await stat(path)).isDirectory()) return { file: path, folder: dirname(path) };
    for (const name of [RUN_MANIFEST_FILES.benchmark, RUN_MANIFEST_FILES.predict]) {
      const file = join(path, name);
      if (await platform.files.exists(file)) return { file, folder: path };
    }
  } catch (error) {
    throw asFileError(error, path, "read");
  }
  throw new AtlasmtlError("NOT_FOUND", "the folder holds no run of benchmark or predict", {
    where: path,
    hint: "name the folder of such a run, or its run manifest",
    subject: "artifact",
  });
}

async function readManifest(path: string): Promise<ReadRunManifest> {
  try {
    return parseRunManifest(JSON.parse(await readFile(path, "utf8")), path);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw asFileError(error, path, "read");
    throw new AtlasmtlError("BAD_FORMAT", `not valid JSON: ${error.message}`, {
      where: path,
      hint: "restore the manifest from a copy",
      subject: "artifact",
    });
  }
}

/** From the table or dataset that predict wrote, and the map that the query has, if any. */
async function reportOfPrediction(
  manifest: ReadRunManifest,
  folder: string,
  file: string,
  { signal }: CommandContext,
): Promise<string> {
  signal.throwIfAborted();
  const [result] = manifest.outputs;
  if (manifest.content.get("command") !== "predict" || result === undefined)
    throw new AtlasmtlError("NOT_FOUND", "only runs of benchmark and predict have a report", {
      where: file,
      hint: "name the run manifest of one of them",
      subject: "artifact",
    });
  const resultPath = join(folder, result.path);
  const table = await openCellTable(resultPath);
  const columns = table.columns.flatMap((name) => {
    const column = labelColumnOf("isUnknown", name);
    return column !== null && table.columns.includes(columnName("final", column)) ? [column] : [];
  });
  if (columns.length === 0)
    throw new AtlasmtlError("NOT_FOUND", "the result holds labels only", {
      where: resultPath,
      hint: "predict with --report, or with --write-mode standard or full",
    });
  const labels = await readPredictions(table, columns);
  const adata = writtenContainer(resultPath) === null ? null : await openAnnData(resultPath);
  try {
    const records = [
      ...manifest.inputs.map((each) => ({ ...each, role: "input" })),
      ...manifest.outputs.map((each) => ({ ...each, role: "output" })),
    ];
    const argv: unknown = manifest.content.get("argv");
    return renderReport({
      title: `Cell types of ${result.path}`,
      summary: `${labels[0].isUnknown.length.toLocaleString("en-US")} cells, as annotated on ${String(manifest.content.get("finished_at")).slice(0, 10)}.`,
      facts: [{ name: "Model", value: String(manifest.content.get("model")), isCode: true }],
      warnings: [],
      truths: new Map(),
      groups: null,
      embedding: adata === null ? null : await chooseEmbedding(adata, new Map()),
      methods: [
        {
          name: "atlasmtl",
          description: null,
          labels,
          reasons: null,
          coordinates: new Map(),
          costs: [],
          settings: new Map(),
        },
      ],
      skipped: [],
      files: records,
      provenance: [{ name: "Finished", value: String(manifest.content.get("finished_at")) }],
      command: Array.isArray(argv) ? argv.map(String) : [],
    });
  } finally {
    await adata?.close();
  }
}
