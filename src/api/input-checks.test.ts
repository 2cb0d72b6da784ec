/** What training and prediction say of a matrix, and what they do to it. */
import { expect, test } from "vitest";
import { toPlain } from "../core/config.ts";
import { randomBelow } from "../core/rng.ts";
import {
  type AnnData,
  type AnnDataInput,
  buildModel,
  createAnnData,
  type PredictOptions,
  predict,
} from "./index.ts";

const N_GENES = 240;
const TYPES = ["B", "NK", "T"];

/** Counts of cells of three types and uneven depth; each type expresses genes of its own more. */
function counts(n: number, seed: number): Float32Array {
  return Float32Array.from({ length: n * N_GENES }, (_, i) => {
    const [cell, gene] = [Math.floor(i / N_GENES), i % N_GENES];
    const depth = 1 + (cell % 7);
    const mean = (gene % 3 === cell % 3 && gene > 60 ? 0.9 : 0.1) * depth * (gene < 10 ? 9 : 1);
    const uniform = (randomBelow(seed, i, 1 << 20) + 0.5) / (1 << 20);
    let [k, chance, sum] = [0, Math.exp(-mean), Math.exp(-mean)];
    while (sum < uniform && k < 300) {
      chance *= mean / ++k;
      sum += chance;
    }
    return k;
  });
}

const names = (n: number, prefix: string) => Array.from({ length: n }, (_, i) => `${prefix}${i}`);

function dataset(
  X: Float32Array,
  layers: Record<string, Float32Array> = {},
  nGenes = N_GENES,
): Promise<AnnData> {
  const n = X.length / nGenes;
  const matrix = (data: Float32Array) => ({ nRows: n, nCols: nGenes, data });
  const input: AnnDataInput = {
    X: matrix(X),
    layers: Object.fromEntries(Object.entries(layers).map(([key, data]) => [key, matrix(data)])),
    obs: { index: names(n, "c"), columns: { type: Array.from({ length: n }, (_, i) => TYPES[i % 3]) } },
    var: { index: names(nGenes, "g") },
  };
  return createAnnData(input);
}

/** Each value by a function of it and of the total of its cell. */
function mapped(
  values: Float32Array,
  value: (x: number, total: number, gene: number) => number,
): Float32Array {
  return values.map((x, i) => {
    const first = i - (i % N_GENES);
    let total = 0;
    for (let g = 0; g < N_GENES; g++) total += values[first + g];
    return value(x, total, i % N_GENES);
  });
}

const QUERY = counts(90, 2);
const PREPARED = {
  logs: mapped(QUERY, (x, total) => Math.log1p((1e4 * x) / total)),
  "logs of base 2": mapped(QUERY, (x, total) => Math.log2(1 + (1e6 * x) / total)),
  CP10k: mapped(QUERY, (x, total) => (1e4 * x) / total),
} as const;
const SCALED = mapped(QUERY, (x) => (x - 1.3) / 2.1);
const IMPUTED = mapped(QUERY, (x, total, gene) => x / total + 0.001 + gene / 1e6);

const TRAINING = { labelColumns: ["type"], numEpochs: 8, linearViews: false, numThreads: 1 } as const;
const train = async (options: object = {}, X = counts(240, 1)) =>
  buildModel(await dataset(X), { ...TRAINING, ...options });
const NORMALISED = train({ normalize: "log1p_cp10k" });
const BINARY = train();
const VIEWS = train({ linearViews: true });
const LOGS = train(
  { inputTransform: "float", linearViews: true },
  mapped(counts(240, 1), (x, total) => Math.log1p((1e4 * x) / total)),
);

async function told(model: ReturnType<typeof train>, adata: AnnData, options: PredictOptions = {}) {
  const result = await predict(await model, adata, { numThreads: 1, ...options });
  const [{ raw, conf }] = result.data.labels;
  const texts = (said: readonly { message: string }[]) => said.map(({ message }) => message);
  return {
    codes: [...raw.codes],
    conf,
    right:
      raw.codes.reduce((sum, code, i) => sum + (raw.categories[code] === TYPES[i % 3] ? 1 : 0), 0) /
      raw.codes.length,
    // Those about values; one always says how many genes match.
    notes: texts(result.notes).filter((text) => !text.startsWith("genes:")),
    warnings: texts(result.warnings).filter((text) => !text.includes("unlike the reference")),
  };
}

test.each(Object.entries(PREPARED))(
  "%s of a query get the labels of its counts from every model",
  async (_, values) => {
    for (const model of [NORMALISED, BINARY, VIEWS, LOGS]) {
      const clean = await told(model, await dataset(QUERY));
      expect(clean.right).toBeGreaterThan(0.9);
      const found = await told(model, await dataset(values));
      expect(found.codes).toEqual(clean.codes);
      expect(found.warnings).toEqual([]);
      found.conf.forEach((conf, i) => {
        expect(conf).toBeCloseTo(clean.conf[i], 3);
      });
    }
  },
);

