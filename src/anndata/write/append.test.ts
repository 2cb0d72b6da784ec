import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withDataset } from "../../../test/helpers/with-dataset.ts";
import { Float } from "../../core/config.ts";
import { openAnnData } from "../open.ts";
import type { AnnData, Column } from "../types.ts";
import type { Additions } from "./additions.ts";
import { annotateBytes, checkAnnotatedOutput, writeAnnotated } from "./append.ts";
import { type AnnDataParts, emitH5ad, writeH5ad } from "./write-h5ad.ts";

const n = 5;
const labels: Column = {
  kind: "categorical",
  codes: Int32Array.of(0, 1, -1, 1, 0),
  categories: ["B", "T"],
  ordered: false,
};
const flags: Column = { kind: "boolean", values: Uint8Array.of(1, 0, 0, 1, 1), missing: null };
const scores: Column = {
  kind: "number",
  dtype: "float32",
  values: Float64Array.of(0, 0.5, 1, Number.NaN, 0.25),
  missing: null,
};
const parts: AnnDataParts = {
  X: {
    nRows: n,
    nCols: 3,
    indptr: Uint32Array.of(0, 1, 2, 2, 4, 4),
    indices: Uint16Array.of(2, 0, 0, 1),
    data: Float32Array.of(1, 2, 3, 4),
  },
  obs: { index: ["a", "b", "c", "d", "e"], columns: new Map([["given", labels]]) },
  var: { index: ["g1", "g2", "g3"] },
};
const first: Additions = {
  obs: new Map<string, Column>([
    ["pred_ct", labels],
    ["conf_ct", scores],
    ["is_unknown_ct", flags],
  ]),
  obsm: new Map([["X_pred_umap", { nRows: n, nCols: 1, data: Float32Array.of(1, 2, 3, 4, 5) }]]),
  uns: new Map([
    [
      "atlasmtl",
      new Map<string, never>([
        ["knn_k", 15],
        ["confidence_high", new Float(1)],
        ["none", null],
        ["enforced", true],
        ["names", ["x", "y"]],
        ["none_listed", []],
        ["per_class", { "CD4/CD8": 1 }],
        ["nested", new Map([["t", new Float(0.5)]])],
      ] as never),
    ],
  ]),
};

let folder = "";
let input = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-test-"));
  input = join(folder, "in.h5ad");
  await writeH5ad(input, parts);
});
afterAll(() => rm(folder, { recursive: true }));

async function checkFirst(adata: AnnData): Promise<void> {
  expect(adata.obs.columns).toEqual(["given", "pred_ct", "conf_ct", "is_unknown_ct"]);
  expect(adata.obs.index).toEqual(parts.obs.index);
  for (const name of ["given", "pred_ct"]) expect(await adata.obs.column(name)).toEqual(labels);
  expect(await adata.obs.column("conf_ct")).toEqual(scores);
  expect(await adata.obs.column("is_unknown_ct")).toEqual(flags);
  expect((await adata.obsm("X_pred_umap")).data).toEqual(Float32Array.of(1, 2, 3, 4, 5));
  expect(await adata.uns("atlasmtl")).toEqual(
    new Map<string, unknown>([
      ["confidence_high", new Float(1)],
      ["enforced", true],
      ["knn_k", 15],
      ["names", ["x", "y"]],
      ["nested", new Map([["t", new Float(0.5)]])],
      ["none_listed", []],
      ["per_class", '{"CD4/CD8":1}'],
    ]),
  );
  for await (const { csr } of (await adata.matrix()).rows()) expect(csr).toEqual(parts.X);
}

test("results are added to a copy, and the input stays as it was", async () => {
  const before = await readFile(input);
  const out = join(folder, "new folder", "out.h5ad");
  await writeAnnotated(input, out, first);
  await withDataset(out, checkFirst);
  expect(await readFile(input)).toEqual(before);
  expect(await readdir(join(folder, "new folder"))).toEqual(["out.h5ad"]);
});

test("a second run replaces what the first left, as often as it likes, in place", async () => {
  const out = join(folder, "again.h5ad");
  await writeAnnotated(input, out, {
    obs: new Map<string, Column>([
      ["pred_ct", scores],
      ["pred_old", labels],
      ["is_unknown_ct", labels],
    ]),
    obsm: new Map([["X_pred_old", { nRows: n, nCols: 2, data: new Float32Array(2 * n) }]]),
    uns: new Map([["atlasmtl", new Map([["old", 1]])]]),
  });
  for (let run = 0; run < 3; run++)
    await writeAnnotated(out, out, {
      ...first,
      removeObs: (name) => name.startsWith("pred_"),
      removeObsm: (key) => key.startsWith("X_pred_"),
    });
  await withDataset(out, async (adata) => {
    await checkFirst(adata);
    expect(adata.obsmKeys).toEqual(["X_pred_umap"]);
  });
});

