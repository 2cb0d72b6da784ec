import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readConfig } from "./config-file.ts";
import { TRAIN_FLAGS } from "./options.ts";
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
  expect(config).toEqual({ path, keys: new Set(["labels", "hiddenSizes", "coord", "noCoords"]) });
  expect(values).toEqual({
    config: path,
    labels: ["l1", "l2"],
    hiddenSizes: [64],
    numEpochs: 9,
    coord: new Map([["latent", "X_pca"]]),
    noCoords: false,
  });
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
