import { expect, test } from "vitest";
import { isTrainRecord, settingsOfRecord } from "./recorded-settings.ts";

const map = (value: object): ReadonlyMap<string, unknown> => new Map(Object.entries(value));

test("a configuration of settings alone is no record", () => {
  expect(isTrainRecord(map({ num_epochs: 3, preset: "best" }))).toBe(false);
  expect(isTrainRecord(map({ train_config: map({ num_epochs: 3 }) }))).toBe(true);
  expect(isTrainRecord(map({ num_epochs: 3, epochs_completed: 3 }))).toBe(true);
});

test("the record of the Python original has its preset, another device, and keys that are told of", () => {
  const { settings, notices } = settingsOfRecord(
    map({
      preset: "default",
      hidden_sizes: [32, 16],
      val_fraction: 0.1,
      calibration: null,
      device_requested: "cuda",
      device_used: "cuda",
      epochs_completed: 4,
      something_new: 1,
    }),
    "old.json",
  );
  expect(Object.fromEntries(settings)).toEqual({
    preset: "original",
    hidden_sizes: [32, 16],
    val_fraction: 0.1,
    normalize: "none",
  });
  expect(notices.map(({ message }) => message)).toEqual([
    expect.stringContaining('was on "cuda"'),
    "of the record something_new is not known here and left out",
  ]);
});

test("what a run manifest does not hold is told of with its flag", () => {
  const { notices } = settingsOfRecord(
    map({
      argv: ["atlasmtl", "train", "--label-map=m.tsv", "--genes", "g.txt"],
      train_config: map({ linear_views: true, gene_selection: map({ n_used: 3 }) }),
    }),
    "run.json",
  );
  expect(notices.map(({ message }) => message)).toEqual([
    expect.stringContaining("genes"),
    expect.stringContaining("labelMap"),
  ]);
});

test("a model that was imported was not trained", () => {
  expect(() =>
    settingsOfRecord(map({ epochs_completed: 0, imported: map({ program: "CellTypist" }) }), "x"),
  ).toThrow(/imported/);
});
