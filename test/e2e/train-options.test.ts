/** Class balance, normalisation and child correction from the command line. */
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { joinBytes } from "../../src/core/bytes.ts";
import { normalizeCell } from "../../src/core/normalize.ts";
import { emitPickle } from "../../src/formats/pickle/emit.ts";
import { Global, Instance, NdArray, type PickleValue } from "../../src/formats/pickle/values.ts";
import { type TinyAtlas, tinyAtlas, writeH5ad } from "./make-h5ad.ts";
import { expectFailure, type Run, runCli } from "./run-cli.ts";

let folder = "";
const run = (...words: string[]): Promise<Run> => runCli(words, { cwd: folder });
const text = (path: string): Promise<string> => readFile(join(folder, path), "utf8");
const TRAIN = [
  ...["--preset", "original", "--labels", "lineage", "cell_type"],
  ...["--hidden-sizes", "16", "--num-epochs", "8"],
];
const train = (out: string, ...words: string[]): Promise<Run> =>
  run("train", "--adata", "ref.h5ad", "--out", out, "--batch-size", "16", ...TRAIN, ...words);

function logged(atlas: TinyAtlas): TinyAtlas {
  const x = atlas.x.map((row) => {
    const values = Float32Array.from(row);
    normalizeCell(values, 0, values.length);
    return [...values];
  });
  return { ...atlas, x };
}

