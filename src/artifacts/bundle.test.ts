import { expect, test } from "vitest";
import { joinPieces, type MemoryStore, memoryStore } from "../../test/helpers/memory-store.ts";
import { smallModel } from "../../test/helpers/small-model.ts";
import type { ConfigMap } from "../core/config.ts";
import { AtlasmtlError } from "../errors.ts";
import type { Model, ReferenceColumn } from "../model/types.ts";
import { loadModel } from "./load.ts";
import { emitBundle, type SaveModelOptions, saveModel } from "./save.ts";
import { verifyBundle } from "./verify-bundle.ts";

async function saved(
  model: Model,
  options: SaveModelOptions = {},
  path = "out/model.pth",
): Promise<MemoryStore> {
  const store = memoryStore();
  await saveModel(model, path, { ...options, store });
  return store;
}

const plain = ({ reference, hasReference, ...model }: Model): object => model;

async function failure(work: Promise<unknown>): Promise<AtlasmtlError> {
  const error = await work.then(
    () => null,
    (caught: unknown) => caught,
  );
  if (error instanceof AtlasmtlError) return error;
  throw error ?? new Error("nothing was thrown");
}

test.each([
  ["external", {}, ["model.pth", "model_metadata.pkl", "model_reference.pkl", "model_manifest.json"]],
  [
    "external",
    { referencePath: "out/refs/atlas.pkl.gz" },
    ["model.pth", "model_metadata.pkl", "refs/atlas.pkl.gz", "model_manifest.json"],
  ],
  ["full", {}, ["model.pth", "model_metadata.pkl", "model_manifest.json"]],
] as const)(
  "a model with %s storage comes back as it was saved (%o)",
  async (referenceStorage, options, names) => {
    const model = smallModel({ referenceStorage });
    const store = await saved(model, options);
    expect([...store.files.keys()]).toEqual(names.map((name) => `out/${name}`));
    for (const path of ["out/model.pth", "out/model_manifest.json"]) {
      const loaded = await loadModel(path, { store });
      expect(plain(loaded.model)).toEqual(plain(model));
      expect(await loaded.model.hasReference()).toBe(true);
      expect(await loaded.model.reference()).toEqual(await model.reference());
      expect(loaded.warnings).toEqual([]);
    }
  },
);

test.each(["external", "full"] as const)(
  "columns that %s storage keeps of the reference cells come back as they were saved",
  async (referenceStorage) => {
    const bare = smallModel({ referenceStorage });
    const columns = new Map<string, ReferenceColumn>([
      ["age", { kind: "number", values: Float64Array.of(1.5, Number.NaN, -3, 1e300) }],
      ["tissue", { kind: "label", codes: Int32Array.of(1, -1, 0, 1), categories: ["gut", "lung"] }],
    ]);
    const reference = { ...(await bare.reference()), columns };
    const store = await saved({ ...bare, reference: async () => reference });
    const { model } = await loadModel("out/model.pth", { store });
    expect(await model.reference()).toEqual(reference);
  },
);

test("a kept column of another number of cells, or with an infinite value, is refused", async () => {
  const bare = smallModel();
  const load = async (values: Float64Array) => {
    const columns = new Map([["age", { kind: "number", values } as const]]);
    const reference = { ...(await bare.reference()), columns };
    const store = await saved({ ...bare, reference: async () => reference });
    return failure((await loadModel("out/model.pth", { store })).model.reference());
  };
  expect(await load(Float64Array.of(1, 2))).toMatchObject({ code: "MISMATCH", subject: "artifact" });
  expect(await load(Float64Array.of(1, Number.POSITIVE_INFINITY, 3, 4))).toMatchObject({
    code: "BAD_DATA",
    where: expect.stringContaining("columns › age"),
  });
});

test("the same model gives the same bytes, and a loaded model the same again", async () => {
  const first = await saved(smallModel());
  const again = await saved(smallModel());
  const { model } = await loadModel("out/model.pth", { store: first });
  const copy = await saved(model);
  expect(again.files).toEqual(first.files);
  expect(copy.files).toEqual(first.files);
});

test("the files can be had as bytes, without any store", async () => {
  const files = await emitBundle(smallModel(), "model.pth");
  expect(files.at(-1)!.path).toBe("model_manifest.json");
  const store = memoryStore(files.map(({ path, bytes }) => [path, joinPieces(bytes)]));
  expect((await loadModel("model_manifest.json", { store })).model.trainGenes).toEqual([
    "g1",
    "__proto__",
    "g3",
  ]);
});

