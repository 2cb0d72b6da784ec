/** The report of a run that was made before: from its manifest and what it wrote. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { dense, identityModel } from "../../test/helpers/predict-fixtures.ts";
import type { ConfigValue } from "../core/config.ts";
import { openAnnData, type PredictionResult, predict, TrainedModel, writeH5ad } from "./index.ts";
import { reportOfRun } from "./report.ts";
import { emitRun, type RunDetails } from "./runs.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-report-"));
});
afterEach(() => rm(folder, { recursive: true }));

const record = (path: string) => ({ path, sizeBytes: 12, sha256: "ab".repeat(32) });
/** The manifest of a run of `command` that wrote `output`. */
async function recordRun(command: RunDetails["command"], output: string): Promise<string> {
  const bytes = emitRun({
    command,
    inputs: [record("q.h5ad")],
    outputs: [record(output)],
    seeds: new Map(),
    gitCommit: null,
    argv: ["atlasmtl", command, "--out", output],
    startedAt: "2026-03-01T10:00:00.000Z",
    finishedAt: "2026-03-01T10:00:09.000Z",
    details: new Map<string, ConfigValue>([["model", "models/m.pth"]]),
  });
  await writeFile(at("manifest.json"), bytes);
  return at("manifest.json");
}
const textOf = async (path: string): Promise<string> => new TextDecoder().decode(await reportOfRun(path));

/** Two cells with a map: one sure of both labels, one Unknown in the second column. */
async function annotate(write: (result: PredictionResult, query: string) => Promise<unknown>): Promise<void> {
  await writeH5ad(at("q.h5ad"), {
    X: dense([
      [4, 0, 0],
      [1, 1, 1],
    ]),
    obs: { index: ["c0", "c1"], columns: new Map() },
    var: { index: ["g0", "g1", "g2"], columns: new Map() },
    obsm: new Map([
      [
        "X_umap",
        dense([
          [0, 1],
          [2, 3],
        ]),
      ],
    ]),
  });
  const query = await openAnnData(at("q.h5ad"));
  try {
    const result = await predict(new TrainedModel(identityModel(null)), query, { numThreads: 1 });
    await write(result, query.source);
  } finally {
    await query.close();
  }
}

test("of a table it shows labels, model, files, date and command", async () => {
  await annotate((result) => result.toCsv(at("labels.csv")));
  const html = await textOf(await recordRun("predict", "labels.csv"));
  expect(html).toContain("Cell types of labels.csv");
  expect(html).toContain("2 cells, as annotated on 2026-03-01.");
  for (const text of ["models/m.pth", "q.h5ad", "abababab", "atlasmtl predict --out labels.csv", "kind"])
    expect(html).toContain(text);
  expect(html).not.toContain("X_umap");
});

test("of a dataset it also draws the map that the query has", async () => {
  await annotate(async (result) => {
    const query = await openAnnData(at("q.h5ad"));
    await result.toAnnData(query, at("annotated.h5ad"));
    await query.close();
  });
  expect(await textOf(await recordRun("predict", "annotated.h5ad"))).toContain("X_umap");
});

test("a result of labels alone has none, and the error names the way to one", async () => {
  await annotate((result) => result.toCsv(at("labels.csv"), "minimal"));
  await expect(reportOfRun(await recordRun("predict", "labels.csv"))).rejects.toMatchObject({
    code: "NOT_FOUND",
    message: "the result holds labels only",
    where: at("labels.csv"),
    hint: "predict with --report, or with --write-mode standard or full",
  });
});

test("a run of training has none; that of a benchmark is the file it wrote", async () => {
  await expect(reportOfRun(await recordRun("train", "m.pth"))).rejects.toMatchObject({
    code: "NOT_FOUND",
    message: "only runs of benchmark and predict have a report",
    where: at("manifest.json"),
    subject: "artifact",
  });
  await writeFile(at("benchmark_report.html"), "<html>as it was</html>");
  expect(await textOf(await recordRun("benchmark", "metrics.json"))).toBe("<html>as it was</html>");
});
