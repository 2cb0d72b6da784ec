/** Seeded problems of any size for engine tests. */
import type { Csr } from "../../src/core/csr.ts";
import { randomBelow, randomUniform, streamKey } from "../../src/core/rng.ts";
import type {
  Linear,
  NetworkShape,
  NetworkWeights,
  OptimizerOptions,
  TrainerOptions,
  TrainingData,
} from "../../src/kernels/types.ts";

/** Uniform numbers in [low, high) from a named stream. */
export function uniform(seed: number, name: string, low = 0, high = 1): () => number {
  const key = streamKey(seed, name);
  let counter = 0;
  return () => low + (high - low) * randomUniform(key, counter++);
}

/** A random matrix; about one row in eight is empty. Values null: binary. */
export function randomCsr(seed: number, nRows: number, nCols: number, density: number, binary: boolean): Csr {
  const draw = uniform(seed, "csr");
  const indptr = new Uint32Array(nRows + 1);
  const indices: number[] = [];
  const data: number[] = [];
  for (let r = 0; r < nRows; r++) {
    const empty = draw() < 0.125;
    for (let c = 0; c < nCols; c++)
      if (!empty && draw() < density) {
        indices.push(c);
        data.push(0.1 + 3 * draw());
      }
    indptr[r + 1] = indices.length;
  }
  return {
    nRows,
    nCols,
    indptr,
    indices: seed % 2 === 0 ? Uint16Array.from(indices) : Uint32Array.from(indices),
    data: binary ? null : Float32Array.from(data),
  };
}

export function randomWeights(seed: number, shape: NetworkShape): NetworkWeights {
  const draw = uniform(seed, "weights", -1, 1);
  const linear = (nIn: number, nOut: number): Linear => {
    const bound = 1 / Math.sqrt(nIn);
    return {
      nIn,
      nOut,
      weight: Float32Array.from({ length: nIn * nOut }, () => bound * draw()),
      bias: Float32Array.from({ length: nOut }, () => bound * draw()),
    };
  };
  const nLatent = shape.hiddenSizes.at(-1)!;
  return {
    encoder: shape.hiddenSizes.map((n, i) => linear(i === 0 ? shape.nGenes : shape.hiddenSizes[i - 1], n)),
    labelHeads: shape.nClasses.map((n) => linear(nLatent, n)),
    coordHeads: shape.coordDims.map((n) => linear(nLatent, n)),
  };
}

export function randomTraining(
  seed: number,
  shape: NetworkShape,
  nRows: number,
  { density = 0.2, binary = false, missing = 0.1, nDomains = 0 } = {},
): TrainingData {
  const draw = uniform(seed, "targets");
  return {
    x: randomCsr(seed, nRows, shape.nGenes, density, binary),
    labels: shape.nClasses.map((n) =>
      Int32Array.from({ length: nRows }, () => (draw() < missing ? -1 : Math.floor(draw() * n))),
    ),
    coords: shape.coordDims.map((nCols) => ({
      nRows,
      nCols,
      data: Float32Array.from({ length: nRows * nCols }, () => 4 * draw() - 2),
    })),
    domains: nDomains === 0 ? null : Int32Array.from({ length: nRows }, () => Math.floor(draw() * nDomains)),
  };
}

export const ADAMW: OptimizerOptions = {
  name: "adamw",
  weightDecay: 5e-5,
  beta1: 0.9,
  beta2: 0.999,
  eps: 1e-8,
};

/** A whole training problem with defaults that can be overridden. */
export function trainingProblem(
  seed: number,
  shape: NetworkShape,
  nRows: number,
  data: Parameters<typeof randomTraining>[3] = {},
  overrides: Partial<TrainerOptions> = {},
): TrainerOptions {
  return {
    shape,
    initial: randomWeights(seed, shape),
    data: randomTraining(seed, shape, nRows, data),
    loss: {
      taskWeights: shape.nClasses.map((_, j) => 1 + 0.5 * j),
      coordWeights: shape.coordDims.map((_, c) => 0.5 - 0.1 * c),
      classWeights: shape.nClasses.map(() => null),
      domainWeight: 0,
      topology: null,
    },
    optimizer: ADAMW,
    dropoutRate: 0.3,
    dropoutKey: streamKey(seed, "dropout"),
    batchSize: 32,
    ...overrides,
  };
}

/** `n` row numbers below `nRows`, drawn with replacement. */
export function randomOrder(seed: number, n: number, nRows: number): Uint32Array {
  const key = streamKey(seed, "order");
  return Uint32Array.from({ length: n }, (_, i) => randomBelow(key, i, nRows));
}

/** Largest difference of two sets of weights. */
export function weightDifference(a: NetworkWeights, b: NetworkWeights): number {
  const all = (w: NetworkWeights) =>
    [
      ...w.encoder,
      ...w.labelHeads,
      ...w.coordHeads,
      ...(w.childModules ?? []).flatMap(({ hidden, output }) => [hidden, output]),
    ].flatMap(({ weight, bias }) => [weight, bias]);
  const others = all(b);
  let largest = 0;
  all(a).forEach((values, i) => {
    values.forEach((value, j) => {
      const difference = Math.abs(value - others[i][j]);
      if (!(difference <= largest)) largest = difference;
    });
  });
  return largest;
}
