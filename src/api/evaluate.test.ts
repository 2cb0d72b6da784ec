/** Scores of predictions in files, through the entry: five cells, of which the truth knows four. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { evaluatePredictions, toPlain } from "./index.ts";

const PREDICTIONS = `obs_name,pred_group,conf_kind,is_unknown_kind,pred_kind
c0,A,0.9,False,a
c1,A,0.6,False,b
c2,B,0.8,False,b
c3,A,0.3,True,Unknown
c4,B,0.7,False,b
`;
/** In another order, and with a cell that was not predicted. */
const TRUTH = `cell,donor,group,kind
c3,d2,B,b
c2,d2,B,b
c1,d2,A,a
c0,d1,A,a
c9,d1,A,a
`;

let folder: string;
let files: { predictions: string; truth: string };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-evaluate-"));
  files = { predictions: join(folder, "p.csv"), truth: join(folder, "t.csv") };
  await writeFile(files.predictions, PREDICTIONS);
  await writeFile(files.truth, TRUTH);
});
afterAll(() => rm(folder, { recursive: true }));

test("cells are matched by name, and Unknown is a wrong label", async () => {
  const evaluation = await evaluatePredictions({ ...files, labelColumns: ["group", "kind"] });
  expect([evaluation.nCells, evaluation.nMatched]).toEqual([5, 4]);
  expect(toPlain(evaluation.metrics)).toMatchObject({
    // Right: c0, c1, c2.
    group: { accuracy: 0.75, n_total: 4, n_covered: 4, coverage: 1, ece: null },
    // Right: c0, c2. F1 of a is 2/3 (one of two found), that of b 1/2 (one found, one missed, one too many).
    kind: {
      accuracy: 0.5,
      macro_f1: expect.closeTo((2 / 3 + 1 / 2) / 2, 10),
      balanced_accuracy: 0.5,
      coverage: 0.75,
      reject_rate: 0.25,
      n_covered: 3,
      covered_accuracy: expect.closeTo(2 / 3, 10),
    },
  });
  expect(toPlain(evaluation.scores)).toMatchObject({
    metrics_by_domain: {},
    hierarchy_metrics: { full_path_accuracy: 0.5 },
  });
});

test("all scores are repeated for each group of a column of the truth", async () => {
  const evaluation = await evaluatePredictions({ ...files, labelColumns: ["kind"], domainKey: "donor" });
  const { metrics_by_domain: byDonor } = JSON.parse(new TextDecoder().decode(evaluation.toJson()));
  expect(byDonor).toMatchObject({
    d1: { kind: { accuracy: 1, n_total: 1 } },
    d2: { kind: { accuracy: 1 / 3, n_total: 3, n_covered: 2 } },
  });
});

test("the JSON holds every score by its name in files, null where nothing was measured", async () => {
  const evaluation = await evaluatePredictions({ ...files, labelColumns: ["group"] });
  const json = JSON.parse(new TextDecoder().decode(evaluation.toJson()));
  expect(Object.keys(json).sort()).toEqual([
    "behavior_metrics",
    "behavior_metrics_by_domain",
    "hierarchy_metrics",
    "metrics",
    "metrics_by_domain",
  ]);
  expect(json.metrics.group).toMatchObject({ accuracy: 0.75, brier: null });
});

test("the report names the files, the command and the groups", async () => {
  const evaluation = await evaluatePredictions({ ...files, labelColumns: ["kind"], domainKey: "donor" });
  const html = evaluation.toReport({
    files: [{ role: "input", path: "p.csv", sizeBytes: 7, sha256: "ab".repeat(32) }],
    command: ["atlasmtl", "evaluate", "--labels", "kind"],
  });
  expect(html).toContain("Predictions of p.csv, scored");
  expect(html).toContain("5, of which 4 are in the truth");
  expect(html).toContain("atlasmtl evaluate --labels kind");
  expect(html).toContain("abababab");
  expect(html).toContain("donor");
  expect(evaluation.toReport()).not.toContain("abababab");
});

test.each([
  ["predictions", { labelColumns: ["kinds"] }, "NOT_FOUND", /pred_kinds.*did you mean "pred_kind"/],
  ["truth", { labelColumns: ["kind"], domainKey: "doner" }, "NOT_FOUND", /doner.*did you mean "donor"/],
] as const)("a column that the %s lack is named with the nearest", async (file, options, code, message) => {
  await expect(evaluatePredictions({ ...files, ...options })).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
    where: expect.stringContaining(files[file]),
  });
});

test("predictions without any cell of the truth are refused", async () => {
  const other = join(folder, "other.csv");
  await writeFile(other, "cell,kind\nx1,a\nx2,b\n");
  await expect(evaluatePredictions({ ...files, truth: other, labelColumns: ["kind"] })).rejects.toMatchObject(
    { code: "MISMATCH", where: expect.stringContaining(other) },
  );
});

test("true labels that no cell is predicted as are counted apart, or those that the model does not know", async () => {
  const truth = join(folder, "novel.csv");
  await writeFile(truth, "cell,kind\nc0,a\nc1,new\nc2,nan\nc3,b\nc4,b\n");
  const given = { predictions: files.predictions, truth, labelColumns: ["kind"] };
  const { unseen, metrics, warnings } = await evaluatePredictions({ ...given, missingValues: ["NaN"] });
  expect(unseen).toEqual([{ column: "kind", nCells: 1, labels: [{ name: "new", nCells: 1 }] }]);
  // Of c0, c3 and c4 two are right.
  expect(toPlain(metrics)).toMatchObject({
    kind: { n_total: 4, accuracy: 0.5, n_unseen: 1, seen_accuracy: expect.closeTo(2 / 3, 10) },
  });
  expect(warnings[0]?.message).toContain('"new" (1)');
  expect((await evaluatePredictions(given)).unseen[0]?.nCells).toBe(2);
});

test("labels of two vocabularies are an error", async () => {
  const truth = join(folder, "other.csv");
  await writeFile(truth, "cell,kind\nc0,A.0\nc1,B.0\n");
  await expect(
    evaluatePredictions({ predictions: files.predictions, truth, labelColumns: ["kind"] }),
  ).rejects.toMatchObject({ code: "MISMATCH", message: expect.stringContaining('("A.0", "B.0")') });
});
