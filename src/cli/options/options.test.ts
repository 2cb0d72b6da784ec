import { Command } from "commander";
import fc from "fast-check";
import { expect, test } from "vitest";
import { DEFAULT_TRAIN_OPTIONS, PREDICT_DEFAULTS, PREPROCESS_DEFAULTS } from "../../api/options.ts";
import { trainOptions } from "../commands/train.ts";
import { checkValue, type FlagTable, flagName, integers, number, pairs, snakeName } from "./flag.ts";
import {
  FLAG_OF_OPTION,
  PREDICT_FLAGS,
  PREPROCESS_COMMAND_FLAGS,
  SPLIT_COMMAND_FLAGS,
  TRAIN_FLAGS,
} from "./options.ts";
import { PREPROCESS_FLAGS, PREPROCESS_ONLY_FLAGS, preprocessOptions } from "./preprocess-flags.ts";
import { addFlags, readSettings } from "./settings.ts";

/** Flags that are no option of the library under their own name. */
const OF_OPENING = ["useRaw", "genome", "varNames", "genesIn", "split", "splitPart"];
const TRAIN_ONLY_HERE = [
  ...OF_OPENING,
  "adata",
  "out",
  "config",
  "coord",
  "labels",
  "latentKey",
  "umapKey",
  "noCoords",
];
const PREPROCESS_RENAMED = ["noCountsRequired", "ignoreEnsemblColumns"];
const TRAIN_RENAMED = [
  ...["calibration", "initModel", "referencePath", "taskWeights", "classWeightingMode"],
  ...PREPROCESS_RENAMED,
];
const PREDICT_ONLY_HERE = [
  "report",
  "groupBy",
  "refinement",
  ...OF_OPENING,
  "model",
  "adata",
  "out",
  "config",
  "writeMode",
  "includeCoords",
  "skipMetadata",
];
const PREDICT_RENAMED = ["layer", "noVerify", "noCalibration", "numThreads"];

const parse = async (flags: FlagTable, words: string[]): Promise<Record<string, unknown>> => {
  const command = new Command().exitOverride();
  addFlags(command, flags, {});
  command.parse(words, { from: "user" });
  return (await readSettings(flags, command.opts())).values;
};

test("every flag sets an option that the library has", () => {
  const train = Object.keys(TRAIN_FLAGS).filter(
    (key) => !TRAIN_ONLY_HERE.includes(key) && !TRAIN_RENAMED.includes(key),
  );
  const ofTraining = { ...PREPROCESS_DEFAULTS, ...DEFAULT_TRAIN_OPTIONS };
  expect(train.filter((key) => !Object.hasOwn(ofTraining, key))).toEqual([]);
  const preprocess = Object.keys({ ...PREPROCESS_FLAGS, ...PREPROCESS_ONLY_FLAGS }).filter(
    (key) => !PREPROCESS_RENAMED.includes(key),
  );
  expect(preprocess.filter((key) => !Object.hasOwn(PREPROCESS_DEFAULTS, key))).toEqual([]);
  const predict = Object.keys(PREDICT_FLAGS).filter(
    (key) => !PREDICT_ONLY_HERE.includes(key) && !PREDICT_RENAMED.includes(key),
  );
  expect(predict.filter((key) => !Object.hasOwn(PREDICT_DEFAULTS, key))).toEqual([]);
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
      const samples: Record<string, string> = { N: "3", X: "0.5", "N|max": "max", "NAME=OBSM_KEY": "a=b" };
      const word = flag.choices?.[0] ?? samples[flag.placeholder] ?? "word";
      const values = await parse(flags, flag.arity === "switch" ? [flagName(key)] : [flagName(key), word]);
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

test("short forms of coordinates join the long one; --no-coords leaves all out", () => {
  const flags = { labels: ["a"], coord: new Map([["pca", "X_pca"]]), umapKey: "X_umap" };
  expect(trainOptions(flags)).toEqual({
    labelColumns: ["a"],
    coordTargets: new Map([
      ["pca", "X_pca"],
      ["umap", "X_umap"],
    ]),
  });
  expect(trainOptions({ ...flags, noCoords: true })).toEqual({ labelColumns: ["a"] });
  expect(() => trainOptions({ ...flags, coord: new Map([["umap", "X_other"]]) })).toThrow(/twice/);
});

test("train preprocesses only when a flag of preprocessing is given", () => {
  expect(preprocessOptions({})).toBeNull();
  expect(preprocessOptions({ randomState: 3 })).toBeNull();
  expect(preprocessOptions({ nTopGenes: 5, noCountsRequired: true })).toEqual({
    nTopGenes: 5,
    countsRequired: false,
  });
  expect(trainOptions({ labels: ["a"], nTopGenes: 5, species: "human", split: "plan.json" })).toEqual({
    labelColumns: ["a"],
    coordTargets: new Map(),
  });
});
