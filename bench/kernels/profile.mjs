// Where a training step's time goes, one thread, task by task: node bench/kernels/profile.mjs [--genes 3000]
// [--epochs 12] [--float]. Needs a build. Prints one line of JSON: milliseconds by part.
import { parseArgs } from "node:util";
import { createWasmEngine } from "../../build/kernels/wasm/engine.js";
import { createTrainer } from "../../build/kernels/wasm/trainer.js";
import { makeAtlas, shapeFor, startingWeights, trainerSettings } from "../atlas.mjs";

const { values } = parseArgs({
  options: {
    genes: { type: "string", default: "3000" },
    epochs: { type: "string", default: "12" },
    float: { type: "boolean", default: false },
  },
});
const nGenes = Number(values.genes);
const nCells = 2560;
const shape = shapeFor(nGenes);
const { session } = await createWasmEngine();
const spent = new Map();
// Per task the times of all steps: the low quantile of each leaves out what other processes took.
const add = (name, task, began) => {
  const tasks = spent.get(name) ?? [];
  tasks[task] = [...(tasks[task] ?? []), performance.now() - began];
  spent.set(name, tasks);
};
const panels = shape.hiddenSizes.map((n) => Math.ceil(n / 16));
const nLayers = shape.hiddenSizes.length + 1;
function nameOf(kind, task) {
  if (kind === 0) return task < 4 ? "transposing the batch" : "first layer forward";
  if (kind === 1) return "later layers, losses, way back";
  for (const [i, n] of panels.entries()) {
    if (task < n) return `update of layer ${i + 2}`;
    task -= n;
  }
  return task < nLayers ? "update of biases" : "update of layer 1";
}
let phases = [];
const pool = {
  numThreads: 1,
  start(list) {
    phases = list;
  },
  join() {
    for (const { kind, argument, nTasks } of phases)
      for (let task = 0; task < nTasks; task++) {
        const began = performance.now();
        session.kernels.runTask(kind, argument, task, 0);
        add(nameOf(kind, task), task, began);
      }
  },
};
const trainer = createTrainer(
  { ...session, pool },
  {
    shape,
    initial: startingWeights(shape),
    data: makeAtlas({ nCells, nGenes, binary: !values.float }),
    ...trainerSettings(shape),
    batchSize: 256,
  },
);
const order = Uint32Array.from({ length: nCells }, (_, i) => (i * 997) % nCells);
let last = 0;
const whole = [];
for (let epoch = 0; epoch < Number(values.epochs); epoch++) {
  last = performance.now();
  await trainer.runEpoch(order, {
    learningRate: 1e-3,
    onBatch() {
      const now = performance.now();
      whole.push(now - last);
      last = now;
    },
  });
}
const low = (list) => list.slice(12).sort((a, b) => a - b)[Math.floor((list.length - 12) * 0.1)];
const parts = {};
for (const [name, tasks] of spent)
  parts[name] = Number(tasks.reduce((total, list) => total + low(list), 0).toFixed(3));
console.log(JSON.stringify({ nGenes, stepMs: Number(low(whole).toFixed(3)), parts }));
