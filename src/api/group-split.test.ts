/** Group splits as files, through the entry: donors d1 to d4 with 6, 4, 3 and 2 cells of two types. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sha256 } from "../core/checksums.ts";
import {
  type AnnData,
  createAnnData,
  emitGroupSplit,
  makeGroupSplitPlan,
  materializeGroupSplit,
  readGroupSplit,
  splitRows,
} from "./index.ts";
import { recordedSplit, splitRecord } from "./split-record.ts";

const DONORS = [6, 4, 3, 2].flatMap((size, i) => new Array<string>(size).fill(`d${i + 1}`));
const atlas = (index = DONORS.map((_, i) => `c${i}`), donors = DONORS): Promise<AnnData> =>
  createAnnData({
    obs: { index, columns: { donor: donors, type: donors.map((_, i) => ["B", "T"][i % 2]) } },
    var: { index: ["g"] },
  });
const OPTIONS = { splitKey: "donor", targetLabel: "type", buildSize: 8, predictSize: 4, seed: 3 };

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-split-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function written(adata: AnnData) {
  const plan = await makeGroupSplitPlan(adata, OPTIONS);
  const split = await materializeGroupSplit(adata, plan);
  const files = emitGroupSplit(at("split.json"), plan, split, adata);
  for (const { path, bytes } of files) await writeFile(path, Buffer.concat([...bytes]));
  return { plan, split, files };
}

test("a plan and the side of every cell are two files, which give both sides again", async () => {
  const adata = await atlas();
  const { plan, split, files } = await written(adata);
  expect(files.map(({ path }) => path)).toEqual([at("split.json"), at("split_assignment.tsv")]);
  const lines = (await readFile(at("split_assignment.tsv"), "utf8")).trimEnd().split("\n").slice(1);
  expect(lines).toHaveLength(DONORS.length);
  expect(lines.map((line) => line.split("\t").slice(0, 2))).toEqual(DONORS.map((d, i) => [`c${i}`, d]));
  for (const [part, size] of [
    ["build", 8],
    ["predict", 4],
  ] as const) {
    const side = await readGroupSplit(adata, at("split.json"), part);
    const rows = splitRows(split, part);
    expect(rows).toHaveLength(size);
    expect(side.adata.obs.index).toEqual(Array.from(rows, (row) => `c${row}`));
    for (const row of rows) expect(plan[part].groups).toContain(DONORS[row]);
    expect(side).toMatchObject({
      name: "split",
      description:
        "whole groups of donor: 8 cells to build from and 4 to predict, with labels of type on both sides, drawn with seed 3",
      planPath: at("split.json"),
      assignmentPath: at("split_assignment.tsv"),
    });
  }
});

test("a plan that does not say its name is called by its file", async () => {
  const adata = await atlas();
  await written(adata);
  const { name, description, ...plan } = JSON.parse(await readFile(at("split.json"), "utf8"));
  await writeFile(at("other.json"), JSON.stringify(plan));
  const side = await readGroupSplit(adata, at("other.json"), "build");
  expect([name, side.name, side.description]).toEqual(["split", "other", null]);
});

test("an assignment that changed since the plan was made is refused", async () => {
  const adata = await atlas();
  await written(adata);
  await writeFile(at("split_assignment.tsv"), "cell\tgroup\tside\nc0\td1\tbuild\n");
  await expect(readGroupSplit(adata, at("split.json"), "build")).rejects.toMatchObject({
    code: "CHECKSUM",
    where: at("split_assignment.tsv"),
    hint: "make the split again, or restore the file",
  });
});

test("another dataset, or names that occur twice, do not match", async () => {
  await written(await atlas());
  const other = await atlas(DONORS.map((_, i) => `x${i}`));
  await expect(readGroupSplit(other, at("split.json"), "build")).rejects.toMatchObject({
    code: "MISMATCH",
    message: "the split has 8 cells of build; 0 of 15 cells here have their names",
    where: "memory › obs names",
  });
});

test.each([
  ["{}", "BAD_FORMAT", "this is no plan of a split: it names no assignment"],
  ["[1]", "BAD_FORMAT", /./],
])("a file that is no plan is refused: %s", async (text, code, message) => {
  await writeFile(at("no.json"), text);
  await expect(readGroupSplit(await atlas(), at("no.json"), "build")).rejects.toMatchObject({
    code,
    message: typeof message === "string" ? message : expect.stringMatching(message),
    where: at("no.json"),
  });
});

test("a name with a tab is not written, nor a plan under another ending", async () => {
  const adata = await atlas(DONORS.map((_, i) => (i === 4 ? "c\t4" : `c${i}`)));
  await expect(written(adata)).rejects.toMatchObject({
    code: "BAD_DATA",
    message: 'the name "c\\t4" or its group has a tab or a line end in it',
    where: "memory › obs",
  });
  const plan = await makeGroupSplitPlan(adata, OPTIONS);
  const split = await materializeGroupSplit(adata, plan);
  expect(() => emitGroupSplit("split.yaml", plan, split, adata)).toThrow(
    expect.objectContaining({ code: "USAGE", where: "split.yaml" }),
  );
});

test("the record of a side names its files by checksum, and a dataset made from it keeps the record", async () => {
  const adata = await atlas();
  const { files } = await written(adata);
  const side = await readGroupSplit(adata, at("split.json"), "predict");
  const [plan, assignment] = files.map(({ path, bytes }) => {
    const pieces = [...bytes];
    return { path, sizeBytes: pieces.reduce((n, { length }) => n + length, 0), sha256: sha256(pieces) };
  });
  const record = splitRecord(side, "predict", { plan, assignment });
  expect(Object.fromEntries(record)).toMatchObject({
    name: "split",
    part: "predict",
    n_cells: 4,
    assignment: { path: at("split_assignment.tsv"), sha256: assignment.sha256 },
  });
  const parts = { obs: { index: ["c0"] }, var: { index: ["g"] } };
  const uns = new Map([["atlasmtl_preprocess", new Map([["split", record]])]]);
  expect(await recordedSplit(await createAnnData({ ...parts, uns }))).toEqual(record);
  expect(await recordedSplit(await createAnnData(parts))).toBeNull();
  const foreign = new Map([["atlasmtl_preprocess", "of another program"]]);
  expect(await recordedSplit(await createAnnData({ ...parts, uns: foreign }))).toBeNull();
});
