import { beforeAll, describe, expect, test } from "vitest";
import { memoryAnnData, strings } from "../../test/helpers/memory-anndata.ts";
import { csr } from "../../test/helpers/predict-fixtures.ts";
import type { AnnData } from "../anndata/types.ts";
import { toPlain } from "../core/config.ts";
import { randomUniform } from "../core/rng.ts";
import { queryDistances } from "../model/components/query-distances.ts";
import { createQueryComponents } from "../predict/query-components.ts";
import { adaptModel } from "./adapt-model.ts";
import { buildModel } from "./build-model.ts";
import { predict } from "./predict.ts";
import type { PredictionResult } from "./prediction-result.ts";
import { TrainedModel } from "./trained-model.ts";

const GENES = 80;
const TYPES = ["a", "b", "c", "d"];
const NOVEL = TYPES.length;
const GAIN = 6;
const genes = Array.from({ length: GENES }, (_, g) => `g${g}`);

/**
 * Counts of cells of four types, each with 16 genes that it expresses more, and of a new one with half of
 * the genes of each. Another
 * laboratory counts every gene up to `gain` times more or less, and `depth` times as often.
 */
function cells(types: readonly number[], seed: number, gain: number, depth = 1): AnnData {
  const rows = types.map((type, r) =>
    Array.from({ length: GENES }, (_, g) => {
      const isOwn = type === NOVEL ? g % 16 < 8 && g < 64 : Math.floor(g / 16) === type;
      const factor = gain ** (2 * randomUniform(77, g) - 1);
      const mean = (isOwn ? 2.6 : 1.5) * (type === NOVEL && isOwn ? 4 : 1) * factor * depth;
      return Math.floor(
        2 * mean * randomUniform(seed, r * GENES + g) + randomUniform(seed + 1, r * GENES + g),
      );
    }),
  );
  const obs = {
    type: strings(types.map((type) => TYPES[type] ?? "new")),
    coarse: strings(types.map((type) => (type < 2 ? "x" : "y"))),
  };
  return memoryAnnData({ x: csr(rows), genes, obs });
}

const typesOf = (n: number) => Array.from({ length: n }, (_, i) => i % TYPES.length);
const known = typesOf(480);
const asked = typesOf(400);
const query = cells(asked, 9, GAIN);
let model: TrainedModel;

beforeAll(async () => {
  model = await buildModel(cells(known, 1, 1), {
    labelColumns: ["coarse", "type"],
    numEpochs: 4,
    numThreads: 1,
  });
});

const finest = (result: PredictionResult) => result.data.labels[1];
const rightOf = (result: PredictionResult, types: readonly number[]) => {
  const { raw } = finest(result);
  return types.filter((type, i) => raw.categories[raw.codes[i]] === TYPES[type]).length / types.length;
};

describe("a query of another laboratory", () => {
  test("gets better labels from a model that adapts to it, and says so", async () => {
    const [as, adapted] = [await predict(model, query), await predict(model, query, { adapt: true })];
    expect(rightOf(as, asked)).toBeLessThan(0.93);
    expect(rightOf(adapted, asked)).toBeGreaterThan(rightOf(as, asked) + 0.02);
    expect(toPlain(adapted.data.metadata)).toMatchObject({
      adaptation: { n_cells: 400, n_examples: { coarse: expect.any(Number), type: expect.any(Number) } },
    });
    expect(as.data.metadata.has("adaptation")).toBe(false);
    expect(adapted.notes.map(({ message }) => String(message)).join()).toMatch(
      /learnt from \d+ of 400 of its/,
    );
  });

  test("gets the same bits from a model that adapted before, was saved and loaded", async () => {
    const stored = await adaptModel(model, [query]);
    const loaded = await TrainedModel.load(await stored.toFiles());
    const [late, soon] = [await predict(loaded, query), await predict(model, query, { adapt: true })];
    expect(finest(late).raw).toEqual(finest(soon).raw);
    expect(finest(late).conf).toEqual(finest(soon).conf);
    expect(toPlain(loaded.data.trainConfig)).toMatchObject({ adaptation: { n_cells: 400 } });
    // The model that was given is as it was.
    expect(model.data.trainConfig.has("adaptation")).toBe(false);
  });

  test("has the same labels whatever the number of threads and the size of blocks", async () => {
    const one = await predict(model, query, { adapt: true, numThreads: 1 });
    const other = await predict(model, query, { adapt: true, numThreads: 3, batchSize: 7 });
    expect(finest(other).conf).toEqual(finest(one).conf);
  });
});