const ok = async (done: Promise<Run>): Promise<Run> => {
  const result = await done;
  expect(result.code, result.stderr).toBe(0);
  return result;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-e2e-options-"));
  await writeH5ad(join(folder, "ref.h5ad"), tinyAtlas(120));
  await writeH5ad(join(folder, "query.h5ad"), tinyAtlas(30, 4, 9));
  await writeH5ad(join(folder, "logged.h5ad"), logged(tinyAtlas(30, 4, 9)));
  await writeFile(
    join(folder, "child.yaml"),
    "parent_level: lineage\ntarget_level: cell_type\nhotspot_parents: [second half]\nhidden_dim: 8\nmode: joint\n",
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("normalize log1p_cp10k", () => {
  beforeAll(async () => {
    await ok(train("log/m.pth", "--normalize", "log1p_cp10k"));
  });
  const predict = (adata: string, out: string, ...words: string[]): Promise<Run> =>
    run("predict", "--model", "log/m.pth", "--adata", adata, "--out", out, ...words);

  test("is what the bundle says of its input, and inspect shows it", async () => {
    expect(JSON.parse(await text("log/m_manifest.json"))).toMatchObject({
      input_transform: "log1p_cp10k",
      preprocess: { normalize: { method: "log1p_cp10k", target_sum: 10000 } },
    });
    const { stdout } = await ok(run("inspect", "log/m.pth"));
    expect(stdout).toMatch(/normalisation +log1p_cp10k of the query's counts/);
  });

  test("predict does it by itself; a query normalised before gives the same with --normalize none", async () => {
    await ok(predict("query.h5ad", "counts.csv"));
    await ok(predict("logged.h5ad", "logged.csv", "--normalize", "none"));
    expect(await text("logged.csv")).toBe(await text("counts.csv"));
    await ok(predict("logged.h5ad", "blocks.csv", "--normalize", "none", "--batch-size", "7"));
    expect(await text("blocks.csv")).toBe(await text("counts.csv"));
  });

  test("a logged query gives the labels of its counts, with a note; what is said of it is compared with what it is", async () => {
    const result = await ok(predict("logged.h5ad", "undone.csv"));
    expect(result.stderr).toMatch(
      /looks like log1p .*; the logarithm was taken back and the values normalised as counts/,
    );
    const labels = async (file: string) =>
      (await text(file)).split("\n").map((line) => line.split(",").slice(0, 2).join());
    expect(await labels("undone.csv")).toEqual(await labels("counts.csv"));
    const twice = await predict("logged.h5ad", "x.csv", "--normalize", "log1p_cp10k");
    expectFailure(
      twice,
      3,
      /logged\.h5ad › X looks like log1p .*--normalize log1p_cp10k takes counts/,
      /logged\.h5ad › X/,
    );
    expect(twice.stderr).toMatch(/leave --normalize out.*--force-input/);
    const never = await predict("query.h5ad", "x.csv", "--normalize", "none");
    expectFailure(
      never,
      3,
      /query\.h5ad › X looks like counts .*--normalize none says that they are logarithms/,
      /X/,
    );
    const forced = await ok(predict("query.h5ad", "forced.csv", "--normalize", "none", "--force-input"));
    expect(forced.stderr).toMatch(/warning: .*looks like counts/);
  });

  test("with a binary input transform is refused", async () => {
    const result = await train("x/m.pth", "--normalize", "log1p_cp10k", "--input-transform", "binary");
    expectFailure(result, 2, /--input-transform "?binary/, /--input-transform/);
  });
});

describe("count thinning", () => {
  test("is trained with from a flag or a config file alike, recorded, and predicted without", async () => {
    await ok(train("thin/m.pth", "--normalize", "log1p_cp10k", "--count-thinning", "0.3"));
    const { train_config, seeds } = JSON.parse(await text("thin/train_run_manifest.json"));
    expect(train_config.count_thinning).toBe(0.3);
    expect(Object.keys(seeds)).toEqual([
      ...["component_cells", "components", "dropout", "init", "random_state", "shuffle", "thinning"],
    ]);
    await writeFile(join(folder, "thin.yaml"), "normalize: log1p_cp10k\ncount_thinning: 0.3\n");
    await ok(train("thin-config/m.pth", "--config", "thin.yaml"));
    const weights = (path: string) => readFile(join(folder, path));
    expect((await weights("thin-config/m.pth")).equals(await weights("thin/m.pth"))).toBe(true);
    await ok(run("predict", "--model", "thin/m.pth", "--adata", "query.h5ad", "--out", "thin.csv"));
    expect((await text("thin.csv")).split("\n").length).toBeGreaterThan(30);
  });

  test.each([
    [["--count-thinning", "0.3"], /--count-thinning is 0\.3, and needs --normalize log1p_cp10k/],
    [["--count-thinning", "2", "--normalize", "log1p_cp10k"], /--count-thinning is 2, expected.*at most 1/],
  ])("%j is refused", async (words, message) => {
    expectFailure(await train("x/m.pth", ...words), 2, message, /--count-thinning/);
  });
});

describe("class balance", () => {
  test("weights and counts are recorded", async () => {
    await ok(
      train("weighted/m.pth", "--class-weighting", "cell_type", "--class-weighting-mode", "sqrt_balanced"),
    );
    const { train_config } = JSON.parse(await text("weighted/train_run_manifest.json"));
    expect(train_config.class_weighting).toMatchObject({
      label_column: "cell_type",
      mode: "sqrt_balanced",
      class_counts: { "type 0": 30 },
      class_weights: { "type 0": 1 },
    });
    expect(train_config.class_balanced_sampling).toBeNull();
  });

  test("sampling has its own seed", async () => {
    await ok(train("sampled/m.pth", "--class-balanced-sampling", "lineage"));
    const { train_config, seeds } = JSON.parse(await text("sampled/train_run_manifest.json"));
    expect(train_config.class_balanced_sampling).toMatchObject({ label_column: "lineage", mode: "balanced" });
    expect(Object.keys(seeds)).toEqual([
      ...["component_cells", "components", "dropout", "init", "random_state", "sampling"],
    ]);
  });

  test.each([
    [["--class-weighting", "celltype"], /"celltype".*"cell_type"/s],
    [["--class-weighting-mode", "balance"], /"balance".*balanced/s],
  ])("%j is refused", async (words, message) => {
    const result = await train("x/m.pth", ...words);
    expect([result.code, message.test(result.stderr)], result.stderr).toEqual([2, true]);
  });
});

describe("child correction", () => {
  test("is trained from its file, and inspect names its parents", async () => {
    await ok(train("child/m.pth", "--child-correction", "child.yaml"));
    const { train_config } = JSON.parse(await text("child/train_run_manifest.json"));
    expect(train_config.parent_conditioned_child_correction).toMatchObject({
      parent_level: "lineage",
      hotspot_child_indices: { "1": [2, 3] },
      hidden_dim: 8,
      base_lr_scale: 0.1,
    });
    expect((await ok(run("inspect", "child/m.pth"))).stdout).toMatch(/child correction +for second half/);
    await ok(run("predict", "--model", "child/m.pth", "--adata", "query.h5ad", "--out", "child.csv"));
  });

  test("continues from a bundle with a frozen base", async () => {
    await writeFile(
      join(folder, "frozen.yaml"),
      `${await text("child.yaml")}`.replace("joint", "frozen_base"),
    );
    await ok(train("frozen/m.pth", "--child-correction", "frozen.yaml", "--init-model", "child/m.pth"));
    const { train_config } = JSON.parse(await text("frozen/train_run_manifest.json"));
    expect(train_config.init_model_tensors).toContain("child_correction_modules.1.3.bias");
  });

  test.each([
    [
      "parent_level: lineage\ntarget_level: cell_type\nhotspot_parnts: [a]\n",
      /"hotspot_parnts".*"hotspot_parents"/s,
    ],
    ["- a\n", /no mapping/],
    ["parent_level: cell_type\ntarget_level: lineage\nhotspot_parents: [a]\n", /next to each other/],
  ])("a wrong file is a usage error: %j", async (yaml, message) => {
    await writeFile(join(folder, "wrong.yaml"), yaml);
    const result = await train("x/m.pth", "--child-correction", "wrong.yaml");
    expect([result.code, message.test(result.stderr)], result.stderr).toEqual([2, true]);
  });
});

describe("a model that is to adapt to queries", () => {
  const adapt = (...words: string[]): Promise<Run> =>
    run("train", "--adata", "ref.h5ad", "--out", "adapted/m.pth", "--labels", "cell_type", ...words);

  test.each([
    ["a query that is not there", ["--adapt-to", "query.h5ad", "lost.h5ad"], 3, /no such file/],
    ["a preset without linear views", ["--preset", "fast", "--adapt-to", "query.h5ad"], 2, /no linear views/],
    ["a matrix that a query lacks", ["--layer", "none", "--adapt-to", "query.h5ad"], 3, /layers\/none/],
  ])("is not trained for %s", async (_, words, code, message) => {
    expectFailure(await adapt(...words), code, message);
    await expect(readdir(join(folder, "adapted"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("records every query among its inputs, also the files of a store", async () => {
    await ok(run("predict", "--model", await trainedHere(), "--adata", "query.h5ad", "--out", "asked.zarr"));
    await ok(adapt("--num-epochs", "2", "--adapt-to", "asked.zarr", "query.h5ad"));
    const { inputs } = JSON.parse(await text("adapted/train_run_manifest.json"));
    const paths = inputs.map(({ path }: { path: string }) => path).join("\n");
    expect(paths).toMatch(/asked\.zarr/);
    expect(paths).toMatch(/query\.h5ad/);
  });
});

test("options that say nothing without another one are told of", async () => {
  const done = await ok(
    run(
      "predict",
      "--model",
      await trainedHere(),
      "--adata",
      "query.h5ad",
      "--out",
      "idle.csv",
      "--consensus-k",
      "3",
      "--min-prop",
      "0.5",
    ),
  );
  expect(done.stderr).toMatch(/--consensus-k has no effect without --consensus\b/);
  expect(done.stderr).toMatch(/--min-prop has no effect without --consensus-by/);
});

let here: string | null = null;
/** A model trained once. */
async function trainedHere(): Promise<string> {
  if (here === null) {
    here = "here/m.pth";
    await ok(train(here));
  }
  return here;
}

describe("several references", () => {
  test("are joined on shared genes with labels by a map, and all that was read is recorded", async () => {
    const other = tinyAtlas(60, 4, 5);
    const named = (labels: readonly (string | null)[]) => labels.map((label) => `${label} of b`);
    await writeH5ad(join(folder, "b.h5ad"), {
      ...other,
      varNames: [...other.varNames.slice(0, -1), "GX"],
      obs: { broad: named(other.obs.lineage), fine: named(other.obs.cell_type) },
    });
    const types = [0, 1, 2, 3].map((type) => `fine\ttype ${type} of b\ttype ${type}`);
    const halves = ["first", "second"].map((half) => `broad\t${half} half of b\t${half} half`);
    await writeFile(join(folder, "map.tsv"), ["column\tlabel\tto", ...types, ...halves].join("\n"));
    const words = ["--adata", "ref.h5ad", "b.h5ad", "--label-map", "map.tsv", "--domain-loss-weight", "0.1"];
    const labels = ["ref:lineage", "ref:cell_type", "b:broad", "b:fine"].flatMap((label) => [
      "--labels",
      label,
    ]);
    const rest = ["--preset", "original", "--hidden-sizes", "16", "--num-epochs", "2"];
    const { stderr } = await ok(run("train", "--out", "joined/m.pth", ...words, ...labels, ...rest));
    expect(stderr).toContain("the references share 23 genes (24 of ref, 24 of b)");
    expect(stderr).toContain('4 labels of "cell_type" in both references');
    const { inputs, train_config } = JSON.parse(await text("joined/train_run_manifest.json"));
    expect(inputs.map(({ path }: { path: string }) => path)).toEqual(["ref.h5ad", "b.h5ad", "map.tsv"]);
    expect(train_config).toMatchObject({ domain_key: "source_reference", domains: ["ref", "b"].sort() });
    await ok(run("predict", "--model", "joined/m.pth", "--adata", "query.h5ad", "--out", "joined/q.csv"));
    expect((await text("joined/q.csv")).split("\n")[0]).toContain("pred_cell_type");
    const study = [
      "--reference",
      ...words.slice(1),
      ...labels,
      ...rest,
      "--query",
      "query.h5ad",
      "--out-dir",
      "s",
    ];
    await ok(run("annotate", ...study));
    const [alone, ofStudy] = await Promise.all(
      ["joined/m.pth", "s/model/model.pth"].map((path) => readFile(join(folder, path))),
    );
    expect(ofStudy.equals(alone)).toBe(true);
    expect((await ok(run("annotate", ...study))).stderr).toContain("the model is there");
    const two = ["--adata", "ref.h5ad", "b.h5ad", "--labels", "ref:cell_type", "b:fine"];
    const proposed = await ok(run("harmonise", ...two, "--preset", "fast", "--out", "proposed.tsv"));
    expect(proposed.stderr).toContain("--label-map proposed.tsv");
    expect(await text("proposed.tsv")).toMatch(
      /^file\tcolumn\tlabel\tto\tmatch\tother\tshare\tshare_back\tn_cells\nref\tcell_type\ttype 0\ttype 0\t/,
    );
    expect(JSON.parse(await text("harmonise_run_manifest.json")).command).toBe("harmonise");
    await ok(
      run(
        "train",
        "--out",
        "again/m.pth",
        ...two,
        "--label-map",
        "proposed.tsv",
        ...rest,
        "--missing-labels",
        "ignore",
      ),
    );
    expectFailure(
      await run("harmonise", ...two.slice(0, 2), ...two.slice(3), "--out", "x.tsv"),
      2,
      /names one file/,
    );
    expectFailure(
      await run("train", "--out", "joined/n.pth", ...words, ...labels, "--split", "plan.json"),
      2,
      /--split is a plan for the cells of one file/,
    );
  });
});

test("a model in one archive is trained, checked, shown and used like one in a folder", async () => {
  await ok(train("one/m.pth"));
  await ok(train("one/m.zip"));
  expect(await readdir(join(folder, "one"))).toContain("m.train_run_manifest.json");
  const { stdout: shown } = await ok(run("inspect", "one/m.zip"));
  expect(shown).toContain("a trained model");
  await ok(run("verify", "one"));
  expect((await ok(run("verify", "one/m.zip"))).stdout).toMatch(/OK +model +one\/m\.zip\/m\.pth/);
  for (const model of ["m.pth", "m.zip"])
    await ok(run("predict", "--model", `one/${model}`, "--adata", "query.h5ad", "--out", `${model}.csv`));
  expect(await text("m.zip.csv")).toBe(await text("m.pth.csv"));
  const { inputs } = JSON.parse(await text("m.zip.predict_run_manifest.json"));
  expect(inputs.map(({ path }: { path: string }) => path)).toContain("one/m.zip");
});

describe("the record of a run, fed back by --config", () => {
  const REF = ["--adata", "ref.h5ad", "--num-epochs", "3", "--batch-size", "32", "--hidden-sizes", "8"];
  const LEVELS = ["--labels", "lineage", "cell_type"];
  const weightsOf = async (path: string): Promise<string> =>
    createHash("sha256")
      .update(await readFile(join(folder, path)))
      .digest("hex");

  test.each<[string, string[]]>([
    [
      "best, without what it turns on",
      ["--preset", "best", "--class-weighting-mode", "none", "--count-thinning", "1"],
    ],
    [
      "best without normalisation, preprocessed",
      [
        ...["--preset", "best", "--normalize", "none", "--count-thinning", "1", "--ensemble-size", "2"],
        ...["--unmapped-policy", "keep_original", "--n-top-genes", "12"],
      ],
    ],
    [
      "a map that was laid out, class balance, child correction",
      [
        ...[
          "--preset",
          "original",
          "--embed",
          "new_umap",
          "--embed-neighbors",
          "7",
          "--child-correction",
          "child.yaml",
        ],
        ...["--class-weighting", "lineage", "--class-balanced-sampling", "cell_type"],
      ],
    ],
    [
      "an initial model, domains, topology, calibration",
      [
        ...[
          "--init-model",
          "here/m.pth",
          "--hidden-sizes",
          "16",
          "--no-linear-views",
          "--val-fraction",
          "0.2",
        ],
        ...["--calibration-max-iter", "7", "--calibration-lr", "0.01", "--domain-key", "donor"],
        ...["--domain-loss-weight", "0.3", "--umap-key", "X_umap", "--coord-loss-weights", "umap=0.7"],
        ...["--topology-loss-weight", "0.1", "--topology-coord", "umap", "--topology-k", "3"],
      ],
    ],
    [
      "linear views, a scheduler",
      [
        ...[
          "--scheduler-name",
          "reduce_lr_on_plateau",
          "--scheduler-patience",
          "1",
          "--optimizer-name",
          "adam",
        ],
        ...["--early-stopping-patience", "1", "--task-weights", "0.5", "2", "--missing-values", "none"],
      ],
    ],
  ])("gives the same weights: %s", async (_, words) => {
    await trainedHere();
    await ok(run("train", "--out", "fed/a.pth", ...REF, ...LEVELS, ...words));
    const again = ["train", "--adata", "ref.h5ad"];
    await ok(run(...again, "--out", "fed/b.pth", "--config", "fed/train_run_manifest.json"));
    expect(await weightsOf("fed/b.pth")).toBe(await weightsOf("fed/a.pth"));
    expect(await weightsOf("fed/b_reference.pkl")).toBe(await weightsOf("fed/a_reference.pkl"));
    await rm(join(folder, "fed"), { recursive: true });
  });

  test("its train_config alone does the same with the labels; what documents is kept", async () => {
    await ok(run("train", "--out", "fed/a.pth", ...REF, ...LEVELS, "--preset", "fast"));
    const { train_config } = JSON.parse(await text("fed/train_run_manifest.json"));
    await writeFile(join(folder, "config.json"), JSON.stringify(train_config));
    await ok(run("train", "--adata", "ref.h5ad", "--out", "fed/c.pth", "--config", "config.json", ...LEVELS));
    expect(await weightsOf("fed/c.pth")).toBe(await weightsOf("fed/a.pth"));
    await writeFile(
      join(folder, "formal.yaml"),
      "config_name: formal_a\nexperiment_round: 2\nseed: 7\nlabel_columns: [cell_type]\npreset: fast\nnum_epochs: 1\n",
    );
    const { stderr } = await ok(
      run("train", "--adata", "ref.h5ad", "--out", "formal/m.pth", "--config", "formal.yaml"),
    );
    expect(stderr).toMatch(/seed only documents a run, and --random-state seeds it/);
    expect(JSON.parse(await text("formal/train_run_manifest.json")).documentation).toEqual({
      config_name: "formal_a",
      experiment_round: 2,
      seed: 7,
    });
  });
});

test("import records what it read and wrote, so that verify holds it", async () => {
  const array = (shape: readonly number[], values: readonly number[]) =>
    new NdArray("f8", shape, Float64Array.from(values));
  const texts = (names: readonly string[]) => new NdArray("O", [names.length], names);
  const classifier = new Instance(new Global("sklearn.linear_model._logistic", "LogisticRegression"), []);
  classifier.state = new Map<string, PickleValue>([
    ["classes_", texts(["B", "T"])],
    ["features", texts(["CD3D", "MS4A1"])],
    ["coef_", array([1, 2], [2, -2])],
    ["intercept_", array([1], [0.5])],
  ]);
  await writeFile(join(folder, "old.pkl"), joinBytes(emitPickle(classifier)));
  await ok(run("import", "old.pkl", "--out", "imported/m.pth", "--label-column", "kind"));
  const record = JSON.parse(await text("imported/import_run_manifest.json"));
  expect(record).toMatchObject({
    command: "import",
    model: "old.pkl",
    labels: ["kind"],
    imported: { program: "celltypist", classifier: "LogisticRegression" },
    inputs: [{ path: "old.pkl" }],
    seeds: {},
  });
  expect(record.outputs.map(({ path }: { path: string }) => path)).toContain("m.pth");
  expect((await ok(run("verify", "imported/import_run_manifest.json"))).stdout).toMatch(/OK/);
});
