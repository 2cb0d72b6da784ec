// Milliseconds per training step on a seeded atlas: node bench/kernels/step.mjs [--genes 3000] [--threads 2]
// [--steps 60] [--float]. Needs a build (npm run build). Prints one line of JSON.
import { parseArgs } from "node:util";
import { makeAtlas, shapeFor, startingWeights, trainerSettings } from "../atlas.mjs";
import { ENGINE_OPTION, engineOf, processorSeconds } from "./engine.mjs";

const { values } = parseArgs({
  options: {
    ...ENGINE_OPTION,
    genes: { type: "string", default: "3000" },
    threads: { type: "string", default: "2" },
    steps: { type: "string", default: "60" },
    cells: { type: "string", default: "2560" },
    float: { type: "boolean", default: false },
  },
});
const nGenes = Number(values.genes);
const batchSize = 256;
const nCells = Number(values.cells);
const shape = shapeFor(nGenes);
const data = makeAtlas({ nCells, nGenes, binary: !values.float });
const initial = startingWeights(shape);
const began = performance.now();
const engine = await engineOf(values);
const trainer = await engine.createTrainer({
  shape,
  initial,
  data,
  ...trainerSettings(shape),
  batchSize,
});
const order = Uint32Array.from({ length: nCells }, (_, i) => (i * 997) % nCells);
const perStep = [];
let last = 0;
let firstBatch = null;
let loss = null;
let from = null;
while (perStep.length < Number(values.steps) + 12) {
  last = performance.now();
  loss = await trainer.runEpoch(order, {
    learningRate: 1e-3,
    onBatch() {
      const now = performance.now();
      firstBatch ??= now - began;
      perStep.push(now - last);
      if (perStep.length === 10) from = process.cpuUsage();
      last = now;
    },
  });
}
const used = processorSeconds(from);
// The first steps run baseline code; the median leaves pauses and neighbours out.
const steady = perStep.slice(12).sort((a, b) => a - b);
const quantile = (q) => Number(steady[Math.floor(q * (steady.length - 1))].toFixed(3));
console.log(
  JSON.stringify({
    engine: engine.name,
    threads: engine.numThreads,
    nGenes,
    batchSize,
    input: values.float ? "float" : "binary",
    density: Number((data.x.indices.length / (nCells * nGenes)).toFixed(4)),
    stepMsMedian: quantile(0.5),
    stepMsBest: quantile(0.1),
    stepProcessorMs: Number(((used * 1000) / (perStep.length - 10)).toFixed(3)),
    firstBatchMs: Number(firstBatch.toFixed(1)),
    loss: loss.total,
  }),
);
engine.dispose();
