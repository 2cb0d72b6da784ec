import { expect, test } from "vitest";
import type { Linear, NetworkWeights } from "../kernels/types.ts";
import { TRAIN_CONFIG } from "../schema/training.ts";
import { ensembleShape, joinMembers } from "./ensemble.ts";
import { initialWeights } from "./init.ts";
import type { CoordHead, LabelHead, Model } from "./types.ts";
import { warmStart } from "./warm-start.ts";

const genes = ["A", "B", "C", "D"];
const labels: readonly LabelHead[] = [
  { column: "group", classes: ["b", "t"] },
  { column: "kind", classes: ["b1", "t1", "t2"] },
];
const coords: readonly CoordHead[] = [
  { name: "umap", obsmKey: "X_umap", mean: Float32Array.of(1, 2), std: Float32Array.of(2, 4) },
];
const shape = { nGenes: 4, hiddenSizes: [6, 5], nClasses: [2, 3], coordDims: [2] };
const old = initialWeights(shape, ["umap"], 5);
const modelOf = (weights: NetworkWeights, trainConfig = new Map<string, number>()): Model =>
  ({
    weights,
    trainGenes: genes,
    labelHeads: labels,
    coordHeads: coords,
    childCorrection: null,
    shape,
    trainConfig,
  }) as unknown as Model;
const network = (parts: object = {}) => ({ genes, labels, coords, child: null, ...parts });
const freshOf = (nGenes: number, nClasses: number[]) =>
  initialWeights({ ...shape, nGenes, nClasses }, ["umap"], 1);
const column = ({ weight, nIn, nOut }: Linear, at: number) =>
  Array.from({ length: nOut }, (_, o) => weight[o * nIn + at]);
const row = ({ weight, nIn }: Linear, at: number) => [...weight.subarray(at * nIn, (at + 1) * nIn)];

test("a network of the same genes, heads and classes takes all weights, as copies", () => {
  const { weights, taken, notTaken, notes, warnings } = warmStart(
    freshOf(4, [2, 3]),
    network(),
    modelOf(old),
  );
  expect(weights).toEqual({ ...old, childModules: undefined });
  expect(weights.encoder[0].weight).not.toBe(old.encoder[0].weight);
  expect([taken.length, notTaken, warnings]).toEqual([10, [], []]);
  expect(notes.map(({ message }) => message)).toEqual([
    "all 4 genes are those of the initial model",
    'all 2 classes of "group" were taken from the initial model',
    'all 3 classes of "kind" were taken from the initial model',
  ]);
});

test("genes are matched by name: another order, another number, new ones at zero", () => {
  const own = network({ genes: ["D", "new", "A"] });
  const { weights, notes } = warmStart(freshOf(3, [2, 3]), own, modelOf(old));
  const [layer] = weights.encoder;
  expect(column(layer, 0)).toEqual(column(old.encoder[0], 3));
  expect(column(layer, 1)).toEqual(new Array(6).fill(0));
  expect(column(layer, 2)).toEqual(column(old.encoder[0], 0));
  expect(layer.bias).toEqual(old.encoder[0].bias);
  expect(notes[0].message).toBe(
    "the weights of 2 genes were taken from the initial model; one gene is new and starts at zero, 2 of its genes are not in the data",
  );
});

test("heads are matched by column and class: in another order, with new classes, and without lost ones", () => {
  const own = network({
    labels: [
      { column: "kind", classes: ["a-new", "t1", "b1"] },
      { column: "other", classes: ["b", "t"] },
    ],
  });
  const fresh = freshOf(4, [3, 2]);
  const { weights, notTaken, notes, warnings } = warmStart(fresh, own, modelOf(old));
  const [kind, other] = weights.labelHeads;
  expect(row(kind, 0)).toEqual(row(fresh.labelHeads[0], 0));
  expect(row(kind, 1)).toEqual(row(old.labelHeads[1], 1));
  expect(row(kind, 2)).toEqual(row(old.labelHeads[1], 0));
  expect([kind.bias[0], kind.bias[2]]).toEqual([fresh.labelHeads[0].bias[0], old.labelHeads[1].bias[0]]);
  expect(other).toEqual(fresh.labelHeads[1]);
  expect(notTaken).toEqual(["label_heads.1.weight", "label_heads.1.bias"]);
  expect(notes.slice(1).map(({ message }) => message)).toEqual([
    '2 of 3 classes of "kind" were taken from the initial model; new: a-new',
    'the head of "other" is new: the label columns of the initial model are group, kind',
  ]);
  expect(warnings).toMatchObject([
    { message: 'the new model cannot predict a class of "kind" that the initial one knew: t2' },
  ]);
});

test("coordinates that are standardised otherwise stay the same coordinates", () => {
  const head = { ...coords[0], mean: Float32Array.of(0, 2), std: Float32Array.of(1, 4) };
  const { weights } = warmStart(freshOf(4, [2, 3]), network({ coords: [head] }), modelOf(old));
  const z = [0.3, -1, 2, 0.5, 1];
  const output = (layer: Linear, { mean, std }: CoordHead, d: number) =>
    (row(layer, d).reduce((sum, w, i) => sum + w * z[i], 0) + layer.bias[d]) * std[d] + mean[d];
  for (const d of [0, 1])
    expect(output(weights.coordHeads[0], head, d)).toBeCloseTo(output(old.coordHeads[0], coords[0], d), 5);
});

test("of an ensemble the first member is taken", () => {
  const members = [old, initialWeights(shape, ["umap"], 6)];
  const config = new Map([[TRAIN_CONFIG.ensembleSize, 2]]);
  const model = { ...modelOf(joinMembers(members), config), shape: ensembleShape(shape, 2) };
  const { weights } = warmStart(freshOf(4, [2, 3]), network(), model);
  expect(weights.encoder).toEqual(old.encoder);
  expect(row(weights.labelHeads[1], 2)).toEqual(row(old.labelHeads[1], 2));
});

test("nothing is taken by position: other layer sizes and other genes are told", () => {
  const fresh = initialWeights({ ...shape, hiddenSizes: [7, 5] }, ["umap"], 1);
  const wider = warmStart(fresh, network(), modelOf(old));
  expect([wider.weights, wider.taken]).toEqual([{ ...fresh, childModules: undefined }, []]);
  expect(wider.warnings[0].message).toContain("its layers have 6, 5 units, those of the new network 7, 5");
  const others = warmStart(freshOf(4, [2, 3]), network({ genes: ["a", "b", "c", "d"] }), modelOf(old));
  expect(others.taken).toEqual([]);
  expect(others.warnings[0].message).toContain(
    "none of its 4 genes, such as A, B, C, D, is in the data, such as a",
  );
});
