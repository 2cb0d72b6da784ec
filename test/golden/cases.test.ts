/** One dataset as other tools store it, in `../shared/cases/files`: every form of it is the same cells, genes and counts. */
import { describe, expect, test } from "vitest";
import { openAnnData } from "../../src/anndata/open.ts";
import { readCompactCsr } from "../../src/anndata/read/whole-matrix.ts";
import type { MatrixName } from "../../src/anndata/types.ts";
import { describeShared, sharedPath } from "../helpers/shared.ts";

const at = (name: string): string => sharedPath(`cases/files/${name}`);

async function contentOf(path: string, name: MatrixName = "X") {
  const adata = await openAnnData(path);
  try {
    const X = await readCompactCsr(await adata.matrix(name), { binary: false });
    return { cells: adata.obs.index, genes: await adata.varNames(name), X };
  } finally {
    await adata.close();
  }
}

describeShared("variants of q.h5ad", () => {
  describe.each([
    ["q.loom"],
    ["q.h5mu"],
    ["mu.zarr"],
    ["sd.zarr"],
    ["kb"],
    ["outs"],
    ["velocyto/spliced.mtx"],
    ["awk.h5ad"],
    ["cats.h5ad"],
    ["na_codes.h5ad"],
    ["na_codes_u8.h5ad"],
    ["slash3.h5ad"],
    ["seurat_index.h5ad"],
  ])("%s", (name) => {
    test("holds the same cells, genes and counts", async () => {
      expect(await contentOf(at(name))).toEqual(await contentOf(at("q.h5ad")));
    });
  });

  test("alevin-fry has ids for symbols, Parse one gene without a symbol", async () => {
    const base = await contentOf(at("q.h5ad"));
    for (const name of ["alevin", "parse"]) {
      const { cells, X, genes } = await contentOf(at(name));
      expect([name, cells, X]).toEqual([name, base.cells, base.X]);
      expect([name, genes.filter((gene) => gene === "").length]).toEqual([name, 0]);
    }
  });

  test.each([
    ["csc_as_csr.h5ad", /the matrix is CSC and was written as CSR/],
    ["shape_swapped.h5ad", /it is transposed, genes by cells/],
    ["overflow.h5ad", /overflowed in int32/],
    ["velocyto", /the layers of velocyto/],
  ])("%s is refused with the likely cause", async (name, message) => {
    await expect(contentOf(at(name))).rejects.toThrow(message);
  });
});
