/** Training with child correction against PyTorch's autograd on the same weights and batches. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { permutation } from "../../src/core/rng.ts";
import { childFeatureCount } from "../../src/kernels/reference/child-features.ts";
import { createReferenceEngine } from "../../src/kernels/reference/engine.ts";
import type { ChildTrainingOptions, Linear, NetworkShape, TrainerOptions } from "../../src/kernels/types.ts";
import { createWasmEngine } from "../../src/kernels/wasm/engine.ts";
import { initialLinear } from "../../src/model/init.ts";
import type { ChildFeatureMode } from "../../src/schema/training-options.ts";
import { randomProblem } from "../helpers/training-fixtures.ts";

const PYTHON = process.env.ATLASMTL_PYTHON ?? "/usr/bin/python3";
const script = fileURLToPath(new URL("child_correction.py", import.meta.url));
const shape: NetworkShape = { nGenes: 20, hiddenSizes: [12, 8], nClasses: [3, 4, 9], coordDims: [] };
const N = 60;
const LR = 0.01;

function problemOf(featureMode: ChildFeatureMode, baseLrScale: number | null): TrainerOptions {
  const own = randomProblem({ seed: 5, nRows: N, shape, binary: false });
  const module = (parentIndex: number, childIndices: number[]) => {
    const nIn = childFeatureCount(featureMode, 8, 4, childIndices.length);
    return {
      parentIndex,
      childIndices,
      hidden: initialLinear(7, `hidden ${parentIndex}`, [nIn, 6]),
      output: initialLinear(7, `output ${parentIndex}`, [6, childIndices.length]),
    };
  };
  const child: ChildTrainingOptions = {
    ...{ parentHead: 1, childHead: 2, featureMode, baseLrScale },
    ...{ residualScale: 0.8, lossWeight: 1.2, rankLossWeight: 0.4, rankMargin: 0.3 },
    modules: [module(0, [0, 1, 4, 7]), module(2, [2, 3, 4, 5, 6, 8])],
  };
  // Cells of a hotspot parent whose child is another parent's are not corrected; here there are none.
  const children = own.data.labels[2].map((code, row) => {
    const legal = child.modules.find(({ parentIndex }) => parentIndex === own.data.labels[1][row]);
    return legal === undefined || code < 0 ? code : legal.childIndices[code % legal.childIndices.length];
  });
  return {
    ...own,
    data: { ...own.data, labels: [own.data.labels[0], own.data.labels[1], children], domains: null },
    loss: {
      ...own.loss,
      taskWeights: [1, 1, 1],
      classWeights: [null, null, null],
      domainWeight: 0,
    },
    dropoutRate: 0,
    batchSize: N,
    child,
  };
}

const nested = ({ nIn, nOut, weight, bias }: Linear) => ({
  weight: Array.from({ length: nOut }, (_, o) => [...weight.subarray(o * nIn, (o + 1) * nIn)]),
  bias: [...bias],
});

describe.each<[ChildFeatureMode, number | null]>([
  ["standard", 0.1],
  ["reranker_like", 0.5],
  ["standard", null],
])("%s features, base learning rate × %s", (featureMode, baseLrScale) => {
  const problem = problemOf(featureMode, baseLrScale);
  const { data, initial, child } = problem;
  const batches = Array.from({ length: 15 }, (_, step) => permutation(step, N).slice(0, step === 4 ? 2 : 24));
  const folder = mkdtempSync(join(tmpdir(), "atlasmtl-child-"));
  const x = Array.from({ length: N }, (_, r) => {
    const row = new Array<number>(shape.nGenes).fill(0);
    for (let e = data.x.indptr[r]; e < data.x.indptr[r + 1]; e++) row[data.x.indices[e]] = data.x.data![e];
    return row;
  });
  const [input, output] = [join(folder, "problem.json"), join(folder, "out.json")];
  writeFileSync(
    input,
    JSON.stringify({
      x,
      labels: data.labels.map((codes) => [...codes]),
      encoder: initial.encoder.map(nested),
      labelHeads: initial.labelHeads.map(nested),
      child: {
        ...child,
        modules: child!.modules.map((module) => ({
          ...module,
          hidden: nested(module.hidden),
          output: nested(module.output),
        })),
      },
      batches: batches.map((rows) => [...rows]),
      lr: LR,
      weightDecay: problem.optimizer.weightDecay,
    }),
  );
  execFileSync(PYTHON, [script, input, output]);
  const torch = JSON.parse(readFileSync(output, "utf8")) as { losses: number[]; tensors: number[][] };
  rmSync(folder, { recursive: true });

  test.each([
    ["reference", async () => createReferenceEngine()],
    ["wasm", () => createWasmEngine()],
  ] as const)("%s: losses of every step and weights after all steps", async (_, createEngine) => {
    const engine = await createEngine();
    const trainer = await engine.createTrainer(problem);
    for (const [step, rows] of batches.entries()) {
      const { total } = await trainer.runEpoch(rows, { learningRate: LR });
      expect(Math.abs(total - torch.losses[step]), `step ${step + 1}`).toBeLessThan(2e-5);
    }
    const { encoder, labelHeads, childModules } = trainer.weights();
    const layers = [
      ...encoder,
      ...labelHeads,
      ...childModules!.flatMap(({ hidden, output: out }) => [hidden, out]),
    ];
    const own = layers.flatMap(({ weight, bias }) => [weight, bias]);
    expect(own.length).toBe(torch.tensors.length);
    own.forEach((values, t) => {
      values.forEach((value, i) => {
        expect(Math.abs(value - torch.tensors[t][i]), `tensor ${t}, element ${i}`).toBeLessThan(5e-5);
      });
    });
    trainer.dispose();
    engine.dispose();
  });
});
