import { expect, test } from "vitest";
import { csr } from "../../../test/helpers/predict-fixtures.ts";
import { run } from "../../../test/helpers/train-runs.ts";
import { NO_PAUSE } from "../../core/progress.ts";
import { AtlasmtlError } from "../../errors.ts";
import type { Linear, NetworkWeights } from "../../kernels/types.ts";
import { createWasmEngine } from "../../kernels/wasm/engine.ts";
import { networkEvidence, viewEvidence } from "./evidence.ts";
import { fitLabelGenes } from "./fit-label-genes.ts";
import { familiesOf } from "./siblings.ts";

const noise = (seed: number, n: number): number[] => {
  let state = seed;
  return Array.from({ length: n }, () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648 - 0.5;
  });
};

const linear = (seed: number, nIn: number, nOut: number): Linear => ({
  nIn,
  nOut,
  weight: Float32Array.from(noise(seed, nIn * nOut)),
  bias: Float32Array.from(noise(seed + 1, nOut)),
});

const N_GENES = 6;
const N_CLASSES = 3;
const weights: NetworkWeights = {
  encoder: [linear(1, N_GENES, 5), linear(2, 5, 4)],
  labelHeads: [linear(3, 4, N_CLASSES)],
  coordHeads: [],
};
const CODES = Int32Array.from({ length: 30 }, (_, r) => (r === 7 ? -1 : r % N_CLASSES));
const dense = Array.from({ length: 30 }, (_, r) =>
  noise(40 + r, N_GENES).map((value, g) =>
    value < -0.2 ? 0 : value + 0.3 + (g % N_CLASSES === CODES[r] ? 1 : 0),
  ),
);
const x = csr(dense);
const rowsOf = (code: number) => dense.map((row) => row.map(Math.fround)).filter((_, r) => CODES[r] === code);

function logitsOf(input: readonly number[]): number[] {
  const through = ({ weight, bias, nIn, nOut }: Linear, values: readonly number[]) =>
    Array.from({ length: nOut }, (_, o) =>
      values.reduce((sum, value, i) => sum + weight[o * nIn + i] * value, bias[o]),
    );
  const relu = (values: readonly number[]) => values.map((value) => Math.max(0, value));
  const latent = weights.encoder.reduce((values, layer) => relu(through(layer, values)), [...input]);
  return through(weights.labelHeads[0], latent);
}

const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

test("the network's evidence is gradient × (input − mean of the siblings), as differences of its outputs say", async () => {
  const evidence = await networkEvidence(weights, 0, x, CODES, NO_PAUSE);
  const seen: number[] = [];
  for (const members of [
    [0, 1, 2],
    [0, 2],
  ])
    await evidence({ parent: null, members, compared: members }, (code, genes) => {
      seen.push(code);
      const siblings = members.filter((other) => other !== code);
      const above = (input: readonly number[]): number => {
        const logits = logitsOf(input);
        return logits[code] - meanOf(siblings.map((other) => logits[other]));
      };
      for (let g = 0; g < N_GENES; g++) {
        const baseline = meanOf(siblings.map((other) => meanOf(rowsOf(other).map((row) => row[g]))));
        const step = 1e-6;
        const expected = meanOf(
          rowsOf(code).map((row) => {
            const moved = (by: number) => row.map((value, i) => (i === g ? value + by : value));
            return ((above(moved(step)) - above(moved(-step))) / (2 * step)) * (row[g] - baseline);
          }),
        );
        const isMore = meanOf(rowsOf(code).map((row) => row[g])) > baseline;
        expect(genes[g]).toBeCloseTo(isMore ? expected : 0, 5);
      }
    });
  expect(seen).toEqual([0, 1, 2, 0, 2]);
});