test("a model without coordinates, child correction or reference is a bundle too", async () => {
  const base = smallModel();
  const model: Model = {
    ...base,
    coordHeads: [],
    shape: { ...base.shape, coordDims: [] },
    weights: { ...base.weights, coordHeads: [] },
    childCorrection: null,
    referenceStorage: "full",
    hasReference: async () => false,
  };
  const loaded = await loadModel("out/model.pth", { store: await saved(model) });
  expect(plain(loaded.model)).toEqual(plain(model));
  expect(await loaded.model.hasReference()).toBe(false);
  expect((await failure(loaded.model.reference())).code).toBe("NOT_FOUND");
});

test("the feature panel travels with the bundle and is in the manifest", async () => {
  const featurePanel: ConfigMap = new Map<string, string | string[]>([
    ["species", "human"],
    ["gene_ids", ["g1"]],
  ]);
  const store = await saved(smallModel(), { featurePanel });
  const loaded = await loadModel("out/model.pth", { store });
  expect(loaded.featurePanel).toEqual(featurePanel);
  expect(loaded.manifest!.checksums.has("feature_panel_path")).toBe(true);
  store.files.set("out/model_feature_panel.json", new TextEncoder().encode("{}"));
  expect((await failure(loadModel("out/model.pth", { store }))).code).toBe("CHECKSUM");
});

test("preprocessing recorded in the settings is in the manifest, its panel in a file", async () => {
  const preprocess = { n_top_genes: 3000, feature_panel: { gene_ids: ["g1"] } };
  const model = smallModel({ trainConfig: new Map([["preprocess", preprocess]]) });
  const { manifest, featurePanel } = await loadModel("out/model.pth", { store: await saved(model) });
  expect(manifest!.preprocess).toEqual(new Map([["n_top_genes", 3000]]));
  expect(featurePanel).toEqual(new Map([["gene_ids", ["g1"]]]));
  const without = await saved(model, { featurePanel: null });
  expect(without.files.has("out/model_feature_panel.json")).toBe(false);
});

test("unknown keys of a manifest survive a save over it", async () => {
  const store = await saved(smallModel());
  const text = new TextDecoder().decode(store.files.get("out/model_manifest.json"));
  store.files.set("out/model_manifest.json", new TextEncoder().encode(text.replace("{", '{"note": "mine",')));
  await saveModel(smallModel(), "out/model.pth", { store });
  expect((await loadModel("out/model.pth", { store })).manifest!.extra).toEqual(new Map([["note", "mine"]]));
});

test.each(["model", "out/model.json", ".pth", "out/.pth", "model.PTH"])(
  "saving to %s is refused",
  async (path) => {
    const store = memoryStore();
    expect(await failure(saveModel(smallModel(), path, { store }))).toMatchObject({
      code: "USAGE",
      subject: "usage",
    });
    expect(store.files.size).toBe(0);
  },
);

test.each(["ref.json", "out/model_metadata.pkl", "./out/model_metadata.pkl"])(
  "%s is no place for the reference",
  async (referencePath) => {
    const error = await failure(saved(smallModel(), { referencePath }));
    expect(error.code).toBe("USAGE");
  },
);

test("an aborted save writes nothing", async () => {
  const store = memoryStore();
  const error = await failure(saveModel(smallModel(), "m.pth", { store, signal: AbortSignal.abort() }));
  expect(error.code).toBe("ABORTED");
  expect(store.files.size).toBe(0);
});

test("a changed file is named with both digests, and can be read without the check", async () => {
  const store = await saved(smallModel({ dropoutRate: 0.5 }));
  store.files.set("out/model.pth", (await saved(smallModel())).files.get("out/model.pth")!);
  const error = await failure(loadModel("out/model.pth", { store }));
  expect(error).toMatchObject({ code: "CHECKSUM", where: "out/model.pth", subject: "artifact" });
  // An option that was not given may be there all the same.
  const unset = { store, ...({ verifyChecksums: undefined } as object) };
  expect(await failure(loadModel("out/model.pth", unset))).toMatchObject({ code: "CHECKSUM" });
  const [, found, expected] = /has SHA-256 (\w{64}).*expects (\w{64})/.exec(error.message)!;
  expect(found).not.toBe(expected);
  const loaded = await loadModel("out/model.pth", { store, verifyChecksums: false });
  expect(loaded.model.dropoutRate).toBe(0);
});