test("what was done to the values is said, and nothing is where nothing was done", async () => {
  expect(await told(NORMALISED, await dataset(QUERY))).toMatchObject({ notes: [], warnings: [] });
  const { notes } = await told(NORMALISED, await dataset(PREPARED["logs of base 2"]));
  expect(notes).toEqual([
    expect.stringMatching(/X: it looks like log1p \(logarithm of base 2 of 1,000,000 per cell.*taken back/),
  ]);
  expect((await told(LOGS, await dataset(QUERY))).notes).toEqual([
    expect.stringMatching(/natural logarithm of 10,000 per cell/),
  ]);
});

test.each([
  ["scaled", SCALED],
  ["dense_positive", IMPUTED],
])("%s values are refused, and the layer that fits is named with its genes", async (verdict, values) => {
  for (const model of [NORMALISED, BINARY, VIEWS])
    await expect(told(model, await dataset(values, { umis: QUERY }))).rejects.toMatchObject({
      code: "BAD_DATA",
      message: expect.stringContaining(`X looks like ${verdict} (`),
      where: "memory › X",
      hint: expect.stringMatching(
        /choose layer: "umis": layers\/umis looks like counts .*240 of the model's 240 genes/,
      ),
    });
});

test("the caller can insist, but not on values below zero where counts are normalised", async () => {
  const imputed = await told(NORMALISED, await dataset(IMPUTED), { forceInput: true });
  expect(imputed.warnings).toEqual([expect.stringContaining("looks like dense_positive")]);
  await expect(told(NORMALISED, await dataset(SCALED), { forceInput: true })).rejects.toMatchObject({
    code: "BAD_DATA",
    hint: expect.not.stringContaining("forceInput"),
  });
});

test("raw is named where it has more of the model's genes, and when X has none", async () => {
  const few = 60;
  const X = Float32Array.from(
    { length: 90 * few },
    (_, i) => QUERY[Math.floor(i / few) * N_GENES + (i % few)],
  );
  const cut = await dataset(X, {}, few);
  const raw = await dataset(QUERY);
  const withRaw = (adata: AnnData, geneNames?: string[]): AnnData => ({
    ...adata,
    hasRaw: true,
    matrix: async (name) => (name === "raw/X" ? { ...(await raw.matrix("X")), name } : adata.matrix(name)),
    varNames: async (name) => (name === "raw/X" ? raw.varNames("X") : (geneNames ?? adata.varNames(name))),
  });
  const found = await told(NORMALISED, withRaw(cut));
  expect(found.warnings).toEqual([
    expect.stringContaining("the query has 60 of the model's 240 genes"),
    expect.stringMatching(/X has 60 of the model's 240 genes; raw\/X looks like counts .* has 240 of/),
  ]);
  await expect(told(NORMALISED, withRaw(cut, names(few, "other")))).rejects.toMatchObject({
    code: "MISMATCH",
    hint: 'choose layer: "raw/X"',
  });
  const ofRaw = await told(NORMALISED, withRaw(cut), { layer: "raw/X" });
  expect(ofRaw).toMatchObject({ warnings: [], codes: (await told(NORMALISED, raw)).codes });
});

test("a bundle keeps what its matrix looked like, and a model without that is compared with nothing", async () => {
  const { trainConfig } = (await LOGS).data;
  expect(toPlain(trainConfig.get("matrix_statistics")!)).toMatchObject({
    name: "X",
    verdict: "log1p",
    n_cells: 240,
    log_base: Math.E,
    log_times: 1,
    row_total: expect.closeTo(1e4, -1),
  });
  const model = await train({ inputTransform: "float", normalize: "none" }, PREPARED.logs);
  await expect(told(Promise.resolve(model), await dataset(SCALED))).rejects.toMatchObject({
    message: expect.stringMatching(/the model was trained on log1p \(natural logarithm of 10,000 per cell\)/),
  });
  const config = new Map(model.data.trainConfig);
  config.delete("matrix_statistics");
  const original = Object.assign(Object.create(Object.getPrototypeOf(model)), model, {
    data: { ...model.data, trainConfig: config, linear: null, space: null },
  });
  expect((await told(Promise.resolve(original), await dataset(SCALED))).warnings).toEqual([]);
});

test("training refuses what it cannot use, names the layer with counts, and warns of counts taken as they are", async () => {
  const counted = counts(90, 1);
  for (const [values, options, verdict] of [
    [IMPUTED, {}, "dense_positive"],
    [PREPARED.logs, { normalize: "log1p_cp10k" }, "log1p"],
    [PREPARED.CP10k, { normalize: "log1p_cp10k" }, "size_normalised"],
  ] as const) {
    const adata = await dataset(values, { umis: counted });
    await expect(buildModel(adata, { ...TRAINING, ...options })).rejects.toMatchObject({
      code: "BAD_DATA",
      message: expect.stringContaining(`X looks like ${verdict} (`),
      hint: expect.stringMatching(/choose layer: "umis", which looks like counts .*forceInput: true/),
    });
    const { warnings } = await buildModel(adata, { ...TRAINING, ...options, forceInput: true, numEpochs: 1 });
    expect(warnings).toContainEqual(expect.objectContaining({ message: expect.stringContaining(verdict) }));
  }
  const { warnings } = await train({ inputTransform: "float", numEpochs: 1 });
  expect(warnings).toContainEqual(
    expect.objectContaining({ message: expect.stringMatching(/X looks like counts .*depth of the cells/) }),
  );
});

test("the preset best without normalisation uses the values", async () => {
  const model = await train({ preset: "best", normalize: "none", ensembleSize: 1 }, PREPARED.logs);
  expect(model.data.inputTransform).toBe("float");
});
