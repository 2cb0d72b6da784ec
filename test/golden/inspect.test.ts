/** `inspect` opens everything there is in `shared/data` and `shared/golden` and says what it is. */
import { readdirSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { run } from "../../src/cli/program.ts";
import { describeShared, sharedPath } from "../helpers/shared.ts";

/** What is there, what its first line says after the path, and what else must be said. */
const EXPECTED: readonly (readonly [path: string, title: string, ...said: RegExp[]])[] = [
  [
    "data/pbmc68k_reduced_counts.h5ad",
    "700 cells × 765 genes, h5ad",
    /X +int32 csr, 32\.6 % filled +counts, up to 213\n/,
    /bulk_labels +10 classes/,
    /Groups of cells.*\n +phase +3 classes/,
    /symbols; probably human/,
  ],
  [
    "data/pbmc_3tech_symphony.h5ad",
    "1,500 cells × 1,764 genes, h5ad",
    /layers\/logcp10k .*log-normalised/,
    /--labels cell_type_l1 cell_type_l2 cell_type_l3_nested\n/,
    /cell_type_l3_nested +15 classes +80 missing/,
    /Groups of cells.*\n +technology +3 classes/,
  ],
  [
    "data/pbmc_kang2018_ctrl.h5ad",
    "12,261 cells × 1,287 genes, h5ad",
    /Groups of cells.*\n +donor +8 classes/,
    /Ensembl ids; probably human; symbols in var column feature_name/,
  ],
  ["data/oddities/anndata_v0.11.4.h5ad", "10 cells × 20 genes, h5ad", /none: there is nothing to train on/],
  ["data/oddities/anndata_v0.11.4.zarr.zip", "10 cells × 20 genes, zarr", /none: there is nothing to train/],
  ...["anndata_v0.7.0.h5ad", "anndata_v0.7.0.zarr.zip"].map(
    (name) =>
      [
        `data/oddities/${name}`,
        `30 cells × 20 genes, ${name.endsWith(".zip") ? "zarr" : "h5ad"}`,
        /raw\/X +30 × 40 +float32 csr, 40\.0 % filled +counts/,
        /df +30 × 5 +dataframe\n +sparse +30 × 100 +csr_matrix/,
        /Unstructured \(uns\)\n +O_recarray\n/,
      ] as const,
  ),
  ...(
    [
      ["made_csc_gzip.h5ad", /X +float32 csc, 11\.5 % filled +counts, up to 4,882/],
      ["made_dense_lzf.h5ad", /X +float32 dense +counts, up to 4,882/],
      [
        "made_nullable_csr.h5ad",
        /nullable_int +int64 +1 to 1, 100 missing\n +nullable_bool +bool +120 true, 60 missing/,
      ],
    ] as const
  ).map(
    ([name, said]) =>
      [`data/oddities/${name}`, "300 cells × 1,764 genes, h5ad", said, /cell_type_l1 +6 classes/] as const,
  ),
  ...["made_raw_group_layers.h5ad", "made_raw_group_layers.zarr"].map(
    (name) =>
      [
        `data/oddities/${name}`,
        `300 cells × 500 genes, ${name.split(".")[1]}`,
        /X +float32 csr, 24\.4 % filled +log-normalised/,
        /layers\/counts +int64 csc, 24\.4 % filled +counts/,
        /raw\/X +300 × 1,764 +float32 csr/,
      ] as const,
  ),
  [
    "data/oddities/pbmc68k_724x221_h5sparse_2018.h5ad",
    "724 cells × 221 genes, h5ad",
    /X +float32 dense +scaled/,
    /raw\/X +724 × 2,956 .*log-normalised/,
    /train .*--use-raw --out .*--labels bulk_labels\n/,
  ],
  [
    "data/oddities/pbmc68k_reduced.zarr.zip",
    "700 cells × 765 genes, zarr",
    /layers\/counts +int32 csr/,
    /train .*--layer counts .*--labels bulk_labels\n/,
    /n_counts +float32 +40\.16 to 121,\d{3}\n/,
  ],
  ["data/oddities/pbmc68k_reduced_anndata08_rawgroup.h5ad", "700 cells × 765 genes, h5ad", /--use-raw/],
  ["data/oddities/tenx_1.2.0_filtered_gene_bc_matrices_h5.h5", "12 cells × 343 genes, 10x-h5", /human/],
  [
    "data/oddities/tenx_3.0.0_filtered_feature_bc_matrix.h5",
    "1,107 cells × 507 genes, 10x-h5",
    /symbols; probably human; Ensembl ids in var column gene_ids/,
  ],
  ["data/oddities/tenx_mtx_1.2.0_filtered_gene_bc_matrices_hg19_chr21", "12 cells × 343 genes, 10x-mtx"],
  [
    "data/oddities/tenx_mtx_3.0.0_filtered_feature_bc_matrix",
    "1,107 cells × 507 genes, 10x-mtx",
    /counts, up to 36/,
    /Ensembl ids in var column gene_ids/,
  ],
  ["golden/query.h5ad", "250 cells × 390 genes, h5ad", /X_ref_latent +250 × 16/],
  ["golden/reference.h5ad", "600 cells × 400 genes, h5ad", /X_umap +600 × 2/],
  ...(
    [
      ["child_correction", "model.pth", /child correction +for B, DC/],
      ["external", "model.pth", /latent +X_ref_latent +16 dimensions/],
      ["full", "model.pth", /reference +full, there/, /input transform +float/],
      ["gz", "pbmc.pth", /reference +external, there/],
      ["legacy_no_manifest", "model.pth", /parts of models +model_metadata\.pkl, model_reference\.pkl\n/],
      ["moved", "model.pth", /reference +external, there/],
    ] as const
  ).map(
    ([folder, model, ...said]) =>
      [
        `golden/${folder}`,
        `a folder with the model ${model}`,
        /cell_type_l1 +6 classes +B, DC, MK, Mono, NK and 1 more/,
        /predict --model \S+\.pth --adata QUERY\.h5ad/,
        ...said,
      ] as const,
  ),
];

async function inspect(path: string): Promise<string> {
  const [stdout, stderr] = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, "write").mockReturnValue(true),
  );
  try {
    const code = await run(["inspect", path], new AbortController().signal);
    const text = (spy: typeof stdout): string => spy.mock.calls.map(([words]) => String(words)).join("");
    expect([code, text(stderr)]).toEqual([0, ""]);
    return text(stdout);
  } finally {
    stdout.mockRestore();
    stderr.mockRestore();
  }
}

describeShared("inspect", () => {
  test("is tried on everything there is", () => {
    const told = new Set(EXPECTED.map(([path]) => path));
    const there = ["data", "data/oddities", "golden"].flatMap((folder) =>
      readdirSync(sharedPath(folder))
        .filter((name) => !/^(README\.md|gene_ids|oddities|hierarchy_rules\.json)$/.test(name))
        .map((name) => `${folder}/${name}`),
    );
    expect(there.filter((path) => !told.has(path))).toEqual([]);
  });

  const cases = EXPECTED.map(([path, title, ...said]) => ({ path, title, said }));
  test.each(cases)("$path is $title", async ({ path, title, said }) => {
    const text = await inspect(sharedPath(path));
    expect(text.split("\n")[0]).toBe(`${sharedPath(path)}: ${title}`);
    for (const pattern of said) expect(text).toMatch(pattern);
    expect(text).not.toMatch(/cannot be read|Warnings|undefined|NaN|\[object/);
    expect(text.split("\n").length).toBeLessThan(60);
  });
});
