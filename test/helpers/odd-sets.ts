/**
 * Datasets in containers of every kind and age. One set is made by a script of the repository (test/fixtures/odd),
 * one lies in the shared data. A test runs on every set that is there.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { unzipSync } from "fflate";
import { describe } from "vitest";
import { SIMULATED } from "./golden-sets.ts";
import { hasShared, sharedPath } from "./shared.ts";

/** Rows, columns, values that are not zero, their sum. */
export type MatrixFacts = readonly [nRows: number, nCols: number, nStored: number, sum: number];

/** What scanpy and anndata find in the files of a set; see test/fixtures/odd/facts.py. */
export interface OddFacts {
  readonly matrices: readonly (readonly [file: string, matrix: string, ...MatrixFacts])[];
  /** The first names of cells and genes, by file. */
  readonly names: Readonly<Record<string, readonly [cells: readonly string[], genes: readonly string[]]>>;
  /** The first values of every obs column after its dtype, by file and column. */
  readonly columns: Readonly<Record<string, Readonly<Record<string, readonly [string, ...unknown[]]>>>>;
  /** The first values of every field of every table of rows in uns, by file and path. */
  readonly tables: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown[]>>>>>>;
  /** Rows, number columns and the first two rows of the tables in obsm, by file and key. */
  readonly frames: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
  readonly sparse: Readonly<Record<string, Readonly<Record<string, MatrixFacts>>>>;
}

/** Absolute paths. */
export interface OddFiles {
  /** Compound tables, h5sparse, categories in uns. */
  readonly anndata06: string;
  /** lzf, `__categories`. */
  readonly anndata07: string;
  readonly anndata07Zarr: string;
  /** The raw group, record arrays, obsp. */
  readonly anndata08: string;
  readonly noX: string;
  readonly noXZarr: string;
  readonly csc: string;
  readonly denseLzf: string;
  readonly nullable: string;
  readonly rawLayers: string;
  /** A folder of Zarr 2. */
  readonly rawLayersZarr: string;
  /** Zarr 3 in shards, with tables of rows in a structured type: the cells of `anndata08` and `counts`. */
  readonly shardedZarr: string;
  readonly counts: string;
  readonly tenx: readonly string[];
  readonly mtx: readonly string[];
  /** The dataset that `csc`, `denseLzf`, `nullable` and `rawLayers` were made from. */
  readonly source: string;
}

export interface OddSet {
  readonly name: "made" | "shared";
  /** The folder of all but `counts` and `source`. */
  readonly folder: string;
  readonly files: OddFiles;
  readonly facts: OddFacts;
}

const fixtures = fileURLToPath(new URL("../fixtures/odd", import.meta.url));
const facts = JSON.parse(readFileSync(join(fixtures, "facts.json"), "utf8")) as Record<string, OddFacts>;

/** A folder store is kept as one zip; it is unpacked into a temporary folder that goes when the process does. */
function unpackStore(archive: string): string {
  const parent = mkdtempSync(join(tmpdir(), "atlasmtl-store-"));
  process.once("exit", () => rmSync(parent, { recursive: true, force: true }));
  const folder = join(parent, basename(archive, ".zip"));
  for (const [name, bytes] of Object.entries(unzipSync(new Uint8Array(readFileSync(archive))))) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
  return folder;
}

function madeSet(): OddSet {
  const at = (name: string): string => join(fixtures, name);
  return {
    name: "made",
    folder: fixtures,
    facts: facts.made,
    files: {
      anndata06: at("anndata-0.6.h5ad"),
      anndata07: at("anndata-0.7.h5ad"),
      anndata07Zarr: at("anndata-0.7.zarr.zip"),
      anndata08: at("anndata-0.8.h5ad"),
      noX: at("anndata-0.11-no-x.h5ad"),
      noXZarr: at("anndata-0.11-no-x.zarr.zip"),
      csc: at("csc-gzip.h5ad"),
      denseLzf: at("dense-lzf.h5ad"),
      nullable: at("nullable.h5ad"),
      rawLayers: at("raw-layers.h5ad"),
      rawLayersZarr: unpackStore(at("raw-layers.zarr.zip")),
      shardedZarr: at("zarr-3-sharded.zarr.zip"),
      counts: at("counts.h5ad"),
      tenx: [at("tenx-v2.h5"), at("tenx-v3.h5")],
      mtx: [at("mtx-v2"), at("mtx-v3")],
      source: SIMULATED.path("reference.h5ad"),
    },
  };
}

function sharedSet(): OddSet {
  const folder = sharedPath("data/oddities");
  const at = (name: string): string => join(folder, name);
  return {
    name: "shared",
    folder,
    facts: facts.shared,
    files: {
      anndata06: at("pbmc68k_724x221_h5sparse_2018.h5ad"),
      anndata07: at("anndata_v0.7.0.h5ad"),
      anndata07Zarr: at("anndata_v0.7.0.zarr.zip"),
      anndata08: at("pbmc68k_reduced_anndata08_rawgroup.h5ad"),
      noX: at("anndata_v0.11.4.h5ad"),
      noXZarr: at("anndata_v0.11.4.zarr.zip"),
      csc: at("made_csc_gzip.h5ad"),
      denseLzf: at("made_dense_lzf.h5ad"),
      nullable: at("made_nullable_csr.h5ad"),
      rawLayers: at("made_raw_group_layers.h5ad"),
      rawLayersZarr: at("made_raw_group_layers.zarr"),
      shardedZarr: at("pbmc68k_reduced.zarr.zip"),
      counts: sharedPath("data/pbmc68k_reduced_counts.h5ad"),
      tenx: [
        at("tenx_1.2.0_filtered_gene_bc_matrices_h5.h5"),
        at("tenx_3.0.0_filtered_feature_bc_matrix.h5"),
      ],
      mtx: [
        at("tenx_mtx_1.2.0_filtered_gene_bc_matrices_hg19_chr21"),
        at("tenx_mtx_3.0.0_filtered_feature_bc_matrix"),
      ],
      source: sharedPath("data/pbmc_3tech_symphony.h5ad"),
    },
  };
}

/** The sets that are there; the one of the repository is the first. */
export const ODD_SETS: readonly OddSet[] = hasShared ? [madeSet(), sharedSet()] : [madeSet()];

/** `describe` on each set that is there; a plain line says when the shared one is not. */
export function describeOdd(name: string, body: (set: OddSet) => void): void {
  if (!hasShared) console.log(`on files of the repository only, without ../shared: ${name}`);
  for (const set of ODD_SETS) describe(`${name}, ${set.name} files`, () => body(set));
}
