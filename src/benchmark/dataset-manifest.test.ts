import { describe, expect, test } from "vitest";
import { parseBenchmarkManifest } from "./dataset-manifest.ts";

const manifest = (entries: Readonly<Record<string, unknown>> = {}) =>
  parseBenchmarkManifest(
    new Map<string, unknown>([
      ["reference_h5ad", "ref.h5ad"],
      ["query_h5ad", "query.h5ad"],
      ["label_columns", ["coarse", "fine"]],
      ...Object.entries(entries),
    ]),
    "m.yaml",
  );

test("what is required is enough; the rest has defaults", () => {
  expect(manifest()).toMatchObject({
    datasetName: "dataset",
    protocolVersion: 1,
    randomSeed: 42,
    labelColumns: ["coarse", "fine"],
    train: {},
    predict: {},
    domainKey: null,
  });
});

test.each([
  [{ lable_columns: [] }, /unknown key "lable_columns"; did you mean "label_columns"/],
  [{ train: new Map([["num_epoch", 3]]) }, /unknown key "num_epoch"; did you mean "num_epochs"/],
  [{ predict: new Map([["knn_corection", "all"]]) }, /did you mean "knn_correction"/],
  [{ method_configs: new Map([["reference_nn", new Map()]]) }, /did you mean "reference_knn"/],
  [{ method_configs: new Map([["reference_knn", new Map([["kk", 1]])]]) }, /unknown key "kk"/],
  [{ hvg_config: new Map([["methd", "seurat_v3"]]) }, /did you mean "method"/],
  [{ train: new Map([["label_columns", ["x"]]]) }, /unknown key "label_columns"/],
])("an unknown key on any level names the nearest: %j", (entries, message) => {
  expect(() => manifest(entries)).toThrow(message);
});

test("a missing key and values of the wrong kind are refused, with their place", () => {
  expect(() => parseBenchmarkManifest(new Map([["query_h5ad", "q"]]), "m.yaml")).toThrow(/no reference_h5ad/);
  expect(() => parseBenchmarkManifest(["a"], "m.yaml")).toThrow(/expected a mapping/);
  expect(() => manifest({ label_columns: "coarse" })).toThrow(/expected a list of obs columns/);
  expect(() => manifest({ random_seed: -1 })).toThrow(/expected a whole number/);
  expect(() => manifest({ protocol_version: 2 })).toThrow(/protocol version 2/);
  expect(() => manifest({ train: new Map([["dropout_rate", 3]]) })).toThrow(/dropout_rate/);
  expect(() => manifest({ query_subset: new Map([["donor", []]]) })).toThrow(/expected values/);
  expect(() => manifest({ method_configs: new Map([["reference_knn", new Map([["k", 0]])]]) })).toThrow(
    /above 0/,
  );
  try {
    manifest({ predict: new Map([["knn_k5", 3]]) });
  } catch (error) {
    expect((error as { where: string }).where).toBe("m.yaml › predict › knn_k5");
  }
});

test("options take the library's names, subsets compare as text, preprocessing keys too", () => {
  const parsed = manifest({
    train: new Map<string, unknown>([
      ["num_epochs", 3],
      ["val_fraction", 0.2],
      ["missing_values", ["nan", ""]],
      ["preset", null],
    ]),
    predict: new Map([["hierarchy_rules", "derive"]]),
    query_subset: new Map<string, unknown>([
      ["donor", [101, "d2"]],
      ["batch", true],
    ]),
    n_top_genes: 2000,
    counts_confirm_fraction: 0.9,
  });
  expect(parsed.train).toEqual({ numEpochs: 3, valFraction: 0.2, missingValues: ["nan", ""] });
  expect(parsed.predict).toEqual({ hierarchyRules: "derive" });
  expect([...parsed.querySubset]).toEqual([
    ["donor", ["101", "d2"]],
    ["batch", ["true"]],
  ]);
  expect(parsed.preprocess).toEqual({ nTopGenes: 2000, countsConfirmFraction: 0.9 });
});

