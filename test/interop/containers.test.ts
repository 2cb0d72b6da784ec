/** One dataset in every container gives one matrix and one prediction; files of old anndata take results. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { OpenOptions } from "../../src/anndata/containers/probe.ts";
import { columnStrings } from "../../src/anndata/read/column-values.ts";
import { readCompactCsr } from "../../src/anndata/read/whole-matrix.ts";
import type { Additions } from "../../src/anndata/write/additions.ts";
import { emitAnnotatedH5ad } from "../../src/anndata/write/annotate-h5ad.ts";
import { checkAnnotatable } from "../../src/anndata/write/append.ts";
import { checkDatasetOutput, writeDataset } from "../../src/anndata/write/write-annotated.ts";
import { buildModel, openAnnData, predict, type TrainedModel } from "../../src/api/index.ts";
import { describeGolden } from "../helpers/golden-sets.ts";
import { PYTHON, PYTHON_CURRENT, runPython } from "../helpers/python.ts";

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const show = (python: string, path: string) =>
  JSON.parse(runPython(python, here("current_files.py"), "show", path));
const pythons = PYTHON_CURRENT === undefined ? [PYTHON] : [PYTHON, PYTHON_CURRENT];

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "atlasmtl-containers-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const CONTAINERS: [name: string, options: OpenOptions][] = [
  ["tenx2.h5", {}],
  ["tenx3.h5", {}],
  ["tenx3.h5", { genome: "GRCh38" }],
  ["mtx2", {}],
  ["mtx3", {}],
  ["mtx_by_gene", {}],
  ["mtx3/matrix.mtx.gz", {}],
  ["table.csv", {}],
  ["table.tsv.gz", {}],
  ["genes_in_rows.csv.gz", { genesIn: "rows" }],
];

describeGolden("a dataset in every container", (set) => {
  const columns = set.columns.slice(0, 2);
  const home = (): string => join(folder, set.name);
  let model: TrainedModel;
  let labels: readonly (readonly (string | null)[])[];
  let matrix: Awaited<ReturnType<typeof readCompactCsr>>;
  const query = (): string => join(home(), "query.h5ad");

  beforeAll(async () => {
    const source = set.path("reference.h5ad");
    mkdirSync(home());
    runPython(PYTHON, here("container_files.py"), "make", source, home());
    const reference = await openAnnData(source);
    model = await buildModel(reference, { labelColumns: columns, numEpochs: 40, preset: "small" });
    await reference.close();
    const adata = await openAnnData(query());
    matrix = await readCompactCsr(await adata.matrix(), { binary: false });
    labels = await labelsOf(await predict(model, adata));
    await adata.close();
    expect(new Set(labels[0]).size).toBeGreaterThan(2);
  });

  const labelsOf = async (result: Awaited<ReturnType<typeof predict>>) =>
    Promise.all(
      columns.map(async (name) => columnStrings(await result.toDataFrame().column(`pred_${name}`))),
    );

  test.each(CONTAINERS)(
    "%s %j: the matrix and the prediction are those of the h5ad",
    async (name, options) => {
      const adata = await openAnnData(join(home(), name), options);
      try {
        const expected = await openAnnData(query());
        expect(adata.obs.index).toEqual(expected.obs.index);
        expect(adata.var.index).toEqual(expected.var.index);
        await expected.close();
        expect(await readCompactCsr(await adata.matrix(), { binary: false })).toEqual(matrix);
        const result = await predict(model, adata);
        expect(await labelsOf(result)).toEqual(labels);

        const out = join(home(), "out.h5ad");
        await result.toAnnData(adata, out);
        const original = show(PYTHON, query());
        for (const python of pythons) {
          const seen = show(python, out);
          expect(seen.X).toEqual(original.X);
          expect([seen.index, seen.var]).toEqual([original.index, original.var]);
          columns.forEach((column, c) => {
            expect(seen.obs[`pred_${column}`]).toEqual(["category", labels[c]]);
          });
          expect(seen.uns).toEqual(["atlasmtl"]);
        }
      } finally {
        await adata.close();
      }
    },
  );
});

test("a file of anndata 0.6 takes results, and anndata finds everything else as before", async () => {
  const path = join(folder, "old.h5ad");
  runPython(PYTHON, here("container_files.py"), "old", path);
  const adata = await openAnnData(path);
  const n = adata.nObs;
  const additions: Additions = {
    obs: new Map([
      ["pred_x", { kind: "categorical", codes: new Int32Array(n), categories: ["T"], ordered: false }],
      ["n_counts", { kind: "number", dtype: "float32", values: new Float64Array(n).fill(2), missing: null }],
    ]),
    obsm: new Map([["X_new", { nRows: n, nCols: 2, data: new Float32Array(2 * n) }]]),
    uns: new Map([["atlasmtl", new Map([["k", 1]])]]),
  };
  expect(await adata.obs.column("cell_type")).toMatchObject({
    kind: "categorical",
    categories: ["B", "NK", "T"],
  });
  expect(await adata.obs.column("one")).toMatchObject({ kind: "categorical", categories: ["only"] });
  await checkAnnotatable(adata, additions);
  const out = join(folder, "renewed.h5ad");
  await checkDatasetOutput(adata, out);
  await writeDataset(adata, out, additions);
  const bytes = await emitAnnotatedH5ad(adata, additions);
  writeFileSync(join(folder, "renewed in memory.h5ad"), bytes);
  await adata.close();
  const again = await openAnnData(out);
  await writeDataset(again, out, additions, { inPlace: true });
  await again.close();
  const uns = (python: string, of: string): Record<string, unknown> =>
    JSON.parse(runPython(python, here("container_files.py"), "uns", of));
  for (const python of pythons) {
    const [before, after] = [show(python, path), show(python, out)];
    const { atlasmtl: _added, ...others } = uns(python, out);
    expect(others).toEqual(uns(python, path));
    expect(others.rank_genes_groups).toMatchObject({ params: { method: ["str", "wilcoxon"] } });
    expect(show(python, join(folder, "renewed in memory.h5ad"))).toEqual(after);
    const { n_counts: _replaced, ...kept } = before.obs;
    expect(after).toEqual({
      ...before,
      obs: {
        ...kept,
        pred_x: ["category", new Array(n).fill("T")],
        n_counts: ["float32", new Array(n).fill("2.0")],
      },
      uns: ["atlasmtl", ...before.uns],
      obsm: ["X_new", ...before.obsm],
    });
  }
});

test("what cannot be replaced is told before the work", async () => {
  const path = join(folder, "dense-groups.h5ad");
  const files = here("anndata_files.py");
  const made = join(folder, "made");
  if (!existsSync(made)) runPython(PYTHON, "-c", `import os; os.mkdir(${JSON.stringify(made)})`);
  runPython(PYTHON, files, "make", made);
  runPython(PYTHON, files, "latest", join(made, "csr_int8.h5ad"), path);
  const adata = await openAnnData(path);
  await expect(checkAnnotatable(adata, { obs: new Set(["flag"]) })).rejects.toMatchObject({
    code: "UNSUPPORTED",
    where: path,
  });
  await checkAnnotatable(adata, { obs: new Set(["pred_new"]) });
  await expect(checkAnnotatable(adata, { obs: new Set(["_index"]) })).rejects.toMatchObject({
    code: "USAGE",
  });
  await adata.close();
});
