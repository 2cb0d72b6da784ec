/** Queries and results in other containers than HDF5, through the program. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tableFromIPC } from "@uwdata/flechette";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SIMULATED } from "../helpers/golden-sets.ts";
import { describeShared, sharedPath } from "../helpers/shared.ts";
import { type Run, runCli } from "./run-cli.ts";

describeShared("containers", () => {
  let folder: string;
  const model = SIMULATED.path("external/model.pth");
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "atlasmtl-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (words: readonly string[]): Promise<Run> => runCli(words, { cwd: folder });
  const predict = (adata: string, out: string) =>
    run([
      "predict",
      "--model",
      model,
      "--adata",
      adata,
      "--out",
      join(folder, out),
      "--write-mode",
      "minimal",
    ]);

  test("a query goes to Zarr, from there to a table, and both are as the manifests say", async () => {
    expect((await predict(SIMULATED.path("query.h5ad"), "a/query.zarr")).code).toBe(0);
    expect((await predict(join(folder, "a/query.zarr"), "b/table.arrow")).code).toBe(0);
    expect((await predict(SIMULATED.path("query.h5ad"), "c/table.csv")).code).toBe(0);
    for (const part of ["a", "b", "c"])
      expect((await run(["verify", join(folder, part, "predict_run_manifest.json")])).code).toBe(0);
    const table = tableFromIPC(new Uint8Array(readFileSync(join(folder, "b/table.arrow"))));
    const csv = readFileSync(join(folder, "c/table.csv"), "utf8").trimEnd().split("\n");
    expect(table.names.join(",")).toBe(csv[0]);
    expect(table.toArray().map((row) => Object.values(row).join(","))).toEqual(csv.slice(1));
  });

  test("a file of a Zarr result that is changed is found", async () => {
    expect((await predict(SIMULATED.path("query.h5ad"), "d/query.zarr")).code).toBe(0);
    writeFileSync(join(folder, "d/query.zarr/obs/zarr.json"), "{}");
    const { code, stdout } = await run(["verify", join(folder, "d/predict_run_manifest.json")]);
    expect(code).not.toBe(0);
    expect(stdout).toContain("query.zarr");
  });

  test.each([
    "anndata_v0.7.0.h5ad",
    "pbmc68k_reduced.zarr.zip",
    "made_raw_group_layers.zarr",
    "tenx_3.0.0_filtered_feature_bc_matrix.h5",
    "tenx_mtx_3.0.0_filtered_feature_bc_matrix",
  ])("inspect tells what %s holds", async (name) => {
    const { code, stdout } = await run(["inspect", sharedPath(`data/oddities/${name}`)]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\d cells × \d+/);
  });
});
