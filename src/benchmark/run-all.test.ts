import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeDataset } from "../anndata/write/write-annotated.ts";
import type { WorkOptions } from "../core/progress.ts";
import { createSimulation } from "../demo/simulate.ts";
import { simulatedAnnData } from "../demo/simulated-anndata.ts";
import { createEngine } from "../kernels/engine.ts";
import { parseBenchmarkManifest } from "./dataset-manifest.ts";
import { type BenchmarkOptions, runBenchmark } from "./run-all.ts";
import { withoutTimes } from "./times.ts";

let folder = "";
let options: Omit<BenchmarkOptions, "outputFolder">;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "atlasmtl-test-"));
  const simulation = createSimulation({ nReference: 240, nQuery: 120, nGenes: 200 });
  for (const part of ["reference", "query"] as const)
    await writeDataset(simulatedAnnData(simulation, part), join(folder, `${part}.h5ad`), {});
  const manifest = parseBenchmarkManifest(
    new Map<string, unknown>([
      ["dataset_name", "simulated <lung>"],
      ["reference_h5ad", "reference.h5ad"],
      ["query_h5ad", "query.h5ad"],
      ["label_columns", ["lineage", "class"]],
      ["domain_key", "donor"],
      [
        "train",
        new Map<string, unknown>([
          ["preset", "small"],
          ["num_epochs", 10],
          ["batch_size", 32],
          ["val_fraction", 0.2],
        ]),
      ],
      ["predict", new Map([["knn_correction", "low_conf_only"]])],
    ]),
    "m.yaml",
  );
  options = { manifest, manifestPath: "m.yaml", manifestFolder: folder, identity: "one" };
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(name: string, more: Partial<BenchmarkOptions> = {}, work: WorkOptions = {}) {
  const engine = await createEngine({ numThreads: 1 });
  try {
    return await runBenchmark({ ...options, outputFolder: join(folder, name), ...more }, { ...work, engine });
  } finally {
    engine.dispose();
  }
}

const read = (path: string) => readFileSync(join(folder, path), "utf8");
const metrics = (name: string) => JSON.parse(read(`${name}/metrics.json`));

test("every method is scored on every level, and all files are there", async () => {
  const { results } = await run("a");
  expect(results.map(({ name }) => name)).toEqual([
    "atlasmtl",
    "reference_knn",
    "nearest_centroid",
    "logistic_regression",
    "spearman_correlation",
  ]);
  for (const { entry } of results) {
    const scores = (entry.get("metrics") as Map<string, Map<string, { value: number }>>).get("lineage")!;
    expect(scores.get("accuracy")!.value).toBeGreaterThan(0.6);
  }
  expect(readdirSync(join(folder, "a")).sort()).toEqual([
    "benchmark_report.html",
    "benchmark_report.md",
    "methods",
    "metrics.json",
    "paper_tables",
    "split.csv",
    "summary.csv",
    "summary_by_domain.csv",
  ]);
  expect(read("a/summary.csv").trim().split("\n")).toHaveLength(1 + 5 * 2);
  const parts = read("a/split.csv").trim().split("\n").slice(1);
  expect(parts.filter((line) => line.endsWith(",validation"))).toHaveLength(47);
  expect(parts.filter((line) => line.endsWith(",query"))).toHaveLength(120);
  expect(read("a/benchmark_report.html")).not.toContain("<lung>");
  expect(read("a/benchmark_report.md")).toContain("simulated \\<lung\\>");
});

test("a second run gives the same results but for times", async () => {
  await run("b");
  const strip = (name: string) => JSON.stringify(plain(withoutTimes(metrics(name))));
  expect(strip("b")).toBe(strip("a"));
  for (const file of ["split.csv", "summary.csv", "summary_by_domain.csv", "methods/atlasmtl/model.pth"])
    expect(readFileSync(join(folder, "b", file)).equals(readFileSync(join(folder, "a", file)))).toBe(true);
});

/** Maps as entries, so that JSON shows them. */
const plain = (value: unknown): unknown =>
  value instanceof Map
    ? [...value].map(([key, item]) => [key, plain(item)])
    : Array.isArray(value)
      ? value.map(plain)
      : value;

test("finished methods are taken over; a changed file or identity is computed again", async () => {
  const before = metrics("b");
  const again = await run("b");
  expect(again.results.every(({ isResumed }) => isResumed)).toBe(true);
  expect(metrics("b")).toEqual(before);
  expect(read("b/summary.csv")).toBe(read("a/summary.csv"));
  appendFileSync(join(folder, "b/methods/nearest_centroid/predictions.csv"), "x");
  const repaired = await run("b");
  expect(repaired.results.filter(({ isResumed }) => !isResumed).map(({ name }) => name)).toEqual([
    "nearest_centroid",
  ]);
  const other = await run("b", { identity: "two", methods: ["reference_knn"] });
  expect(other.results[0].isResumed).toBe(false);
});

/** Every file below a folder with its text. */
const contents = (name: string): Map<string, string> =>
  new Map(
    (readdirSync(join(folder, name), { recursive: true }) as string[])
      .filter((path) => !path.startsWith(".") && statSync(join(folder, name, path)).isFile())
      .map((path) => [path, readFileSync(join(folder, name, path), "latin1")]),
  );

test("a run that stops leaves the result before it whole, and the next one goes on where it stopped", async () => {
  const methods = ["reference_knn", "nearest_centroid", "logistic_regression"];
  await run("e", { methods });
  const before = contents("e");
  const stop = new AbortController();
  const onProgress = (): void => {
    if (existsSync(join(folder, "e/.benchmark/methods/nearest_centroid/result.json"))) stop.abort();
  };
  const other = { methods, identity: "two" };
  await expect(run("e", other, { signal: stop.signal, onProgress })).rejects.toMatchObject({
    code: "ABORTED",
  });
  expect(contents("e")).toEqual(before);
  const { results } = await run("e", other);
  expect(results.map(({ isResumed }) => isResumed)).toEqual([true, true, false]);
  expect(contents("e").get("metrics.json")).not.toBe(before.get("metrics.json"));
  expect(contents("e").get("methods/reference_knn/result.json")).not.toBe(
    before.get("methods/reference_knn/result.json"),
  );
  expect(existsSync(join(folder, "e/.benchmark"))).toBe(false);
});

test("progress is not kept below a link", async () => {
  mkdirSync(join(folder, "f"));
  mkdirSync(join(folder, "elsewhere"));
  symlinkSync(join(folder, "elsewhere"), join(folder, "f/.benchmark"));
  await expect(run("f", { methods: ["reference_knn"] })).rejects.toThrow(/a link stands/);
  expect(readdirSync(join(folder, "elsewhere"))).toEqual([]);
});

test("an unknown method is refused", async () => {
  await expect(run("c", { methods: ["reference_kn"] })).rejects.toThrow(/did you mean "reference_knn"/);
});

test("a missing file and an unknown cell group say what is wrong", async () => {
  const { manifest } = options;
  await expect(run("d", { manifest: { ...manifest, queryPath: "none.h5ad" } })).rejects.toMatchObject({
    code: "NOT_FOUND",
  });
  const querySubset = new Map([["donor", ["nobody"]]]);
  await expect(run("d", { manifest: { ...manifest, querySubset } })).rejects.toThrow(/no cell has "nobody"/);
  expect(readdirSync(folder)).not.toContain("d");
});
