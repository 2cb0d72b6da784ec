import { expect, test } from "vitest";
import { toyPredictions, toyPredictionsWithSets } from "../../test/helpers/toy-predictions.ts";
import { WRITE_MODES, type WriteMode } from "../schema/columns.ts";
import { columnNames, columnNamesOf, earlierColumns, observedLabels, outputColumns } from "./columns.ts";

const REQUESTED = {
  distance: false,
  consensus: false,
  probMatch: false,
  predictionSets: true,
  deepestLabel: false,
};
const namesOf = (mode: WriteMode): string[] => outputColumns(toyPredictions(), mode).map(({ name }) => name);

test("each mode writes its columns in the order of the specification, label column by label column", () => {
  expect(namesOf("minimal")).toEqual(["pred_group", "pred_kind"]);
  expect(namesOf("standard").slice(0, 4)).toEqual([
    "conf_group",
    "margin_group",
    "is_unknown_group",
    "pred_group",
  ]);
  const withoutSets = ["group", "kind"].flatMap((column) =>
    columnNames(column)
      .slice(0, -1)
      .filter((name) => !/^(distance|consensus|prob_match)_/.test(name)),
  );
  expect(namesOf("full")).toEqual(withoutSets);
  expect(columnNames("L")).toEqual([
    "pred_L_raw",
    "conf_L",
    "margin_L",
    "is_low_conf_L",
    "pred_L_knn",
    "knn_vote_frac_L",
    "is_low_knn_conf_L",
    "used_knn_L",
    "is_unknown_L",
    "pred_L",
    "prob_match_L",
    "distance_L",
    "unknown_reason_L",
    "second_L",
    "second_conf_L",
    "consensus_L",
    "consensus_share_L",
    "pred_set_L",
  ]);
});

test("prediction sets are the last column of every mode, when they were asked for", () => {
  for (const mode of WRITE_MODES) {
    const columns = outputColumns(toyPredictionsWithSets(), mode);
    const sets = columns.filter(({ name }) => name.startsWith("pred_set_"));
    expect(sets.map(({ name }) => name)).toEqual(["pred_set_group", "pred_set_kind"]);
    expect(columns.map(({ name }) => name)).toEqual(columnNamesOf(["group", "kind"], mode, REQUESTED));
    expect(columns.filter((column) => !sets.includes(column))).toEqual(outputColumns(toyPredictions(), mode));
    expect(sets[0]).toMatchObject({ labels: { categories: ["B, naive", "B, naive | T cell"] } });
  }
});

test("the sets of one label column and the label of another are not written under one name", () => {
  const toy = toyPredictionsWithSets();
  const labels = [toy.labels[0], { ...toy.labels[1], column: "set_group" }];
  expect(() => outputColumns({ ...toy, labels }, "minimal")).toThrow(
    /"pred_set_group" would be written twice/,
  );
  expect(() => columnNamesOf(["group", "set_group"], "minimal", REQUESTED)).toThrow(
    expect.objectContaining({ hint: expect.stringContaining("leave out prediction sets") }),
  );
  expect(
    columnNamesOf(["group", "set_group"], "minimal", { ...REQUESTED, predictionSets: false }),
  ).toHaveLength(2);
});

test("an unknown mode names the nearest", () => {
  expect(() => namesOf("ful" as WriteMode)).toThrow(/did you mean "full"/);
});

test("two label columns never write the same column", () => {
  const toy = toyPredictions();
  const labels = [toy.labels[0], { ...toy.labels[1], column: "group_raw" }];
  expect(() => outputColumns({ ...toy, labels }, "full")).toThrow(/"pred_group_raw" would be written twice/);
  expect(outputColumns({ ...toy, labels }, "standard")).toHaveLength(12);
});

test("the deepest label comes last in every mode, and replaces that of an earlier run", () => {
  const toy = toyPredictions();
  const deepest = {
    labels: { codes: Int32Array.of(0, 1, 1), categories: ["Unknown", "x"] },
    columns: { codes: Int32Array.of(-1, 1, 1), categories: ["group", "kind"] },
  };
  const columns = outputColumns({ ...toy, deepest }, "minimal");
  expect(columns.map(({ name }) => name)).toEqual([
    "pred_group",
    "pred_kind",
    "pred_deepest",
    "pred_deepest_level",
  ]);
  expect(columns[2]).toMatchObject({ kind: "label", labels: deepest.labels });
  expect(earlierColumns(["pred_deepest", "pred_deepest_level", "donor"], ["group"])).toEqual([
    "pred_deepest",
    "pred_deepest_level",
  ]);
  expect(earlierColumns(["pred_deepest", "donor"], ["group"])).toEqual([]);
  const labels = [{ ...toy.labels[0], column: "deepest" }];
  expect(() => outputColumns({ ...toy, labels, deepest }, "minimal")).toThrow(
    /"pred_deepest" would be written twice/,
  );
});

test("transferred columns come after the deepest label, and replace those of an earlier run", () => {
  const distance = Float32Array.of(1, 2, 3);
  const mean = Float32Array.of(4, Number.NaN, 6);
  const transferred = { columns: [{ column: "age", kind: "number", mean, spread: mean } as const], distance };
  const columns = outputColumns({ ...toyPredictions(), transferred }, "standard");
  expect(columns.slice(-3)).toEqual([
    { name: "transfer_age", kind: "score", values: mean },
    { name: "transfer_sd_age", kind: "score", values: mean },
    { name: "transfer_distance", kind: "score", values: distance },
  ]);
  const requested = { predictionSets: false, distance: false, consensus: false, deepestLabel: false };
  const names = columnNamesOf(["group", "kind"], "standard", {
    ...requested,
    probMatch: false,
    transfer: ["age"],
  });
  expect(names).toEqual(expect.arrayContaining(columns.map(({ name }) => name)));
  const existing = ["age", "transfer_age", "transfer_sd_age", "transfer_distance", "transfer_note"];
  expect(earlierColumns(existing, [])).toEqual(existing.slice(1, 4));
  expect(earlierColumns(["transfer_age", "transfer_sd_age"], [])).toEqual([]);
});

test("columns of an earlier run are those of this run's labels and of complete other ones", () => {
  const existing = [
    "donor",
    "pred_group",
    "knn_vote_frac_group",
    "conf_old",
    "margin_old",
    "is_unknown_old",
    "pred_old",
    "pred_old_raw",
    "pred_set_old",
    "pred_set_group",
    "pred_set_of_another_tool",
    "pred_of_another_tool",
    "conf_of_another_tool",
  ];
  expect(earlierColumns(existing, ["group", "kind"])).toEqual([
    "pred_group",
    "knn_vote_frac_group",
    "conf_old",
    "margin_old",
    "is_unknown_old",
    "pred_old",
    "pred_old_raw",
    "pred_set_old",
    "pred_set_group",
  ]);
});

test("categories are the labels that occur, by code point", () => {
  const labels = { codes: Int32Array.of(3, 0, 3, -1), categories: ["b", "never", "also never", "a"] };
  expect(observedLabels(labels)).toEqual({ codes: Int32Array.of(0, 1, 0, -1), categories: ["a", "b"] });
});
