/** What the engine test runs inside a page or a worker: a short training whose weights are hashed. */
import type { NetworkShape } from "../../src/kernels/types.ts";
import { createWasmEngine } from "../../src/kernels/wasm/engine.ts";
import { randomOrder, trainingProblem } from "../helpers/kernels.ts";

const shape: NetworkShape = { nGenes: 301, hiddenSizes: [50, 23], nClasses: [3, 12], coordDims: [2] };

/** The run of pool.test.ts; `threads` that came up and the SHA-256 of the weights. */
export async function trainInBrowser(numThreads: number): Promise<{ threads: number; hash: string }> {
  const engine = await createWasmEngine({ numThreads });
  await engine.session.pool.ready();
  const problem = trainingProblem(30, shape, 200, { binary: true, nDomains: 2 }, { batchSize: 48 });
  const trainer = await engine.createTrainer(problem);
  for (let epoch = 0; epoch < 3; epoch++)
    await trainer.runEpoch(randomOrder(epoch, 200, 200), { learningRate: 2e-3 });
  const { encoder, labelHeads, coordHeads } = trainer.weights();
  const arrays = [...encoder, ...labelHeads, ...coordHeads].flatMap(({ weight, bias }) => [weight, bias]);
  const bytes = await new Blob(arrays.map((values) => values.slice())).arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const threads = engine.numThreads;
  engine.dispose();
  return { threads, hash: [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("") };
}

if (typeof document === "undefined")
  addEventListener("message", async ({ data }) => postMessage(await trainInBrowser(data)));
else Object.assign(globalThis, { trainInBrowser });
