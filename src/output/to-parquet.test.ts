import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { expect, test } from "vitest";
import { toyPredictions } from "../../test/helpers/toy-predictions.ts";
import { toParquet } from "./to-parquet.ts";

const fileOf = (bytes: Uint8Array): ArrayBuffer => bytes.slice().buffer as ArrayBuffer;

test("a reader gets the same values in proper types", async () => {
  const rows = await parquetReadObjects({ file: fileOf(toParquet(toyPredictions(), { mode: "full" })) });
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

test("labels are dictionary-encoded text, scores FLOAT, flags BOOLEAN, and the metadata is in the file", () => {
  const { schema, row_groups, key_value_metadata } = parquetMetadata(fileOf(toParquet(toyPredictions())));
  expect(schema.slice(1).map(({ name, type }) => [name, type])).toEqual([
    ["obs_name", "BYTE_ARRAY"],
    ["conf_group", "FLOAT"],
    ["margin_group", "FLOAT"],
    ["is_unknown_group", "BOOLEAN"],
    ["pred_group", "BYTE_ARRAY"],
    ["conf_kind", "FLOAT"],
    ["margin_kind", "FLOAT"],
    ["is_unknown_kind", "BOOLEAN"],
    ["pred_kind", "BYTE_ARRAY"],
  ]);
  expect(row_groups[0].columns[4].meta_data?.encodings).toContain("RLE_DICTIONARY");
  const metadata = key_value_metadata?.find(({ key }) => key === "atlasmtl")?.value ?? "";
  expect(JSON.parse(metadata)).toEqual({ knn_k: 15, confidence_high: 0.7, train_config: { num_epochs: 3 } });
});

test("no cells give a file with columns and no rows", async () => {
  const bytes = toParquet({ ...toyPredictions(), obsNames: [] }, { mode: "minimal" });
  expect(await parquetReadObjects({ file: fileOf(bytes) })).toEqual([]);
  expect(parquetMetadata(fileOf(bytes)).schema).toHaveLength(4);
});

test("rows beyond one group keep their order", async () => {
  const toy = toyPredictions();
  const n = 70_000;
  const codes = Int32Array.from({ length: n }, (_, i) => i % 3);
  const labels = [{ ...toy.labels[0], final: { codes, categories: ["x", "y", "z"] } }];
  const obsNames = Array.from({ length: n }, (_, i) => `c${i}`);
  const file = fileOf(toParquet({ ...toy, obsNames, labels }, { mode: "minimal" }));
  const rows = await parquetReadObjects({ file, rowStart: 65_000, rowEnd: 70_000 });
  expect(rows).toHaveLength(5000);
  expect(
    rows.every((row, i) => row.obs_name === `c${65_000 + i}` && row.pred_group === "xyz"[(65_000 + i) % 3]),
  ).toBe(true);
});
