/** anndata reads the tables of probabilities as data frames. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAnnData } from "../../src/anndata/open.ts";
import { writeDataset } from "../../src/anndata/write/write-annotated.ts";
import { emitH5ad } from "../../src/anndata/write/write-h5ad.ts";
import { toAnnDataAdditions } from "../../src/output/to-anndata.ts";
import type { Predictions } from "../../src/predict/types.ts";
import { describeCurrent, PYTHON, runPython } from "../helpers/python.ts";
import { toyPredictions } from "../helpers/toy-predictions.ts";

const script = fileURLToPath(new URL("probabilities.py", import.meta.url));
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "atlasmtl-probabilities-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const P = [Float32Array.of(0.25, 1, 0.1), Float32Array.of(0.75, 0, 0.9)];
const PREDICTIONS: Predictions = {
  ...toyPredictions(),
  probabilities: [
    {
      column: "group",
      columns: ["T/NK", "B, naïve"].map((name, c) => ({ name, kind: "score", values: P[c] })),
    },
    {
      column: "kind",
      columns: [
        {
          name: "label_1",
          kind: "label",
          labels: { codes: Int32Array.of(1, 0, 1), categories: ["x", "😀"] },
        },
        { name: "prob_1", kind: "score", values: P[1] },
      ],
    },
  ],
};
const EXPECTED = {
  prob_group: {
    columns: ["T/NK", "B, naïve"],
    dtypes: ["float32", "float32"],
    values: { "T/NK": [...P[0]], "B, naïve": [...P[1]] },
  },
  prob_kind: {
    columns: ["label_1", "prob_1"],
    dtypes: ["category", "float32"],
    values: { label_1: ["😀", "x", "😀"], prob_1: [...P[1]] },
  },
};

async function shownBy(python: string, ending: string): Promise<unknown> {
  const [source, path] = [join(folder, "query.h5ad"), join(folder, `result${ending}`)];
  const X = {
    nRows: 3,
    nCols: 1,
    indptr: new Uint32Array(4),
    indices: new Uint16Array(0),
    data: new Float32Array(0),
  };
  const obs = { index: [...PREDICTIONS.obsNames] };
  writeFileSync(source, await emitH5ad({ X, obs, var: { index: ["g"] } }));
  const adata = await openAnnData(source);
  await writeDataset(adata, path, toAnnDataAdditions(PREDICTIONS, adata));
  await adata.close();
  return JSON.parse(runPython(python, script, path));
}

describe("anndata of the distribution", () => {
  test("reads them from .h5ad", async () => {
    expect(await shownBy(PYTHON, ".h5ad")).toEqual(EXPECTED);
  });
});

describeCurrent("the newest anndata", (python) => {
  test.each([".h5ad", ".zarr"])("reads them from %s", async (ending) => {
    expect(await shownBy(python, ending)).toEqual(EXPECTED);
  });
});
