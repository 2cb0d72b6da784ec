/** What training refuses or warns of in its input. */
import { expect, test } from "vitest";
import { type MemoryParts, strings } from "../../test/helpers/memory-anndata.ts";
import { base, fine, N, run } from "../../test/helpers/train-runs.ts";
import { randomCsr, tensorsOf } from "../../test/helpers/training-fixtures.ts";
import type { TrainOptions } from "./options.ts";

test("missing labels do not contribute to their head's loss", async () => {
  const some = fine.map((name, r) => (r % 10 === 0 ? null : name));
  const obs = { ...base.obs, fine: strings(some) };
  await expect(run({}, { obs })).rejects.toMatchObject({ code: "BAD_DATA", where: "memory › obs › fine" });
  const { model, warnings } = await run({ missingLabels: "ignore", numEpochs: 2 }, { obs });
  expect(warnings).toHaveLength(1);
  expect((await model.reference()).labels.get("fine")!.codes[10]).toBe(-1);
  for (const tensor of tensorsOf(model.weights)) expect(tensor.every(Number.isFinite)).toBe(true);
});

test("one cell, and one class, train with a warning", async () => {
  const single = {
    x: randomCsr(3, 1, 4, 1, true),
    obs: { fine: strings(["a"]) },
    obsm: {},
  };
  const { model, warnings } = await run({ labelColumns: ["fine"], coordTargets: null, numEpochs: 2 }, single);
  expect(model.shape.nClasses).toEqual([1]);
  expect(warnings.map(({ message }) => message).join("; ")).toMatch(/one class only.*one cell only/);
  const held = run({ labelColumns: ["fine"], coordTargets: null, valFraction: 0.5 }, single);
  await expect(held).rejects.toMatchObject({ code: "BAD_DATA" });
});

test.each<[string, Partial<TrainOptions>, Partial<MemoryParts>, object]>([
  ["no cells", {}, { x: randomCsr(1, 0, 4, 1, true) }, { code: "BAD_DATA", where: "memory › obs" }],
  [
    "no genes",
    { coordTargets: null },
    { x: randomCsr(1, N, 0, 1, true) },
    { code: "BAD_DATA", where: "memory › var" },
  ],
  ["only zeros", {}, { x: randomCsr(1, N, 4, 0, true) }, { code: "BAD_DATA", where: "memory › X" }],
  [
    "a gene twice",
    {},
    { genes: ["g", ...Array.from({ length: 19 }, (_, g) => `g${g || ""}`)] },
    { code: "BAD_DATA", message: expect.stringContaining("such as g") },
  ],
  ["names for another number of genes", {}, { genes: ["g"] }, { code: "MISMATCH" }],
  ["an absent label column", { labelColumns: ["coarse", "nope"] }, {}, { code: "NOT_FOUND" }],
  ["an absent coordinate", { coordTargets: { latent: "X_nope" } }, {}, { code: "NOT_FOUND" }],
  ["an absent layer", { layer: "nope" }, {}, { code: "NOT_FOUND" }],
  ["an absent domain column", { domainKey: "nope", domainLossWeight: 1 }, {}, { code: "NOT_FOUND" }],
  [
    "a missing domain",
    { domainKey: "donor", domainLossWeight: 1 },
    { obs: { ...base.obs, donor: strings(fine.map((_, r) => (r === 3 ? null : `d${r % 2}`))) } },
    { code: "BAD_DATA", where: "memory › obs › donor" },
  ],
])("%s: a typed error", async (_, extra, parts, expected) => {
  await expect(run(extra, parts)).rejects.toMatchObject(expected);
});

test("a learning rate that blows up is named as such", async () => {
  const huge = { x: { ...base.x, data: base.x.data!.map((value) => value * 1e30) } };
  await expect(run({ inputTransform: "float", learningRate: 1e30 }, huge)).rejects.toMatchObject({
    code: "BAD_DATA",
    message: expect.stringMatching(/training loss became (NaN|Infinity)/),
  });
});

test("sampling says which cells it never draws", async () => {
  const labels = fine.map((name, r) => (r < 4 ? null : name));
  const { warnings } = await run(
    { classBalancedSampling: {}, missingLabels: "ignore", numEpochs: 1 },
    { obs: { ...base.obs, fine: strings(labels) } },
  );
  expect(warnings.map(({ message }) => message)).toContain(
    '4 cells without a label in "fine" are never drawn',
  );
});
