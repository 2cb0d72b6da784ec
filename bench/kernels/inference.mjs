// Seconds to evaluate cells with a trained network: node bench/kernels/inference.mjs [--genes 3000] [--cells 10000]
// [--threads 2]. Needs a build. Prints one line of JSON.
import { parseArgs } from "node:util";
import { makeAtlas, shapeFor, startingWeights } from "../atlas.mjs";
import { ENGINE_OPTION, engineOf, processorSeconds } from "./engine.mjs";

const { values } = parseArgs({
  options: {
    ...ENGINE_OPTION,
    genes: { type: "string", default: "3000" },
    cells: { type: "string", default: "10000" },
    threads: { type: "string", default: "2" },
    float: { type: "boolean", default: false },
  },
});
const shape = shapeFor(Number(values.genes));
const { x } = makeAtlas({ nCells: Number(values.cells), nGenes: shape.nGenes, binary: !values.float });
const weights = startingWeights(shape);
const began = performance.now();
const engine = await engineOf(values);
const inference = await engine.createInference(shape, weights);
const ready = performance.now();
const seconds = [];
const from = process.cpuUsage();
for (let i = 0; i < 5; i++) {
  const start = performance.now();
  await inference.run(x);
  seconds.push((performance.now() - start) / 1000);
}
console.log(
  JSON.stringify({
    engine: engine.name,
    threads: engine.numThreads,
    nGenes: shape.nGenes,
    cells: x.nRows,
    startSeconds: Number(((ready - began) / 1000).toFixed(3)),
    processorSeconds: Number((processorSeconds(from) / 5).toFixed(4)),
    firstSeconds: Number(seconds[0].toFixed(3)),
    medianSeconds: Number(seconds.sort((a, b) => a - b)[2].toFixed(3)),
  }),
);
engine.dispose();
