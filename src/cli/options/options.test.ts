import { Command } from "commander";
import fc from "fast-check";
import { expect, test } from "vitest";
import { snakeName } from "../../api/names.ts";
import {
  type OptionTable,
  PREDICT_OPTIONS,
  PREPROCESS_OPTIONS,
  TRAIN_OPTIONS,
} from "../../api/option-tables.ts";
import { trainOptions } from "../commands/train.ts";
import { checkValue, type FlagTable, flagName, integers, number, pairs } from "./flag.ts";
import { givenOptions, renamedFlags } from "./option-flags.ts";
import {
  FLAG_OF_OPTION,
  PREDICT_FLAGS,
  PREPROCESS_COMMAND_FLAGS,
  SPLIT_COMMAND_FLAGS,
  TRAIN_FLAGS,
  type TrainFlags,
} from "./options.ts";
import { trainPreprocessOptions } from "./preprocess-flags.ts";
import { addFlags, readSettings } from "./settings.ts";

const parse = async (flags: FlagTable, words: string[]): Promise<Record<string, unknown>> => {
  const command = new Command().exitOverride();
  addFlags(command, flags, {});
  command.parse(words, { from: "user" });
  return (await readSettings(flags, command.opts())).values;
};

/** A word that a flag takes. */
const sampleOf = (flag: FlagTable[string]): string => {
  const samples: Record<string, string> = {
    N: "3",
    X: "0.5",
    "N|max": "max",
    "NAME=OBSM_KEY": "a=b",
    "NAME=WEIGHT": "a=1",
  };
  return flag.choices?.[0] ?? samples[flag.placeholder] ?? "word";
};

test.each<[string, OptionTable, FlagTable]>([
  ["train", TRAIN_OPTIONS, TRAIN_FLAGS],
  ["predict", PREDICT_OPTIONS, PREDICT_FLAGS],
  ["preprocess", PREPROCESS_OPTIONS, PREPROCESS_COMMAND_FLAGS],
])("every option of %s that has a flag is set by it", async (_, table, flags) => {
  const renamed = renamedFlags(table);
  for (const [option, { flag }] of Object.entries(table)) {
    if (flag === null) continue;
    const key = renamed[option] ?? option;
    const words = flags[key].arity === "switch" ? [] : [sampleOf(flags[key])];
    const options = givenOptions(table, await parse(flags, [flagName(key), ...words]));
    expect(Object.keys(options), key).toEqual([option]);
  }
});

test("a switch that turns an option off sets it to false", () => {
  expect(givenOptions(PREDICT_OPTIONS, { noCalibration: true, deepestLabel: true })).toEqual({
    applyCalibration: false,
    deepestLabel: true,
  });
  expect(givenOptions(PREPROCESS_OPTIONS, { ignoreEnsemblColumns: true, noCountsRequired: false })).toEqual({
    countsRequired: true,
    preferExistingEnsemblColumn: false,
  });
});

test("options of another name lead to a flag that exists", () => {
  for (const key of Object.values(FLAG_OF_OPTION))
    expect(Object.hasOwn({ ...TRAIN_FLAGS, ...PREDICT_FLAGS, ...PREPROCESS_COMMAND_FLAGS }, key)).toBe(true);
});

test("every flag of every command is understood from the command line as it is named", async () => {
  const tables = [TRAIN_FLAGS, PREDICT_FLAGS, PREPROCESS_COMMAND_FLAGS, SPLIT_COMMAND_FLAGS];
  for (const flags of tables as readonly FlagTable[])
    for (const [key, flag] of Object.entries(flags)) {
      if (key === "config") continue;
      const words = flag.arity === "switch" ? [] : [sampleOf(flag)];
      const values = await parse(flags, [flagName(key), ...words]);
      expect(Object.keys(values), key).toEqual([key]);
      expect(values[key], key).not.toBeUndefined();
    }
});

