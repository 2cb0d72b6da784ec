import { describe, expect, test } from "vitest";
import { expectGradient, randomNumbers } from "../../../test/helpers/gradients.ts";
import { CHILD_FEATURE_MODES, type ChildFeatureMode } from "../../schema/training-options.ts";
import type { ChildTrainingOptions, Linear } from "../types.ts";
import { createChildStep } from "./child-correction.ts";
import { type ChildOutputs, childFeatureCount } from "./child-features.ts";

const N = 9;
const WIDTHS = { latent: 4, parents: 3, children: 6 };
const SCALE = 2 ** 40;
const optimizer = { name: "adamw", weightDecay: 0, beta1: 0.9, beta2: 0.999, eps: SCALE } as const;
const shape = { nGenes: 5, hiddenSizes: [7, 4], nClasses: [3, 6], coordDims: [] };
/** Cells of parents 0 (no module), 1 (children 4, 1 and 3) and 2 (children 0 and 5); two have no child label. */
const labels = [Int32Array.of(1, 2, 0, 1, 1, 2, 1, 2, -1), Int32Array.of(4, 5, 2, 1, -1, 0, 3, -1, 4)];
const rows = Uint32Array.from({ length: N }, (_, r) => r);

function linear(seed: number, nIn: number, nOut: number): Linear {
  const draw = (n: number, at: number) => Float32Array.from(randomNumbers(seed + at, n, -0.7, 0.7));
  return { nIn, nOut, weight: draw(nIn * nOut, 0), bias: draw(nOut, 1) };
}

function child(mode: ChildFeatureMode, change: Partial<ChildTrainingOptions> = {}): ChildTrainingOptions {
  const nFeatures = (n: number) => childFeatureCount(mode, WIDTHS.latent, WIDTHS.parents, n);
  return {
    parentHead: 0,
    childHead: 1,
    featureMode: mode,
    residualScale: 0.8,
    modules: [
      {
        parentIndex: 1,
        childIndices: [1, 3, 4],
        hidden: linear(10, nFeatures(3), 5),
        output: linear(20, 5, 3),
      },
      { parentIndex: 2, childIndices: [0, 5], hidden: linear(30, nFeatures(2), 5), output: linear(40, 5, 2) },
    ],
    lossWeight: 1.3,
    rankLossWeight: 0.6,
    rankMargin: 1.5,
    baseLrScale: 0.1,
    ...change,
  };
}

const step = (options: ChildTrainingOptions) =>
  createChildStep(
    {
      shape,
      data: {
        x: { nRows: N, nCols: 5, indptr: new Uint32Array(N + 1), indices: new Uint16Array(0), data: null },
        labels,
        coords: [],
        domains: null,
      },
      dropoutRate: 0.4,
      dropoutKey: 17,
    },
    options,
    optimizer,
  );

/** One vector holding latent, parents and children. */
const SIZES = [N * WIDTHS.latent, N * WIDTHS.parents, N * WIDTHS.children] as const;
const split = (all: Float64Array): ChildOutputs => ({
  latent: all.slice(0, SIZES[0]),
  parents: all.slice(SIZES[0], SIZES[0] + SIZES[1]),
  children: all.slice(SIZES[0] + SIZES[1]),
});
const joined = ({ latent, parents, children }: ChildOutputs) =>
  Float64Array.of(...latent, ...parents, ...children);
const point = randomNumbers(3, SIZES[0] + SIZES[1] + SIZES[2], -1.5, 1.5);
/** Stands for the loss of the child head: linear in the corrected logits. */
const pull = randomNumbers(4, SIZES[2], -0.1, 0.1);

function value(options: ChildTrainingOptions, at: Float64Array, dropoutStep: number | null): number {
  const outputs = split(at);
  const own = step(options);
  own.correct(rows, outputs, dropoutStep);
  return own.loss(outputs, null).total + outputs.children.reduce((sum, logit, i) => sum + logit * pull[i], 0);
}

