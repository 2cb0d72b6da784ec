// Time and memory of a reference map: node bench/reference-map.mjs [CELLS] [THREADS] [OUT.f32]
// Seeded points of 90 types in 50 dimensions, whose spread falls as that of principal components does. With OUT.f32 the map
// is written, [cells, 2]. Needs a build.
import { writeFileSync } from "node:fs";
import { createEngine } from "../build/kernels/engine.js";
import { fitNearnessCurve } from "../build/model/embedding/curve.js";
import { embedPoints } from "../build/model/embedding/embed-points.js";
import { mix, randomStream } from "./atlas.mjs";

const [cells = "100000", threads = "2", out] = process.argv.slice(2);
const [nRows, nCols, nTypes] = [Number(cells), 50, 90];
const draw = randomStream(1);
const data = Float32Array.from({ length: nRows * nCols }, (_, i) => {
  const [type, column] = [Math.floor(i / nCols) % nTypes, i % nCols];
  const centre = (mix(type * 64 + column) / 4294967296 - 0.5) * (20 - (18 * column) / nCols);
  return centre + 3 * (draw() + draw() + draw() - 1.5);
});

const engine = await createEngine({ numThreads: Number(threads) });
const seconds = {};
const began = performance.now();
const cpu = process.cpuUsage();
const places = await embedPoints(
  { nRows, nCols, data },
  { nNeighbors: 15, curve: fitNearnessCurve(0.5, 1), epochs: nRows <= 10_000 ? 500 : 200, key: 42 },
  {
    engine,
    onProgress: ({ phase }) => {
      seconds[phase] = Number(((performance.now() - began) / 1000).toFixed(1));
    },
  },
);
engine.dispose();
const { user, system } = process.cpuUsage(cpu);
console.log(
  JSON.stringify({
    cells: nRows,
    secondsUntilTheEndOf: seconds,
    cpuSeconds: Math.round((user + system) / 1e6),
    peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1024),
  }),
);
if (out !== undefined) writeFileSync(out, places.data);
