/** Bundles written by the Python original load here, and saved again they hold the same. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadModel } from "../../src/artifacts/load.ts";
import { saveModel } from "../../src/artifacts/save.ts";
import { verifyBundle } from "../../src/artifacts/verify-bundle.ts";
import { Float, toPlain } from "../../src/core/config.ts";
import type { Model } from "../../src/model/types.ts";
import { describeShared, sharedPath } from "../helpers/shared.ts";

const COLUMNS = ["cell_type_l1", "cell_type_l2", "cell_type_l3_nested"];
const golden = (path: string): string => sharedPath(`golden/${path}`);
const plain = ({ reference, hasReference, ...model }: Model): object => model;

/** Entry, coordinate heads, transform, storage, calibrated, keys of the reference coordinates. */
const BUNDLES = [
  ["external/model.pth", ["latent", "umap"], "binary", "external", true],
  ["external/model_manifest.json", ["latent", "umap"], "binary", "external", true],
  ["full/model.pth", [], "float", "full", false],
  ["gz/pbmc_manifest.json", [], "binary", "external", false],
  ["child_correction/model.pth", [], "binary", "external", false],
  ["legacy_no_manifest/model.pth", ["latent", "umap"], "binary", "external", true],
  ["moved/model.pth", ["latent", "umap"], "binary", "external", true],
] as const;

describeShared("bundles of the Python original", () => {
  test.each(BUNDLES)("%s loads whole", async (path, coordNames, transform, storage, isCalibrated) => {
    const { model, warnings } = await loadModel(golden(path));
    expect(warnings).toEqual([]);
    expect(model.labelHeads.map(({ column }) => column)).toEqual(COLUMNS);
    expect(model.labelHeads.map(({ classes }) => classes.length)).toEqual([6, 8, 14]);
    expect(model.labelHeads[0].classes).toEqual(["B", "DC", "MK", "Mono", "NK", "T"]);
    expect(model.trainGenes.length).toBe(400);
    expect(model.trainGenes.slice(0, 3)).toEqual(["LYZ", "FTL", "HLA-DRA"]);
    expect(model.shape).toEqual({
      nGenes: 400,
      hiddenSizes: [64, 32],
      nClasses: [6, 8, 14],
      coordDims: coordNames.map((name) => (name === "latent" ? 16 : 2)),
    });
    expect(model.coordHeads.map(({ name }) => name)).toEqual(coordNames);
    expect([model.inputTransform, model.referenceStorage, model.dropoutRate]).toEqual([
      transform,
      storage,
      0.3,
    ]);
    expect(model.trainConfig.get("num_epochs")).toEqual(20);
    expect(model.trainConfig.get("learning_rate")).toEqual(new Float(0.001));
    expect(model.trainConfig.get("calibration") !== null).toBe(isCalibrated);

    const { coords, labels } = await model.reference();
    expect([...labels.keys()]).toEqual(COLUMNS);
    expect([...coords.keys()].sort()).toEqual(
      [...coordNames, "latent_internal"].map((s) => `X_ref_${s}`).sort(),
    );
    expect([coords.get("X_ref_latent_internal")!.nRows, coords.get("X_ref_latent_internal")!.nCols]).toEqual([
      600, 32,
    ]);
    expect(labels.get("cell_type_l1")!.codes.length).toBe(600);
  });

  test("weights, statistics and temperatures are those Python shows", async () => {
    const { model } = await loadModel(golden("external/model.pth"));
    expect(Array.from(model.coordHeads[1].mean)).toEqual([-0.35731083, -0.14564662].map(Math.fround));
    expect(Array.from(model.coordHeads[1].std)).toEqual([7.916388, 4.80196].map(Math.fround));
    expect(model.coordHeads.map(({ obsmKey }) => obsmKey)).toEqual(["X_ref_latent", "X_umap"]);
    const calibration = toPlain(model.trainConfig.get("calibration")!) as { temperatures: object };
    expect({ ...calibration.temperatures }).toEqual({
      cell_type_l1: 0.7705358266830444,
      cell_type_l2: 0.6692396998405457,
      cell_type_l3_nested: 0.7439079880714417,
    });
  });

  test("child correction modules load with their config", async () => {
    const { model } = await loadModel(golden("child_correction/model.pth"));
    const { modules, ...correction } = model.childCorrection!;
    expect(correction).toMatchObject({
      parentHead: 1,
      childHead: 2,
      residualScale: 1,
      featureMode: "reranker_like",
    });
    expect(modules.map(({ parentIndex, childIndices }) => [parentIndex, childIndices])).toEqual([
      [0, [1, 2]],
      [1, [0, 12]],
    ]);
    expect(modules.map(({ hidden, output }) => [hidden.nIn, hidden.nOut, output.nOut])).toEqual([
      [15, 64, 2],
      [15, 64, 2],
    ]);
  });

  test("checksums of the bundles hold", async () => {
    for (const path of ["external/model.pth", "full/model.pth", "gz/pbmc.pth", "child_correction/model.pth"])
      for (const { status } of await verifyBundle(golden(path))) expect(status).toBe("ok");
  });
});

describeShared("bundles of the Python original, saved again", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "atlasmtl-golden-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each(BUNDLES)("%s holds the same after a save and a load", async (path) => {
    const { model } = await loadModel(golden(path));
    const target = join(folder, path, "copy.pth");
    const referencePath = path.startsWith("gz/") ? join(folder, path, "refs", "copy.pkl.gz") : undefined;
    await saveModel(model, target, { referencePath });
    const copy = (await loadModel(target)).model;
    expect(plain(copy)).toEqual(plain(model));
    expect(await copy.reference()).toEqual(await model.reference());
  });
});
