/** What the checks before long work let pass and refuse, through the entry. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dense, identityModel } from "../../test/helpers/predict-fixtures.ts";
import {
  type AnnData,
  type AnnDataInput,
  checkAnnotation,
  checkDataset,
  checkOutput,
  checkPredictOptions,
  checkPreprocessOptions,
  checkTraining,
  checkTrainOptions,
  createAnnData,
  openAnnData,
  TrainedModel,
  type TrainOptions,
  writeH5ad,
} from "./index.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-checks-"));
});
afterAll(() => rm(folder, { recursive: true }));

const model = new TrainedModel(identityModel(null));
const cells = (changes: Partial<AnnDataInput> = {}): Promise<AnnData> =>
  createAnnData({
    X: dense([
      [1, 0],
      [0, 2],
    ]),
    obs: { index: ["c0", "c1"], columns: { kind: ["a", "b"], holes: ["a", null] } },
    var: { index: ["g0", "g1"] },
    obsm: { X_umap: dense([[0], [1]]) },
    ...changes,
  });

test("an output may be new, in a new folder, or in place of a file", async () => {
  await writeFile(at("old.csv"), "old");
  for (const name of ["new.csv", "a/b/new.h5ad", "old.csv", "new.zarr"]) await checkOutput(at(name), 1000);
  expect(await readdir(folder)).toEqual(["old.csv"]);
});

test("an output may not be a folder, lie below a file, or replace a folder that is no dataset", async () => {
  await mkdir(at("folder"), { recursive: true });
  await writeFile(at("folder/notes.txt"), "mine");
  await writeFile(at("file"), "");
  await expect(checkOutput(at("folder"))).rejects.toMatchObject({ where: at("folder") });
  await expect(checkOutput(at("file/below.csv"))).rejects.toMatchObject({ code: "IO" });
  await mkdir(at("mine.zarr"));
  await writeFile(at("mine.zarr/notes.txt"), "mine");
  await expect(checkOutput(at("mine.zarr"))).rejects.toMatchObject({ where: at("mine.zarr") });
});

test("an output that is larger than the disk is refused before it is made", async () => {
  await expect(checkOutput(at("huge.h5ad"), 1e18)).rejects.toMatchObject({
    code: "IO",
    subject: "environment",
  });
});

test("options of training are named with what they are and what they can be", () => {
  const labelColumns = ["kind"];
  expect(checkTrainOptions({ labelColumns, valFraction: 0.2 })).toBeUndefined();
  expect(() => checkTrainOptions({ labelColumns, valFraction: 1 })).toThrow(
    expect.objectContaining({ code: "USAGE", message: expect.stringMatching(/^valFraction is 1, expected/) }),
  );
  expect(() => checkTrainOptions({ labelColumns: [] })).toThrow(/labelColumns/);
  expect(() => checkTrainOptions({ labelColumns, optimizerName: "admw" } as unknown as TrainOptions)).toThrow(
    /optimizerName is "admw".*did you mean "adamw"/,
  );
});

test("options of preprocessing and prediction likewise", () => {
  expect(checkPreprocessOptions({ nTopGenes: 100 })).toBeUndefined();
  expect(() => checkPreprocessOptions({ nTopGenes: 0 })).toThrow(/^nTopGenes is 0/);
  expect(checkPredictOptions(model, { knnCorrection: "off" })).toBeUndefined();
  expect(() => checkPredictOptions(model, { confidenceLow: 2 })).toThrow(/^confidenceLow is 2/);
});

test("prediction sets need a model with thresholds of them", () => {
  expect(() => checkPredictOptions(model, { predictionSets: 0.9 })).toThrow(
    expect.objectContaining({
      code: "MISMATCH",
      message: "the model has no thresholds of prediction sets",
      hint: "train it again with valFraction and calibrationMethod",
      subject: "artifact",
    }),
  );
});

test("training finds its columns and arrays before the matrix is read", async () => {
  const adata = await cells();
  const unread = { ...adata, matrix: async () => ({ ...(await adata.matrix()), rows: () => expect.fail() }) };
  await checkTraining(unread, { labelColumns: ["kind"], coordTargets: { umap: "X_umap" } });
});

test.each([
  [{}, { labelColumns: ["kinds"] }, "NOT_FOUND", /"kinds".*did you mean "kind"/],
  [{}, { labelColumns: ["holes"] }, "BAD_DATA", /1 of 2 cells have no label/],
  [{}, { labelColumns: ["kind"], coordTargets: { umap: "X_umpa" } }, "NOT_FOUND", /X_umpa/],
  [{}, { labelColumns: ["kind"], layer: "counts" }, "NOT_FOUND", /counts/],
  [{ var: { index: ["g0", "g0"] } }, { labelColumns: ["kind"] }, "BAD_DATA", /g0/],
  [
    { X: dense([], 2), obs: { index: [], columns: { kind: [] } }, obsm: {} },
    { labelColumns: ["kind"] },
    "BAD_DATA",
    /no cells/,
  ],
] satisfies [Partial<AnnDataInput>, TrainOptions, string, RegExp][])(
  "training refuses what it cannot learn from: %#",
  async (changes, options, code, message) => {
    await expect(checkTraining(await cells(changes), options)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
      where: expect.stringMatching(/^memory/),
    });
  },
);

test("columns of a prediction must have names that the file can hold, each its own", async () => {
  await writeH5ad(at("q.h5ad"), {
    X: dense([[1, 0, 0]]),
    obs: { index: ["c0"], columns: new Map() },
    var: { index: ["g0", "g1", "g2"], columns: new Map() },
  });
  const adata = await openAnnData(at("q.h5ad"));
  try {
    await checkAnnotation(model, adata);
    await checkAnnotation(model, adata, { path: at("a.zarr"), mode: "full", deepestLabel: true });
    const named = (column: string) =>
      new TrainedModel({
        ...model.data,
        labelHeads: [model.data.labelHeads[0], { ...model.data.labelHeads[1], column }],
      });
    await expect(checkAnnotation(named("a//b"), adata)).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringMatching(/^"\w*a\/\/b" cannot be the name of a column in an \.h5ad file$/),
    });
    // The raw label of `group` and the final one of `group_raw` would both be pred_group_raw.
    await expect(
      checkAnnotation(named("group_raw"), adata, { path: at("a.h5ad"), mode: "full" }),
    ).rejects.toMatchObject({ code: "USAGE", message: expect.stringContaining("pred_group_raw") });
    await checkDataset(adata, at("copy.h5ad"));
    await expect(checkDataset(adata, at("copy.csv"))).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringMatching(/expected a name that ends in \.h5ad or \.zarr$/),
    });
  } finally {
    await adata.close();
  }
});
