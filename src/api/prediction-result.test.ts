/** A prediction as tables, datasets and reports, through the entry. */
import { mkdtemp, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { tableFromIPC } from "@uwdata/flechette";
import { parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dense, identityModel, referenceLabels } from "../../test/helpers/predict-fixtures.ts";
import {
  type AnnData,
  createAnnData,
  openAnnData,
  type PredictionResult,
  type Progress,
  predict,
  type SyncFile,
  TrainedModel,
  writeH5ad,
} from "./index.ts";

/**
 * The logits of the model are the values: two for `group`, three for `kind`. The softmax of (3, 1) is 0.8808, that of
 * (3, 1, 0) 0.8438, that of (0, 2, 5) 0.9465; equal values are a tie.
 */
const VALUES = dense([
  [3, 1, 0],
  [0, 2, 5],
  [1, 1, 1],
]);
const OBS = ["cell-0", "cell-1", "cell-2"];
const CSV = [
  "obs_name,conf_group,margin_group,is_unknown_group,pred_group,second_group,second_conf_group," +
    "conf_kind,margin_kind,is_unknown_kind,pred_kind,second_kind,second_conf_kind",
  "cell-0,0.8807971,0.7615942,False,a,b,0.11920292,0.84379476,0.72959954,False,a1,a2,0.1141952",
  "cell-1,0.8807971,0.7615942,False,b,a,0.11920292,0.9464991,0.8993757,False,b1,a2,0.047123417",
  "cell-2,0.5,0.0,False,a,b,0.5,0.33333334,0.0,True,Unknown,a2,0.33333334",
  "",
].join("\n");
const MINIMAL = [
  { obs_name: "cell-0", pred_group: "a", pred_kind: "a1" },
  { obs_name: "cell-1", pred_group: "b", pred_kind: "b1" },
  { obs_name: "cell-2", pred_group: "a", pred_kind: "Unknown" },
];

let folder: string;
let query: AnnData;
let result: PredictionResult;
/** Its reference says that a1 and a2 lie under a, b1 under b. */
const model = new TrainedModel(
  identityModel({
    coords: new Map([["X_ref_latent_internal", VALUES]]),
    labels: new Map([
      ["group", referenceLabels(["a", "b", "a"])],
      ["kind", referenceLabels(["a1", "b1", "a2"])],
    ]),
  }),
);
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-result-"));
  await writeH5ad(at("query.h5ad"), {
    X: VALUES,
    obs: { index: OBS, columns: new Map([["donor", { kind: "string", values: ["d1", "d1", "d2"] }]]) },
    var: { index: ["g0", "g1", "g2"], columns: new Map() },
    uns: new Map([["title", "three cells"]]),
  });
  query = await openAnnData(at("query.h5ad"));
  result = await predict(model, query, { numThreads: 1 });
});
afterAll(async () => {
  await query.close();
  await rm(folder, { recursive: true });
});

test("the summary counts labels, confidence and Unknown over all cells", () => {
  const { nCells, labels, deepest } = result.summary();
  expect([nCells, deepest]).toEqual([3, undefined]);
  const [group, kind] = labels;
  expect(group).toMatchObject({ column: "group", nLabels: 2, usedKnn: 0, unknown: 0, lowConfidence: 1 / 3 });
  expect(kind).toMatchObject({
    column: "kind",
    nLabels: 3,
    usedKnn: 0,
    unknown: 1 / 3,
    lowConfidence: 1 / 3,
  });
  expect(group.meanConfidence).toBeCloseTo((2 * 0.8807971 + 0.5) / 3, 6);
  expect(kind.meanConfidence).toBeCloseTo((0.8437948 + 0.9464991 + 1 / 3) / 3, 6);
});

test("the summary of deepest labels says how many cells have theirs in each column", async () => {
  const deep = await predict(model, query, { deepestLabel: true, numThreads: 1 });
  // cell-2 is a tie: Unknown in `kind`, so its deepest label is that of `group`.
  expect(deep.summary().deepest).toEqual({ group: 1 / 3, kind: 2 / 3, Unknown: 0 });
});

test("the summary of no cells has no shares", async () => {
  const none = await createAnnData({
    X: dense([], 3),
    obs: { index: [] },
    var: { index: ["g0", "g1", "g2"] },
  });
  const { nCells, labels, deepest } = (
    await predict(model, none, { deepestLabel: true, numThreads: 1 })
  ).summary();
  expect(nCells).toBe(0);
  expect(labels[0]).toEqual({
    column: "group",
    nLabels: 0,
    meanConfidence: null,
    lowConfidence: null,
    usedKnn: null,
    unknown: null,
  });
  expect(deepest).toEqual({ group: null, kind: null, Unknown: null });
});

