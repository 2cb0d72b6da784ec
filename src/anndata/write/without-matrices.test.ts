/** A result that is written without the query's matrices, through the entry. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dense, identityModel } from "../../../test/helpers/predict-fixtures.ts";
import {
  type AnnData,
  openAnnData,
  type PredictionResult,
  predict,
  TrainedModel,
  writeH5ad,
} from "../../api/index.ts";

/** Enough cells that their counts are most of the file. */
const N_CELLS = 500;
const VALUES = dense(Array.from({ length: N_CELLS }, (_, i) => [i % 7, (i * 31) % 11, (i * 17) % 5]));

let folder: string;
let query: AnnData;
let result: PredictionResult;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "atlasmtl-without-matrices-"));
  await writeH5ad(at("query.h5ad"), {
    X: VALUES,
    layers: new Map([["counts", VALUES]]),
    obs: {
      index: Array.from({ length: N_CELLS }, (_, i) => `cell-${i}`),
      columns: new Map([["donor", { kind: "string", values: Array.from({ length: N_CELLS }, () => "d1") }]]),
    },
    var: { index: ["g0", "g1", "g2"], columns: new Map() },
    obsm: new Map([["X_umap", { nRows: N_CELLS, nCols: 2, data: new Float32Array(2 * N_CELLS) }]]),
    uns: new Map([["title", "cells"]]),
  });
  query = await openAnnData(at("query.h5ad"));
  result = await predict(new TrainedModel(identityModel(null)), query, {
    knnCorrection: "off",
    numThreads: 1,
  });
});
afterAll(async () => {
  await query.close();
  rmSync(folder, { recursive: true });
});

test.each(["h5ad", "zarr"])("a .%s has obs, obsm and uns, and no matrix", async (kind) => {
  const options = { skipMatrices: true };
  // From a file to one of its own kind, which is copied otherwise.
  await result.toAnnData(query, at(`whole.${kind}`));
  const whole = await openAnnData(at(`whole.${kind}`));
  await result.toAnnData(whole, at(`result.${kind}`), options);
  await whole.close();
  const written = await openAnnData(at(`result.${kind}`));
  expect([written.hasX, written.hasRaw, written.layerKeys]).toEqual([false, false, []]);
  expect([written.nObs, written.nVars]).toEqual([N_CELLS, 3]);
  expect(written.obs.columns).toContain("donor");
  expect(await written.obs.column("pred_group")).toMatchObject({ kind: "categorical" });
  expect([written.obsmKeys, written.unsKeys]).toEqual([["X_umap"], ["atlasmtl", "title"]]);
  const paths = (await written.elements()).map(({ path }) => path);
  expect(paths.filter((path) => /^(X|layers\/|raw|obsp\/|varm\/|varp\/)/.test(path))).toEqual([]);
  await written.close();
});

test("the file is smaller by the matrices, on any host", async () => {
  const bytes = await result.toAnnDataBytes(query, { skipMatrices: true });
  const whole = await result.toAnnDataBytes(query);
  expect(bytes.length).toBeLessThan(whole.length - N_CELLS * 3);
});

test("it never replaces the query", async () => {
  const inPlace = { skipMatrices: true, inPlace: true };
  await expect(result.toAnnData(query, at("query.h5ad"), inPlace)).rejects.toThrow(
    /cannot replace the query/,
  );
  await expect(result.toAnnData(query, at("query.h5ad"), { skipMatrices: true })).rejects.toThrow();
});
