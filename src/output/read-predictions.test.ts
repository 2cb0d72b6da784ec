import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { type ColumnSource, parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toyPredictions, toyPredictionsWithSets } from "../../test/helpers/toy-predictions.ts";
import { columnLabels } from "../anndata/read/column-values.ts";
import { joinBytes } from "../core/bytes.ts";
import { WRITE_MODES } from "../schema/columns.ts";
import { parseCsv, quotedCsv } from "./csv-text.ts";
import { matchTruth, openCellTable, readPredictions } from "./read-predictions.ts";
import { toArrow } from "./to-arrow.ts";
import { toCsv } from "./to-csv.ts";
import { toParquet } from "./to-parquet.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "atlasmtl-test-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

test("any fields come back from quoted text", () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.string(), { minLength: 2, maxLength: 3 }), { minLength: 1 }), (rows) => {
      const text = rows.map((row) => row.map(quotedCsv).join(",")).join("\n");
      expect([...parseCsv(text)]).toEqual(rows);
    }),
  );
  expect([...parseCsv("a,b\r\n1,2\r\n")]).toEqual([
    ["a", "b"],
    ["1", "2"],
  ]);
});

test("a full export comes back as it was", async () => {
  const predictions = toyPredictions();
  const table = await openCellTable(file("full.csv", joinBytes(toCsv(predictions, { mode: "full" }))));
  expect(table.obsNames).toEqual(predictions.obsNames);
  const [read] = await readPredictions(table, ["group", "kind"]);
  const [written] = predictions.labels;
  for (const key of ["conf", "margin", "knnVoteFrac", "isLowConf", "usedKnn", "isUnknown"] as const)
    expect([...read[key]]).toEqual([...written[key]]);
  for (const key of ["raw", "knn", "final"] as const)
    expect(Array.from(read[key].codes, (code) => read[key].categories[code])).toEqual(
      Array.from(written[key].codes, (code) => written[key].categories[code]),
    );
});

test("prediction sets come back from text and Parquet; a label column named alike is not taken for them", async () => {
  const toy = toyPredictionsWithSets();
  const sources = [
    file("sets.csv", joinBytes(toCsv(toy, { mode: "minimal" }))),
    file("sets.parquet", await toParquet(toy, { mode: "full" })),
  ];
  for (const source of sources) {
    const table = await openCellTable(source);
    for (const { sets } of await readPredictions(table, ["group"]))
      expect(Array.from(sets!.codes, (code) => sets!.members[code].map((c) => sets!.categories[c]))).toEqual([
        ["B, naive", "T cell"],
        ["B, naive"],
        ["B, naive", "T cell"],
      ]);
    const read = await readPredictions(table, ["group", "set_group"]);
    expect(read.map(({ sets }) => sets)).toEqual([undefined, undefined]);
  }
  const [none] = await readPredictions(
    await openCellTable(file("none.csv", joinBytes(toCsv(toyPredictions())))),
    ["group"],
  );
  expect(none.sets).toBeUndefined();
});

test.each(WRITE_MODES)(
  "a Parquet table gives what the CSV of the same predictions gives, mode %s",
  async (mode) => {
    const toy = toyPredictions();
    const csv = await openCellTable(file(`${mode}.csv`, joinBytes(toCsv(toy, { mode }))));
    const parquet = await openCellTable(file(`${mode}.parquet`, await toParquet(toy, { mode })));
    expect(parquet.obsNames).toEqual(csv.obsNames);
    expect(parquet.columns).toEqual(csv.columns);
    const [a, b] = await Promise.all(
      [parquet, csv].map((table) => readPredictions(table, ["group", "kind"])),
    );
    expect(a).toEqual(b);
  },
);

test("Parquet: rows beyond one row group", async () => {
  const toy = toyPredictions();
  const n = 70_000;
  const codes = Int32Array.from({ length: n }, (_, i) => (i % 4) - 1);
  const labels = [{ ...toy.labels[0], final: { codes, categories: ["x", "y", "z"] } }];
  const obsNames = Array.from({ length: n }, (_, i) => `c${i}`);
  const table = await openCellTable(
    file("long.parquet", await toParquet({ ...toy, obsNames, labels }, { mode: "minimal" })),
  );
  expect(table.obsNames).toEqual(obsNames);
  const column = await table.column("pred_group");
  expect(column.kind === "string" && column.values.slice(-4)).toEqual([null, "x", "y", "z"]);
});

test.each(["pandas", "pandas-zstd", "polars"])(
  "the cells of a Parquet table of %s are named by its index",
  async (name) => {
    const path = fileURLToPath(new URL(`../../test/fixtures/parquet/${name}.parquet`, import.meta.url));
    const table = await openCellTable(path);
    expect(table.obsNames.slice(0, 2)).toEqual(["AAAC-1", "AAAG-1"]);
    expect(table.columns[0]).toBe("pred_type");
    const [read] = await readPredictions(table, ["type"]);
    expect(Array.from(read.final.codes, (code) => read.final.categories[code])).toEqual([
      ...["T", "B", undefined, "T", "NK", "😀"],
    ]);
    expect([...read.isUnknown]).toEqual([1, 0, 0, 1, 0, 0]);
    expect(columnLabels(await table.column("cluster")).categories).toEqual(["-2", "0", "1", "2"]);
  },
);