test("toCsv writes the table of toCsvPieces, gzipped by its ending", async () => {
  await result.toCsv(at("p.csv"));
  await result.toCsv(at("p.csv.gz"));
  expect(await readFile(at("p.csv"), "utf8")).toBe(CSV);
  expect(gunzipSync(await readFile(at("p.csv.gz"))).toString()).toBe(CSV);
  expect(Buffer.concat([...result.toCsvPieces()]).toString()).toBe(CSV);
});

test("toParquet and toArrow write what their bytes are, and readers find the labels in both", async () => {
  await result.toParquet(at("p.parquet"), "minimal");
  await result.toArrow(at("p.arrow"), "minimal");
  const [parquet, arrow] = [await readFile(at("p.parquet")), await readFile(at("p.arrow"))];
  expect(parquet.equals(await result.toParquetBytes("minimal"))).toBe(true);
  expect(arrow.equals(await result.toArrowBytes("minimal"))).toBe(true);
  const file = new Uint8Array(parquet).buffer;
  expect(await parquetReadObjects({ file })).toEqual(MINIMAL);
  expect(tableFromIPC(new Uint8Array(arrow)).toArray()).toEqual(MINIMAL);
});

test("toTable takes the format from the ending, and writes further files with the table", async () => {
  let written: readonly string[] = [];
  await result.toTable(at("t.csv"), "standard", (files) => {
    written = files.map(({ path, sizeBytes }) => `${path} ${sizeBytes}`);
    return [{ path: at("t.note"), bytes: [new TextEncoder().encode("beside")] }];
  });
  expect(written).toEqual([`${at("t.csv")} ${CSV.length}`]);
  expect(await readFile(at("t.csv"), "utf8")).toBe(CSV);
  expect(await readFile(at("t.note"), "utf8")).toBe("beside");
  for (const name of ["t.parquet", "t.arrow"]) await result.toTable(at(name), "minimal");
  expect((await readFile(at("t.parquet"))).subarray(0, 4).toString()).toBe("PAR1");
  expect((await readFile(at("t.arrow"))).subarray(0, 6).toString()).toBe("ARROW1");
});

test("toTable refuses another ending and writes nothing", async () => {
  const before = await readdir(folder);
  await expect(result.toTable(at("t.xlsx"))).rejects.toMatchObject({
    code: "USAGE",
    message: expect.stringContaining("expected the name of a table"),
    where: at("t.xlsx"),
    hint: expect.stringMatching(/^end it in \.csv, \.csv\.gz, .*\.parquet/),
  });
  expect(await readdir(folder)).toEqual(before);
});

test("toAnnData adds the columns to a copy of the query and keeps the rest", async () => {
  expect(await result.toAnnData(query, at("annotated.h5ad"), { mode: "minimal" })).toEqual([]);
  const annotated = await openAnnData(at("annotated.h5ad"));
  try {
    expect(annotated.obs.columns).toEqual(["donor", "pred_group", "pred_kind"]);
    const kind = await annotated.obs.column("pred_kind");
    if (kind.kind !== "categorical") throw new Error(`pred_kind is ${kind.kind}`);
    expect(Array.from(kind.codes, (code) => kind.categories[code])).toEqual(["a1", "b1", "Unknown"]);
    expect(await annotated.obs.column("donor")).toEqual(await query.obs.column("donor"));
    expect(await annotated.uns("title")).toBe("three cells");
    const blocks = (await annotated.matrix()).rows();
    for await (const { csr } of blocks) expect([...(csr.data ?? [])]).toEqual([3, 1, 2, 5, 1, 1, 1]);
  } finally {
    await annotated.close();
  }
});

test("toAnnDataBytes is the file that toAnnData writes, in memory", async () => {
  const bytes = await result.toAnnDataBytes(query, { mode: "minimal" });
  const opened = await openAnnData(new File([bytes as Uint8Array<ArrayBuffer>], "annotated.h5ad"));
  try {
    expect(opened.obs.columns).toEqual(["donor", "pred_group", "pred_kind"]);
    expect(opened.obs.index).toEqual(OBS);
  } finally {
    await opened.close();
  }
});

/** A file in memory that takes `limit` bytes. */
function memoryFile(limit = 1e6): SyncFile & { bytes(): Uint8Array } {
  let held = new Uint8Array(0);
  const resize = (size: number): void => {
    const next = new Uint8Array(size);
    next.set(held.subarray(0, size));
    held = next;
  };
  return {
    bytes: () => held,
    read(into, { at }) {
      const part = held.subarray(at, at + into.length);
      into.set(part);
      return part.length;
    },
    write(from, { at }) {
      if (at + from.length > limit) throw new Error("the quota is used up");
      if (at + from.length > held.length) resize(at + from.length);
      held.set(from, at);
      return from.length;
    },
    truncate: resize,
    getSize: () => held.length,
    flush: () => undefined,
  };
}

