/** Train, save, predict and annotate here; open and recompute everything in Python. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildModel, openAnnData, predict, TrainedModel, type TrainOptions } from "../../src/api/index.ts";
import { describeGolden } from "../helpers/golden-sets.ts";

const PYTHON = process.env.PYTHON ?? "/usr/bin/python3";
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const COORDS = { latent: "X_ref_latent", umap: "X_umap" };
/** A network alone, which is what Python can open. */
const NETWORK = { numEpochs: 4, preset: "small", linearViews: false, valFraction: 0 } as const;
const CALIBRATED = { valFraction: 0.2, calibrationMethod: "temperature_scaling" } as const;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "atlasmtl-job-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Runs the independent checker; it prints every finding. */
const check = (...args: string[]): string =>
  execFileSync(PYTHON, [here("check_bundle.py"), ...args], { encoding: "utf8" });

const digest = async (path: string): Promise<string> =>
  createHash("sha256")
    .update(await readFile(path))
    .digest("hex");

describeGolden("a bundle trained here is a bundle in Python", (set) => {
  const levels = set.columns;
  const folder = (): string => join(root, set.name);
  const trainOn = async (options: Partial<TrainOptions>): Promise<TrainedModel> => {
    const reference = await openAnnData(set.path("reference.h5ad"));
    try {
      return await buildModel(reference, { ...NETWORK, labelColumns: levels, ...options });
    } finally {
      await reference.close();
    }
  };

  test.each<[name: string, options: Partial<TrainOptions>, reference?: string]>([
    ["external, labels only", {}],
    ["external, coordinates, calibrated", { coordTargets: COORDS, ...CALIBRATED }],
    ["full, calibrated", { referenceStorage: "full", ...CALIBRATED }],
    ["full, coordinates, float", { referenceStorage: "full", coordTargets: COORDS, inputTransform: "float" }],
    ["an ensemble, class weights", { ensembleSize: 3, classWeighting: { mode: "sqrt_balanced" } }],
    [
      "sampled, coordinates of an ensemble",
      { ensembleSize: 2, classBalancedSampling: {}, coordTargets: COORDS },
    ],
    ["gzip, one coordinate head", { coordTargets: { umap: "X_umap" } }, "refs/custom.pkl.gz"],
  ])("%s", async (name, options, reference) => {
    const home = join(folder(), name);
    const model = await trainOn(options);
    await model.save(
      join(home, "model.pth"),
      reference === undefined ? {} : { referencePath: join(home, reference) },
    );
    const query = await openAnnData(set.path("query.h5ad"));
    const loaded = await TrainedModel.load(join(home, "model_manifest.json"));
    const result = await predict(loaded, query, { knnCorrection: "all" });
    await result.toCsv(join(home, "predictions.csv"), "full");
    await result.toAnnData(query, join(home, "annotated.h5ad"), { mode: "full", includeCoords: true });
    await query.close();
    for (const predictions of ["predictions.csv", "annotated.h5ad"])
      expect(
        check(
          join(home, "model_manifest.json"),
          ...["--adata", set.path("query.h5ad"), "--predictions", join(home, predictions)],
        ),
      ).toContain("0 findings");
  });

  test("prediction sets are what Python makes of the thresholds in the bundle", async () => {
    const home = join(folder(), "sets");
    await (await trainOn(CALIBRATED)).save(join(home, "model.pth"));
    const query = await openAnnData(set.path("query.h5ad"));
    const result = await predict(await TrainedModel.load(join(home, "model.pth")), query, {
      predictionSets: 0.9,
    });
    await result.toCsv(join(home, "sets.csv"), "minimal");
    await result.toAnnData(query, join(home, "sets.h5ad"));
    await query.close();
    for (const written of ["sets.csv", "sets.h5ad"]) {
      const bundle = [join(home, "model_manifest.json"), query.source];
      const args = [here("prediction_sets.py"), ...bundle, "0.9", join(home, written)];
      const said = JSON.parse(execFileSync(PYTHON, args, { encoding: "utf8" })) as object;
      expect(said, written).toEqual(Object.fromEntries(levels.map((level) => [level, 0])));
    }
    const sizes = result.data.labels.map(({ sets }) => sets!.members.length);
    expect(Math.max(...sizes)).toBeGreaterThan(5);
  });

  test.each([null, 0.3])(
    "a model that normalises counts, thinned to %s, is one for normalised values in Python",
    async (countThinning) => {
      const home = join(folder(), `normalised ${countThinning}`);
      const model = await trainOn({ normalize: "log1p_cp10k", countThinning });
      await model.save(join(home, "model.pth"));
      const query = await openAnnData(set.path("query.h5ad"));
      await (await predict(model, query)).toCsv(join(home, "predictions.csv"), "full");
      await query.close();
      const normalised = join(home, "normalised.h5ad");
      execFileSync(PYTHON, [
        here("normalise.py"),
        query.source,
        join(home, "model_metadata.pkl"),
        normalised,
      ]);
      const said = check(
        join(home, "model_manifest.json"),
        ...["--adata", normalised, "--predictions", join(home, "predictions.csv")],
      );
      expect(said).toContain("0 findings");
    },
  );

  test("the same call twice gives the same weights, metadata aside", async () => {
    const digests = new Set<string>();
    for (const copy of ["a", "b"]) {
      const path = join(folder(), copy, "model.pth");
      await (await trainOn({ coordTargets: COORDS, ...CALIBRATED })).save(path);
      digests.add(await digest(path));
    }
    expect(digests.size).toBe(1);
  });
});
