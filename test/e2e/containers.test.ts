/** Queries and results in other containers than HDF5, through the program. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tableFromIPC } from "@uwdata/flechette";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SIMULATED } from "../helpers/golden-sets.ts";
import { ODD_SETS } from "../helpers/odd-sets.ts";
import { type Run, runCli } from "./run-cli.ts";

describe("containers", () => {
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

  const [{ files }] = ODD_SETS;
  test.each([
    ["anndata 0.7", files.anndata07],
    ["Zarr 3 in shards", files.shardedZarr],
    ["a folder of Zarr 2", files.rawLayersZarr],
    ["a 10x file", files.tenx[1]],
    ["a 10x folder", files.mtx[1]],
  ])("inspect tells what %s holds", async (_, path) => {
    const { code, stdout } = await run(["inspect", path]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\d cells × \d+/);
  });
});
