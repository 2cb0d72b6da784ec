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
import { describeGolden } from "../helpers/golden-sets.ts";

const plain = ({ reference, hasReference, ...model }: Model): object => model;

/** What torch and pickle show of the bundle with everything and of the one with child correction. */
const SHOWN = {
  simulated: {
    umapMean: [8.29696659820911e-7, 8.209546535908885e-7],
    umapStd: [10.000000953674316, 9.999999046325684],
    temperatures: [0.16525810956954956, 0.27068495750427246, 0.17463591694831848],
    residualScale: 0.7,
    modules: [
      [4, [5, 14]],
      [5, [10, 11, 27]],
      [6, [12, 13]],
    ],
    sizes: [
      [27, 16, 2],
      [29, 16, 3],
      [27, 16, 2],
    ],
  },
  real: {
    umapMean: [-0.35731083, -0.14564662],
    umapStd: [7.916388, 4.80196],
    temperatures: [0.7705358266830444, 0.6692396998405457, 0.7439079880714417],
    residualScale: 1,
    modules: [
      [0, [1, 2]],
      [1, [0, 12]],
    ],
    sizes: [
      [15, 64, 2],
      [15, 64, 2],
    ],
  },
};

describeGolden("bundles of the Python original", (set) => {
  test.each(set.bundles)("$entry loads whole", async (bundle) => {
    const { coordNames, transform, storage, isCalibrated, hiddenSizes, numEpochs } = bundle;
    const { model, warnings } = await loadModel(set.path(bundle.entry));
    expect(warnings).toEqual([]);
    expect(model.labelHeads.map(({ column }) => column)).toEqual(set.columns);
    expect(model.labelHeads.map(({ classes }) => classes.length)).toEqual(set.nClasses);
    expect(model.labelHeads[0].classes).toEqual(set.classes);
    expect(model.trainGenes.length).toBe(400);
    expect(model.trainGenes.slice(0, 3)).toEqual(set.firstGenes);
    expect(model.shape).toEqual({
      nGenes: 400,
      hiddenSizes,
      nClasses: set.nClasses,
      coordDims: coordNames.map((name) => (name === "latent" ? 16 : 2)),
    });
    expect(model.coordHeads.map(({ name }) => name)).toEqual(coordNames);
    expect([model.inputTransform, model.referenceStorage, model.dropoutRate]).toEqual([
      transform,
      storage,
      0.3,
    ]);
    expect(model.trainConfig.get("num_epochs")).toEqual(numEpochs);
    expect(model.trainConfig.get("learning_rate")).toEqual(new Float(0.001));
    expect(model.trainConfig.get("calibration") !== null).toBe(isCalibrated);

    const { coords, labels } = await model.reference();
    expect([...labels.keys()]).toEqual(set.columns);
    expect([...coords.keys()].sort()).toEqual(
      [...coordNames, "latent_internal"].map((s) => `X_ref_${s}`).sort(),
    );
    expect([coords.get("X_ref_latent_internal")!.nRows, coords.get("X_ref_latent_internal")!.nCols]).toEqual([
      600,
      hiddenSizes.at(-1),
    ]);
    expect(labels.get(set.columns[0])!.codes.length).toBe(600);
  });

  test("weights, statistics and temperatures are those Python shows", async () => {
    const { umapMean, umapStd, temperatures } = SHOWN[set.name];
    const { model } = await loadModel(set.path("external/model.pth"));
    expect(Array.from(model.coordHeads[1].mean)).toEqual(umapMean.map(Math.fround));
    expect(Array.from(model.coordHeads[1].std)).toEqual(umapStd.map(Math.fround));
    expect(model.coordHeads.map(({ obsmKey }) => obsmKey)).toEqual(["X_ref_latent", "X_umap"]);
    const calibration = toPlain(model.trainConfig.get("calibration")!) as { temperatures: object };
    expect({ ...calibration.temperatures }).toEqual(
      Object.fromEntries(set.columns.map((column, i) => [column, temperatures[i]])),
    );
  });

  test("child correction modules load with their config", async () => {
    const expected = SHOWN[set.name];
    const { model } = await loadModel(set.path("child_correction/model.pth"));
    const { modules, ...correction } = model.childCorrection!;
    expect(correction).toMatchObject({
      parentHead: 1,
      childHead: 2,
      residualScale: expected.residualScale,
      featureMode: "reranker_like",
    });
    expect(modules.map(({ parentIndex, childIndices }) => [parentIndex, childIndices])).toEqual(
      expected.modules,
    );
    expect(modules.map(({ hidden, output }) => [hidden.nIn, hidden.nOut, output.nOut])).toEqual(
      expected.sizes,
    );
  });

  test("checksums of the bundles hold", async () => {
    const withManifest = set.bundles.filter(({ entry }) => !/^(legacy|moved)/.test(entry));
    expect(withManifest).toHaveLength(5);
    for (const { entry } of withManifest)
      for (const { status } of await verifyBundle(set.path(entry))) expect(status).toBe("ok");
  });
});

describeGolden("bundles of the Python original, saved again", (set) => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "atlasmtl-golden-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each(set.bundles)("$entry holds the same after a save and a load", async ({ entry: path }) => {
    const { model } = await loadModel(set.path(path));
    const target = join(folder, path, "copy.pth");
    const referencePath = path.startsWith("gz/") ? join(folder, path, "refs", "copy.pkl.gz") : undefined;
    await saveModel(model, target, { referencePath });
    const copy = (await loadModel(target)).model;
    expect(plain(copy)).toEqual(plain(model));
    expect(await copy.reference()).toEqual(await model.reference());
  });
});
