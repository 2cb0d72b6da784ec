/** Losses, gradients, optimisers and the plateau schedule against PyTorch on the same weights and batches. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { permutation } from "../../src/core/rng.ts";
import { createReferenceEngine } from "../../src/kernels/reference/engine.ts";
import type { Engine, LossSummary, NetworkShape, TrainerOptions } from "../../src/kernels/types.ts";
import { createPlateau } from "../../src/model/schedule.ts";
import { randomProblem, tensorsOf } from "../helpers/training-fixtures.ts";

const PYTHON = process.env.ATLASMTL_PYTHON ?? "/usr/bin/python3";
const script = fileURLToPath(new URL("training.py", import.meta.url));
const LEARNING_RATE = 0.003;
const N_ROWS = 60;
const N_STEPS = 20;
const plateau = { lr: 0.01, factor: 0.5, patience: 2, minLr: 0.002 };
const scripted = [
  3, 2, 2, 1.9999, 1.9999, 2, 2.5, 1.5, 1.4999, 1.49999, 1.6, 1.6, 1.6, 1, 2, 2, 2, 2, 2, 2, 2,
];

const engines: [string, () => Engine][] = [["reference", createReferenceEngine]];

interface Case {
  readonly name: string;
  readonly seed: number;
  readonly shape: NetworkShape;
  readonly binary: boolean;
  readonly change: (problem: TrainerOptions) => TrainerOptions;
}

const wide: NetworkShape = { nGenes: 30, hiddenSizes: [17, 9], nClasses: [2, 5], coordDims: [4, 2] };
const adam = (problem: TrainerOptions): TrainerOptions => ({
  ...problem,
  optimizer: { ...problem.optimizer, name: "adam" },
});
const labelsOnly = (problem: TrainerOptions): TrainerOptions => ({
  ...problem,
  loss: { ...problem.loss, classWeights: problem.loss.classWeights.map(() => null), domainWeight: 0 },
});
const cases: Case[] = [
  { name: "AdamW, every loss, binary", seed: 1, shape: wide, binary: true, change: (p) => p },
  { name: "AdamW, every loss, float", seed: 2, shape: wide, binary: false, change: (p) => p },
  { name: "Adam, every loss", seed: 3, shape: wide, binary: false, change: adam },
  {
    name: "AdamW, labels only, one hidden layer",
    seed: 4,
    shape: { nGenes: 12, hiddenSizes: [6], nClasses: [3, 1, 4], coordDims: [] },
    binary: true,
    change: labelsOnly,
  },
  {
    name: "Adam, coordinates, three hidden layers",
    seed: 5,
    shape: { nGenes: 25, hiddenSizes: [8, 7, 5], nClasses: [4], coordDims: [3] },
    binary: true,
    change: adam,
  },
];

describe.each(cases)("$name", ({ seed, shape, binary, change }) => {
  const problem: TrainerOptions = {
    ...change(randomProblem({ seed, nRows: N_ROWS, shape, binary, density: 0.2 })),
    dropoutRate: 0,
    batchSize: N_ROWS,
  };
  const batches = Array.from({ length: N_STEPS }, (_, step) =>
    // A short batch and one of a single cell are among them.
    permutation(seed * 100 + step, N_ROWS).slice(0, step === 3 ? 1 : step === 6 ? 5 : 24),
  );
  const folder = mkdtempSync(join(tmpdir(), "atlasmtl-training-"));
  let torch: { gradients: Float64Array; weights: Float64Array; result: TorchResult };
  let control: Float64Array;

  beforeAll(() => {
    writeProblem(folder, problem, batches);
    execFileSync(PYTHON, [script, folder, "float32"]);
    control = readFloats(join(folder, "weights.bin"));
    execFileSync(PYTHON, [script, folder, "float64"]);
    torch = {
      gradients: readFloats(join(folder, "gradients.bin")),
      weights: readFloats(join(folder, "weights.bin")),
      result: JSON.parse(readFileSync(join(folder, "result.json"), "utf8")),
    };
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each(engines)("%s: losses of every step and weights after all steps", async (_, createEngine) => {
    const trainer = await createEngine().createTrainer(problem);
    for (const [step, rows] of batches.entries()) {
      const loss = await trainer.runEpoch(rows, { learningRate: LEARNING_RATE });
      const expected = torch.result.steps[step];
      expect(Math.abs(loss.total - expected.total), `step ${step + 1}`).toBeLessThan(1e-5);
      partsOf(loss, problem).forEach((part, i) => {
        expect(Math.abs(part - expected.parts[i]), `step ${step + 1}, part ${i}`).toBeLessThan(1e-5);
      });
    }
    const own = flat(tensorsOf(trainer.weights()));
    expect(largestDifference(own, torch.weights)).toBeLessThan(1e-5);
    // Not further from float64 than torch's own float32 run: a constant rounded to float32 shows here.
    const initial = flat(tensorsOf(problem.initial));
    const moved = distance(torch.weights, initial);
    expect(moved).toBeGreaterThan(0.1);
    const room = 1.5 * (distance(control, torch.weights) / moved) + 5e-7;
    expect(distance(own, torch.weights) / moved).toBeLessThan(room);
  });

  test.each(engines)(
    "%s: the first batch's gradients, seen through a step that is linear in them",
    async (_, create) => {
      // With a huge eps the first Adam step is −lr/eps · gradient.
      const scale = 2 ** 40;
      const optimizer = { ...problem.optimizer, name: "adamw", weightDecay: 0, eps: scale } as const;
      const trainer = await create().createTrainer({ ...problem, optimizer });
      await trainer.runEpoch(batches[0], { learningRate: scale });
      const before = flat(tensorsOf(problem.initial));
      const gradient = flat(tensorsOf(trainer.weights())).map((after, i) => before[i] - after);
      expect(largestDifference(gradient, torch.gradients)).toBeLessThan(2e-6);
      expect(torch.gradients.some((g) => Math.abs(g) > 0.01)).toBe(true);
    },
  );

  test("the plateau schedule is torch's", () => {
    const next = createPlateau(plateau);
    let rate = plateau.lr;
    const rates = scripted.map((loss) => {
      rate = next(loss, rate);
      return rate;
    });
    expect(rates).toEqual(torch.result.rates);
    expect(new Set(rates).size).toBeGreaterThan(2);
  });
});

interface TorchResult {
  readonly steps: readonly { readonly total: number; readonly parts: readonly number[] }[];
  readonly rates: readonly number[];
}

function partsOf({ labels, coords, domain, topology }: LossSummary, { loss }: TrainerOptions): number[] {
  return [
    ...labels,
    ...coords,
    ...(loss.domainWeight > 0 ? [domain] : []),
    ...(loss.topology === null ? [] : [topology]),
  ];
}

function writeProblem(folder: string, problem: TrainerOptions, batches: readonly Uint32Array[]): void {
  const { data, loss, shape, optimizer, initial } = problem;
  const put = (name: string, values: Float32Array | Int32Array) => {
    const suffix = values instanceof Float32Array ? "f32" : "i32";
    writeFileSync(
      join(folder, `${name}.${suffix}`),
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    );
  };
  const dense = new Float32Array(data.x.nRows * data.x.nCols);
  for (let r = 0; r < data.x.nRows; r++)
    for (let e = data.x.indptr[r]; e < data.x.indptr[r + 1]; e++)
      dense[r * data.x.nCols + data.x.indices[e]] = data.x.data === null ? 1 : data.x.data[e];
  put("x", dense);
  data.labels.forEach((codes, j) => {
    put(`labels${j}`, codes);
  });
  data.coords.forEach((target, c) => {
    put(`coords${c}`, target.data);
  });
  put("domains", data.domains!);
  const layers = [...initial.encoder, ...initial.labelHeads, ...initial.coordHeads];
  const tensors = layers.flatMap(({ nIn, nOut }, i) => [
    { name: `weight${i}`, shape: [nOut, nIn] },
    { name: `bias${i}`, shape: [nOut] },
  ]);
  layers.forEach(({ weight, bias }, i) => {
    put(`weight${i}`, weight);
    put(`bias${i}`, bias);
  });
  const description = {
    n_rows: data.x.nRows,
    n_genes: shape.nGenes,
    n_hidden: shape.hiddenSizes.length,
    n_classes: shape.nClasses,
    coord_dims: shape.coordDims,
    tensors,
    batches: batches.map((rows) => [...rows]),
    loss: {
      task_weights: loss.taskWeights,
      coord_weights: loss.coordWeights,
      class_weights: loss.classWeights.map((weights) => weights && [...weights]),
      domain_weight: loss.domainWeight,
      topology: loss.topology && {
        weight: loss.topology.weight,
        k: loss.topology.k,
        head: loss.topology.coordHead,
      },
    },
    optimizer: { name: optimizer.name, lr: LEARNING_RATE, weight_decay: optimizer.weightDecay },
    plateau: {
      lr: plateau.lr,
      factor: plateau.factor,
      patience: plateau.patience,
      min_lr: plateau.minLr,
      losses: scripted,
    },
  };
  writeFileSync(join(folder, "problem.json"), JSON.stringify(description));
}

function readFloats(path: string): Float64Array {
  const bytes = readFileSync(path);
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

function flat(tensors: readonly Float32Array[]): Float64Array {
  return Float64Array.from(tensors.flatMap((tensor) => [...tensor]));
}

function distance(a: Float64Array, b: Float64Array): number {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0));
}

function largestDifference(a: Float64Array, b: Float64Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0);
}