test("what a linear view says of all genes that a class has more of adds up to its score above its siblings", async () => {
  const scaling = {
    scale: Float32Array.from({ length: N_GENES }, (_, g) => 1 + g / 4),
    cap: new Float32Array(N_GENES).fill(1.5),
    centre: new Float32Array(N_GENES).fill(0.2),
  };
  const head = linear(9, N_GENES, N_CLASSES);
  const byGene = new Float32Array(N_GENES * N_CLASSES);
  for (let g = 0; g < N_GENES; g++)
    for (let k = 0; k < N_CLASSES; k++) byGene[g * N_CLASSES + k] = head.weight[k * N_GENES + g];
  const view = {
    input: "log" as const,
    scaling,
    components: {
      nGenes: N_GENES,
      nComponents: 0,
      loadings: new Float32Array(0),
      variances: new Float32Array(0),
      noise: 1,
    },
    heads: [{ column: "type", weights: byGene, intercepts: head.bias, temperature: 1 }],
  };
  const scaled = (value: number, g: number): number =>
    Math.min(Math.fround(value) * scaling.scale[g], scaling.cap[g]);
  const members = [0, 1, 2];
  const evidence = await viewEvidence(view, 0, x, CODES, NO_PAUSE);
  await evidence({ parent: null, members, compared: [1] }, (code, genes) => {
    const siblings = members.filter((other) => other !== code);
    const difference = (pick: (other: number) => number) => pick(code) - meanOf(siblings.map(pick));
    for (let g = 0; g < N_GENES; g++) {
      const weight = difference((other) => byGene[g * N_CLASSES + other]);
      const mean = difference((other) => meanOf(rowsOf(other).map((row) => scaled(row[g], g))));
      expect(genes[g]).toBeCloseTo(mean > 0 ? weight * mean : 0, 5);
    }
  });
});

test("classes are compared within their parent where the columns nest, with all others where they do not", () => {
  const level = (column: string, classes: readonly string[], codes: number[]) => ({
    column,
    classes,
    codes: Int32Array.from(codes),
  });
  const coarse = level("coarse", ["L", "M"], [0, 0, 0, 0, 1, 1]);
  const fine = level("fine", ["B", "T", "mono", "never"], [0, 0, 1, -1, 2, 2]);
  const counts = Uint32Array.from([2, 1, 2, 0]);
  expect(familiesOf(fine, coarse, counts)).toEqual([
    { parent: "L", members: [0, 1], compared: [0, 1] },
    { parent: null, members: [0, 1, 2], compared: [2] },
  ]);
  const crossed = level("coarse", ["L", "M"], [0, 1, 0, 1, 0, 1]);
  const all = { parent: null, members: [0, 1, 2], compared: [0, 1, 2] };
  expect(familiesOf(fine, crossed, counts)).toEqual([all]);
  expect(familiesOf(fine, undefined, counts)).toEqual([all]);
});

test("training finds the genes that tell the types apart and counts the cells that express them", async () => {
  const { model } = await run();
  const [coarse, fine] = model.labelGenes!;
  expect(
    fine.classes.map(({ label, parent, nCells, nSiblingCells }) => [label, parent, nCells, nSiblingCells]),
  ).toEqual([
    ["a1", "a", 30, 30],
    ["a2", "a", 30, 30],
    ["b1", null, 30, 60],
  ]);
  const nOwn = (c: number, first: number) =>
    fine.classes[c].genes.slice(0, 5).filter(({ gene }) => {
      const g = Number(gene.slice("gene-".length));
      return g >= first && g < first + 5;
    }).length;
  // Types have five genes each; the small network may do without one.
  for (const [c, first] of [10, 5, 0].entries()) expect(nOwn(c, first)).toBeGreaterThanOrEqual(4);
  for (const { genes } of [...coarse.classes, ...fine.classes]) {
    expect(genes.map(({ score }) => score)).toEqual(genes.map(({ score }) => score).sort((a, b) => b - a));
    expect(genes.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 4);
  }
  expect(fine.classes[0].genes[0].expressing).toBe(1);
  expect(fine.classes[0].genes[0].siblingsExpressing).toBeLessThan(0.4);
});

test("any number of threads gives the same genes, and training stops when it is told to", async () => {
  const genes = [];
  for (const numThreads of [1, 3]) {
    const engine = await createWasmEngine({ numThreads });
    genes.push((await run({ numEpochs: 3 }, {}, { engine })).model.labelGenes);
    engine.dispose();
  }
  expect(genes[1]).toEqual(genes[0]);
  const labels = [{ column: "type", classes: ["a", "b", "c"], codes: CODES }];
  const names = Array.from({ length: N_GENES }, (_, g) => `g${g}`);
  const stopped = fitLabelGenes({ genes: names, labels, weights, x, views: null }, AbortSignal.abort());
  await expect(stopped).rejects.toThrow(AtlasmtlError);
});

test("a column of one class has no genes", async () => {
  const labels = [{ column: "type", classes: ["a"], codes: new Int32Array(30) }];
  const names = Array.from({ length: N_GENES }, (_, g) => `g${g}`);
  const one = { ...weights, labelHeads: [linear(3, 4, 1)] };
  const [{ classes }] = await fitLabelGenes(
    { genes: names, labels, weights: one, x, views: null },
    undefined,
  );
  expect(classes).toEqual([{ label: "a", parent: null, nCells: 30, nSiblingCells: 0, genes: [] }]);
});
