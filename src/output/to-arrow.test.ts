import { Type, tableFromIPC } from "@uwdata/flechette";
import { expect, test } from "vitest";
import {
  expectToyRows,
  TOY_METADATA,
  toyPredictions,
  toyPredictionsWithSets,
} from "../../test/helpers/toy-predictions.ts";
import { toArrow } from "./to-arrow.ts";

test("a reader gets the same values in proper types", () => {
  const rows = tableFromIPC(toArrow(toyPredictions(), { mode: "full" })).toArray();
  expectToyRows(rows);
});

test("labels are dictionary text, scores float32, flags bool, and the metadata is in the schema", () => {
  const { schema } = tableFromIPC(toArrow(toyPredictions()));
  expect(schema.fields.map(({ name, type }) => [name, type.typeId])).toEqual([
    ["obs_name", Type.Utf8],
    ["conf_group", Type.Float],
    ["margin_group", Type.Float],
    ["is_unknown_group", Type.Bool],
    ["pred_group", Type.Dictionary],
    ["second_group", Type.Dictionary],
    ["second_conf_group", Type.Float],
    ["conf_kind", Type.Float],
    ["margin_kind", Type.Float],
    ["is_unknown_kind", Type.Bool],
    ["pred_kind", Type.Dictionary],
    ["second_kind", Type.Dictionary],
    ["second_conf_kind", Type.Float],
  ]);
  expect(JSON.parse(schema.metadata?.get("atlasmtl") ?? "")).toEqual(TOY_METADATA);
});

test("sets are dictionary text", () => {
  const table = tableFromIPC(toArrow(toyPredictionsWithSets()));
  expect(table.schema.fields.find(({ name }) => name === "pred_set_group")?.type.typeId).toBe(
    Type.Dictionary,
  );
  expect(table.getChild("pred_set_group")?.toArray()).toEqual([
    "B, naive | T cell",
    "B, naive",
    "B, naive | T cell",
  ]);
});

test("the same predictions give the same bytes", () => {
  expect(toArrow(toyPredictions(), { mode: "full" })).toEqual(toArrow(toyPredictions(), { mode: "full" }));
});

test("no cells give a file with columns and no rows", () => {
  const toy = toyPredictions();
  const labels = toy.labels.map((label) => ({
    ...label,
    final: { ...label.final, codes: new Int32Array(0) },
  }));
  const table = tableFromIPC(toArrow({ ...toy, obsNames: [], labels }, { mode: "minimal" }));
  expect([table.numRows, table.numCols]).toEqual([0, 3]);
});

test("rows beyond one batch keep their order", () => {
  const toy = toyPredictions();
  const n = 70_000;
  const codes = Int32Array.from({ length: n }, (_, i) => i % 3);
  const labels = [{ ...toy.labels[0], final: { codes, categories: ["x", "y", "z"] } }];
  const obsNames = Array.from({ length: n }, (_, i) => `c${i}`);
  const table = tableFromIPC(toArrow({ ...toy, obsNames, labels }, { mode: "minimal" }));
  expect(table.children[0]?.data).toHaveLength(2);
  for (const i of [0, 65_535, 65_536, 69_999])
    expect(table.at(i)).toEqual({ obs_name: `c${i}`, pred_group: "xyz"[i % 3] });
});
