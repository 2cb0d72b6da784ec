import { expect, test } from "vitest";
import { frame } from "../../test/helpers/predict-fixtures.ts";
import { toyPredictions, toyPredictionsWithSets } from "../../test/helpers/toy-predictions.ts";
import { additionNames, type ToAnnDataOptions, toAnnDataAdditions } from "./to-anndata.ts";
import { toDataFrame } from "./to-table.ts";

function query(columns: readonly string[] = []) {
  const { obsNames } = toyPredictions();
  return { source: "q.h5ad", nObs: 3, obs: { ...frame([...obsNames]), columns } };
}

/** Additions with every map in place. */
function additions(...[options, adata = query()]: [ToAnnDataOptions?, ReturnType<typeof query>?]) {
  const {
    obs = new Map(),
    obsm = new Map(),
    uns = new Map(),
    ...rest
  } = toAnnDataAdditions(toyPredictions(), adata, options);
  return { obs, obsm, uns, ...rest };
}

test("labels are categorical with the labels that occur, scores float32, flags boolean", () => {
  const { obs } = additions();
  expect([...obs.keys()].slice(0, 4)).toEqual([
    "conf_group",
    "margin_group",
    "is_unknown_group",
    "pred_group",
  ]);
  expect(obs.get("pred_group")).toEqual({
    kind: "categorical",
    codes: Int32Array.of(1, 0, 0),
    categories: ["B, naive", "Unknown"],
    ordered: false,
  });
  expect(obs.get("conf_group")).toMatchObject({ kind: "number", dtype: "float32" });
  expect(obs.get("is_unknown_group")).toEqual({
    kind: "boolean",
    values: Uint8Array.of(1, 0, 0),
    missing: null,
  });
});

test("sets are categorical; those of an earlier run go, also when this run has none", async () => {
  const earlier = query(["pred_set_group", "pred_set_of_another_tool"]);
  const set = {
    kind: "categorical",
    codes: Int32Array.of(1, 0, 1),
    categories: ["B, naive", "B, naive | T cell"],
    ordered: false,
  };
  expect(toAnnDataAdditions(toyPredictionsWithSets(), earlier).obs?.get("pred_set_group")).toEqual(set);
  expect(await toDataFrame(toyPredictionsWithSets()).column("pred_set_group")).toEqual(set);
  const { obs, removeObs } = additions({}, earlier);
  expect(obs.has("pred_set_group")).toBe(false);
  expect(earlier.obs.columns.filter((name) => removeObs?.(name))).toEqual(["pred_set_group"]);
});

test("the names to be written are known before, with and without sets", () => {
  const model = { labelHeads: [{ column: "group", classes: ["a"] }], coordHeads: [] };
  const names = (predictionSets: boolean) =>
    additionNames(model, query(), { mode: "minimal", predictionSets }).obs;
  expect(names(true)).toEqual(new Set(["pred_group", "pred_set_group"]));
  expect(names(false)).toEqual(new Set(["pred_group"]));
});

test("coordinates are written only when asked, metadata unless declined", () => {
  const plain = additions();
  expect([...plain.obsm.keys(), ...plain.uns.keys()]).toEqual(["atlasmtl"]);
  const options = { includeCoords: true, includeMetadata: false };
  const other = additions(options);
  expect([...other.obsm.keys(), ...other.uns.keys()]).toEqual(["X_pred_umap"]);
  const lean = { ...toyPredictions(), coords: new Map() };
  expect(() => toAnnDataAdditions(lean, query(), { includeCoords: true })).toThrow(/did not keep/);
});

test("what an earlier run wrote is to be left out, whatever is written now", () => {
  const existing = query(["donor", "pred_group_raw", "pred_kind"]);
  const { removeObs, removeObsm, removeUns } = additions(
    { mode: "minimal", includeMetadata: false },
    existing,
  );
  expect(["donor", "pred_group_raw", "pred_kind"].filter((name) => removeObs?.(name))).toEqual([
    "pred_group_raw",
    "pred_kind",
  ]);
  const keys = ["X_umap", "X_pred_umap", "X_pred_latent_internal", "X_pred_other"];
  expect(keys.filter((key) => removeObsm?.(key))).toEqual(["X_pred_umap", "X_pred_latent_internal"]);
  expect(["atlasmtl", "neighbors"].filter((key) => removeUns?.(key))).toEqual(["atlasmtl"]);
});

test("a file with other cells is refused", () => {
  expect(() => toAnnDataAdditions(toyPredictions(), { ...query(), nObs: 2 })).toThrow(
    /3 cells, q.h5ad has 2/,
  );
  const swapped = { ...query(), obs: frame(["cell-0", "ñ", "x"]) };
  expect(() => toAnnDataAdditions(toyPredictions(), swapped)).toThrow(/cell 1 is "ñ" there/);
});

test("as a data frame the columns have the same names and values", async () => {
  const table = toDataFrame(toyPredictions(), { mode: "full" });
  expect([table.length, table.columns.length, table.index[1]]).toEqual([3, 26, 'a "quoted", name']);
  expect(await table.column("pred_kind_raw")).toMatchObject({ kind: "categorical", categories: ["x", "😀"] });
  await expect(table.column("conf_grup")).rejects.toThrow(/did you mean "conf_group"/);
});
