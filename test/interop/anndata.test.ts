import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAnnData } from "../../src/anndata/open.ts";
import { columnStrings } from "../../src/anndata/read/column-values.ts";
import { readCompactCsr } from "../../src/anndata/read/whole-matrix.ts";
import type { Column } from "../../src/anndata/types.ts";
import type { Additions } from "../../src/anndata/write/additions.ts";
import { writeAnnotated } from "../../src/anndata/write/append.ts";
import { emitH5ad } from "../../src/anndata/write/write-h5ad.ts";
import { Float } from "../../src/core/config.ts";
import type { Csr } from "../../src/core/csr.ts";
import { openHdf5 } from "../../src/formats/hdf5/open.ts";
import { ODD_SETS } from "../helpers/odd-sets.ts";

const script = fileURLToPath(new URL("anndata_files.py", import.meta.url));
const PYTHON = process.env.PYTHON ?? "/usr/bin/python3";
const run = (...args: string[]): string => execFileSync(PYTHON, [script, ...args], { encoding: "utf8" });

interface Expected {
  readonly files: readonly { name: string; storage: string; dtype: string }[];
  readonly index: readonly string[];
  readonly var: readonly string[];
  readonly X: readonly (readonly number[])[];
  readonly columns: Readonly<Record<string, readonly (string | null)[]>>;
}

interface Shown {
  readonly columns: readonly string[];
  readonly obs: Readonly<
    Record<
      string,
      { dtype: string; values: unknown[]; categories?: string[]; ordered?: boolean; codes?: string }
    >
  >;
  readonly obsm: Readonly<Record<string, string>>;
  readonly atlasmtl: unknown;
}

let folder = "";
let expected: Expected;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "atlasmtl-test-"));
  run("make", folder);
  expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const show = (path: string): Shown => JSON.parse(run("show", path));
const compare = (a: string, b: string, skip: readonly string[]): unknown =>
  JSON.parse(run("compare", a, b, JSON.stringify(skip)));

function toRows({ nRows, nCols, indptr, indices, data }: Csr): number[][] {
  return Array.from({ length: nRows }, (_, row) => {
    const values = new Array<number>(nCols).fill(0);
    for (let e = indptr[row]; e < indptr[row + 1]; e++) values[indices[e]] = data![e];
    return values;
  });
}

describe("files that anndata wrote", () => {
  test("X, a layer and raw of every storage and dtype are equal", async () => {
    expect(expected.files.length).toBe(36);
    for (const { name, storage, dtype } of expected.files) {
      const adata = await openAnnData(join(folder, name));
      const want = dtype === "bool" ? expected.X.map((row) => row.map((x) => Number(x > 0))) : expected.X;
      for (const at of ["X", "layers/twice", "raw/X"] as const) {
        const matrix = await adata.matrix(at);
        // anndata turns a dense raw into what X is; the names of storages agree.
        expect([name, matrix.storage, matrix.dtype]).toEqual([name, storage, dtype]);
        expect([name, toRows(await readCompactCsr(matrix, { binary: false }))]).toEqual([name, want]);
      }
      expect(await adata.varNames("raw/X")).toEqual(expected.var);
      await adata.close();
    }
  });

  test("columns of every kind are equal", async () => {
    const adata = await openAnnData(join(folder, "csr_int8.h5ad"));
    expect(adata.obs.index).toEqual(expected.index);
    expect(adata.obs.columns).toEqual(Object.keys(expected.columns));
    for (const [name, values] of Object.entries(expected.columns))
      expect([name, columnStrings(await adata.obs.column(name))]).toEqual([name, values]);
    expect(await adata.obs.column("ordered")).toMatchObject({ kind: "categorical", ordered: true });
    expect(await adata.obs.column("category")).toMatchObject({
      categories: ["T", "B", "NK", "unused"],
      ordered: false,
    });
    expect(await adata.obs.column("small")).toMatchObject({ kind: "number", dtype: "uint8", missing: null });
    expect(await adata.obs.column("flag")).toMatchObject({ kind: "boolean", missing: null });
    expect(await adata.uns("settings")).toEqual(
      new Map<string, unknown>([
        ["k", 15],
        ["names", ["a", "b"]],
        ["none", new Map()],
        ["on", true],
        ["rate", new Float(0.5)],
      ]),
    );
    await adata.close();
  });
});

