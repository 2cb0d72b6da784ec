/** What is in datasets, models and pickles, through the entry. */
import { expect, test } from "vitest";
import { dense } from "../../test/helpers/predict-fixtures.ts";
import { smallAdditions, smallModel } from "../../test/helpers/small-model.ts";
import { AtlasmtlError, createAnnData, inspectDataset, inspectModel, TrainedModel } from "./index.ts";
import { inspectPickle } from "./inspect-pickle.ts";

test("a dataset tells counts, label columns, groups and gene names", async () => {
  const n = 12;
  const adata = await createAnnData({
    X: dense(Array.from({ length: n }, (_, i) => [i % 4, 0, 2 * (i % 3), 1])),
    obs: {
      index: Array.from({ length: n }, (_, i) => `c${i}`),
      columns: {
        cell_type: Array.from({ length: n }, (_, i) => ["B", "NK", "T"][i % 3]),
        donor: Array.from({ length: n }, (_, i) => (i < 6 ? "d1" : "d2")),
        total: Array.from({ length: n }, (_, i) => 0.5 + i),
      },
    },
    var: { index: ["CD3D", "CD19", "NKG7", "MS4A1"] },
    obsm: { X_umap: dense(Array.from({ length: n }, (_, i) => [i, -i])) },
  });
  const found = await inspectDataset(adata);
  expect(found).toMatchObject({ nObs: n, nVars: 4, labelColumns: ["cell_type"], groupColumns: ["donor"] });
  expect(found.matrices).toMatchObject([
    { name: "X", look: { verdict: "counts", statistics: { range: [0, 4] } } },
  ]);
  expect(found.genes).toMatchObject({ names: ["CD3D", "CD19", "NKG7", "MS4A1"], namespace: "symbol" });
  const column = (name: string) => found.obs.find((each) => each.name === name);
  expect(column("cell_type")).toMatchObject({
    nClasses: 3,
    nMissing: 0,
    classes: expect.arrayContaining([{ name: "NK", count: 4 }]),
  });
  expect(column("total")).toMatchObject({ range: [0.5, 11.5] });
  expect([...found.roles]).toEqual([
    ["cell_type", "label"],
    ["donor", "group"],
    ["total", "other"],
  ]);
});

test("a matrix that cannot be read is listed with its problem", async () => {
  const adata = await createAnnData({ obs: { index: ["c0"] }, var: { index: ["g0"] } });
  const broken = {
    ...adata,
    hasX: true,
    matrix: async () => {
      throw new AtlasmtlError("UNSUPPORTED", "values of 3 bits");
    },
  };
  const { matrices } = await inspectDataset(broken);
  expect(matrices).toEqual([{ name: "X", problem: "values of 3 bits" }]);
});

test("a model tells its labels, network, correction and settings", async () => {
  const warnings = [{ message: "few cells" }];
  expect(await inspectModel(new TrainedModel(smallModel(), warnings))).toEqual({
    labels: [
      { column: "level1", classes: ["B", "T"] },
      { column: "level2", classes: ["a", "\uffee", "😀"] },
    ],
    nGenes: 3,
    normalize: "none",
    inputTransform: "binary",
    trainedOn: null,
    hiddenSizes: [2],
    dropoutRate: 0,
    coordinates: [{ name: "umap", obsmKey: "X_umap", dimensions: 1 }],
    linearViews: [],
    childCorrection: { parents: null },
    referenceStorage: "external",
    hasReference: true,
    // This model was made in memory.
    writtenBy: null,
    trainConfig: expect.objectContaining({ num_epochs: 3, temperatures: { level1: 1 } }),
    warnings,
  });
});

test("a model with linear views tells what they see, in their order", async () => {
  const model = new TrainedModel(smallModel(smallAdditions()));
  expect((await inspectModel(model)).linearViews).toEqual(["log", "ranks"]);
});

test("a model without correction or reference says so, and parents of a correction are named", async () => {
  const plain = smallModel({ childCorrection: null, hasReference: async () => false });
  expect(await inspectModel(new TrainedModel(plain))).toMatchObject({
    childCorrection: null,
    hasReference: false,
  });
  const { childCorrection } = smallModel();
  const config = new Map([...childCorrection!.config, ["hotspot_parents", ["T"]] as const]);
  const corrected = smallModel({ childCorrection: { ...childCorrection!, config } });
  expect(await inspectModel(new TrainedModel(corrected))).toMatchObject({
    childCorrection: { parents: ["T"] },
  });
});

test("the pickles of a bundle are told by their keys", async () => {
  const files = await new TrainedModel(smallModel()).toFiles();
  const metadata = inspectPickle(files.get("model_metadata.pkl")!);
  expect(metadata.part).toBe("metadata");
  expect(new Map(metadata.items).get("train_genes")).toEqual({
    kind: "list",
    length: 3,
    first: ["g1", "__proto__", "g3"].map((text) => ({ kind: "value", text })),
  });
  const reference = inspectPickle(files.get("model_reference.pkl")!);
  expect(reference.part).toBe("reference");
  expect(new Map(reference.items).get("coords")).toEqual({
    kind: "dict",
    keys: ["X_ref_latent_internal", "X_ref_umap"],
    arrays: [
      ["X_ref_latent_internal", { kind: "array", dtype: "f4", shape: [4, 2] }],
      ["X_ref_umap", { kind: "array", dtype: "f4", shape: [4, 1] }],
    ],
  });
});

/** Pickles of protocol 0, as Python writes them. */
const pickle = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each([
  ["a number", "I42\n.", { kind: "value", text: "42" }],
  ["a float", "F2.5\n.", { kind: "value", text: "2.5" }],
  ["no value", "N.", { kind: "value", text: "null" }],
  [
    "a list of lists",
    "(l(lI1\naaI2\na.",
    {
      kind: "list",
      length: 2,
      first: [
        { kind: "value", text: "a list of 1" },
        { kind: "value", text: "2" },
      ],
    },
  ],
])("another pickle is told as what it is: %s", (_, text, item) => {
  expect(inspectPickle(pickle(text))).toEqual({ part: null, items: [["", item]] });
});

test("a pickle that would run code is refused by the name it asks for", () => {
  expect(() => inspectPickle(pickle("cposix\nsystem\n(S'true'\ntR."))).toThrow(
    expect.objectContaining({ code: "UNSUPPORTED", message: expect.stringContaining("posix.system") }),
  );
});