describe("a query that is not asked to be adapted to", () => {
  const shallow = cells(asked, 9, 2, 0.5);
  const hasAdapted = (result: PredictionResult) => result.data.metadata.has("adaptation");

  test("is, where it is unlike the reference: the same bits as if it were asked, and a note says so", async () => {
    const [as, unasked] = [
      await predict(model, shallow, { autoAdapt: false }),
      await predict(model, shallow),
    ];
    expect(hasAdapted(as)).toBe(false);
    expect(hasAdapted(unasked)).toBe(true);
    expect(rightOf(unasked, asked)).toBeGreaterThan(rightOf(as, asked) + 0.01);
    expect(finest(unasked).conf).toEqual(finest(await predict(model, shallow, { adapt: true })).conf);
    const [note] = unasked.notes.filter(({ message }) => message.includes("adapted to the query"));
    expect(note).toMatchObject({
      message: expect.stringMatching(/as it is unlike the reference/),
      hint: expect.stringMatching(/autoAdapt/),
    });
  });

  test("is not, where it is like the reference, has few cells, or views and network are at odds", async () => {
    expect(hasAdapted(await predict(model, cells(asked, 9, 1)))).toBe(false);
    expect(hasAdapted(await predict(model, cells(typesOf(99), 9, 2, 0.5)))).toBe(false);
    const doubted = await predict(model, cells(asked, 9, 3, 0.4));
    expect(doubted.data.metadata.has("network_weights")).toBe(true);
    expect(hasAdapted(doubted)).toBe(false);
  });

  test("is not by a model that adapted before, or that does not know when it is to be doubted", async () => {
    const before = await adaptModel(model, [shallow]);
    const again = await predict(before, shallow);
    expect(hasAdapted(again)).toBe(false);
    expect(finest(again).conf).toEqual(finest(await predict(model, shallow)).conf);

    const { linear } = model.data;
    const ladder = linear!.ladder.map((rung) => ({ ...rung, doubted: null }));
    const earlier = new TrainedModel({ ...model.data, linear: { ...linear!, ladder } });
    expect(hasAdapted(await predict(earlier, shallow))).toBe(false);
  });
});

test("cells that are unlike the reference are no examples", async () => {
  const strange = Array.from({ length: 80 }, () => NOVEL);
  const mixed = cells([...asked, ...strange], 5, 1);
  const result = await predict(model, mixed, { adapt: true });
  // By its own distance: `distance` of a result is of its nearest cells as well.
  const nLike = (await ownShares(mixed)).filter((share) => share < 0.95).length;
  expect(nLike).toBeLessThan(asked.length + strange.length - 15);
  const { adaptation } = toPlain(result.data.metadata) as unknown as {
    adaptation: { n_examples: { type: number } };
  };
  // Of each label's cells that are like the reference 40 %, rounded.
  expect(Math.abs(adaptation.n_examples.type - 0.4 * nLike)).toBeLessThanOrEqual(TYPES.length / 2);
});

/** For each cell the share of held-out cells that are nearer, by the finest column. */
async function ownShares(adata: AnnData): Promise<Float32Array> {
  const { space } = model.data;
  const toModel = Int32Array.from({ length: GENES }, (_, g) => g);
  const aligned = { queryGenes: genes, toModel, nGenes: GENES, nMatched: GENES, nMissing: 0 };
  const components = createQueryComponents(space!, aligned, adata.nObs, "counts");
  for await (const { csr: rows, firstRow } of (await adata.matrix("X")).rows())
    components.add(rows, firstRow);
  return (await queryDistances(components.finish()!.scores, space!, "common")).columns[1].percentiles;
}

test("several queries adapt one model together; their order does not change how many cells it looks at", async () => {
  const other = cells(typesOf(100), 31, GAIN);
  const config = async (queries: readonly AnnData[]) =>
    toPlain((await adaptModel(model, queries)).data.trainConfig) as { adaptation: { n_cells: number } };
  expect((await config([query, other])).adaptation.n_cells).toBe(500);
  expect((await config([other, query])).adaptation.n_cells).toBe(500);
});

test("a query that says too little leaves the model as it is, with a warning", async () => {
  const few = cells([0, 0, 0, 0, 0], 3, 1);
  const adapted = await adaptModel(model, [few]);
  expect(adapted.data.linear).toBe(model.data.linear);
  expect(adapted.data.trainConfig.has("adaptation")).toBe(false);
  expect(adapted.warnings.map(({ message }) => String(message)).join()).toMatch(/did not adapt/);
});

test("a model without linear views refuses to adapt", async () => {
  const plain = await buildModel(cells(typesOf(40), 1, 1), {
    labelColumns: ["type"],
    linearViews: false,
    numEpochs: 1,
    numThreads: 1,
  });
  await expect(predict(plain, query, { adapt: true })).rejects.toMatchObject({ code: "MISMATCH" });
  await expect(adaptModel(model, [])).rejects.toMatchObject({ code: "USAGE" });
});