test("preprocessing keys are checked: kinds, ranges, and hvg_config against the keys outside of it", () => {
  expect(manifest().preprocess).toBeNull();
  const hvg = new Map<string, unknown>([
    ["method", "seurat_v3"],
    ["n_top_genes", 500],
    ["batch_key", "donor"],
  ]);
  expect(manifest({ hvg_config: hvg, n_top_genes: 500 }).preprocess).toEqual({
    hvgMethod: "seurat_v3",
    nTopGenes: 500,
    hvgBatchKey: "donor",
  });
  const at = (entries: Readonly<Record<string, unknown>>): unknown => {
    try {
      return manifest(entries);
    } catch (error) {
      const { code, message, where } = error as { code: string; message: string; where: string };
      return `${code} ${where}: ${message}`;
    }
  };
  expect(at({ hvg_config: hvg, n_top_genes: 600 })).toMatch(
    /^USAGE m.yaml › hvg_config › n_top_genes: .*600.*500/,
  );
  expect(at({ counts_required: "yes" })).toMatch(/^USAGE m.yaml › counts_required: .*true or false/);
  expect(at({ n_top_genes: 0 })).toMatch(/^USAGE m.yaml › n_top_genes: n_top_genes is 0/);
  expect(at({ species: "humen" })).toMatch(/did you mean "human"/);
});

test("settings have all their names, nested ones those of files, and what documents is kept", () => {
  const { train, predict, initModelPath, bundleReferencePath, documentation } = manifest({
    config_name: "formal_a",
    seed: 3,
    train: new Map<string, unknown>([
      ["calibration", "temperature_scaling"],
      ["no_linear_views", true],
      ["class_weighting", new Map([["label_column", "fine"]])],
      ["class_balanced_sampling", "coarse"],
      [
        "parent_conditioned_child_correction",
        new Map<string, unknown>([
          ["parent_level", "coarse"],
          ["target_level", "fine"],
          ["hotspot_parents", ["T"]],
        ]),
      ],
      ["coord_loss_weights", new Map([["umap", 0.4]])],
      ["init_model_path", "earlier/model.pth"],
      ["reference_path", "reference.pkl.gz"],
      ["experiment_round", 2],
    ]),
    predict: new Map<string, unknown>([
      ["apply_calibration", false],
      ["knn_index_mode", "pynndescent"],
      [
        "refinement_config",
        new Map([
          ["method", "m"],
          ["artifact_path", "r.pkl"],
        ]),
      ],
    ]),
  });
  expect(train).toEqual({
    calibrationMethod: "temperature_scaling",
    linearViews: false,
    classWeighting: { labelColumn: "fine" },
    classBalancedSampling: { labelColumn: "coarse" },
    childCorrection: { parentLevel: "coarse", targetLevel: "fine", hotspotParents: ["T"] },
    coordLossWeights: new Map([["umap", 0.4]]),
  });
  expect([initModelPath, bundleReferencePath]).toEqual(["earlier/model.pth", "reference.pkl.gz"]);
  expect(predict).toMatchObject({
    applyCalibration: false,
    refinementConfig: { method: "m", artifactPath: "r.pkl" },
  });
  expect(documentation).toEqual(
    new Map<string, unknown>([
      ["config_name", "formal_a"],
      ["seed", 3],
      ["train", new Map([["experiment_round", 2]])],
    ]),
  );
});

test("the train_config of a run is a train; two names of one setting and a path elsewhere are refused", () => {
  const record = new Map<string, unknown>([
    ["num_epochs", 3],
    ["linear_views", true],
    ["epochs_completed", 3],
    ["coord_targets", new Map()],
    [
      "calibration",
      new Map<string, unknown>([
        ["method", "temperature_scaling"],
        ["max_iter", 9],
      ]),
    ],
  ]);
  expect(manifest({ train: record }).train).toEqual({
    numEpochs: 3,
    linearViews: true,
    calibrationMethod: "temperature_scaling",
    calibrationMaxIter: 9,
    normalize: "none",
  });
  const both = new Map([
    ["calibration", "temperature_scaling"],
    ["calibration_method", "temperature_scaling"],
  ]);
  expect(() => manifest({ train: both })).toThrow(/names of one setting/);
  for (const path of ["/elsewhere/r.pkl", "../r.pkl"])
    expect(() => manifest({ train: new Map([["reference_path", path]]) })).toThrow(/below the folder/);
});

