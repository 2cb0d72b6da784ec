/** Zarr goes both ways between this package and the newest anndata. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openAnnData } from "../../src/anndata/open.ts";
import type { AnnData, Column, MatrixName } from "../../src/anndata/types.ts";
import type { Additions } from "../../src/anndata/write/additions.ts";
import { writeDataset } from "../../src/anndata/write/write-annotated.ts";
import { describeCurrent, runPython } from "../helpers/python.ts";

const script = fileURLToPath(new URL("zarr_files.py", import.meta.url));

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "atlasmtl-zarr-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const N = 57;

const results: Additions = {
  obs: new Map<string, Column>([
    [
      "pred_type",
      {
        kind: "categorical",
        codes: Int32Array.from({ length: N }, (_, i) => i % 2),
        categories: ["T", "ü"],
        ordered: false,
      },
    ],
    [
      "conf_type",
      { kind: "number", dtype: "float32", values: new Float64Array(N).fill(0.25), missing: null },
    ],
    [
      "is_unknown_type",
      { kind: "boolean", values: Uint8Array.from({ length: N }, (_, i) => (i < 4 ? 1 : 0)), missing: null },
    ],
  ]),
  obsm: new Map([["X_pred_umap", { nRows: N, nCols: 2, data: new Float32Array(2 * N) }]]),
  uns: new Map([
    [
      "atlasmtl",
      new Map<string, unknown>([
        ["knn_k", 15],
        ["knn_correction", "off"],
        ["calibration_applied", true],
      ]),
    ],
  ]) as Additions["uns"],
};

async function sumOf(adata: AnnData, name: MatrixName): Promise<number> {
  let sum = 0;
  for await (const { csr } of (await adata.matrix(name)).rows())
    for (const value of csr.data ?? []) sum += value;
  return sum;
}

describeCurrent("zarr of the newest anndata", (python) => {
  const run = (command: string, argument: string) => JSON.parse(runPython(python, script, command, argument));
  let made: { readonly shape: number[]; readonly sum: number; readonly raw: number };
  beforeAll(() => {
    made = run("make", folder);
  });

  test.each(["made_v2.zarr", "made_v3.zarr"])("%s is read here", async (name) => {
    const adata = await openAnnData(join(folder, name));
    const h5ad = await openAnnData(join(folder, "made.h5ad"));
    try {
      expect([adata.nObs, adata.nVars]).toEqual(made.shape);
      expect(await sumOf(adata, "X")).toBeCloseTo(made.sum, 4);
      expect(await sumOf(adata, "raw/X")).toBeCloseTo(made.raw, 4);
      expect(await sumOf(adata, "layers/columns")).toBeCloseTo(made.sum, 4);
      expect(adata.obs.columns).toEqual(h5ad.obs.columns);
      for (const column of h5ad.obs.columns)
        expect([column, await adata.obs.column(column)]).toEqual([column, await h5ad.obs.column(column)]);
      expect(await adata.uns("deep")).toEqual(await h5ad.uns("deep"));
    } finally {
      await adata.close();
      await h5ad.close();
    }
  });

  test.each([
    ["made.h5ad", "converted.zarr"],
    ["made_v2.zarr", "copied_v2.zarr"],
    ["made_v3.zarr", "copied_v3.zarr"],
    ["made_v3.zarr", "converted.h5ad"],
  ])("%s with results added is the same dataset as %s", async (from, to) => {
    const adata = await openAnnData(join(folder, from));
    try {
      await writeDataset(adata, join(folder, to), results);
    } finally {
      await adata.close();
    }
    expect(run("compare", join(folder, to))).toEqual({
      differences: [],
      columns: ["pred_type", "conf_type", "is_unknown_type"],
      labels: ["category", ["T", "ü", "T"], false],
      conf: ["float32", 0.25],
      unknown: ["bool", 4],
      coords: ["float32", [N, 2]],
      uns: { knn_k: "15", knn_correction: "off", calibration_applied: "True" },
    });
  });
});
