// Writes a seeded atlas of any size as .h5ad, straight to disk: node bench/make-atlas.mjs --cells 1000000
// --genes 20000 --out atlas.h5ad [--seed 1] [--cell-seed 1] [--density 0.08] [--pool N]. Needs a build.
//
// Counts as CSR (float32 values, int32 columns, uncompressed, in chunks of 1 MiB), four label columns from 8 to 90
// classes, obsm "X_latent" (16) and "X_umap" (2). Cells are drawn from a pool of distinct profiles: as many as there
// are cells up to 150 million gene draws, so an atlas of millions of cells takes about as long as its disk.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { isMainThread } from "node:worker_threads";
import { tagRoot, writeDense, writeDict } from "../build/anndata/write/write-elements.js";
import { writeFrame } from "../build/anndata/write/write-frame.js";
import { hdf5Library, loadHdf5 } from "../build/formats/hdf5/library.js";
import { openFile } from "../build/formats/hdf5/open.js";
import { openWriter } from "../build/formats/hdf5/write.js";
import { COORD_DIMS, LEVELS, makeAtlas, mix } from "./atlas.mjs";

export const LABELS = LEVELS.map((_, level) => `level_${level + 1}`);
export const COORDS = ["X_latent", "X_umap"];

const DRAWS = 150e6;
const CHUNK = 1 << 18;
/** Values written at once. */
const BLOCK = 1 << 23;

/** Writes the atlas; returns its stored entries. */
export async function writeAtlas(
  to,
  { nCells, nGenes, density = 0.08, seed = 1, cellSeed = 1, pool = Math.floor(DRAWS / nGenes) },
) {
  // The HDF5 library takes a relative path for one in its own file system.
  const path = resolve(to);
  await loadHdf5();
  const nProfiles = Math.max(1, Math.min(nCells, pool));
  const profiles = makeAtlas({ nCells: nProfiles, nGenes, density, seed, cellSeed, binary: false });
  const { indptr } = profiles.x;
  const columns = Int32Array.from(profiles.x.indices);
  const values = profiles.x.data;
  const profileOf = nProfiles === nCells ? (cell) => cell : (cell) => mix(cell * 2 + 1 + seed) % nProfiles;
  const starts = new Int32Array(nCells + 1);
  for (let cell = 0; cell < nCells; cell++) {
    const p = profileOf(cell);
    starts[cell + 1] = starts[cell] + indptr[p + 1] - indptr[p];
    if (starts[cell + 1] < starts[cell]) throw new Error("more entries than int32 positions can count");
  }

  const file = openWriter(path, "create");
  tagRoot(file);
  const names = (prefix, n) => Array.from({ length: n }, (_, i) => `${prefix}${String(i).padStart(7, "0")}`);
  const labelColumn = (level) => ({
    kind: "categorical",
    codes: Int32Array.from({ length: nCells }, (_, cell) => profiles.labels[level][profileOf(cell)]),
    categories: Array.from(
      { length: LEVELS[level] },
      (_, i) => `type ${level + 1}.${String(i).padStart(2, "0")}`,
    ),
    ordered: false,
  });
  const obs = new Map(LABELS.map((name, level) => [name, labelColumn(level)]));
  writeFrame(file, "/obs", { index: names("cell-", nCells), columns: obs });
  writeFrame(file, "/var", { index: names("GENE", nGenes) });
  for (const group of ["/layers", "/obsm", "/varm", "/obsp", "/varp", "/uns"]) writeDict(file, group);
  COORDS.forEach((key, c) => {
    const nCols = COORD_DIMS[c];
    const data = new Float32Array(nCells * nCols);
    for (let cell = 0; cell < nCells; cell++) {
      const from = profileOf(cell) * nCols;
      data.set(profiles.coords[c].data.subarray(from, from + nCols), cell * nCols);
    }
    writeDense(file, `/obsm/${key}`, { nRows: nCells, nCols, data });
  });
  file.createGroup("/X");
  file.setAttribute("/X", "encoding-type", "csr_matrix");
  file.setAttribute("/X", "encoding-version", "0.1.0");
  file.setAttribute("/X", "shape", BigInt64Array.of(BigInt(nCells), BigInt(nGenes)));
  file.writeNumbers("/X/indptr", starts, [nCells + 1]);
  file.finish();

  const fileId = openFile(path, "update");
  const write = { indices: growing(fileId, "/X/indices", true), data: growing(fileId, "/X/data", false) };
  const block = { indices: new Int32Array(BLOCK), data: new Float32Array(BLOCK) };
  let filled = 0;
  const flush = () => {
    write.indices(block.indices.subarray(0, filled));
    write.data(block.data.subarray(0, filled));
    filled = 0;
  };
  for (let cell = 0; cell < nCells; cell++) {
    const p = profileOf(cell);
    const [from, to] = [indptr[p], indptr[p + 1]];
    if (filled + to - from > BLOCK) flush();
    block.indices.set(columns.subarray(from, to), filled);
    block.data.set(values.subarray(from, to), filled);
    filled += to - from;
  }
  flush();
  hdf5Library().close_file(fileId);
  return starts[nCells];
}

/** Creates an array that grows; returns what appends to it. */
function growing(fileId, path, isInteger) {
  const h5 = hdf5Library();
  const metadata = {
    ...{
      type: isInteger ? 0 : 1,
      size: 4,
      signed: isInteger,
      vlen: false,
      littleEndian: true,
      total_size: 0,
    },
    ...{ shape: [0n], maxshape: [0xffff_ffff_ffff_ffffn], chunks: [BigInt(CHUNK)], track_order: false },
  };
  const address = h5._malloc(BLOCK * 4);
  h5.create_dataset(fileId, path, BigInt(address), metadata);
  let stored = 0;
  return (values) => {
    h5.HEAPU8.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), address);
    const [count, offset] = [BigInt(values.length), BigInt(stored)];
    if (h5.resize_dataset(fileId, path, [offset + count]) < 0) throw new Error(`${path} cannot grow`);
    if (h5.set_dataset_data(fileId, path, [count], [offset], [1n], BigInt(address)) < 0)
      throw new Error(`${path} cannot be written`);
    stored += values.length;
  };
}

if (isMainThread && process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      cells: { type: "string", default: "10000" },
      genes: { type: "string", default: "3000" },
      density: { type: "string", default: "0.08" },
      seed: { type: "string", default: "1" },
      "cell-seed": { type: "string", default: "1" },
      pool: { type: "string" },
      out: { type: "string" },
    },
  });
  if (values.out === undefined) throw new Error("--out FILE.h5ad is needed");
  const began = performance.now();
  const [nCells, nGenes] = [Number(values.cells), Number(values.genes)];
  const entries = await writeAtlas(values.out, {
    ...{ nCells, nGenes, density: Number(values.density), seed: Number(values.seed) },
    cellSeed: Number(values["cell-seed"]),
    ...(values.pool === undefined ? {} : { pool: Number(values.pool) }),
  });
  const seconds = Number(((performance.now() - began) / 1000).toFixed(1));
  console.log(JSON.stringify({ out: values.out, nCells, nGenes, entries, seconds }));
}
