/** What `inspect` should say of the files of each golden and odd set. */
import { basename, join } from "node:path";
import type { GoldenSet } from "../helpers/golden-sets.ts";
import type { OddSet } from "../helpers/odd-sets.ts";
import { sharedPath } from "../helpers/shared.ts";

/** An absolute path, what the first line says after it, and what else must be said. */
export type Inspected = readonly [path: string, title: string, ...said: RegExp[]];

/** Objects of R in the shared data. */
export const REAL_R_OBJECTS: readonly Inspected[] = (
  [
    ["sce_pancreas528.rds", "528 cells × 1,403 genes, rds", /cellTypes +2 classes/, /X +float64 dense/],
    ["seurat5_muscularis540.rds", "540 cells × 2,000 genes, rds", /X .*log1p: natural logarithm/],
    [
      "seurat_pbmc_small_featureplot.rds",
      "80 cells × 230 genes, rds",
      /X +float64 csr, 24\.2 % filled +counts: whole numbers, up to 138\n/,
      /layers\/data .*log1p: natural logarithm of 10,000 per cell/,
    ],
  ] as const
).map(([name, ...said]) => [sharedPath(`data/rds/${name}`), ...said]);

/** Datasets of real cells in the shared data. */
export const REAL_DATA: readonly Inspected[] = (
  [
    [
      "pbmc68k_reduced_counts.h5ad",
      "700 cells × 765 genes",
      /X +int32 csr, 32\.6 % filled +counts: whole numbers, up to 213\n/,
      /bulk_labels +10 classes/,
      /Groups of cells.*\n +phase +3 classes/,
      /symbols; probably human/,
    ],
    [
      "pbmc_3tech_symphony.h5ad",
      "1,500 cells × 1,764 genes",
      /layers\/logcp10k .*log1p: natural logarithm, up to 6\.880/,
      /--labels cell_type_l1 cell_type_l2 cell_type_l3_nested\n/,
      /cell_type_l3_nested +15 classes +80 missing/,
      /Groups of cells.*\n +technology +3 classes/,
    ],
    [
      "pbmc_kang2018_ctrl.h5ad",
      "12,261 cells × 1,287 genes",
      /Groups of cells.*\n +donor +8 classes/,
      /Ensembl ids; probably human; symbols in var column feature_name/,
    ],
    [
      "pbmc3k_10xv1.h5ad",
      "2,638 cells × 13,714 genes",
      /--labels cell_type_l1_derived cell_type\n/,
      /X_umap +2,638 × 2/,
      /symbols; probably human/,
    ],
    [
      "pbmc_ifnb832_kang2018.h5ad",
      "832 cells × 14,053 genes",
      /Groups of cells.*\n(.*\n)? +stim +2 classes/,
      /--labels cell_type\n/,
    ],
    [
      "pbmc_onek1k_7811.h5ad",
      "7,811 cells × 1,000 genes",
      /--labels cell_type_l1_derived cell_type\n/,
      /Ensembl ids; probably human\n/,
    ],
    [
      "mmuscularis_infected540.h5ad",
      "540 cells × 2,000 genes",
      /Groups of cells.*\n +genotype +2 classes.*\n +treatment +2 classes/,
      /--labels cell_type cell_type_fine\n/,
      /symbols; probably mouse/,
    ],
    [
      "nsclc_zilionis300_query.h5ad",
      "300 cells × 20,388 genes",
      /cell_type_pbmc +6 classes +unseen_in_pbmc \(111\)/,
      /Groups of cells.*\n +tissue +2 classes.*\n +patient +7 classes/,
    ],
  ] as const
).map(([name, title, ...said]) => [sharedPath(`data/${name}`), `${title}, h5ad`, ...said]);

/** Datasets and bundles of a golden set. */
export function inspectedGolden(set: GoldenSet): readonly Inspected[] {
  const [column] = set.columns;
  const classes =
    set.classes.length > 5 ? `${set.classes.slice(0, 5).join(", ")} and` : set.classes.join(", ");
  const labels = new RegExp(`${column} +${set.nClasses[0]} classes +${classes}`);
  const hotspots = {
    real: /child correction +for B, DC/,
    simulated: /for Blood endothelial, CD4 T, CD8 T\n/,
  };
  const bundles = new Map(
    set.bundles.map(({ entry }) => entry.split("/")).map(([folder, file]) => [folder, file]),
  );
  const said: Readonly<Record<string, RegExp>> = {
    child_correction: hotspots[set.name],
    external: /latent +X_ref_latent +16 dimensions/,
    full: /input transform +float\n(.*\n)*? +reference +full, there/,
    gz: /reference +external, there/,
    legacy_no_manifest: /parts of models +model_metadata\.pkl, model_reference\.pkl\n/,
    moved: /reference +external, there/,
  };
  return [
    [set.path("query.h5ad"), "250 cells × 390 genes, h5ad", new RegExp(`${column} +\\d classes`)],
    [set.path("reference.h5ad"), "600 cells × 400 genes, h5ad", /X_umap +600 × 2/, /X_ref_latent +600 × 16/],
    ...Array.from(bundles, ([folder, file]): Inspected => {
      const model = file.replace("_manifest.json", ".pth");
      const predict = /predict --model \S+\.pth --adata QUERY\.h5ad/;
      return [set.path(folder), `a folder with the model ${model}`, labels, predict, said[folder]];
    }),
  ];
}

/** Both forms of a dataset: HDF5 and Zarr. */
const both = (h5ad: string, zarr: string, size: string, ...said: RegExp[]): Inspected[] => [
  [h5ad, `${size}, h5ad`, ...said],
  [zarr, `${size}, zarr`, ...said],
];