describe.each(CHILD_FEATURE_MODES)("%s features", (mode) => {
  test.each([null, 1])(
    "gradients by the network's outputs are the finite differences, dropout step %s",
    (draw) => {
      const options = child(mode);
      const own = step(options);
      const outputs = split(point);
      own.correct(rows, outputs, draw);
      const gradients = { ...split(new Float64Array(point.length)), children: pull.slice() };
      own.loss(outputs, gradients);
      expectGradient((x) => value(options, x, draw), point, joined(gradients));
      expect(gradients.latent.some((g) => g !== 0)).toBe(mode === "standard");
    },
  );

  test("gradients by the modules' weights are the finite differences", () => {
    const options = child(mode);
    const own = step(options);
    const outputs = split(point);
    own.correct(rows, outputs, 1);
    own.loss(outputs, { ...split(new Float64Array(point.length)), children: pull.slice() });
    own.update(SCALE);
    const after = own.modules();
    options.modules.forEach((module, m) => {
      for (const layer of ["hidden", "output"] as const)
        for (const part of ["weight", "bias"] as const) {
          const before = Float64Array.from(module[layer][part]);
          const gradient = before.map((w, i) => w - after[m][layer][part][i]);
          // Weights are float32, so that a difference of them carries its rounding.
          const f = (w: Float64Array) => {
            const modules = options.modules.map((each, at) =>
              at === m ? { ...each, [layer]: { ...each[layer], [part]: w } } : each,
            );
            return value({ ...options, modules }, point, 1);
          };
          expectGradient(f, before, gradient, 1e-6);
          expect(gradient.some((g) => Math.abs(g) > 1e-3)).toBe(true);
        }
    });
  });

  test("a frozen base gets no gradient", () => {
    const own = step(child(mode, { baseLrScale: null }));
    const outputs = split(point);
    own.correct(rows, outputs, null);
    const gradients = split(new Float64Array(point.length));
    own.loss(outputs, gradients);
    expect(gradients.latent.every((g) => g === 0)).toBe(true);
    expect(gradients.parents.every((g) => g === 0)).toBe(true);
  });
});

test("only cells with a hotspot parent and a child label are corrected", () => {
  const outputs = split(point);
  step(child("standard")).correct(rows, outputs, null);
  const before = split(point).children;
  const changed = rows.filter((r) =>
    outputs.children
      .subarray(r * WIDTHS.children, (r + 1) * WIDTHS.children)
      .some((logit, c) => logit !== before[r * WIDTHS.children + c]),
  );
  expect([...changed]).toEqual([0, 1, 3, 5, 6]);
});

test("the losses are the mean cross-entropy among the children and the mean shortfall from the margin", () => {
  const silent = child("standard");
  const still = silent.modules.map((module) => ({
    ...module,
    output: {
      ...module.output,
      weight: new Float32Array(module.output.weight.length),
      bias: new Float32Array(module.output.nOut),
    },
  }));
  const own = step({ ...silent, modules: still });
  const outputs = split(point);
  own.correct(rows, outputs, 1);
  let [ce, rank] = [0, 0];
  for (const [r, children, target] of [
    [0, [1, 3, 4], 4],
    [1, [0, 5], 5],
    [3, [1, 3, 4], 1],
    [5, [0, 5], 0],
    [6, [1, 3, 4], 3],
  ] as const) {
    const logit = (c: number) => outputs.children[r * WIDTHS.children + c];
    ce += Math.log(children.reduce<number>((sum, c) => sum + Math.exp(logit(c)), 0)) - logit(target);
    const others = children.filter((c) => c !== target).map(logit);
    rank += Math.max(0, 1.5 - (logit(target) - Math.max(...others)));
  }
  const loss = own.loss(outputs, null);
  expect(loss.child).toBeCloseTo(ce / 5, 12);
  expect(loss.childRank).toBeCloseTo(rank / 5, 12);
  expect(loss.total).toBeCloseTo((1.3 * ce + 0.6 * rank) / 5, 12);
});

test("a batch without such cells has no loss, and its gradients stay as they were", () => {
  const own = step(child("reranker_like"));
  const outputs = split(point);
  own.correct(Uint32Array.of(2, 8), outputs, 1);
  const gradients = split(new Float64Array(point.length));
  expect(own.loss(outputs, gradients)).toEqual({ child: 0, childRank: 0, total: 0 });
  expect(joined(gradients).every((g) => g === 0)).toBe(true);
});
