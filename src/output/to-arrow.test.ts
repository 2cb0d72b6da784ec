import { Type, tableFromIPC } from "@uwdata/flechette";
import { expect, test } from "vitest";
import { toyPredictions } from "../../test/helpers/toy-predictions.ts";
import { toArrow } from "./to-arrow.ts";

test("a reader gets the same values in proper types", () => {
  const rows = tableFromIPC(toArrow(toyPredictions(), { mode: "full" })).toArray();
  expect(rows).toHaveLength(3);
  expect(rows[0]).toMatchObject({
    obs_name: "cell-0",
    pred_group_raw: "T cell",
    conf_group: Math.fround(0.40960884),
    is_low_conf_group: true,
    knn_vote_frac_group: Math.fround(8 / 15),
    pred_group: "Unknown",
  });
  expect(rows[2]).toMatchObject({
    obs_name: "ñ",
    pred_kind: "😀",
    used_knn_kind: false,
    knn_vote_frac_kind: null,
  });
});

test("labels are dictionary text, scores float32, flags bool, and the metadata is in the schema", () => {
  const { schema } = tableFromIPC(toArrow(toyPredictions()));
  expect(schema.fields.map(({ name, type }) => [name, type.typeId])).toEqual([
    ["obs_name", Type.Utf8],
    ["conf_group", Type.Float],
    ["margin_group", Type.Float],
    ["is_unknown_group", Type.Bool],
    ["pred_group", Type.Dictionary],
    ["conf_kind", Type.Float],
    ["margin_kind", Type.Float],
    ["is_unknown_kind", Type.Bool],
    ["pred_kind", Type.Dictionary],
  ]);
  expect(JSON.parse(schema.metadata?.get("atlasmtl") ?? "")).toEqual({
    knn_k: 15,
    confidence_high: 0.7,
    train_config: { num_epochs: 3 },
  });
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
