// A seeded atlas of any size: cells of a four-level hierarchy (8, 20, 45, 90 types), each type with marker genes on
// top of gene frequencies that are uneven, as real ones are, and about `density` on average; two coordinate heads.

export function mix(x) {
  x ^= x >>> 16;
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Uniform numbers in [0, 1), a function of the seed and the number of calls. */
export function randomStream(seed) {
  let counter = mix(seed + 0x9e3779b9);
  return () => {
    counter = (counter + 0x9e3779b9) | 0;
    return mix(counter) / 4294967296;
  };
}

export const LEVELS = [8, 20, 45, 90];
export const COORD_DIMS = [16, 2];

/**
 * The atlas as TrainingData; with `binary`, values are null, else they are counts. `seed` makes the genes and types,
 * `cellSeed` the cells, so a query is drawn from the atlas of its reference by another `cellSeed`.
 */
export function makeAtlas({ nCells, nGenes, density = 0.08, binary = true, seed = 1, cellSeed = 1 }) {
  let draw = randomStream(seed);
  // Frequencies fall off over genes with mean `density`; markers are four times as frequent in their type.
  const frequency = new Float64Array(nGenes);
  let sum = 0;
  for (let g = 0; g < nGenes; g++) sum += frequency[g] = 0.1 + draw() ** 3 * 3;
  for (let g = 0; g < nGenes; g++) frequency[g] = Math.min(0.95, (frequency[g] * density * nGenes) / sum);
  const finest = LEVELS.at(-1);
  const marker = Array.from({ length: finest }, () =>
    Uint32Array.from({ length: 30 }, () => draw() * nGenes),
  );
  draw = randomStream(seed * 7919 + cellSeed);
  const labels = LEVELS.map(() => new Int32Array(nCells));
  const indptr = new Uint32Array(nCells + 1);
  let indices = new Uint32Array(Math.ceil(nCells * nGenes * density * 1.3) + nGenes);
  let n = 0;
  const now = new Float64Array(nGenes);
  for (let cell = 0; cell < nCells; cell++) {
    const type = Math.floor(draw() * finest);
    LEVELS.forEach((size, level) => {
      labels[level][cell] = Math.floor((type * size) / finest);
    });
    now.set(frequency);
    for (const gene of marker[type]) now[gene] = Math.min(0.95, now[gene] * 4 + 0.2);
    if (n + nGenes > indices.length) {
      const larger = new Uint32Array(indices.length * 2);
      larger.set(indices);
      indices = larger;
    }
    for (let g = 0; g < nGenes; g++) if (draw() < now[g]) indices[n++] = g;
    indptr[cell + 1] = n;
  }
  const narrow = nGenes <= 65536 ? new Uint16Array(n) : new Uint32Array(n);
  narrow.set(indices.subarray(0, n));
  const data = binary
    ? null
    : Float32Array.from({ length: n }, () => 1 + Math.floor(-2 * Math.log(1 - draw())));
  const coords = COORD_DIMS.map((nCols, c) => ({
    nRows: nCells,
    nCols,
    data: Float32Array.from({ length: nCells * nCols }, (_, i) => {
      const type = labels.at(-1)[Math.floor(i / nCols)];
      return (mix(type * 64 + (i % nCols) + c * 7919) / 4294967296) * 3 - 1.5 + 0.3 * (draw() - 0.5);
    }),
  }));
  return {
    x: { nRows: nCells, nCols: nGenes, indptr, indices: narrow, data },
    labels,
    coords,
    domains: null,
  };
}

/** Starting weights as torch's Linear has them: uniform within 1 / sqrt(inputs). */
export function startingWeights({ nGenes, hiddenSizes, nClasses, coordDims }, seed = 2) {
  const draw = randomStream(seed);
  const linear = (nIn, nOut) => {
    const bound = 1 / Math.sqrt(nIn);
    const fill = (length) => Float32Array.from({ length }, () => bound * (2 * draw() - 1));
    return { nIn, nOut, weight: fill(nIn * nOut), bias: fill(nOut) };
  };
  const nLatent = hiddenSizes.at(-1);
  return {
    encoder: hiddenSizes.map((n, i) => linear(i === 0 ? nGenes : hiddenSizes[i - 1], n)),
    labelHeads: nClasses.map((n) => linear(nLatent, n)),
    coordHeads: coordDims.map((n) => linear(nLatent, n)),
  };
}

export function shapeFor(nGenes) {
  return { nGenes, hiddenSizes: [256, 128], nClasses: LEVELS, coordDims: COORD_DIMS };
}

/** The loss, the optimiser and the dropout of a training of `shape`, with all that a step can have but domains and topology. */
export function trainerSettings(shape) {
  return {
    loss: {
      taskWeights: shape.nClasses.map(() => 1),
      coordWeights: [0.5, 0.2],
      classWeights: shape.nClasses.map(() => null),
      domainWeight: 0,
      topology: null,
    },
    optimizer: { name: "adamw", weightDecay: 5e-5, beta1: 0.9, beta2: 0.999, eps: 1e-8 },
    dropoutRate: 0.3,
    dropoutKey: 7,
  };
}
