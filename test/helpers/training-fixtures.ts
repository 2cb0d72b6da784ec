/** Small training problems, a function of a seed. */
import type { Csr } from "../../src/core/csr.ts";
import type { LossOptions, NetworkShape, NetworkWeights, TrainerOptions } from "../../src/kernels/types.ts";
import { initialWeights } from "../../src/model/init.ts";
import { randomIntegers, randomNumbers } from "./gradients.ts";

export interface ProblemOptions {
  readonly seed: number;
  readonly nRows: number;
  readonly shape: NetworkShape;
  readonly binary: boolean;
  readonly density?: number;
}

/** A random sparse matrix; with density 0 all rows are empty. */
export function randomCsr(seed: number, nRows: number, nCols: number, density: number, binary: boolean): Csr {
  const draws = randomNumbers(seed, nRows * nCols, 0, 1);
  const indptr = new Uint32Array(nRows + 1);
  const indices: number[] = [];
  const data: number[] = [];
  for (let r = 0; r < nRows; r++) {
    for (let c = 0; c < nCols; c++) {
      const u = draws[r * nCols + c];
      if (u >= density) continue;
      indices.push(c);
      data.push(0.5 + u);
    }
    indptr[r + 1] = indices.length;
  }
  return {
    nRows,
    nCols,
    indptr,
    indices: Uint16Array.from(indices),
    data: binary ? null : Float32Array.from(data),
  };
}

/** Every part of the loss at once: two in ten labels missing, class weights on the last head. */
export function randomProblem({ seed, nRows, shape, binary, density = 0.3 }: ProblemOptions): TrainerOptions {
  const { nGenes, nClasses, coordDims } = shape;
  const labels = nClasses.map((n, j) =>
    randomIntegers(seed + 10 + j, nRows, 0, n * 1.25).map((code) => (code < n ? code : -1)),
  );
  const coords = coordDims.map((nCols, c) => ({
    nRows,
    nCols,
    data: Float32Array.from(randomNumbers(seed + 20 + c, nRows * nCols)),
  }));
  const loss: LossOptions = {
    taskWeights: nClasses.map((_, j) => 1 - 0.3 * j),
    coordWeights: coordDims.map((_, c) => 0.5 / (c + 1)),
    classWeights: nClasses.map((n, j) =>
      j === nClasses.length - 1 ? Float32Array.from(randomNumbers(seed + 30, n, 0.2, 2)) : null,
    ),
    domainWeight: 0.4,
    topology: coordDims.length === 0 ? null : { weight: 0.3, k: 3, coordHead: coordDims.length - 1 },
  };
  return {
    shape,
    initial: initialWeights(
      shape,
      coordDims.map((_, c) => `c${c}`),
      seed,
    ),
    data: {
      x: randomCsr(seed + 1, nRows, nGenes, density, binary),
      labels,
      coords,
      domains: randomIntegers(seed + 40, nRows, 0, 3),
    },
    loss,
    optimizer: { name: "adamw", weightDecay: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8 },
    dropoutRate: 0.3,
    dropoutKey: seed,
    batchSize: 8,
  };
}

/** All tensors in a fixed order: weight and bias of encoder, label heads, coordinate heads. */
export function tensorsOf({ encoder, labelHeads, coordHeads }: NetworkWeights): Float32Array[] {
  return [...encoder, ...labelHeads, ...coordHeads].flatMap(({ weight, bias }) => [weight, bias]);
}
