/** Every array of the odd files of `shared/data` is read, and matrices hold what Python finds in them. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { openAnnData } from "../../src/anndata/open.ts";
import type { MatrixName } from "../../src/anndata/types.ts";
import { isAtlasmtlError } from "../../src/errors.ts";
import { type Hdf5File, openHdf5 } from "../../src/formats/hdf5/open.ts";
import { describeShared, sharedPath } from "../helpers/shared.ts";

const odd = (name: string): string => sharedPath(`data/oddities/${name}`);

/** Reads everything below `path`; returns how many arrays there are. */
async function readAll(file: Hdf5File, path = ""): Promise<number> {
  const element = await file.open(path);
  if (element === null) return 0;
  for (const name of element.attributeNames) element.attribute(name);
  if (element.kind === "group") {
    let n = 0;
    for (const key of element.keys) n += await readAll(file, path === "" ? key : `${path}/${key}`);
    return n;
  }
  if (element.element === "string") await element.readStrings();
  else if (element.element !== "compound") await element.readNumbers();
  else for (const field of element.fields) await element.readField(field);
  return 1;
}

/** File, matrix, shape, stored values, their sum: by scanpy 1.11 and anndata 0.12. */
const MATRICES: [
  file: string,
  matrix: MatrixName,
  nRows: number,
  nCols: number,
  nStored: number,
  sum: number,
][] = [
  ["anndata_v0.7.0.h5ad", "X", 30, 20, 228, 285],
  ["anndata_v0.7.0.h5ad", "raw/X", 30, 40, 480, 627],
  ["anndata_v0.7.0.h5ad", "layers/array", 30, 20, 600, 302.83],
  ["made_csc_gzip.h5ad", "X", 300, 1764, 60601, 383608],
  ["made_dense_lzf.h5ad", "X", 300, 1764, 60601, 383608],
  ["made_nullable_csr.h5ad", "X", 300, 1764, 60601, 383608],
  ["made_raw_group_layers.h5ad", "raw/X", 300, 1764, 60601, 383608],
  ["made_raw_group_layers.h5ad", "layers/counts", 300, 500, 36540, 268612],
  ["pbmc68k_724x221_h5sparse_2018.h5ad", "X", 724, 221, 160004, 447.243],
  ["pbmc68k_724x221_h5sparse_2018.h5ad", "raw/X", 724, 2956, 184286, 345010.546],
  ["pbmc68k_reduced_anndata08_rawgroup.h5ad", "raw/X", 700, 765, 174400, 319044.238],
  ["tenx_1.2.0_filtered_gene_bc_matrices_h5.h5", "X", 12, 343, 12, 12],
  ["tenx_3.0.0_filtered_feature_bc_matrix.h5", "X", 1107, 507, 23866, 41549],
  ["tenx_mtx_1.2.0_filtered_gene_bc_matrices_hg19_chr21", "X", 12, 343, 12, 12],
  ["tenx_mtx_3.0.0_filtered_feature_bc_matrix", "X", 1107, 507, 23866, 41549],
];

describeShared("odd files", () => {
  test.each(MATRICES)("%s %s is %i × %i", async (name, matrixName, nRows, nCols, nStored, sum) => {
    const adata = await openAnnData(odd(name));
    const matrix = await adata.matrix(matrixName);
    let [n, total] = [0, 0];
    for await (const { csr } of matrix.rows()) {
      n += csr.indices.length;
      for (const value of csr.data ?? []) total += value;
    }
    expect([matrix.nRows, matrix.nCols, n]).toEqual([nRows, nCols, nStored]);
    expect(total).toBeCloseTo(sum, 2);
    await adata.close();
  });

  test("all arrays and attributes of all HDF5 files are read", async () => {
    for (const name of readdirSync(odd("")).filter((each) => /\.h5(ad)?$/.test(each))) {
      const file = await openHdf5(odd(name));
      expect(await readAll(file)).toBeGreaterThan(0);
      await file.close();
    }
  });

  test.each(["anndata_v0.7.0.h5ad", "anndata_v0.7.0.zarr.zip"])(
    "%s: rows of texts, and coordinates in a table or a sparse matrix",
    async (name) => {
      const adata = await openAnnData(odd(name));
      const table = (await adata.uns("O_recarray")) as ReadonlyMap<string, readonly string[]>;
      expect([...table].map(([field, texts]) => [field, texts.length, ...texts.slice(0, 3)])).toEqual([
        ["idCmW", 20, "IRRZ", "RGe", "SCG"],
        ["ipisL", 20, "Unqr", "HUoa", "ryvO"],
        ["HvNdR", 20, "kSdc", "kKf", "YdjU"],
        ["kTvNh", 20, "IWzf", "rSRJ", "tyA"],
        ["QJgNd", 20, "nHRR", "jdH", "BJOg"],
      ]);
      // Its columns are cat, cat_ordered, int64, float64, uint8; by h5py.
      const points = await adata.obsm("df");
      expect([points.nRows, points.nCols, ...points.data.subarray(0, 6)]).toEqual([
        30,
        3,
        ...Float32Array.of(-7, 0.43978674, 78, 1, 0.90233917, 58),
      ]);
      const sparse = await adata.obsm("sparse");
      expect([sparse.nRows, sparse.nCols, sparse.data.filter((value) => value !== 0).length]).toEqual([
        30, 100, 30,
      ]);
      expect(sparse.data.reduce((sum, value) => sum + value, 0)).toBeCloseTo(14.079068, 4);
      await adata.close();
    },
  );

  test("uns tables are maps of their fields", async () => {
    const adata = await openAnnData(odd("pbmc68k_reduced_anndata08_rawgroup.h5ad"));
    const groups = (await adata.uns("rank_genes_groups")) as ReadonlyMap<
      string,
      ReadonlyMap<string, readonly string[]>
    >;
    const names = groups.get("names")!;
    expect([...names.keys()].length).toBeGreaterThan(1);
    for (const list of names.values()) expect(list.every((gene) => typeof gene === "string")).toBe(true);
    await adata.close();
  });

  test("a damaged lzf file gives an error of ours or data, and nothing else", async () => {
    const bytes = new Uint8Array(readFileSync(odd("made_dense_lzf.h5ad")));
    let errors = 0;
    for (let i = 0; i < 60; i++) {
      const damaged = bytes.slice(0, i % 4 === 0 ? Math.floor((bytes.length * (i + 1)) / 61) : bytes.length);
      for (let k = 0; k < 40; k++)
        damaged[(i * 7919 + k * 104_729) % damaged.length] ^= (i * 31 + k * 17) & 255;
      try {
        const file = await openHdf5(damaged);
        try {
          await readAll(file);
        } finally {
          await file.close();
        }
      } catch (error) {
        errors++;
        if (!isAtlasmtlError(error) || error.code === "BUG") throw error;
      }
    }
    expect(errors).toBeGreaterThan(10);
  });
});
