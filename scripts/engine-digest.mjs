// One digest of what an engine computes: weights after training, outputs of the network, neighbours. Engines that agree print the
// same line, on any processor: .ci/run compares WebAssembly here with the native kernels of arm64 under qemu.
//
//   node scripts/engine-digest.mjs wasm|native [threads]      needs `npm run build`
import { createHash } from "node:crypto";
import { makeAtlas, shapeFor, startingWeights, trainerSettings } from "../bench/atlas.mjs";
import { startEngine } from "../build/kernels/start-engine.js";

const [choice = "wasm", threads = "2"] = process.argv.slice(2);
const engine = await startEngine(Number(threads), choice);
const hash = createHash("sha256");
const add = (values) => hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
const order = Uint32Array.from({ length: 300 }, (_, i) => (i * 97) % 300);

for (const binary of [true, false]) {
  const shape = shapeFor(500);
  const data = makeAtlas({ nCells: 300, nGenes: 500, binary });
  const trainer = await engine.createTrainer({
    shape,
    data,
    initial: startingWeights(shape),
    ...trainerSettings(shape),
    batchSize: 70,
  });
  for (let epoch = 0; epoch < 3; epoch++) await trainer.runEpoch(order, { learningRate: 1e-3 });
  const weights = trainer.weights();
  for (const { weight, bias } of [...weights.encoder, ...weights.labelHeads, ...weights.coordHeads]) {
    add(weight);
    add(bias);
  }
  const network = await engine.createInference(shape, weights);
  const { latent, logits, coords } = await network.run(data.x);
  for (const values of [latent, ...logits, ...coords]) add(values);
  const cells = { nRows: 300, nCols: shape.hiddenSizes.at(-1), data: latent.slice() };
  const index = await engine.createKnnIndex(cells);
  const { indices, distances } = await index.search(cells, 15);
  add(indices);
  add(distances);
}
console.log(hash.digest("hex"));
engine.dispose();