test("the reference is read on first use, once, and its checksum is checked then", async () => {
  const store = await saved(smallModel());
  const whole = store.files.get("out/model_reference.pkl")!;
  const changed = whole.slice();
  changed[200] ^= 1;
  store.files.set("out/model_reference.pkl", changed);
  const { model } = await loadModel("out/model.pth", { store });
  expect(await failure(model.reference())).toMatchObject({
    code: "CHECKSUM",
    where: "out/model_reference.pkl",
  });
  store.files.set("out/model_reference.pkl", whole);
  expect(await model.reference()).toBe(await model.reference());
});

test("a missing reference does not stand in the way until it is needed, then it is named", async () => {
  const store = await saved(smallModel());
  store.files.delete("out/model_reference.pkl");
  const { model, paths } = await loadModel("out/model.pth", { store });
  expect(paths.reference).toBeNull();
  expect(await model.hasReference()).toBe(false);
  const error = await failure(model.reference());
  expect(error).toMatchObject({ code: "NOT_FOUND", where: "out/model_reference.pkl", subject: "artifact" });
  expect(error.hint).toMatch(/put the reference file back.*knnCorrection: "off"/);
});

test("a renamed gzip reference opens by its first two bytes", async () => {
  const store = await saved(smallModel(), { referencePath: "out/atlas.pkl.gz" });
  const text = new TextDecoder().decode(store.files.get("out/model_manifest.json"));
  store.files.set(
    "out/model_manifest.json",
    new TextEncoder().encode(text.replace("atlas.pkl.gz", "atlas.pkl")),
  );
  store.files.set("out/atlas.pkl", store.files.get("out/atlas.pkl.gz")!);
  const { model } = await loadModel("out/model.pth", { store });
  expect((await model.reference()).labels.size).toBe(2);
});

/** The bundle as if it had been made without a manifest. */
async function legacy(referencePath: string | undefined): Promise<MemoryStore> {
  const store = await saved(smallModel(), referencePath === undefined ? {} : { referencePath });
  store.files.delete("out/model_manifest.json");
  return store;
}

test.each([undefined, "elsewhere/ref.pkl", "/abs/ref.pkl.gz"])(
  "without a manifest the names and the metadata's path lead to the files (%s)",
  async (referencePath) => {
    const { model, manifest } = await loadModel("out/model.pth", { store: await legacy(referencePath) });
    expect(manifest).toBeNull();
    expect((await model.reference()).coords.size).toBe(2);
  },
);

test("a bundle moved away from an absolute reference path finds the file beside it", async () => {
  const store = await saved(smallModel(), { referencePath: "/data/atlas/ref.pkl" }, "/old/model.pth");
  expect(new TextDecoder().decode(store.files.get("/old/model_manifest.json"))).toContain(
    '"reference_path": "/data/atlas/ref.pkl"',
  );
  const moved = memoryStore(
    Array.from(store.files, ([path, bytes]) => [`/new/${path.split("/").at(-1)}`, bytes] as const),
  );
  const { model, paths, warnings } = await loadModel("/new/model.pth", { store: moved });
  expect(warnings.map(({ message }) => message)).toEqual([
    "reference_path is an absolute path: /data/atlas/ref.pkl",
  ]);
  expect(paths.reference).toBe("/new/ref.pkl");
  expect((await model.reference()).coords.size).toBe(2);
  moved.files.delete("/new/model_manifest.json");
  expect((await loadModel("/new/model.pth", { store: moved })).paths.reference).toBe("/new/ref.pkl");
});

test("a manifest with the backslashes of Windows leads to the files, and a saved bundle says what wrote it", async () => {
  const store = await saved(smallModel(), { referencePath: "out/refs/ref.pkl" });
  const manifest = JSON.parse(new TextDecoder().decode(store.files.get("out/model_manifest.json"))) as object;
  expect(manifest).toMatchObject({
    reference_path: "refs/ref.pkl",
    written_by: expect.stringMatching(/^atlasmtl \d+\.\d+\.\d+ for TypeScript$/),
  });
  const fromWindows = JSON.stringify({ ...manifest, reference_path: "refs\\ref.pkl" });
  store.files.set("out/model_manifest.json", new TextEncoder().encode(fromWindows));
  const loaded = await loadModel("out/model.pth", { store });
  expect(loaded.paths.reference).toBe("out/refs/ref.pkl");
  expect(loaded.warnings).toEqual([]);
});