function additionsFor(n: number, shift: number): Additions {
  const every = (make: (i: number) => number): number[] =>
    Array.from({ length: n }, (_, i) => make(i + shift));
  const labels = (codes: number[], categories: string[]): Column => ({
    kind: "categorical",
    codes: Int32Array.from(codes),
    categories,
    ordered: false,
  });
  return {
    obs: new Map<string, Column>([
      [
        "pred_a",
        labels(
          every((i) => (i % 3) - 1),
          ["é", "T"],
        ),
      ],
      [
        "pred_wide",
        labels(
          every((i) => i % 200),
          Array.from({ length: 200 }, (_, i) => `w${i}`),
        ),
      ],
      [
        "conf_a",
        { kind: "number", dtype: "float32", values: Float64Array.from(every((i) => i / 8)), missing: null },
      ],
      [
        "frac_a",
        {
          kind: "number",
          dtype: "float64",
          values: Float64Array.from(every((i) => (i % 2 ? Number.NaN : i / 10))),
          missing: null,
        },
      ],
      ["is_a", { kind: "boolean", values: Uint8Array.from(every((i) => i % 2)), missing: null }],
    ]),
    obsm: new Map([
      [
        "X_pred_umap",
        { nRows: n, nCols: 2, data: Float32Array.from({ length: 2 * n }, (_, i) => i + shift) },
      ],
    ]),
    uns: new Map([
      [
        "atlasmtl",
        new Map<string, never>([
          ["knn_k", 15],
          ["rate", new Float(2)],
          ["on", false],
          ["text", "Ünïcode"],
          ["names", ["a", "é"]],
          ["flags", [true, false]],
          ["numbers", [1, 2, 3]],
          ["nothing", null],
          [
            "config",
            new Map<string, unknown>([
              ["hidden", [256, 128]],
              ["empty", []],
            ]),
          ],
        ] as never),
      ],
    ]),
  };
}

/** Everything that an annotated copy may differ in. */
const added = [
  ...["pred_a", "pred_wide", "conf_a", "frac_a", "is_a"].map((name) => `/obs/${name}`),
  "/obsm/X_pred_umap",
  "/uns/atlasmtl",
];

function checkAdded(shown: Shown, n: number, shift: number): void {
  const every = (make: (i: number) => unknown): unknown[] =>
    Array.from({ length: n }, (_, i) => make(i + shift));
  expect(shown.columns.slice(-5)).toEqual(["pred_a", "pred_wide", "conf_a", "frac_a", "is_a"]);
  expect(shown.obs.pred_a).toMatchObject({
    dtype: "category",
    categories: ["é", "T"],
    ordered: false,
    codes: "int8",
  });
  expect(shown.obs.pred_a?.values).toEqual(every((i) => [null, "é", "T"][i % 3]));
  expect(shown.obs.pred_wide).toMatchObject({ codes: "int16", values: every((i) => `w${i % 200}`) });
  expect(shown.obs.conf_a).toMatchObject({ dtype: "float32", values: every((i) => i / 8) });
  expect(shown.obs.frac_a).toMatchObject({ dtype: "float64", values: every((i) => (i % 2 ? null : i / 10)) });
  expect(shown.obs.is_a).toMatchObject({ dtype: "bool", values: every((i) => i % 2 === 1) });
  expect(shown.obsm.X_pred_umap).toBe("float32");
  expect(shown.atlasmtl).toEqual({
    knn_k: 15,
    rate: 2,
    on: false,
    text: "Ünïcode",
    names: ["a", "é"],
    flags: [true, false],
    numbers: [1, 2, 3],
    config: { hidden: [256, 128], empty: [] },
  });
}

