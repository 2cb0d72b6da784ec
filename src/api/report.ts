/** The report of an earlier run (Node). @module */

import { platform } from "#platform";
import { writtenContainer } from "../anndata/containers/containers.ts";
import { openAnnData } from "../anndata/open.ts";
import type { ReadRunManifest } from "../artifacts/run-manifest.ts";
import { BENCHMARK_FILES } from "../benchmark/run-all.ts";
import { readWhole } from "../core/checksums.ts";
import { folderName, joinPath } from "../core/paths.ts";
import { AtlasmtlError } from "../errors.ts";
import { openCellTable, readPredictions } from "../output/read-predictions.ts";
import { chooseEmbedding } from "../output/report/embedding-points.ts";
import { whole } from "../output/report/numbers.ts";
import { renderReport } from "../output/report/page.ts";
import { readMethod } from "../output/report/types.ts";
import { columnName, labelColumnOf } from "../schema/columns.ts";
import { RUN_MANIFEST } from "../schema/run-manifest.ts";
import { readRun } from "./runs.ts";

/**
 * The report of a benchmark or a prediction as the bytes of an HTML file, by the path of its run manifest.
 *
 * ```ts
 * const html = await reportOfRun("out/predict_run_manifest.json");
 * ```
 * @throws NOT_FOUND when the run has none to make; BAD_FORMAT, IO as reading its files does.
 */
export async function reportOfRun(manifestPath: string): Promise<Uint8Array> {
  const manifest = await readRun(manifestPath);
  if (manifest.content.get("command") === "benchmark")
    return readWhole(
      platform.files.committedView?.() ?? platform.files,
      joinPath(folderName(manifestPath), BENCHMARK_FILES.html),
      null,
    );
  return new TextEncoder().encode(await reportOfPrediction(manifest, manifestPath));
}

/** From the table or dataset that `predict` wrote, with an embedding of the query if there is one. */
async function reportOfPrediction(
  { content, inputs, outputs }: ReadRunManifest,
  manifestPath: string,
): Promise<string> {
  const [result] = outputs;
  if (content.get("command") !== "predict" || result === undefined)
    throw new AtlasmtlError("NOT_FOUND", "only runs of benchmark and predict have a report", {
      where: manifestPath,
      hint: "name the run manifest of one of them",
      subject: "artifact",
    });
  const resultPath = joinPath(folderName(manifestPath), result.path);
  const { labels, obsNames } = await labelsOf(resultPath);
  const adata = writtenContainer(resultPath) === null ? null : await openAnnData(resultPath);
  try {
    const finished = String(content.get(RUN_MANIFEST.finishedAt));
    const argv: unknown = content.get(RUN_MANIFEST.argv);
    return renderReport({
      title: `Cell types of ${result.path}`,
      summary: `${whole(labels[0].isUnknown.length)} cells, as annotated on ${finished.slice(0, 10)}.`,
      facts: [{ name: "Model", value: String(content.get("model")), isCode: true }],
      warnings: [],
      truths: new Map(),
      groups: null,
      embedding: adata === null ? null : await chooseEmbedding(adata, new Map()),
      obsNames,
      methods: [readMethod("atlasmtl", labels)],
      files: [
        ...inputs.map((each) => ({ ...each, role: "input" })),
        ...outputs.map((each) => ({ ...each, role: "output" })),
      ],
      provenance: [{ name: "Finished", value: finished }],
      command: Array.isArray(argv) ? argv.map(String) : [],
    });
  } finally {
    await adata?.close();
  }
}

/** @throws NOT_FOUND when the result holds labels only. */
async function labelsOf(resultPath: string) {
  const table = await openCellTable(resultPath);
  const columns = table.columns.flatMap((name) => {
    const column = labelColumnOf("isUnknown", name);
    return column !== null && table.columns.includes(columnName("final", column)) ? [column] : [];
  });
  if (columns.length > 0) return { labels: await readPredictions(table, columns), obsNames: table.obsNames };
  throw new AtlasmtlError("NOT_FOUND", "the result holds labels only", {
    where: resultPath,
    hint: "predict with --report, or with --write-mode standard or full",
  });
}
