/**
 * Predictions against those of the Python implementation, column by column: labels wherever the margin
 * exceeds 1e-4, numbers to 2e-4.
 */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openAnnData } from "../../src/anndata/open.ts";
import type { AnnData } from "../../src/anndata/types.ts";
import { loadModel } from "../../src/artifacts/load.ts";
import { type ConfigMap, Float, toPlain } from "../../src/core/config.ts";
import { createReferenceEngine } from "../../src/kernels/reference/engine.ts";
import { type OutputColumn, outputColumns } from "../../src/output/columns.ts";
import { deriveHierarchyRules, parseHierarchyRules } from "../../src/predict/hierarchy-rules.ts";
import type { PredictOptions } from "../../src/predict/options.ts";
import { predict } from "../../src/predict/predict.ts";
import type { Predictions } from "../../src/predict/types.ts";
import { describeGolden, type GoldenSet } from "../helpers/golden-sets.ts";
import { type GoldenCase, listGoldenCases, readGoldenCase } from "../helpers/golden-tables.ts";

const TOLERANCE = 2e-4;
const SURE_MARGIN = 1e-4;
/** What some files were written without, and what differs between machines. */
const OURS = ["layer", "n_genes_matched", "n_genes_missing", "prediction_runtime", "train_config"];
const MACHINE = ["num_threads_used"];

const hierarchyRules = (set: GoldenSet) =>
  parseHierarchyRules(JSON.parse(readFileSync(set.path("hierarchy_rules.json"), "utf8")));