test("Parquet: the first column names the cells where none says so, and a missing name is refused", async () => {
  const columns = (names: readonly (string | null)[]): ColumnSource[] => [
    { name: "cell", data: [...names] },
    { name: "n", data: Int32Array.of(7, 8) },
  ];
  const write = (name: string, names: readonly (string | null)[], pandas: string): string => {
    const kvMetadata = [{ key: "pandas", value: pandas }];
    return file(name, new Uint8Array(parquetWriteBuffer({ columnData: columns(names), kvMetadata })));
  };
  for (const pandas of ['{"index_columns": [{"kind": "range"}]}', '{"index_columns": 3}', "null", "{"])
    expect((await openCellTable(write("first.parquet", ["a", "b"], pandas))).obsNames).toEqual(["a", "b"]);
  const byNumber = await openCellTable(write("n.parquet", ["a", "b"], '{"index_columns": ["n"]}'));
  expect([byNumber.obsNames, byNumber.columns]).toEqual([["7", "8"], ["cell"]]);
  await expect(openCellTable(write("nameless.parquet", ["a", null], "{}"))).rejects.toMatchObject({
    code: "BAD_FORMAT",
    message: "row 1 holds no name of a cell",
    where: expect.stringContaining("nameless.parquet › cell"),
  });
});

test("a damaged Parquet table and one of other columns are refused, with their place", async () => {
  const bytes = await toParquet(toyPredictions());
  for (const [name, damaged] of [
    ["short.parquet", bytes.slice(0, 40)],
    ["empty.parquet", new Uint8Array(0)],
    ["text.parquet", new TextEncoder().encode("obs_name,pred_type")],
  ] as const)
    await expect(openCellTable(file(name, damaged))).rejects.toMatchObject({
      code: "BAD_FORMAT",
      where: expect.stringContaining(name),
    });
  const days = { name: "day", data: [new Date(0)], type: "TIMESTAMP" as const };
  const dated = parquetWriteBuffer({ columnData: [{ name: "cell", data: ["a"] }, days] });
  await expect(openCellTable(file("dated.parquet", new Uint8Array(dated)))).rejects.toMatchObject({
    code: "UNSUPPORTED",
    where: expect.stringContaining("dated.parquet › day"),
  });
});

test.each(["t.arrow", "T.ARROW", "t.feather", "not-there.arrow"])(
  "an Arrow table, %s, is refused unread, with the way on",
  async (name) => {
    if (name !== "not-there.arrow") file(name, toArrow(toyPredictions()));
    await expect(openCellTable(join(folder, name))).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: "Arrow tables are written and not read",
      where: expect.stringContaining(name),
      hint: expect.stringMatching(/\.parquet or \.csv/),
    });
  },
);

test("an Arrow table of another name is no dataset, and the error says what it is", async () => {
  await expect(openCellTable(file("t.bin", toArrow(toyPredictions())))).rejects.toThrow(
    /it is an Arrow table/,
  );
});

test("what a smaller export leaves out is filled in", async () => {
  const path = file("minimal.csv", joinBytes(toCsv(toyPredictions(), { mode: "minimal" })));
  const [read] = await readPredictions(await openCellTable(path), ["group"]);
  expect([...read.isUnknown]).toEqual([1, 0, 0]);
  expect([...read.conf]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  expect([...read.usedKnn]).toEqual([0, 0, 0]);
});

test("a missing column, a ragged line and a score that is none are refused, with their place", async () => {
  const table = await openCellTable(file("t.csv", "obs_name,pred_type,conf_type\na,T,high\n"));
  await expect(readPredictions(table, ["typ"])).rejects.toThrow(/no column "pred_typ".*"pred_type"/);
  await expect(readPredictions(table, ["type"])).rejects.toThrow(/row 0 holds "high"/);
  await expect(openCellTable(file("r.csv", "a,b\n1\n"))).rejects.toMatchObject({ code: "BAD_FORMAT" });
  await expect(openCellTable(file("e.csv", ""))).rejects.toThrow(/no columns/);
  await expect(openCellTable(join(folder, "x.parquet"))).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("truth is matched by cell name; a cell that it lacks has none", async () => {
  const truth = await openCellTable(file("truth.csv", "cell,type\nb,B\na,A\n"));
  const { labels, nMatched } = await matchTruth(truth, ["a", "c", "b"], ["type"]);
  expect([...labels.get("type")!.codes]).toEqual([0, -1, 1]);
  expect(nMatched).toBe(2);
  await expect(matchTruth(truth, ["x"], ["type"])).rejects.toMatchObject({ code: "MISMATCH" });
  const twice = await openCellTable(file("twice.csv", "cell,type\na,B\na,A\n"));
  await expect(matchTruth(twice, ["a"], ["type"])).rejects.toThrow(/"a" is there twice/);
});
