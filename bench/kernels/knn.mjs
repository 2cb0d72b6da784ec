// Seconds of an exact neighbour search: node bench/kernels/knn.mjs [--references 50000] [--queries 10000] [--width 128]
// [--k 15] [--threads 2]. Latents are non-negative and half zero, as the network's are. Needs a build.
import { parseArgs } from "node:util";
import { randomStream } from "../atlas.mjs";
import { ENGINE_OPTION, engineOf, processorSeconds } from "./engine.mjs";

const { values } = parseArgs({
  options: {
    ...ENGINE_OPTION,
    references: { type: "string", default: "50000" },
    queries: { type: "string", default: "10000" },
    width: { type: "string", default: "128" },
    k: { type: "string", default: "15" },
    threads: { type: "string", default: "2" },
    dense: { type: "boolean", default: false },
  },
});
const width = Number(values.width);
const draw = randomStream(3);
// Ninety clusters with their own active units, as ReLU leaves them.
const centres = Array.from({ length: 90 * width }, () =>
  values.dense ? 2 * draw() - 1 : Math.max(0, 2 * draw() - 1),
);
function latents(nRows) {
  const data = new Float32Array(nRows * width);
  for (let r = 0; r < nRows; r++) {
    const cluster = Math.floor(draw() * 90);
    for (let i = 0; i < width; i++) {
      const centre = centres[cluster * width + i];
      if (values.dense || centre > 0) data[r * width + i] = centre + 0.3 * (draw() - 0.5);
    }
  }
  return { nRows, nCols: width, data };
}
const engine = await engineOf(values);
const reference = latents(Number(values.references));
const queries = latents(Number(values.queries));
const from = process.cpuUsage();
const began = performance.now();
const index = await engine.createKnnIndex(reference);
const indexed = performance.now();
const result = await index.search(queries, Number(values.k));
const done = performance.now();
const used = processorSeconds(from);
let check = 0;
for (const row of result.indices) check = (Math.imul(check, 31) + row) >>> 0;
console.log(
  JSON.stringify({
    engine: engine.name,
    threads: engine.numThreads,
    references: reference.nRows,
    queries: queries.nRows,
    width,
    k: result.k,
    indexSeconds: Number(((indexed - began) / 1000).toFixed(3)),
    processorSeconds: Number(used.toFixed(3)),
    searchSeconds: Number(((done - indexed) / 1000).toFixed(3)),
    check,
  }),
);
engine.dispose();