function optionsOf({ options }: GoldenCase, set: GoldenSet): PredictOptions {
  const camel = Object.entries(options).map(([key, value]) => [
    key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  const rules = options.enforce_hierarchy === true ? { hierarchyRules: hierarchyRules(set) } : {};
  return { ...Object.fromEntries(camel), ...rules, device: "cpu" };
}

/** The rows of one column that are not as expected. */
function differences(column: OutputColumn, golden: readonly string[], isSure: readonly boolean[]): number[] {
  const rows = golden.map((_, i) => i);
  switch (column.kind) {
    case "label": {
      const { codes, categories } = column.labels;
      return rows.filter((i) => isSure[i] && categories[codes[i]] !== golden[i]);
    }
    case "score":
      return rows.filter((i) => {
        const expected = golden[i] === "" ? Number.NaN : Number(golden[i]);
        if (Number.isNaN(expected)) return !Number.isNaN(column.values[i]);
        return !(Math.abs(column.values[i] - expected) <= TOLERANCE);
      });
    case "flag":
      return rows.filter((i) => isSure[i] && (column.values[i] === 1 ? "True" : "False") !== golden[i]);
  }
}

function expectColumns(predictions: Predictions, golden: GoldenCase): void {
  expect(predictions.obsNames).toEqual(golden.index);
  const names = outputColumns(predictions, "full")
    .map(({ name }) => name)
    // What the original does not write.
    .filter((name) => !/^(unknown_reason|second|second_conf)_/.test(name));
  expect(names).toEqual([...golden.columns.keys()]);
  for (const prediction of predictions.labels) {
    const margins = golden.columns.get(`margin_${prediction.column}`) ?? [];
    const isSure = margins.map((margin) => Number(margin) > SURE_MARGIN);
    expect(isSure.filter(Boolean).length).toBeGreaterThan(240);
    const written = outputColumns({ ...predictions, labels: [prediction] }, "full");
    const found = written
      .filter(({ name }) => golden.columns.has(name))
      .map(
        (column) =>
          [column.name, differences(column, golden.columns.get(column.name) ?? [], isSure)] as const,
      );
    expect(found.filter(([, rows]) => rows.length > 0)).toEqual([]);
    expectReasons(written, prediction.column, golden, predictions);
  }
}

/** The reason of each Unknown cell, told from the golden columns alone. */
function expectReasons(
  written: readonly OutputColumn[],
  column: string,
  golden: GoldenCase,
  { metadata }: Predictions,
): void {
  const reason = written.find(({ name }) => name === `unknown_reason_${column}`);
  if (reason?.kind !== "label") throw new Error("there is no column of reasons");
  const of = (prefix: string): readonly string[] => golden.columns.get(`${prefix}${column}`) ?? [];
  const low = Number(toPlain(metadata.get("confidence_low") ?? null));
  const [conf, used, isLow, isLowKnn, unknown] = [
    of("conf_"),
    of("used_knn_"),
    of("is_low_conf_"),
    of("is_low_knn_conf_"),
    of("is_unknown_"),
  ];
  const isFirst = column === predictionsFirst(golden);
  unknown.forEach((flag, i) => {
    const got = reason.labels.categories[reason.labels.codes[i]];
    if (Math.abs(Number(conf[i]) - low) < TOLERANCE) return;
    if (flag === "False") expect(got).toBeUndefined();
    else if (Number(conf[i]) < low) expect(got).toBe("low_confidence");
    else if (used[i] === "True" && isLow[i] === "True" && isLowKnn[i] === "True")
      expect(got).toBe("knn_disagrees");
    else if (!metadata.has("hierarchy_enforced") || isFirst) expect(got).toBe("open_set");
    else if (!metadata.has("openset_method")) expect(got).toBe("hierarchy");
    else expect(["open_set", "hierarchy"]).toContain(got);
  });
}

const predictionsFirst = ({ columns }: GoldenCase): string =>
  [...columns.keys()][0]?.replace(/^pred_(.*)_raw$/, "$1") ?? "";

function expectMetadata(metadata: ConfigMap, { metadata: golden, text }: GoldenCase): void {
  const plain = toPlain(metadata) as Record<string, unknown>;
  expect(
    Object.keys(plain)
      .filter((key) => !OURS.includes(key))
      .sort(),
  ).toEqual(
    Object.keys(golden)
      .filter((key) => !OURS.includes(key))
      .sort(),
  );
  for (const key of OURS) expect(plain).toHaveProperty(key);
  for (const [key, value] of Object.entries(golden)) {
    if (MACHINE.includes(key) || OURS.includes(key)) continue;
    expect({ [key]: plain[key] }).toEqual({ [key]: value });
    if (typeof value !== "number") continue;
    const isFloat = new RegExp(`"${key}": -?\\d+[.e]`).test(text);
    expect({ [key]: metadata.get(key) instanceof Float }).toEqual({ [key]: isFloat });
  }
}

function expectCoords(predictions: Predictions, golden: GoldenCase): void {
  if (golden.coords === null) return;
  expect([...predictions.coords.keys()].map((name) => `X_pred_${name}`).sort()).toEqual(
    [...golden.coords.keys()].sort(),
  );
  for (const [key, expected] of golden.coords) {
    const got = predictions.coords.get(key.replace(/^X_pred_/, ""));
    expect([got?.nRows, got?.nCols]).toEqual([expected.nRows, expected.nCols]);
    const worst = expected.data.reduce(
      (most, x, i) => Math.max(most, Math.abs(x - (got?.data[i] ?? Number.NaN))),
      0,
    );
    expect(worst).toBeLessThanOrEqual(TOLERANCE);
  }
}

describeGolden("predictions agree with the Python implementation", (set) => {
  let query: AnnData;
  beforeAll(async () => {
    query = await openAnnData(set.path("query.h5ad"));
  });
  afterAll(() => query.close());

  test("there are cases to compare", () => expect(listGoldenCases(set).length).toBe(17));

  test.each(listGoldenCases(set))("$folder/$name", async ({ folder, name }) => {
    const golden = readGoldenCase(set, folder, name);
    const { model } = await loadModel(golden.model);
    const predictions = await predict(model, query, optionsOf(golden, set), {
      engine: createReferenceEngine(),
    });
    expectColumns(predictions, golden);
    expectMetadata(predictions.metadata, golden);
    expectCoords(predictions, golden);
    expect(predictions.warnings).toEqual([]);
    expect(toPlain(predictions.metadata)).toMatchObject({ n_genes_matched: 380, n_genes_missing: 20 });
  });

  test("the hierarchy can be derived from the reference of a bundle", async () => {
    const { model } = await loadModel(set.path("external/model_manifest.json"));
    const columns = model.labelHeads.map(({ column }) => column);
    const { rules, ambiguous } = deriveHierarchyRules((await model.reference()).labels, columns);
    expect(rules).toEqual(hierarchyRules(set));
    expect(ambiguous).toEqual([]);
  });
});
