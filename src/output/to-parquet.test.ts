import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { expect, test } from "vitest";
import {
  expectToyRows,
  TOY_METADATA,
  toyPredictions,
  toyPredictionsWithSets,
} from "../../test/helpers/toy-predictions.ts";
import { toParquet } from "./to-parquet.ts";

const fileOf = (bytes: Uint8Array): ArrayBuffer => bytes.slice().buffer as ArrayBuffer;

test("a reader gets the same values in proper types", async () => {
  const rows = await parquetReadObjects({
    file: fileOf(await toParquet(toyPredictions(), { mode: "full" })),
  });
  expectToyRows(rows);
});

test("labels are dictionary-encoded text, scores FLOAT, flags BOOLEAN, and the metadata is in the file", async () => {
  const { schema, row_groups, key_value_metadata } = parquetMetadata(
    fileOf(await toParquet(toyPredictions())),
  );
  expect(schema.slice(1).map(({ name, type }) => [name, type])).toEqual([
    ["obs_name", "BYTE_ARRAY"],
    ["conf_group", "FLOAT"],
    ["margin_group", "FLOAT"],
    ["is_unknown_group", "BOOLEAN"],
    ["pred_group", "BYTE_ARRAY"],
    ["second_group", "BYTE_ARRAY"],
    ["second_conf_group", "FLOAT"],
    ["conf_kind", "FLOAT"],
    ["margin_kind", "FLOAT"],
    ["is_unknown_kind", "BOOLEAN"],
    ["pred_kind", "BYTE_ARRAY"],
    ["second_kind", "BYTE_ARRAY"],
    ["second_conf_kind", "FLOAT"],
  ]);
  expect(row_groups[0].columns[4].meta_data?.encodings).toContain("RLE_DICTIONARY");
  const metadata = key_value_metadata?.find(({ key }) => key === "atlasmtl")?.value ?? "";
  expect(JSON.parse(metadata)).toEqual(TOY_METADATA);
});

test("sets are dictionary-encoded text", async () => {
  const file = fileOf(await toParquet(toyPredictionsWithSets(), { mode: "minimal" }));
  const rows = await parquetReadObjects({ file });
  expect(rows.map((row) => row.pred_set_group)).toEqual([
    "B, naive | T cell",
    "B, naive",
    "B, naive | T cell",
  ]);
});

test("no cells give a file with columns and no rows", async () => {
  const bytes = await toParquet({ ...toyPredictions(), obsNames: [] }, { mode: "minimal" });
  expect(await parquetReadObjects({ file: fileOf(bytes) })).toEqual([]);
  expect(parquetMetadata(fileOf(bytes)).schema).toHaveLength(4);
});

test("rows beyond one group keep their order", async () => {
  const toy = toyPredictions();
  const n = 70_000;
  const codes = Int32Array.from({ length: n }, (_, i) => i % 3);
  const labels = [{ ...toy.labels[0], final: { codes, categories: ["x", "y", "z"] } }];
  const obsNames = Array.from({ length: n }, (_, i) => `c${i}`);
  const file = fileOf(await toParquet({ ...toy, obsNames, labels }, { mode: "minimal" }));
  const rows = await parquetReadObjects({ file, rowStart: 65_000, rowEnd: 70_000 });
  expect(rows).toHaveLength(5000);
  expect(
    rows.every((row, i) => row.obs_name === `c${65_000 + i}` && row.pred_group === "xyz"[(65_000 + i) % 3]),
  ).toBe(true);
});
