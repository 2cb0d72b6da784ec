/** Trainings of small networks on three types of cells, for the tests of training. */
import type { Csr } from "../../src/core/csr.ts";
import type { DenseMatrix } from "../../src/core/dense.ts";
import { createReferenceEngine } from "../../src/kernels/reference/engine.ts";
import type { TrainOptions } from "../../src/model/options.ts";
import { type TrainWork, train } from "../../src/model/train.ts";
import { randomNumbers } from "./gradients.ts";
import { categorical, type MemoryParts, memoryAnnData, strings } from "./memory-anndata.ts";
import { randomCsr } from "./training-fixtures.ts";

export const N = 90;
export const N_GENES = 20;
export const engine = createReferenceEngine();

/** Three types, each with its own genes, above a background of noise. */
function cells(): Csr {
  const noise = randomCsr(7, N, N_GENES, 0.15, false);
  const rows = Array.from({ length: N }, (_, r) => {
    const genes = new Map<number, number>();
    for (let e = noise.indptr[r]; e < noise.indptr[r + 1]; e++) genes.set(noise.indices[e], noise.data![e]);
    for (let g = 0; g < 5; g++) genes.set(5 * (r % 3) + g, 2);
    return [...genes].sort(([a], [b]) => a - b);
  });
  const indptr = new Uint32Array(N + 1);
  rows.forEach((row, r) => {
    indptr[r + 1] = indptr[r] + row.length;
  });
  return {
    nRows: N,
    nCols: N_GENES,
    indptr,
    indices: Uint16Array.from(rows.flatMap((row) => row.map(([gene]) => gene))),
    data: Float32Array.from(rows.flatMap((row) => row.map(([, value]) => value))),
  };
}

/** The cells with whole numbers. */
export const counts = (): Csr => ({ ...cells(), data: cells().data!.map((value) => Math.ceil(3 * value)) });
export const childCorrection = { parentLevel: "coarse", targetLevel: "fine", hotspotParents: ["a"] };

export const fine = Array.from({ length: N }, (_, r) => ["b1", "a2", "a1"][r % 3]);
const points = (nCols: number, seed: number): DenseMatrix => ({
  nRows: N,
  nCols,
  data: Float32Array.from(
    randomNumbers(seed, N * nCols),
    (value, i) => value + 10 * (Math.floor(i / nCols) % 3),
  ),
});
export const base: MemoryParts = {
  x: cells(),
  obs: {
    coarse: strings(fine.map((name) => name[0])),
    fine: categorical(fine, ["never"]),
    donor: categorical(fine.map((_, r) => `d${r % 2}`)),
  },
  obsm: { X_latent: points(3, 1), X_umap: points(2, 2), "X_scVI-z": points(4, 3) },
};
/** A network alone, unless a test asks for more. */
const options: TrainOptions = {
  preset: "original",
  labelColumns: ["coarse", "fine"],
  coordTargets: { umap: "X_umap", latent: "X_latent" },
  hiddenSizes: [12, 6],
  numEpochs: 25,
  batchSize: 16,
  learningRate: 0.01,
};
/** Trains on {@link base}, with changed options, data or work. */
export const run = (
  extra: Partial<TrainOptions> = {},
  parts: Partial<MemoryParts> = {},
  work: Partial<TrainWork> = {},
) => train(memoryAnnData({ ...base, ...parts }), { ...options, ...extra }, { engine, ...work });
