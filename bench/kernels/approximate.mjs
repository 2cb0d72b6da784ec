// Approximate against exact neighbours: seconds and recall. node bench/kernels/approximate.mjs
// [--references 100000] [--queries 10000] [--width 128] [--probes 4,16,64] [--threads 2] [--clusters 90] [--spread 0.3].
// Latents are non-negative and half zero, as the network's are. Needs a build.
import { parseArgs } from "node:util";
import { createWasmEngine } from "../../build/kernels/wasm/engine.js";
import { createApproximateIndex } from "../../build/predict/approximate.js";
import { randomStream } from "../atlas.mjs";

const { values } = parseArgs({
  options: {
    references: { type: "string", default: "100000" },
    queries: { type: "string", default: "10000" },
    width: { type: "string", default: "128" },
    probes: { type: "string", default: "4,16,64" },
    threads: { type: "string", default: "2" },
    clusters: { type: "string", default: "90" },
    spread: { type: "string", default: "0.3" },
  },
});
const [width, nClusters, spread] = [Number(values.width), Number(values.clusters), Number(values.spread)];
const K = 15;
const draw = randomStream(3);
const centres = Array.from({ length: nClusters * width }, () => Math.max(0, 2 * draw() - 1));
function latents(nRows) {
  const data = new Float32Array(nRows * width);
  for (let r = 0; r < nRows; r++) {
    const cluster = Math.floor(draw() * nClusters);
    for (let i = 0; i < width; i++) {
      const centre = centres[cluster * width + i];
      if (centre > 0) data[r * width + i] = centre + spread * (draw() - 0.5);
    }
  }
  return { nRows, nCols: width, data };
}
const engine = await createWasmEngine({ numThreads: Number(values.threads) });
const reference = latents(Number(values.references));
const queries = latents(Number(values.queries));
async function timed(makeIndex) {
  const began = performance.now();
  const index = await makeIndex();
  const indexed = performance.now();
  const result = await index.search(queries, K);
  const done = performance.now();
  index.dispose();
  return { result, indexSeconds: (indexed - began) / 1000, searchSeconds: (done - indexed) / 1000 };
}
const report = (mode, { result, indexSeconds, searchSeconds }, recall) =>
  console.log(
    JSON.stringify({
      mode,
      threads: engine.numThreads,
      references: reference.nRows,
      queries: queries.nRows,
      width,
      k: result.k,
      indexSeconds: Number(indexSeconds.toFixed(3)),
      searchSeconds: Number(searchSeconds.toFixed(3)),
      recall,
    }),
  );
const exact = await timed(() => engine.createKnnIndex(reference));
report("exact", exact, 1);
for (const probes of values.probes.split(",").map(Number)) {
  const found = await timed(() => createApproximateIndex(engine, reference, { nProbes: probes }));
  let hits = 0;
  for (let q = 0; q < queries.nRows; q++) {
    const truth = new Set(exact.result.indices.subarray(q * K, (q + 1) * K));
    for (const row of found.result.indices.subarray(q * K, (q + 1) * K)) if (truth.has(row)) hits++;
  }
  report(`approximate, ${probes} lists`, found, Number((hits / (queries.nRows * K)).toFixed(4)));
}
engine.dispose();