async function cellsOf(path: string): Promise<number> {
  const { nObs, close } = await openAnnData(path);
  await close();
  return nObs;
}

describe("annotated copies", () => {
  const inputs: [string, () => string][] = [
    ["plain CSR", () => join(folder, "csr_int16.h5ad")],
    ["gzip CSC", () => join(folder, "csc_float64.h5ad")],
    ["dense float16", () => join(folder, "dense_float16.h5ad")],
  ];
  const odd = ODD_SETS.flatMap(({ name, files }): typeof inputs => [
    [`lzf, tables in obsm, ${name}`, () => files.anndata07],
    [`raw, obsp and record arrays, ${name}`, () => files.anndata08],
    [`counts, ${name}`, () => files.source],
  ]);

  test.each([...inputs, ...odd])(
    "%s: anndata reads what was added, and every other element is the same",
    async (name, path) => {
      const n = await cellsOf(path());
      const out = join(folder, `${name}.h5ad`);
      await writeAnnotated(path(), out, additionsFor(n, 0));
      expect(compare(path(), out, added)).toEqual([]);
      checkAdded(show(out), n, 0);

      const again = join(folder, `${name} again.h5ad`);
      await writeAnnotated(out, again, {
        ...additionsFor(n, 1),
        removeObs: (column) => column.startsWith("pred_"),
      });
      expect(compare(path(), again, added)).toEqual([]);
      checkAdded(show(again), n, 1);
    },
  );

  test("a group that h5py gave another layout, for names beyond ASCII, is replaced too", async () => {
    const source = join(folder, "umlauts.h5ad");
    run("umlauts", source);
    const out = join(folder, "umlauts out.h5ad");
    await writeAnnotated(source, out, additionsFor(37, 0));
    expect(compare(source, out, added)).toEqual([]);
    checkAdded(show(out), 37, 0);
  });
});

test("a file of HDF5's newest layout, with checksums, takes additions; what cannot be replaced is refused", async () => {
  const source = join(folder, "latest.h5ad");
  run("latest", join(folder, "csr_int8.h5ad"), source);
  const out = join(folder, "latest out.h5ad");
  await writeAnnotated(source, out, additionsFor(37, 0));
  expect(compare(source, out, added)).toEqual([]);
  checkAdded(show(out), 37, 0);
  const before = readFileSync(out);
  await expect(writeAnnotated(out, out, additionsFor(37, 1))).rejects.toMatchObject({ code: "UNSUPPORTED" });
  expect(readFileSync(out).equals(before)).toBe(true);
});

test("whole files written here are read by anndata", async () => {
  const path = join(folder, "written.h5ad");
  const { obs, obsm, uns } = additionsFor(3, 0);
  const index = ["a", "b", "c"];
  const X = {
    nRows: 3,
    nCols: 2,
    indptr: Uint32Array.of(0, 1, 1, 2),
    indices: Uint16Array.of(1, 0),
    data: null,
  };
  writeFileSync(
    path,
    await emitH5ad({
      X,
      obs: { index, columns: obs! },
      var: { index: ["g1", "g2"] },
      obsm: obsm!,
      uns: uns!,
    }),
  );
  checkAdded(show(path), 3, 0);
});

test("tables under lzf with text in them are read field by field", async () => {
  const path = join(folder, "records.h5");
  const expectedFields = JSON.parse(run("records", path)) as Readonly<Record<string, readonly unknown[]>>;
  const file = await openHdf5(path);
  const root = await file.open("");
  if (root?.kind !== "group") throw new Error("no root");
  expect(root.keys).toHaveLength(6);
  for (const key of root.keys) {
    const table = await file.open(key);
    if (table?.kind !== "array") throw new Error("no table");
    for (const [name, values] of Object.entries(expectedFields)) {
      const field = await table.readField(name);
      const found = Array.from(field.values as ArrayLike<unknown>);
      expect([key, name, name === "flag" ? found.map((value) => value === 1) : found]).toEqual([
        key,
        name,
        values,
      ]);
    }
  }
  await file.close();
});