test("hotspots of the refinement policy are chosen by the manifest", () => {
  const predict = (entries: readonly (readonly [string, unknown])[]) =>
    manifest({ predict: new Map<string, unknown>(entries) });
  const policy = ["refinement_policy", "auto_parent_conditioned_reranker_v1"] as const;
  expect(predict([policy, ["hotspot_top_k", 2], ["hotspot_min_cells", 9]]).policies.hotspots).toEqual({
    topK: 2,
    minCells: 9,
  });
  expect(() => predict([["hotspot_top_k", 2]])).toThrow(/no effect without refinement_policy/);
  expect(() => predict([policy, ["hotspot_top_k", 0]])).toThrow(/expected a whole number of 1 or more/);
});

describe("the record of a run in train", () => {
  const map = (value: object): ReadonlyMap<string, unknown> => new Map(Object.entries(value));
  const recorded = (more: object = {}) =>
    map({
      epochs_completed: 3,
      linear_views: true,
      coord_targets: map({ umap: "X_umap" }),
      preprocess: map({
        config: map({ var_names_type: "symbol", species: "human", n_top_genes: 500, random_state: 0 }),
      }),
      ...more,
    });

  test("brings its coordinate targets and its preprocessing, beside what the manifest says alike", () => {
    const parsed = manifest({ train: recorded(), n_top_genes: 500 });
    expect(parsed.coordTargets).toEqual(new Map([["umap", "X_umap"]]));
    expect(parsed.preprocess).toEqual({ varNamesType: "symbol", species: "human", nTopGenes: 500 });
    expect(parsed.notices).toEqual([]);
    expect(manifest({ train: recorded(), hvg_config: map({ n_top_genes: 500 }) }).preprocess).toMatchObject({
      nTopGenes: 500,
    });
  });

  test.each<[object, string]>([
    [{ n_top_genes: 300 }, "n_top_genes is 300, and the record in train has 500"],
    [{ hvg_config: map({ n_top_genes: 300 }) }, "hvg_config › n_top_genes is 300"],
    [{ species: "mouse" }, "species is"],
    [{ coord_targets: map({ umap: "X_other" }) }, "coord_targets is"],
  ])("is refused by name where the manifest says otherwise: %j", (more, message) => {
    expect(() => manifest({ train: recorded(), ...more })).toThrow(message);
  });

  test("keeps what stands beside its settings: policies, the path of the reference, what only documents", () => {
    const parsed = manifest({
      train: recorded({
        task_weight_policy: "auto_task_weight_schedule_v1",
        reference_path: "r.pkl.gz",
        config_name: "formal",
      }),
    });
    expect(parsed.policies.taskWeights).not.toBeNull();
    expect(parsed.bundleReferencePath).toBe("r.pkl.gz");
    expect(parsed.documentation).toEqual(new Map([["train", map({ config_name: "formal" })]]));
    expect(parsed.notices).toEqual([]);
  });

  test("tells of what it does not hold, and of other label columns; a setting beside train_config is refused", () => {
    const run = (more: object) =>
      map({
        labels: ["a", "b"],
        argv: ["atlasmtl", "train", "--label-map", "m.tsv"],
        train_config: recorded(),
        ...more,
      });
    expect(manifest({ train: run({}) }).notices.map(({ message }) => message)).toEqual([
      expect.stringContaining("label_map"),
      expect.stringContaining("and those of label_columns are used"),
    ]);
    expect(() => manifest({ train: run({ num_epochs: 9 }) })).toThrow(
      "num_epochs stands beside train_config",
    );
  });

  test("that a person changed is read as it says", () => {
    const changed = recorded({ calibration: "temperature_scaling", normalize: "log1p_cp10k" });
    expect(manifest({ train: changed }).train).toMatchObject({
      calibrationMethod: "temperature_scaling",
      normalize: "log1p_cp10k",
    });
  });
});
