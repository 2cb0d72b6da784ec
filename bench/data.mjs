// The inputs of the benchmarks, made once in a folder of the system's temporary files.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CLI } from "./measure.mjs";

export const FOLDER = join(tmpdir(), "atlasmtl-bench");
export const LABELS = ["level_1", "level_2", "level_3", "level_4"];

function node(...args) {
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`node ${args.join(" ")} ended with ${status}:\n${stderr}`);
}

/** An atlas by its size; `cellSeed` 1 is for references, others for queries. */
export function atlas(nCells, nGenes, cellSeed = 1) {
  mkdirSync(FOLDER, { recursive: true });
  const path = join(FOLDER, `atlas-${nCells}x${nGenes}-${cellSeed}.h5ad`);
  if (existsSync(path)) return path;
  console.error(`making ${path}`);
  const size = ["--cells", String(nCells), "--genes", String(nGenes), "--cell-seed", String(cellSeed)];
  node(join(import.meta.dirname, "make-atlas.mjs"), ...size, "--out", `${path}.part`);
  renameSync(`${path}.part`, path);
  return path;
}

/** The arguments that train on an atlas with four label columns and two coordinate heads. */
export function trainArguments(adata, out, epochs) {
  const coords = ["--latent-key", "X_latent", "--umap-key", "X_umap"];
  return [
    CLI,
    "train",
    "--adata",
    adata,
    "--out",
    out,
    "--labels",
    ...LABELS,
    ...coords,
    "--num-epochs",
    String(epochs),
  ];
}

const EPOCHS = 10;

/** A model trained on the reference of that size, long enough to know its types. */
export function model(nCells, nGenes) {
  const path = join(FOLDER, `model-${nCells}x${nGenes}`, "model.pth");
  if (existsSync(path)) return path;
  const reference = atlas(nCells, nGenes);
  console.error(`training ${path}`);
  node(...trainArguments(reference, path, EPOCHS));
  return path;
}

/** Removes one input or, without a path, all of them. */
export function remove(path = FOLDER) {
  rmSync(path, { recursive: true, force: true });
}
