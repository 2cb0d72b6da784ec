import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readConfig, readConfigFile } from "./config-file.ts";
import { PREDICT_FLAGS, REFINE_FLAGS, SPLIT_COMMAND_FLAGS, TRAIN_FLAGS } from "./options.ts";
import { readSettings } from "./settings.ts";

let folder = "";
let path = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-config-"));
  path = join(folder, "train.yaml");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("settings are read by their snake_case names; a flag wins, and an empty value is none", async () => {
  await writeFile(
    path,
    "labels: [l1, l2]\nhidden_sizes: [64]\nnum_epochs: 3\ncoord: {latent: X_pca}\nlayer:\nno_coords: false\n",
  );
  const { values, config } = await readSettings(TRAIN_FLAGS, { config: path, numEpochs: "9" });
  expect(config).toMatchObject({ path, keys: new Set(["labels", "hiddenSizes", "coord", "noCoords"]) });
  expect(values).toEqual({
    config: path,
    labels: ["l1", "l2"],
    hiddenSizes: [64],
    numEpochs: 9,
    coord: new Map([["latent", "X_pca"]]),
    noCoords: false,
  });
});

test("an option has its own name, too, and that of its flag; both at once are refused", async () => {
  await writeFile(
    path,
    [
      "label_columns: [l1, l2]",
      "calibration_method: temperature_scaling",
      "calibration_lr: 0.1",
      "coord_targets: {latent: X_pca}",
      "coord_loss_weights: {latent: 2}",
      "linear_views: false",
      "init_model_path: earlier.pth",
      "class_weighting: {label_column: l1, mode: sqrt_balanced}",
      "parent_conditioned_child_correction: {parent_level: l1, hotspot_parents: [T, B]}",
      "genes: [CD3D, MS4A1]",
    ].join("\n"),
  );
  const { values } = await readSettings(TRAIN_FLAGS, { config: path });
  expect(values).toEqual({
    config: path,
    labels: ["l1", "l2"],
    calibration: "temperature_scaling",
    calibrationLr: 0.1,
    coord: new Map([["latent", "X_pca"]]),
    coordLossWeights: new Map([["latent", 2]]),
    noLinearViews: true,
    initModel: "earlier.pth",
    classWeighting: '{"label_column":"l1","mode":"sqrt_balanced"}',
    childCorrection: '{"parent_level":"l1","hotspot_parents":["T","B"]}',
    genes: '["CD3D","MS4A1"]',
  });
  await writeFile(path, "labels: [a]\nlabel_columns: [b]\n");
  await expect(readConfig(path, TRAIN_FLAGS)).rejects.toMatchObject({
    code: "USAGE",
    message: "labels and label_columns are names of one setting",
  });
});

test("of prediction and refinement likewise", async () => {
  await writeFile(
    path,
    "apply_calibration: false\nonly_labels: [T, B]\nrefinement_config: {method: m, plan_path: p.json}\n",
  );
  expect(await readConfig(path, PREDICT_FLAGS)).toEqual(
    new Map<string, unknown>([
      ["noCalibration", true],
      ["onlyLabels", '["T","B"]'],
      ["refinement", '{"method":"m","plan_path":"p.json"}'],
    ]),
  );
  await writeFile(
    path,
    "hotspot_parents: [T]\nhotspot_top_k: 2\nhotspot_selection: topk\ntarget_level: l2\n",
  );
  expect(await readConfig(path, REFINE_FLAGS)).toEqual(
    new Map<string, unknown>([
      ["parents", ["T"]],
      ["topK", 2],
      ["selection", "topk"],
      ["childLevel", "l2"],
    ]),
  );
});

test("what only documents a run is kept apart, and what is shown is said", async () => {
  await writeFile(
    path,
    "config_name: a2\nexperiment_round: 3\nseed: 7\nnotes: {by: [me]}\nshow_progress: true\nshow_summary: false\n",
  );
  const { values, documentation, shown } = await readConfigFile(path, TRAIN_FLAGS);
  expect([...values]).toEqual([]);
  expect(documentation).toEqual(
    new Map<string, unknown>([
      ["config_name", "a2"],
      ["experiment_round", 3],
      ["seed", 7],
      ["notes", new Map([["by", ["me"]]])],
    ]),
  );
  expect(shown).toEqual({ progress: true, summary: false });
  await writeFile(path, "seed: 7\n");
  expect(await readConfig(path, SPLIT_COMMAND_FLAGS)).toEqual(new Map([["seed", 7]]));
});

test("an empty file sets nothing", async () => {
  await writeFile(path, "# nothing yet\n");
  expect(await readConfig(path, TRAIN_FLAGS)).toEqual(new Map());
});

test.each([
  ["hiden_sizes: [1]", "USAGE", /unknown setting "hiden_sizes"; did you mean "hidden_sizes"\?/],
  ["hidden-sizes: [1]", "USAGE", /did you mean "hidden_sizes"\?/],
  ["__proto__: 1", "USAGE", /unknown setting "__proto__"/],
  ["num_epochs: three", "USAGE", /got "three", expected a whole number/],
  ["num_epochs: '3'", "USAGE", /got "3", expected a whole number/],
  ["- a\n- b", "USAGE", /no mapping/],
  ["a: [1", "BAD_FORMAT", /not valid YAML/],
  [`a: &a [1]\nb: [${"*a,".repeat(200)}]`, "BAD_FORMAT", /YAML/],
])("%j is refused as a wrong call", async (text, code, message) => {
  await writeFile(path, text);
  await expect(readConfig(path, TRAIN_FLAGS)).rejects.toMatchObject({
    code,
    subject: "usage",
    message: expect.stringMatching(message),
    where: expect.stringContaining(path),
  });
});

test("a missing file and a huge one are wrong calls", async () => {
  await expect(readConfig(path, TRAIN_FLAGS)).rejects.toMatchObject({ code: "NOT_FOUND", subject: "usage" });
  await writeFile(path, "#".repeat(2 << 20));
  await expect(readConfig(path, TRAIN_FLAGS)).rejects.toMatchObject({ code: "LIMIT", subject: "usage" });
});