test("bytes are annotated without a path", async () => {
  const bytes = await annotateBytes(await emitH5ad(parts), first);
  const adata = await openAnnData(bytes);
  await checkFirst(adata);
  await adata.close();
});

test("columns of every kind can be added", async () => {
  const missing = Uint8Array.of(0, 0, 1, 0, 0);
  const values = Float64Array.of(1, -2, 0, 4, 5);
  const columns = new Map<string, Column>([
    ["text", { kind: "string", values: ["é", "", "b", "c", "d"] }],
    ["gaps", { kind: "string", values: ["é", null, "b", "b", "d"] }],
    ["int8", { kind: "number", dtype: "int8", values, missing: null }],
    ["int64", { kind: "number", dtype: "int64", values, missing }],
    ["float64", { kind: "number", dtype: "float64", values, missing }],
    ["flags", { kind: "boolean", values: Uint8Array.of(1, 0, 0, 1, 0), missing }],
    ["with/slash", flags],
    ["with/other", labels],
  ]);
  const out = join(folder, "kinds.h5ad");
  await writeAnnotated(input, out, { obs: columns });
  await writeAnnotated(out, out, { obs: columns });
  await withDataset(out, async ({ obs }) => {
    for (const name of ["text", "int8", "int64", "flags", "with/slash", "with/other"])
      expect(await obs.column(name)).toEqual(columns.get(name));
    expect(await obs.column("gaps")).toMatchObject({
      codes: Int32Array.of(2, -1, 0, 0, 1),
      categories: ["b", "d", "é"],
    });
    expect(await obs.column("float64")).toMatchObject({ values: Float64Array.of(1, -2, Number.NaN, 4, 5) });
  });
});

test.each([
  ["another number of rows", "MISMATCH", new Map([["x", { ...flags, values: new Uint8Array(4) } as Column]])],
  ["the name of the index", "USAGE", new Map([["_index", flags]])],
  ["no name", "USAGE", new Map([["", flags]])],
  [
    "a code without category",
    "USAGE",
    new Map([["x", { ...labels, codes: new Int32Array(n).fill(2) } as Column]]),
  ],
])("%s is refused and nothing is written", async (_name, code, obs) => {
  const out = join(folder, "never.h5ad");
  await expect(writeAnnotated(input, out, { obs })).rejects.toMatchObject({ code });
  expect((await readdir(folder)).filter((name) => name.includes("never"))).toEqual([]);
});

test("an output that failed leaves the old file whole", async () => {
  const out = join(folder, "kept.h5ad");
  await writeFile(out, "old");
  await expect(writeAnnotated(input, out, { obs: new Map([["_index", flags]]) })).rejects.toThrow();
  expect(await readFile(out, "utf8")).toBe("old");
});

test("a caller that gave up leaves nothing behind", async () => {
  const out = join(folder, "stopped.h5ad");
  await expect(writeAnnotated(input, out, first, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: "ABORTED",
  });
  expect((await readdir(folder)).filter((name) => name.includes("stopped"))).toEqual([]);
});

test("a read-only input has a writable copy", async () => {
  const locked = join(folder, "locked.h5ad");
  await writeFile(locked, await readFile(input), { mode: 0o444 });
  const out = join(folder, "unlocked.h5ad");
  await writeAnnotated(locked, out, first);
  expect((await stat(out)).mode & 0o600).toBe(0o600);
});

test("the output's place is checked beforehand", async () => {
  await expect(checkAnnotatedOutput(input, join(folder, "x.csv"))).rejects.toMatchObject({ code: "USAGE" });
  await expect(checkAnnotatedOutput(join(folder, "no.h5ad"), join(folder, "x.h5ad"))).rejects.toMatchObject({
    code: "NOT_FOUND",
  });
  await expect(checkAnnotatedOutput(input, join(input, "x.h5ad"))).rejects.toMatchObject({ code: "IO" });
  await checkAnnotatedOutput(input, join(folder, "x.h5ad"));
  expect((await readdir(folder)).filter((name) => name.includes("x.h5ad"))).toEqual([]);
});