test("toAnnDataFile writes the file of toAnnData, to a handle of Node and to any other", async () => {
  await result.toAnnData(query, at("by-path.h5ad"), { mode: "full", includeCoords: false });
  const expected = await readFile(at("by-path.h5ad"));
  const handle = await open(at("by-handle.h5ad"), "w+");
  expect(await result.toAnnDataFile(query, handle, { mode: "full" })).toEqual([]);
  await handle.close();
  expect((await readFile(at("by-handle.h5ad"))).equals(expected)).toBe(true);
  const file = memoryFile();
  const phases = new Set<string>();
  const onProgress = ({ phase }: Progress) => void phases.add(phase);
  await result.toAnnDataFile(query, file, { mode: "full" }, { onProgress });
  expect(expected.equals(file.bytes())).toBe(true);
  expect([...phases]).toEqual(["copy"]);
});

test("toAnnDataFile writes anew what is no .h5ad, and replaces an earlier result", async () => {
  await result.toAnnData(query, at("converted.zarr"), { mode: "minimal" });
  const zarr = await openAnnData(at("converted.zarr"));
  const file = memoryFile();
  await result.toAnnDataFile(zarr, file, { mode: "standard" });
  await zarr.close();
  const first = await openAnnData(file.bytes());
  const again = memoryFile();
  await result.toAnnDataFile(first, again, { mode: "minimal" });
  await first.close();
  const opened = await openAnnData(again.bytes());
  expect(opened.obs.columns).toEqual(["donor", "pred_group", "pred_kind"]);
  expect(await opened.uns("title")).toBe("three cells");
  await opened.close();
});

test("toAnnDataFile leaves an empty file when it fails, wherever it does", async () => {
  const whole = memoryFile();
  await result.toAnnDataFile(query, whole);
  const size = whole.getSize();
  const { size: querySize } = await stat(at("query.h5ad"));
  for (
    let limit = 0;
    limit < size;
    limit += limit < querySize ? Math.ceil(querySize / 2) : Math.ceil((size - querySize) / 8)
  ) {
    const file = memoryFile(limit);
    await expect(result.toAnnDataFile(query, file), `${limit} bytes`).rejects.toMatchObject({
      code: "IO",
      message: expect.stringContaining("the quota is used up"),
    });
    expect(file.getSize()).toBe(0);
  }
  const stopped = memoryFile();
  const work = { signal: AbortSignal.abort() };
  await expect(result.toAnnDataFile(query, stopped, {}, work)).rejects.toMatchObject({ code: "ABORTED" });
  expect(stopped.getSize()).toBe(0);
});

test("toAnnDataFile refuses a file that holds something, the query itself among them", async () => {
  const before = await readFile(at("query.h5ad"));
  const handle = await open(at("query.h5ad"), "r+");
  await expect(result.toAnnDataFile(query, handle)).rejects.toMatchObject({
    code: "USAGE",
    message: expect.stringContaining("expected an empty one"),
  });
  await handle.close();
  expect((await readFile(at("query.h5ad"))).equals(before)).toBe(true);
});

test("a query that is no .h5ad is not annotated in memory, and the error names the tables instead", async () => {
  const made = await createAnnData({ X: VALUES, obs: { index: OBS }, var: { index: ["g0", "g1", "g2"] } });
  await expect(result.toAnnDataBytes(made)).rejects.toMatchObject({
    code: "USAGE",
    message: "the query has no file to annotate, it was made in memory",
    hint: "write it as a table: toCsvPieces, toParquetBytes or toArrowBytes",
  });
  await result.toAnnData(query, at("annotated.zarr"), { mode: "minimal" });
  const zarr = await openAnnData(at("annotated.zarr"));
  try {
    await expect(result.toAnnDataBytes(zarr)).rejects.toMatchObject({
      code: "USAGE",
      message: "the query is stored as zarr; only an .h5ad is annotated in memory",
      where: at("annotated.zarr"),
    });
  } finally {
    await zarr.close();
  }
});

test("a dataset with other cells is not annotated", async () => {
  const two = await createAnnData({ obs: { index: ["cell-0", "other"] }, var: { index: ["g0"] } });
  await expect(result.toAnnData(two, at("wrong.h5ad"))).rejects.toMatchObject({ code: "MISMATCH" });
  expect(await readdir(folder)).not.toContain("wrong.h5ad");
});

test("a report shows the labels, and names the files that are known in the end", async () => {
  const truths = new Map([["group", { codes: Int32Array.of(0, 1, 1), categories: ["a", "b"] }]]);
  const html = await result.toReport(query, model, { title: "Three cells", truths, groupBy: "donor" });
  expect(html).toMatch(/<title>Three cells/);
  expect(html).toContain("66.7");
  const draw = await result.prepareReport(query, model, { title: "Three cells" });
  const file = { role: "output", path: "p.csv", sizeBytes: 12, sha256: "ab".repeat(32) };
  expect(draw([])).not.toContain("p.csv");
  expect(draw([file])).toContain("p.csv");
  await expect(result.toReport(query, model, { groupBy: "doner" })).rejects.toMatchObject({
    code: "NOT_FOUND",
    hint: expect.stringContaining("donor"),
  });
});