test("lists of numbers are read with commas or blanks, and pairs by their first equals sign", async () => {
  const flags = { sizes: integers("", ""), pair: pairs("A=B", "", ""), min: number("", "") };
  const words = ["--sizes", "1,2", "3", "--pair", "a=b=c", "--pair", "d=e", "--min", "-1e-3"];
  expect(await parse(flags, words)).toEqual({
    sizes: [1, 2, 3],
    pair: new Map([
      ["a", "b=c"],
      ["d", "e"],
    ]),
    min: -0.001,
  });
});

test.each([
  [["--batch-size", "12x"], 'got "12x", expected a whole number'],
  [["--batch-size", "1.5"], "got 1.5, expected a whole number"],
  [["--batch-size", ""], 'got "", expected a whole number'],
  [["--batch-size", "0x10"], 'got "0x10", expected a whole number'],
  [["--learning-rate", "Infinity"], 'got "Infinity", expected a number'],
  [["--coord", "latent"], 'got ["latent"], expected NAME=OBSM_KEY pairs'],
  [["--coord", "a=b", "a=c"], 'got ["a=b","a=c"], expected NAME=OBSM_KEY pairs'],
  [["--optimizer-name", "adm"], 'got "adm", expected one of adamw, adam; did you mean "adam"?'],
])("%j is refused", async (words, message) => {
  await expect(parse(TRAIN_FLAGS, words)).rejects.toMatchObject({ code: "USAGE", message, where: words[0] });
});

test("the original's name of a choice is one, and a device that is not there is told of with what is", async () => {
  expect(await parse(PREDICT_FLAGS, ["--knn-index-mode", "pynndescent"])).toEqual({
    knnIndexMode: "approximate",
  });
  for (const device of ["cuda", "cuda:0", "webgpu", "MPS"])
    await expect(parse(TRAIN_FLAGS, ["--device", device])).rejects.toMatchObject({
      code: "USAGE",
      hint: expect.stringMatching(/no engine for GPUs; use auto or cpu/),
    });
  await expect(parse(TRAIN_FLAGS, ["--device", "cup"])).rejects.toMatchObject({
    message: expect.stringContaining('did you mean "cpu"'),
  });
});

test("numbers survive the command line as they were", () => {
  const flag = number("", "");
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(checkValue(flag, flag.fromWords([String(value)]), "") === value).toBe(true);
    }),
  );
});

test("names of flags and of config keys come from one key", () => {
  expect([flagName("hiddenSizes"), snakeName("knnReferenceObsmKey")]).toEqual([
    "--hidden-sizes",
    "knn_reference_obsm_key",
  ]);
});

test("short forms of coordinates join the long one; --no-coords leaves all out", async () => {
  const flags = { labels: ["a"], coord: new Map([["pca", "X_pca"]]), umapKey: "X_umap" };
  expect(await trainOptions(flags)).toEqual({
    labelColumns: ["a"],
    coordTargets: new Map([
      ["pca", "X_pca"],
      ["umap", "X_umap"],
    ]),
  });
  expect(await trainOptions({ ...flags, noCoords: true })).toEqual({ labelColumns: ["a"] });
  await expect(trainOptions({ ...flags, coord: new Map([["umap", "X_other"]]) })).rejects.toThrow(/twice/);
});

test("train preprocesses only when a flag of preprocessing is given", async () => {
  expect(trainPreprocessOptions({})).toBeNull();
  const ofTraining: TrainFlags = { randomState: 3 };
  expect(trainPreprocessOptions(ofTraining)).toBeNull();
  expect(trainPreprocessOptions({ nTopGenes: 5, noCountsRequired: true })).toEqual({
    nTopGenes: 5,
    countsRequired: false,
  });
  expect(await trainOptions({ labels: ["a"], nTopGenes: 5, species: "human", split: "plan.json" })).toEqual({
    labelColumns: ["a"],
    coordTargets: new Map(),
  });
});