test("paths that lead out of the manifest's folder load with a warning", async () => {
  const store = await saved(smallModel(), { referencePath: "refs/ref.pkl" });
  const { model, warnings, manifest } = await loadModel("out/model.pth", { store: relativeStore(store) });
  expect(manifest!.paths.get("reference_path")).toBe("../refs/ref.pkl");
  expect(warnings.map(({ message }) => message)).toEqual([
    "reference_path leads out of the manifest's folder: ../refs/ref.pkl",
  ]);
  expect((await model.reference()).coords.size).toBe(2);
});

test("a bundle without a manifest, named from elsewhere, has nothing to warn of", async () => {
  const store = await saved(smallModel());
  store.files.delete("out/model_manifest.json");
  const { warnings, paths } = await loadModel("in/../out/model.pth", { store: relativeStore(store) });
  expect([warnings, paths.reference]).toEqual([[], "in/../out/model_reference.pkl"]);
});

/** A store that understands `..`, as a file system does. */
function relativeStore(store: MemoryStore): MemoryStore {
  const resolved = (path: string): string => path.replace(/[^/]+\/\.\.\//g, "");
  return {
    ...store,
    open: (path) => store.open(resolved(path)),
    exists: (path) => store.exists(resolved(path)),
  };
}

test.each([
  ["out/nothing.pth", "NOT_FOUND", "artifact"],
  ["out/nothing_manifest.json", "NOT_FOUND", "artifact"],
  ["out/model", "USAGE", "usage"],
])("opening %s fails with %s", async (path, code, subject) => {
  expect(await failure(loadModel(path, { store: await saved(smallModel()) }))).toMatchObject({
    code,
    subject,
  });
});

test("a missing metadata file is named", async () => {
  const store = await saved(smallModel());
  store.files.delete("out/model_metadata.pkl");
  expect(await failure(loadModel("out/model.pth", { store }))).toMatchObject({
    code: "NOT_FOUND",
    where: "out/model_metadata.pkl",
  });
});

test("weights that are not finite are refused by name", async () => {
  const model = smallModel();
  model.weights.labelHeads[1].bias[2] = Number.NaN;
  expect(await failure(loadModel("out/model.pth", { store: await saved(model) }))).toMatchObject({
    code: "BAD_DATA",
    where: "out/model.pth › state_dict › label_heads.1.bias",
    subject: "artifact",
  });
});

test.each([
  ["fewer genes", { trainGenes: ["g1", "g2"] }, /2 train_genes; the network takes 3/],
  [
    "another class",
    { labelHeads: [{ column: "level1", classes: ["B"] }, smallModel().labelHeads[1]] },
    /1 classes/,
  ],
  ["another label column", { labelHeads: [smallModel().labelHeads[0]] }, /1 label columns/],
  [
    "a missing head",
    { coordHeads: [{ ...smallModel().coordHeads[0], mean: new Float32Array(2) }] },
    /dimensions/,
  ],
])("metadata with %s does not fit the network", async (_, changes, message) => {
  const error = await failure(loadModel("out/model.pth", { store: await saved(smallModel(changes)) }));
  expect(error).toMatchObject({ code: "MISMATCH", where: "out/model_metadata.pkl", subject: "artifact" });
  expect(error.message).toMatch(message);
});

test.each([
  ["a foreign label", { codes: Int32Array.of(0, 0, 0, 0), categories: ["Z"] }, "MISMATCH"],
  ["another number of cells", { codes: Int32Array.of(0), categories: ["B"] }, "MISMATCH"],
])("a reference with %s is refused", async (_, labels, code) => {
  const model = smallModel();
  const { coords } = await model.reference();
  const reference = async () => ({ coords, labels: new Map([["level1", labels]]) });
  const loaded = await loadModel("out/model.pth", { store: await saved({ ...model, reference }) });
  expect(await failure(loaded.model.reference())).toMatchObject({ code, subject: "artifact" });
});

test("verify says of each file what became of it", async () => {
  const store = await saved(smallModel(), { featurePanel: new Map([["a", 1]]) });
  store.files.set("out/model.pth", new Uint8Array(3));
  store.files.delete("out/model_reference.pkl");
  const text = new TextDecoder().decode(store.files.get("out/model_manifest.json"));
  const unlisted = text.replace(/\n {4}"feature_panel_path": "\w{64}",/, "");
  store.files.set("out/model_manifest.json", new TextEncoder().encode(unlisted));
  const results = await verifyBundle("out/model.pth", { store });
  expect(results.map(({ key, status }) => [key, status])).toEqual([
    ["model_path", "mismatch"],
    ["metadata_path", "ok"],
    ["reference_path", "missing"],
    ["feature_panel_path", "unlisted"],
  ]);
});