/** The datasets of the odd set that the repository makes. */
export function inspectedMade({ files, folder }: OddSet): readonly Inspected[] {
  const [tenx2, tenx3] = files.tenx;
  const [mtx2, mtx3] = files.mtx;
  const rawLayers = [
    /X +float32 csr, 5\.8 % filled +log1p: /,
    /layers\/counts +int64 csc, 5\.8 % filled +counts/,
    /raw\/X +60 × 200 +float32 csr/,
  ];
  const log = /raw\/X +60 × 120 +float32 csr.*log1p: .*up to 8\.818/;
  return [
    ...both(files.noX, files.noXZarr, "10 cells × 20 genes", /none: there is nothing to train on/),
    ...both(
      files.anndata07,
      files.anndata07Zarr,
      "30 cells × 20 genes",
      /raw\/X +30 × 40 +float32 csr, 22\.9 % filled +counts/,
      /df +30 × 4 +dataframe\n +sparse +30 × 12 +csr_matrix/,
      /Unstructured \(uns\)\n +O_recarray\n/,
    ),
    ...both(files.rawLayers, files.rawLayersZarr, "60 cells × 120 genes", ...rawLayers),
    [join(folder, `${basename(files.rawLayersZarr)}.zip`), "60 cells × 120 genes, zarr", ...rawLayers],
    [
      files.csc,
      "60 cells × 200 genes, h5ad",
      /X +float32 csc, 7\.8 % filled +counts: whole numbers, up to 81/,
      /type +16 classes/,
    ],
    [files.denseLzf, "60 cells × 200 genes, h5ad", /X +float32 dense +counts: whole numbers, up to 81/],
    [
      files.nullable,
      "60 cells × 200 genes, h5ad",
      /nullable_int +int64 +1 to 1, 20 missing\n +nullable_bool +bool +24 true, 12 missing/,
      /ordered +3 classes/,
    ],
    [
      files.anndata06,
      "60 cells × 40 genes, h5ad",
      /X +float32 dense +scaled/,
      log,
      /--use-raw --out .*--labels type\n/,
    ],
    [
      files.anndata08,
      "60 cells × 60 genes, h5ad",
      /X +float32 dense +scaled/,
      log,
      /--use-raw/,
      /obsp\/distances/,
    ],
    [
      files.shardedZarr,
      "60 cells × 60 genes, zarr",
      /layers\/counts +int32 csr/,
      log,
      /--layer counts .*--labels type\n/,
    ],
    [files.counts, "60 cells × 60 genes, h5ad", /X +int32 csr, 8\.2 % filled +counts/],
    ...[tenx2, tenx3].map(
      (path): Inspected => [
        path,
        "60 cells × 120 genes, 10x-h5",
        /probably human; Ensembl ids in var column gene_ids/,
      ],
    ),
    ...[mtx2, mtx3].map(
      (path): Inspected => [
        path,
        "60 cells × 120 genes, 10x-mtx",
        /counts: whole numbers, up to 81/,
        /in var column gene_ids/,
      ],
    ),
  ];
}

/** The datasets of the odd set that lies in the shared data. */
export function inspectedShared({ files }: OddSet): readonly Inspected[] {
  const [tenx2, tenx3] = files.tenx;
  const [mtx2, mtx3] = files.mtx;
  const copy = "300 cells × 1,764 genes, h5ad";
  return [
    ...both(files.noX, files.noXZarr, "10 cells × 20 genes", /none: there is nothing to train on/),
    ...both(
      files.anndata07,
      files.anndata07Zarr,
      "30 cells × 20 genes",
      /raw\/X +30 × 40 +float32 csr, 40\.0 % filled +counts/,
      /df +30 × 5 +dataframe\n +sparse +30 × 100 +csr_matrix/,
      /Unstructured \(uns\)\n +O_recarray\n/,
    ),
    ...both(
      files.rawLayers,
      files.rawLayersZarr,
      "300 cells × 500 genes",
      /X +float32 csr, 24\.4 % filled +log1p: /,
      /layers\/counts +int64 csc, 24\.4 % filled +counts/,
      /raw\/X +300 × 1,764 +float32 csr/,
    ),
    [
      files.csc,
      copy,
      /X +float32 csc, 11\.5 % filled +counts: whole numbers, up to 4,882/,
      /cell_type_l1 +6 classes/,
    ],
    [files.denseLzf, copy, /X +float32 dense +counts: whole numbers, up to 4,882/, /cell_type_l1 +6 classes/],
    [
      files.nullable,
      copy,
      /nullable_int +int64 +1 to 1, 100 missing\n +nullable_bool +bool +120 true, 60 missing/,
      /cell_type_l1 +6 classes/,
    ],
    [
      files.anndata06,
      "724 cells × 221 genes, h5ad",
      /X +float32 dense +scaled/,
      /raw\/X +724 × 2,956 .*log1p: /,
      /train .*--use-raw --out .*--labels bulk_labels\n/,
    ],
    [files.anndata08, "700 cells × 765 genes, h5ad", /--use-raw/],
    [
      files.shardedZarr,
      "700 cells × 765 genes, zarr",
      /layers\/counts +int32 csr/,
      /train .*--layer counts .*--labels bulk_labels\n/,
      /n_counts +float32 +40\.16 to 121,\d{3}\n/,
    ],
    [tenx2, "12 cells × 343 genes, 10x-h5", /human/],
    [tenx3, "1,107 cells × 507 genes, 10x-h5", /symbols; probably human; Ensembl ids in var column gene_ids/],
    [mtx2, "12 cells × 343 genes, 10x-mtx"],
    [
      mtx3,
      "1,107 cells × 507 genes, 10x-mtx",
      /counts: whole numbers, up to 26/,
      /Ensembl ids in var column gene_ids/,
    ],
  ];
}
